"""What is asked of a replay, and how its latency is named."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.sim.latency import ConstantLatency, LatencyModel, LognormalLatency, TapeLatency
from vibe_quant.sim.switches import QueueModel

MOST_LATENCY_MS = 60_000


class ReplayError(Exception):
    """What was asked cannot be replayed; the message says why, and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRequest:
    """One exit on one tape.

    ``entry`` None: the first mid of the tape.  ``wallet`` is the balance of the margin asset.  ``strategy`` rules in
    place of the configured ones.  ``config`` None: the defaults.  ``rules`` None: inferred from the tape.  ``latency``
    None: the tape's own receive lag where it has one, else lognormal; or ``tape``, ``lognormal``, ``constant:MS``.
    ``out``: the folder that gets decisions, card and picture.
    """

    tape: Path
    symbol: str
    side: PositionSide
    qty: Decimal
    entry: Decimal | None = None
    leverage: int = 10
    wallet: Decimal = Decimal(10_000)
    strategy: StrategyName | None = None
    config: Path | None = None
    rules: Path | None = None
    seed: int = 1
    latency: str | None = None
    queue_model: QueueModel = QueueModel.TRADES_ONLY
    out: Path | None = None


def seed_for(seed: int, purpose: str) -> int:
    """A seed of its own for each purpose, so that a draw more for one does not move the others."""
    return int.from_bytes(sha256(f"{seed}/{purpose}".encode()).digest()[:8])


def latency_model(name: str | None, seed: int, has_recv_clock: bool) -> tuple[LatencyModel, str]:
    """The model, and its name in a word or two for the card.

    Raises:
        ReplayError: no such model, or the tape has no receive clock to take lags from.
    """
    drawn = seed_for(seed, "latency")
    match (name or ("tape" if has_recv_clock else "lognormal")).partition(":"):
        case ("tape", "", ""):
            if not has_recv_clock:
                raise ReplayError("--latency tape: this tape has no receive clock; take lognormal or constant:MS")
            return TapeLatency(drawn), "the tape's own lag"
        case ("lognormal", "", ""):
            return LognormalLatency(drawn), "lognormal, median 12 ms"
        case ("constant", ":", text) if text.isascii() and text.isdigit() and int(text) <= MOST_LATENCY_MS:
            one_way = int(text)
            return ConstantLatency(one_way, one_way, one_way), f"{one_way} ms each way"
        case _:
            raise ReplayError(
                f"--latency {name}: is none of tape, lognormal, constant:MS (whole milliseconds, at most 60000)"
            )
