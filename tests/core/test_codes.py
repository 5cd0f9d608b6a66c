"""The one table of the exchange's codes, against the bodies that were seen and the facts that were written down."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from vibe_quant.core.patience import MOMENTARY
from vibe_quant.domain.codes import CODES, NEVER_LEFT, Reaction, meaning_of, reaction_of

SHARED = Path(os.environ.get("VQ_SHARED", Path(__file__).parents[3] / "shared"))
BODIES = SHARED / "payloads" / "error_bodies.jsonl"
FACTS = SHARED / "facts" / "binance.md"
WORDS = {
    Reaction.VERIFY: "VERIFY",
    Reaction.RETRY: "RETRY",
    Reaction.REPRICE: "REPRICE|RETRY",
    Reaction.REROUND: "re-round",
    Reaction.RESIZE: "RESIZE",
    Reaction.DUST: "dust",
    Reaction.PAUSE: "pause placing",
    Reaction.BACK_OFF: "stop REST",
    Reaction.RESYNC: "RESYNC",
    Reaction.OVER_CLOSE: "RESIZE",
    Reaction.RESYNC_CLOCK: "resync clock",
    Reaction.RELISTEN: "POST listenKey",
    Reaction.RELOAD: "HALT symbol",
    Reaction.CLEAR: "cancel own stale",
    Reaction.EXIT: "already through|as -2021",
    Reaction.AWAIT: "wait for",
    Reaction.REPLACE: r"cancel \+ new",
    Reaction.DROP: "DROP",
    Reaction.THROTTLE: "closes continue",
    Reaction.BRIDGE: "bridge",
    Reaction.HALT_SIDE: "HALT",
    Reaction.HALT: "HALT",
    Reaction.FIX: "FIX|resend without",
}
SEEN = {
    -5022: Reaction.REPRICE,
    -5021: Reaction.REPRICE,
    -2021: Reaction.EXIT,
    -2022: Reaction.OVER_CLOSE,
    -2011: Reaction.DROP,
    -2013: Reaction.VERIFY,
    -2019: Reaction.RESYNC,
    -2027: Reaction.HALT_SIDE,
    -4131: Reaction.REPRICE,
    -4016: Reaction.REPRICE,
    -4013: Reaction.REROUND,
    -4164: Reaction.DUST,
    -4120: Reaction.FIX,
    -1022: Reaction.HALT,
    -1106: Reaction.FIX,
    -1007: Reaction.VERIFY,
    -1008: Reaction.RETRY,
    -1003: Reaction.BACK_OFF,
    502: Reaction.VERIFY,
}


def test_every_body_that_was_seen_has_its_reaction() -> None:
    if not BODIES.exists():
        pytest.skip("the recorded bodies are not here")
    bodies = [json.loads(line) for line in BODIES.read_text().splitlines() if line.strip()]
    assert bodies
    for body in bodies:
        code = body["code"]
        if code is None and body["http"] == 503:
            continue  # its text decides, before there is a code: the adapter reads it
        code = body["http"] if code is None else code
        assert reaction_of(code) is SEEN[code], body
        assert code in CODES, body


def _rows() -> list[tuple[list[int], str]]:
    section = FACTS.read_text().split("### 5.3")[1].split("\n---")[0]
    rows = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not cells[0].startswith(("-", "**-")):
            continue
        codes: list[int] = []
        for first, last in re.findall(r"(-\d{4})(?:\.\.(-\d{4}))?", cells[0]):
            codes += range(int(first), int(last or first) - 1, -1)
        rows.append((codes, cells[2]))
    return rows


def test_every_row_of_the_facts_is_in_the_table_with_its_reaction() -> None:
    if not FACTS.exists():
        pytest.skip("the facts are not here")
    rows = _rows()
    assert sum(len(codes) for codes, _ in rows) > 100
    for codes, text in rows:
        for code in codes:
            assert code in CODES, code
            assert re.search(WORDS[reaction_of(code)], text), (code, text)


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        (NEVER_LEFT, Reaction.RETRY),
        (503, Reaction.RETRY),
        (418, Reaction.BACK_OFF),
        (403, Reaction.VERIFY),
        (520, Reaction.VERIFY),  # a status of which nothing is known
        (-1098, Reaction.VERIFY),  # of the exchange itself
        (-1999, Reaction.RESYNC),
        (-9999, Reaction.RESYNC),
        (-4509, Reaction.RESYNC),
    ],
)
def test_statuses_and_what_has_no_row(code: int, reaction: Reaction) -> None:
    assert reaction_of(code) is reaction
    assert meaning_of(code)


def test_a_code_stands_in_one_row_and_every_reaction_is_somebodys() -> None:
    assert {reaction_of(code) for code in CODES} == set(Reaction)
    assert all(meaning_of(code) for code in CODES)
    assert "without a known meaning" in meaning_of(-9999)
    assert "HTTP status" in meaning_of(520)
    source = Path(__file__).parents[2] / "src" / "vibe_quant" / "domain" / "codes.py"
    keys = re.findall(r"(-?\d{3,4}): \"", source.read_text())
    assert len(keys) == len(set(keys)) == len(CODES) - 1  # a code named twice would lose one of its rows


def test_what_is_of_the_moment_leaves_nothing_in_doubt() -> None:
    assert Reaction.VERIFY not in MOMENTARY
