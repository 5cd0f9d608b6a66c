"""What the probe was answered, kept in the state folder: question by question, each with its day, venue and version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from vibe_quant.app.private_file import write_private
from vibe_quant.app.probe_words import Question, Word
from vibe_quant.domain.settings import Settings, Venue

if TYPE_CHECKING:  # who only reads what was kept need not load what asks an exchange
    from vibe_quant.app.probe import ProbeReport

NAME = "probe.json"


class Kept(msgspec.Struct, frozen=True):
    """One answer.  ``at``: UTC, to the second; ``exchange``: the host that answered."""

    answer: str
    text: str
    asks: str
    assumes: str
    matters: bool
    advice: str
    at: str
    venue: str
    exchange: str
    version: str
    symbol: str
    side: str
    code: int | None = None
    ms: int | None = None


class Record(msgspec.Struct, frozen=True):
    """The file."""

    answers: dict[str, Kept] = {}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked whom, and when."""

    at: str
    venue: str
    exchange: str
    version: str


def kept(report: ProbeReport, by: Asker) -> dict[str, Kept]:
    """The answers as they are kept; what was not answered is left out."""
    return {
        one.question.value: Kept(
            one.answer.value,
            one.text,
            one.asked.asks,
            one.asked.assumes,
            one.matters,
            one.advice,
            by.at,
            by.venue,
            by.exchange,
            by.version,
            report.symbol,
            report.side.value,
            one.code,
            one.ms,
        )
        for one in report.answers
        if one.answer is not Word.UNANSWERED
    }


def write(state: Path, new: Mapping[str, Kept]) -> Path:
    """Put them in the place of the older ones to the same questions; the others stay.

    Raises:
        OSError: it cannot be written.
    """
    path = state / NAME
    old = read(state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole = Record({**({} if old is None else old.answers), **new})
    write_private(path, msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
    return path


def read(state: Path) -> Record | None:
    """What is kept; None: nothing that can be read."""
    try:
        return msgspec.json.decode((state / NAME).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None


def uses_dead_man(settings: Settings) -> bool:
    """Whether the dead-man's switch is on for any symbol."""
    return any(one.risk.dead_man.enabled for _, one in settings.symbols) or settings.default.risk.dead_man.enabled


def of_dead_man(state: Path, venue: Venue) -> tuple[bool, str]:
    """Whether the question that decides on the dead-man's switch was asked, and what to know, in a sentence.

    ``state``: the venue's folder.  Live and paper are never probed: for them what the demo environment said counts.
    """
    probed = state if venue in (Venue.SIM, Venue.TESTNET) else state.parent / Venue.TESTNET.value
    record = read(probed)
    found = None if record is None else record.answers.get(Question.COUNTDOWN.value)
    if found is None:
        return False, (
            "risk.dead_man is on, and nobody has asked whether the exchange's countdown takes protective stops with it "
            f"({probed / NAME} does not say): count on it that it does. On venue testnet, doctor --probe asks"
        )
    took = found.answer == Word.YES.value
    what = "takes protective stops with it" if took else "leaves protective stops standing"
    so = f". {found.advice[:1].upper()}{found.advice[1:]}" if found.advice else ""
    where = f"venue {found.venue} ({found.exchange}) has answered, {found.at}, version {found.version}"
    return True, f"risk.dead_man is on, and the exchange's countdown {what}: {where}{so}"
