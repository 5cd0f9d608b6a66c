"""The numbers behind a decision (``domain.status.Facts``) as a person reads them: names, stretches of time, shares."""

from __future__ import annotations

from vibe_quant.domain.service_settings import Language
from vibe_quant.domain.status import RATIOS
from vibe_quant.telegram.facts_zh import ALL, NAMES, PAUSE, VALUES
from vibe_quant.telegram.fill_pile import number
from vibe_quant.telegram.wording import Html, Words, safe

STRETCH = "_ms"


def fact(words: Words, name: str, value: str) -> Html:
    """One of them."""
    chinese = words.language is Language.ZH
    shown = _pause_of(words, name) if chinese and name.startswith(PAUSE) else NAMES.get(name) if chinese else None
    label = name.removesuffix(STRETCH).replace("_", " ") if shown is None else shown
    return words.say("why.input", name=label, value=_value(words, name, value))


def _pause_of(words: Words, name: str) -> str:
    what = name.removeprefix(PAUSE)
    return words.say("what.pause", scope=words.scope(None if what == ALL else what))


def _value(words: Words, name: str, value: str) -> Html:
    if name.endswith(STRETCH) and value.isdecimal():
        return words.brief(int(value))
    ratio = number(value) if name in RATIOS else None
    if ratio is not None:
        return words.percent(ratio)
    if words.language is Language.ZH and value in VALUES:
        return safe(VALUES[value])
    match name:
        case "mode":
            return words.named("mode", value)
        case "leg":
            return words.named("side", value)
        case _:
            return words.phrase(value) if name in ("because", "journal") else safe(value)
