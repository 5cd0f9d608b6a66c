"""The program's English sentences in Chinese, with the figures, symbols and names that stand in them.

A sentence is found by its words: the tables give it as a template whose holes are what was put in.  So the rest of the
program, its journal and its log know one language; that no sentence is missing is seen to by a test, which collects
them from the sources.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from string import Formatter

from vibe_quant.telegram.phrases_zh import PHRASES
from vibe_quant.telegram.sentences_zh_commands import COMMANDS
from vibe_quant.telegram.sentences_zh_config import CONFIG
from vibe_quant.telegram.sentences_zh_exchange import CODES, EXCHANGE
from vibe_quant.telegram.sentences_zh_service import SERVICE
from vibe_quant.telegram.sentences_zh_start import START
from vibe_quant.telegram.sentences_zh_trading import TRADING

OF_CODES = {f"{english} ({{code}})": f"{chinese}（{{code}}）" for english, chinese in CODES.items()}
TABLE: dict[str, str] = PHRASES | COMMANDS | TRADING | SERVICE | START | EXCHANGE | CONFIG | CODES | OF_CODES
"""English -> Chinese, both without the full stop.  A hole is one word, but for those named in ``WORDY``."""
WORDY = frozenset(("account", "at", "by", "changes", "how", "law", "list", "new", "old", "path", "place", "rights"))
WORDY |= {"since", "text", "what", "who", "why"}
LONGEST, MOST_PIECES, MOST_IN_ONE = 2000, 30, 8
"""Characters, and sentences, of what is translated at all; so many may stand in a hole of one."""
Put = Callable[[str, str], str]
"""(name of the hole, what stands in it) -> as it is shown, HTML."""


@dataclass(frozen=True, slots=True)
class Template:
    """One sentence with holes; ``mark`` is the longest piece of it that stands in every text of it."""

    english: str
    chinese: str
    pattern: str
    mark: str
    weight: int


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence that is known; ``weight``: so many characters of it are its own."""

    english: str
    chinese: str
    values: dict[str, str]
    weight: int

    def said(self, put: Put) -> str:
        """In Chinese, as HTML."""
        return self.chinese.format(**{name: put(name, value) for name, value in self.values.items()})


def _template(english: str, chinese: str) -> Template:
    pieces = [(words, name) for words, name, _, _ in Formatter().parse(english)]
    pattern = "".join(re.escape(words) + _hole(name) for words, name in pieces)
    fixed = [words for words, _ in pieces]
    return Template(english, escape(chinese, quote=False), pattern, max(fixed, key=len), sum(map(len, fixed)))


def _hole(name: str | None) -> str:
    if name is None:
        return ""
    return f"(?P<{name}>{'.+?' if name in WORDY else r'[^ ]+?'})"


FIXED = {english: escape(chinese, quote=False) for english, chinese in TABLE.items() if "{" not in english}
_WITH_HOLES = [_template(english, chinese) for english, chinese in TABLE.items() if "{" in english]
TEMPLATES = tuple(sorted(_WITH_HOLES, key=lambda one: one.weight, reverse=True))
"""The most telling first: what a hole of another would swallow is met by its own template."""


def translated(text: str, put: Put) -> str | None:
    """The Chinese of it, as HTML, sentence by sentence, else item by item; None where none of it is known."""
    if len(text) > LONGEST:
        return None
    likely = tuple(one for one in TEMPLATES if one.mark in text)
    return _joined(text.strip(), ". ", "。", likely, put) or _joined(text.strip(), "; ", "；", likely, put)


def _joined(text: str, mark: str, stop: str, likely: tuple[Template, ...], put: Put) -> str | None:
    """What ``mark`` parts, each with its Chinese where that is known; a text that is one sentence has no ``stop``."""
    said, known, pieces = [], False, text.split(mark)
    if len(pieces) > MOST_PIECES:
        return None
    while pieces:
        used, chinese = _best(pieces, mark, likely, put)
        ends = used < len(pieces) or (mark == ". " and text.endswith("."))
        said.append(escape(pieces[0], quote=False) + mark if chinese is None else chinese + (stop if ends else ""))
        known = known or chinese is not None
        del pieces[:used]
    return "".join(said).removesuffix(mark) if known else None


def _best(pieces: list[str], mark: str, likely: tuple[Template, ...], put: Put) -> tuple[int, str | None]:
    """How many of the next pieces are one sentence that is known, and its Chinese; a hole may hold several."""
    best, used = None, 1
    for count in range(1, min(len(pieces), MOST_IN_ONE) + 1):
        found = one(mark.join(pieces[:count]).removesuffix("."), likely)
        if found is not None and (best is None or found.weight > best.weight):
            best, used = found, count
    return used, None if best is None else best.said(put)


def one(text: str, likely: tuple[Template, ...]) -> Found | None:
    """What one sentence is known as, without its full stop."""
    fixed = FIXED.get(text)
    if fixed is not None:
        return Found(text, fixed, {}, len(text))
    for template in likely:
        found = re.fullmatch(template.pattern, text, re.DOTALL)
        if found is not None:
            return Found(template.english, template.chinese, found.groupdict(), template.weight)
    return None
