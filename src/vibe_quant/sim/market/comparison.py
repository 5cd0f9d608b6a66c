"""Holds a generated market against a recorded one: the same figures of both, on the same instrument."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.events import MarketEvent, Quote, Trade
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.tapes.statistics import Figures, measure
from vibe_quant.tapes.tape import Tape, TapeError


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of a scenario, and of a tape where there is one; ``ratios`` are generated over recorded."""

    scenario: str
    seed: int
    duration_s: int
    tape: str | None
    generated: Figures
    recorded: Figures | None

    @property
    def ratios(self) -> Figures:
        """By name; None where one of the two has no such figure, or the recorded one is zero."""
        recorded = self.recorded or {}
        return {name: _ratio(value, recorded.get(name)) for name, value in self.generated.items()}

    def as_text(self) -> str:
        """A table for a person."""
        title = f"{self.scenario}, seed {self.seed}, {self.duration_s} s"
        if self.recorded is None:
            return "\n".join([title, *(f"{name:<24}{_text(value):>12}" for name, value in self.generated.items())])
        rows = [f"{title}, beside {self.tape}", f"{'':<24}{'generated':>12}{'recorded':>12}{'ratio':>8}"]
        for name, ratio in self.ratios.items():
            shown = "-" if ratio is None else f"{ratio:.2f}"
            rows.append(f"{name:<24}{_text(self.generated[name]):>12}{_text(self.recorded[name]):>12}{shown:>8}")
        return "\n".join(rows)


def as_json(comparisons: Sequence[Comparison]) -> str:
    """A list of objects; null where there is no figure."""
    return json.dumps([_object(comparison) for comparison in comparisons], indent=2)


def compare(scenario: str, seed: int, duration_s: int, tape: Tape | None = None) -> Comparison:
    """Generate and measure ``scenario``, played on the instrument of ``tape`` where there is one.

    Raises:
        ValueError: there is no such scenario.
        TapeError: the tape cannot be read, or holds nothing with a price.
    """
    params = scenario_params(scenario)
    if tape is not None:
        params = params.on_instrument(_first_price(tape), tape.meta.tick, tape.meta.step)
    events = generate(scenario, seed, tape.meta.symbol if tape else "GENERATED", duration_s, params=params)
    generated = measure(events, params.tick, params.step)
    recorded = measure(tape.events(), params.tick, params.step) if tape else None
    return Comparison(scenario, seed, duration_s, tape.path.name if tape else None, generated, recorded)


def _first_price(tape: Tape) -> Decimal:
    for event in tape.events():
        if (price := _price(event)) is not None:
            return price
    raise TapeError(f"{tape.path}: neither a quote nor a trade to compare with")


def _price(event: MarketEvent) -> Decimal | None:
    if isinstance(event, Quote):
        return event.bid
    return event.price if isinstance(event, Trade) else None


def _ratio(generated: float | None, recorded: float | None) -> float | None:
    return generated / recorded if generated is not None and recorded else None


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _object(comparison: Comparison) -> dict[str, object]:
    found = {"scenario": comparison.scenario, "seed": comparison.seed, "duration_s": comparison.duration_s}
    figures = {"generated": comparison.generated, "recorded": comparison.recorded}
    return {**found, "tape": comparison.tape, **figures, "ratios": comparison.ratios if comparison.recorded else None}
