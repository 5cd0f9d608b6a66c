"""A request's parameters: read by name whatever its case, converted, and refused with the exchange's own words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from vibe_quant.sim.records import Rejected

E = TypeVar("E", bound=StrEnum)

INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
LONG = range(-(2**63), 2**63)
UNPRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SURROGATE = "\\ud"
TRUTH = {"true": True, "false": False}


class Params(Mapping[str, str]):
    """Names are not case-sensitive.  Getters raise ``Rejected``: -1105 for an optional value that is empty."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        """``pairs`` decoded, in the order in which they came; the first of a repeated name counts."""
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), value)

    @classmethod
    def parse(cls, query: str, body: bytes = b"") -> Params:
        """Parameters of a query string and a form body (``+`` is a space in both); the query's win.

        Raises:
            Rejected: -1100, bytes that are no UTF-8 and characters that cannot be printed; -1101, a name that stands
                twice in the query or twice in the body.
        """
        try:
            query.encode()  # what came as no UTF-8 shows as surrogates
            return cls(_pairs(query) + _pairs(body.decode()))
        except ValueError:
            raise _illegal_characters() from None

    def __getitem__(self, name: str) -> str:
        """The text as sent."""
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def text(self, name: str) -> str | None:
        """The value; None where it was left out, -1105 where it is empty."""
        value = self._values.get(name.lower())
        if value == "":
            raise Rejected(-1105, f"Parameter '{name.lower()}' was empty.")
        return value

    def need(self, name: str) -> str:
        """The value; -1102 where it was left out or is empty."""
        value = self._values.get(name.lower())
        if not value:
            raise missing(name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """A number exactly as written; -1102 where it is none, or has more than 20 digits before or after the point.

        An exponent is refused, as there: ``1E+2`` is how Decimal spells itself, ``1e-05`` how float does.
        """
        value = self.text(name)
        if value is None:
            return None
        if not DECIMAL.fullmatch(value):
            raise illegal(name)
        return Decimal(value)

    def integer(self, name: str) -> int | None:
        """A whole number of 64 bits; -1102 where it is none."""
        value = self.text(name)
        if value is None:
            return None
        if not INTEGER.fullmatch(value) or int(value) not in LONG:
            raise illegal(name)
        return int(value)

    def flag(self, name: str) -> bool | None:
        """``true`` or ``false`` in any case; -1102 otherwise."""
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in TRUTH:
            raise illegal(name)
        return TRUTH[value.lower()]

    def choice(self, name: str, kind: type[E], code: int, message: str) -> E | None:
        """A member of ``kind``; anything else is refused with ``code`` and ``message``."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise Rejected(code, message) from None

    def array(self, name: str) -> list[object] | None:
        """A JSON array, its numbers as text; -1102 where it is none."""
        value = self.text(name)
        if value is None:
            return None
        if SURROGATE in value.lower():  # may become text that no answer could carry
            raise illegal(name)
        try:
            items = json.loads(value, parse_float=str, parse_int=str, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise illegal(name) from None
        if not isinstance(items, list):
            raise illegal(name)
        return items


def missing(name: str) -> Rejected:
    """-1102 of a parameter that was left out."""
    return Rejected(-1102, f"Mandatory parameter '{name.lower()}' was not sent, was empty/null, or malformed.")


def illegal(name: str) -> Rejected:
    """-1102 of a parameter that cannot be read."""
    return missing(name)


def unwanted(name: str) -> Rejected:
    """-1106 of a parameter that must not be there."""
    return Rejected(-1106, f"Parameter '{name.lower()}' sent when not required.")


def _refuse(constant: str) -> str:
    raise ValueError(constant)


def _illegal_characters() -> Rejected:
    return Rejected(-1100, "Illegal characters found in a parameter.")


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise Rejected(-1101, "Duplicate values for a parameter detected.")
    if any(UNPRINTED.search(name + value) for name, value in pairs):
        raise _illegal_characters()
    return pairs
