"""What the documents say that can be held against the program: commands, links, settings, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "CLAUDE.md",
    "deploy/README.md",
    *(f"memory-bank/{p.name}" for p in sorted((ROOT / "memory-bank").glob("*.md"))),
)
OURS = r"(\.venv/bin/)?(vibe-quant|make|python|pip)(?= )"
OTHERS = r"(sudo|docker|systemctl|journalctl|git|export|set|curl|(un)?install\.sh) |PYTHONPATH="
STARTS = re.compile(f"{OURS}|{OTHERS}")
"""How a command begins; names of files and words of prose do not."""
SPAN = re.compile(r"`([^`\n]+)`")


def text_of(document: str) -> str:
    """The whole of it."""
    return (ROOT / document).read_text(encoding="utf-8")


def commands() -> dict[str, list[str]]:
    """Each command -> the documents that hold it."""
    found: dict[str, list[str]] = {}
    for document in DOCUMENTS:
        for command in commands_of(text_of(document)):
            places = found.setdefault(command, [])
            if document not in places:
                places.append(document)
    return found


def commands_of(text: str) -> Iterator[str]:
    """Of blocks, of spans in a line, of a table's first column, where what two commands share stands once."""
    for line in text.splitlines():
        if line.startswith("    "):
            yield from parts(line.strip())
        elif line.startswith("| `vibe-quant "):
            yield from row(SPAN.findall(line.split("|")[1]))
            yield from spans("|".join(line.split("|")[2:]))
        else:
            yield from spans(line)


def spans(line: str) -> Iterator[str]:
    """Commands between backticks."""
    for span in SPAN.findall(line):
        yield from parts(span)


def parts(line: str) -> Iterator[str]:
    """The commands of a line, its comment left out."""
    for part in re.split(r" && ", re.sub(r" +# .*", "", line)):
        if STARTS.match(part):
            yield part.strip()


def row(cells: list[str]) -> Iterator[str]:
    """``vibe-quant config show``, ``diff`` is two commands; ``vibe-quant pause 30m``, ``resume`` too."""
    from tests.test_cli_examples import HELP

    last = ""
    for cell in cells:
        if not cell.startswith("vibe-quant "):
            top = cell.split()[0] in HELP.commands
            cell = f"vibe-quant {cell}" if top else f"{last.rpartition(' ')[0]} {cell}"
        yield cell
        last = cell


def links(text: str) -> Iterator[str]:
    """Targets of links and pictures that are none of another host."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" not in target:
            yield target.partition("#")[0]


def dotted(text: str) -> Iterator[str]:
    """``global.a.b`` or ``a.b`` between backticks, a value behind it left out."""
    for span in SPAN.findall(text):
        name = re.sub(r":( .*)?$", "", span)
        if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name):
            yield name


def files(text: str) -> Iterator[str]:
    """Names of files with their folder, between backticks."""
    for span in SPAN.findall(text):
        if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/[\w.-]+\.(py|md|yaml|yml|json|sh|toml)", span):
            yield span
