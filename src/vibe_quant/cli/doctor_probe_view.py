"""How the answers of ``doctor --probe`` are shown: a line each, the end in words, or one object for a machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_quant.cli.words import number

if TYPE_CHECKING:
    from vibe_quant.app.checkup import Symptom
    from vibe_quant.app.probe import ProbeReport
    from vibe_quant.app.probe_answers import Reply
    from vibe_quant.app.probe_record import Asker


def symptom_of(answer: Reply) -> Symptom:
    """An answer as a line of doctor's."""
    from vibe_quant.app.checkup import Grade, Symptom
    from vibe_quant.app.probe_words import Word

    asked = answer.asked
    word = f"{answer.answer.value.capitalize()}, {answer.text}"
    grade = Grade.WARN if answer.matters or answer.answer is Word.UNANSWERED else Grade.OK
    return Symptom(answer.question.value, grade, f"{asked.asks} {word}. Assumed: {asked.assumes}", answer.advice)


def closing_words(report: ProbeReport) -> Iterator[str]:
    """How it ended, a sentence a line."""
    leg = f"{report.symbol} {report.side}"
    if report.stopped:
        yield f"Not everything was asked: {report.stopped}. What had been answered counts."
    if report.left:
        why = report.trouble or "they are still listed"
        yield (
            f"NOT VERIFIED GONE in {report.symbol}: {', '.join(report.left)} ({why}). They close and cannot open, far "
            "from the market. Look at the exchange and cancel them by hand, or make the probe again: it begins with "
            "them."
        )
    else:
        yield f"Nothing of the probe rests in {report.symbol}."
    if report.after is None:
        yield f"What {leg} holds now could not be read; it held {number(report.before)}."
    elif report.after != report.before:
        yield (
            f"{leg} held {number(report.before)} and holds {number(report.after)}: no order of the probe was near "
            "enough to have done it."
        )
    else:
        yield f"{leg} holds {number(report.after)}, as before."


def as_json(report: ProbeReport, asker: Asker, written: Path | None) -> str:
    """The whole of it for a machine."""
    import msgspec

    from vibe_quant.app.probe_words import Word

    whole = {
        "venue": asker.venue,
        "exchange": asker.exchange,
        "version": asker.version,
        "at": asker.at,
        "symbol": report.symbol,
        "side": report.side.value,
        "good": report.good,
        "stopped": report.stopped,
        "left": report.left,
        "position": {"before": report.before, "after": report.after},
        "file": None if written is None else str(written),
        "answers": [
            {
                "question": one.question.value,
                "answer": one.answer.value,
                "asks": one.asked.asks,
                "assumes": one.asked.assumes,
                "text": one.text,
                "code": one.code,
                "ms": one.ms,
                "matters": one.matters and one.answer is not Word.UNANSWERED,
                "advice": one.advice,
            }
            for one in report.answers
        ],
    }
    return msgspec.json.encode(whole).decode()
