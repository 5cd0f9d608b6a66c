"""How the market's numbers are written: padded to a symbol's precision, and remembered: the same come again."""

from __future__ import annotations

from decimal import Decimal

MOST_REMEMBERED = 4096


class Padded(dict[Decimal, str]):
    """Decimal -> its text with at least ``places`` digits behind the point, never in exponent form, never rounded."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def __missing__(self, value: Decimal) -> str:
        """The text, found for the first time."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        text = self[value] = padded(value, self.places)
        return text


def padded(value: Decimal, places: int) -> str:
    """``value`` with at least ``places`` digits behind the point; all of its own where it has more."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    whole, _, digits = text.partition(".")
    if len(digits) == places:
        return text
    digits = digits[:places].ljust(places, "0") + digits[places:].rstrip("0")
    return f"{whole}.{digits}" if digits else whole
