"""Writes numbers in Prometheus's text format 0.0.4, a microsecond each: a scrape is a pause of the loop that trades."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from vibe_quant.domain.spread import Spread

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "vibe_quant_"
Number = int | float | Decimal
Values = tuple[str, ...]
"""Of the labels, in the order of the family's."""
Kind = Literal["gauge", "counter", "histogram"]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name as it is scraped, what it means, and its labels."""

    kind: Kind
    short: str
    meaning: str
    labels: Values = ()

    @property
    def name(self) -> str:
        """With the prefix, and ``_total`` where it counts."""
        return f"{PREFIX}{self.short}{'_total' if self.kind == 'counter' else ''}"


Block = tuple[Family, Iterable[tuple[Values, Number | Spread]]]
"""A metric, with one row for each tuple of label values; a histogram's are spreads."""


def one(family: Family, number: Number | Spread | None) -> Block:
    """Of a family without labels; None: it is not known."""
    return family, () if number is None else (((), number),)


class Exposition:
    """One scrape; what is added in the order in which it is written."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, block: Block) -> None:
        """One metric; what is lazy in it is read now."""
        family, rows = block
        name = family.name
        self._lines.append(f"# HELP {name} {family.meaning}\n# TYPE {name} {family.kind}")
        for values, number in rows:
            labels = _pairs(family.labels, values)
            if isinstance(number, Spread):
                self._spread(name, labels, number)
            else:
                self._lines.append(f"{name}{_braced(labels)} {_shown(number)}")

    def _spread(self, name: str, labels: str, spread: Spread) -> None:
        add = self._lines.append
        before, seen = f"{labels}," if labels else "", 0
        for bound, count in zip((*spread.bounds, "+Inf"), spread.counts, strict=True):
            seen += count
            add(f'{name}_bucket{{{before}le="{bound}"}} {seen}')
        add(f"{name}_sum{_braced(labels)} {_shown(spread.total)}")
        add(f"{name}_count{_braced(labels)} {seen}")

    def body(self) -> bytes:
        """All of it."""
        return "\n".join([*self._lines, ""]).encode()


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _pairs(names: Values, values: Values) -> str:
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)])


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


def _shown(number: Number) -> str:
    return repr(number) if type(number) is int else repr(float(number))
