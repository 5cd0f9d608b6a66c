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


class Exposition:
    """One scrape; what is added in the order in which it is written."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, family: Family, rows: Iterable[tuple[Values, Number]]) -> None:
        """A gauge or counter: one line for each tuple of label values."""
        self._head(family)
        name = family.name
        self._lines += [f"{name}{_braced(family.labels, values)} {_shown(number)}" for values, number in rows]

    def one(self, family: Family, number: Number | None) -> None:
        """Of a family without labels; None: it is not known."""
        self.add(family, () if number is None else (((), number),))

    def spread(self, family: Family, rows: Iterable[tuple[Values, Spread]]) -> None:
        """A histogram."""
        self._head(family)
        name, add = family.name, self._lines.append
        for values, spread in rows:
            labels = _pairs(family.labels, values)
            before, seen = f"{labels}," if labels else "", 0
            for bound, count in zip((*spread.bounds, "+Inf"), spread.counts, strict=True):
                seen += count
                add(f'{name}_bucket{{{before}le="{bound}"}} {seen}')
            braced = f"{{{labels}}}" if labels else ""
            add(f"{name}_sum{braced} {_shown(spread.total)}")
            add(f"{name}_count{braced} {seen}")

    def body(self) -> bytes:
        """All of it."""
        return "\n".join([*self._lines, ""]).encode()

    def _head(self, family: Family) -> None:
        name = family.name
        self._lines.append(f"# HELP {name} {family.meaning}\n# TYPE {name} {family.kind}")


def _braced(names: Values, values: Values) -> str:
    return f"{{{_pairs(names, values)}}}" if values else ""


def _pairs(names: Values, values: Values) -> str:
    return ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)])


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


def _shown(number: Number) -> str:
    return repr(number) if type(number) is int else repr(float(number))
