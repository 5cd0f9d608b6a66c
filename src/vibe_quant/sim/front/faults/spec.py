"""What every declared fault says: when it strikes, how often, and for how long."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

MOMENTS = ("once", "nth", "rate", "at_s", "per_minute")


def _exact(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise ValueError("must be an exact number; write it in quotes")
    return value


def plain_number(value: Any) -> Any:
    """Refuse true and false, which would count as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


Amount = Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, allow_inf_nan=False)]
Seconds = Annotated[Decimal, BeforeValidator(plain_number), Field(ge=0, le=10_000_000, allow_inf_nan=False)]
Share = Annotated[Decimal, BeforeValidator(plain_number), Field(gt=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(strict=True, ge=0, le=86_400_000)]
Count = Annotated[int, Field(strict=True, ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Symbol = Annotated[str, Field(min_length=1)]


def in_ms(seconds: Decimal) -> int:
    """Whole milliseconds, cut."""
    return int(seconds * 1000)


class Plain(BaseModel):
    """Boundary data: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class When(Plain):
    """Exactly one of its fields."""

    once: Annotated[Literal[True] | None, Field(description="true: the first occasion")] = None
    nth: Annotated[Count | None, Field(description="the Nth occasion, from 1")] = None
    rate: Annotated[Share | None, Field(description="each occasion with this probability, above 0 to 1")] = None
    at_s: Annotated[Seconds | None, Field(description="seconds after it was declared")] = None
    per_minute: Annotated[
        Decimal | None,
        BeforeValidator(plain_number),
        Field(gt=0, le=60_000, description="so often a minute on average, at moments by chance; for what happens"),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> When:
        given = [name for name in MOMENTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"say exactly one of {', '.join(MOMENTS)}; here: {' and '.join(given) or 'none'}")
        return self


class Spec(Plain):
    """What all faults have."""

    occasion: ClassVar[str]
    """What the kind waits for: a request, an event, a moment."""
    lasting_s: ClassVar[Decimal | None] = None
    """How long a strike lasts where the declaration does not say; None: it hits one occasion."""

    kind: str
    name: Annotated[str | None, Field(min_length=1, description="how the log calls it")] = None
    times: Annotated[Count | None, Field(description="at most so many strikes")] = None
    for_s: Annotated[
        Seconds | None, Field(gt=0, description="a strike lasts so many seconds and hits every occasion in them")
    ] = None

    @property
    def window_ms(self) -> int | None:
        """How long a strike lasts, ms; None where it hits one occasion only."""
        seconds = self.for_s if self.for_s is not None else self.lasting_s
        return None if seconds is None else in_ms(seconds)
