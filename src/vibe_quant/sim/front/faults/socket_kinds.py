"""Faults of sockets, listen key, API key, limits and clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from vibe_quant.sim.front.faults.deck import Deck, Done
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.faults.spec import in_ms, plain_number
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.front.streams.session import Session
from vibe_quant.sim.records import Rejected

Classes = Annotated[
    tuple[StreamClass, ...] | None,
    Field(min_length=1, description="[public, market, private], some of them; left out: all, unrouted paths too"),
]


class _OfSockets(Act):
    """What concerns the live sockets of some classes; those that come later are good ones."""

    classes: Classes = None

    def live(self, deck: Deck) -> list[Session]:
        """Those that are meant."""
        sessions = [session for session in deck.hub.sessions if not session.closed]
        return [session for session in sessions if self.classes is None or session.cls in self.classes]


class SocketsClosed(_OfSockets):
    """Sockets closed: all live ones of these classes."""

    kind: Literal["sockets_closed"]
    code: Annotated[
        int | None, Field(strict=True, ge=1000, le=4999, description="of a close frame; left out: a reset without one")
    ] = None

    def act(self, deck: Deck, _: int, /) -> Done:
        """Close them."""
        sessions = self.live(deck)
        for session in sessions:
            if self.code is None:
                session.drop()
            else:
                session.close(self.code, "")
        return Done(f"{len(sessions)} closed")


class SocketsSilent(_OfSockets):
    """Sockets connected and silent: pings and commands are answered, nothing is pushed; a new socket is a good one."""

    ends: ClassVar[bool] = True
    kind: Literal["sockets_silent"]

    def act(self, deck: Deck, _: int, /) -> Done:
        """Mute them."""
        sessions = self.live(deck)
        for session in sessions:
            session.mute()

        def undo(_now: int) -> None:
            for session in sessions:
                session.unmute()

        return Done(f"{len(sessions)} silent", undo)


class SocketsHalfOpen(_OfSockets):
    """Sockets half-open: nothing is read, pushed or answered and no close comes; broken at the end, if there is one."""

    ends: ClassVar[bool] = True
    kind: Literal["sockets_half_open"]

    def act(self, deck: Deck, _: int, /) -> Done:
        """Freeze them."""
        sessions = self.live(deck)
        for session in sessions:
            session.freeze()

        def undo(_now: int) -> None:
            for session in sessions:
                session.drop()

        return Done(f"{len(sessions)} half-open", undo)


class ListenKeyExpired(Act):
    """Listen key expired: its sockets hear listenKeyExpired, stay open and get nothing more."""

    kind: Literal["listen_key_expired"]

    def act(self, deck: Deck, now: int, /) -> Done:
        """End it."""
        if deck.listen_keys.live is None:
            raise Rejected(-1125, "This listenKey does not exist.")
        deck.listen_keys.expire_now(now)
        return Done("expired")


class KeyRevoked(Act):
    """API keys revoked: every request that needs one is refused with -2015."""

    ends: ClassVar[bool] = True
    kind: Literal["key_revoked"]

    def act(self, deck: Deck, _: int, /) -> Done:
        """Revoke all that were good."""
        keys = deck.keys
        good = [pair.key for pair in keys.pairs.values() if not pair.revoked]
        for key in good:
            keys.revoke(key)

        def undo(_now: int) -> None:
            for key in good:
                keys.revoke(key, revoked=False)

        return Done(f"{len(good)} revoked", undo)


class ClockOff(Act):
    """Clock off by seconds: GET time, and the clock that judges timestamps (-1021), against the client's."""

    ends: ClassVar[bool] = True
    kind: Literal["clock_off"]
    seconds: Annotated[
        Decimal,
        BeforeValidator(plain_number),
        Field(ge=-86_400, le=86_400, allow_inf_nan=False, description="how far ahead; negative: behind"),
    ]

    def act(self, deck: Deck, _: int, /) -> Done:
        """Set it."""
        keys = deck.keys
        keys.clock_skew_ms = in_ms(self.seconds)

        def undo(_now: int) -> None:
            keys.clock_skew_ms = 0

        return Done(f"{keys.clock_skew_ms} ms ahead", undo)


class WeightSpent(Act):
    """Request weight of this minute used up: 429 from the exchange's own limits, then 418 for who asks on."""

    kind: Literal["weight_spent"]
    ip: Annotated[str, Field(description="whose")] = "127.0.0.1"

    def act(self, deck: Deck, now: int, /) -> Done:
        """Use it up."""
        deck.limits.overdraw(self.ip, now)
        return Done(f"weight of {self.ip} used up")


class OrdersSpent(Act):
    """Order counts of these ten seconds and this minute used up: -1015 with 429."""

    kind: Literal["orders_spent"]

    def act(self, deck: Deck, now: int, /) -> Done:
        """Use them up."""
        deck.limits.overdraw_orders(now)
        return Done("order counts used up")
