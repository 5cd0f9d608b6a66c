"""Frames of the user stream to account events; what has no word here is read so that nothing is taken as over.

An order status nobody knows is NEW, or PARTIALLY_FILLED where something filled: the order may still fill, until a REST
read tells; a stop's is NEW.  A type nobody knows is LIMIT with a price, else MARKET.  Each is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from vibe_quant.binance.frame_counts import more
from vibe_quant.binance.frame_numbers import amount, amount_of, size
from vibe_quant.binance.frames import Complain, FrameReader, Seen, Taker
from vibe_quant.binance.market_codec import LATE_MS, Names
from vibe_quant.binance.rest_codec import WireSide, type_of
from vibe_quant.binance.user_frames import (
    AccountConfigUpdate,
    AccountUpdate,
    AlgoUpdate,
    AnyUserFrame,
    GridUpdate,
    ListenKeyExpired,
    MarginCall,
    OrderTradeUpdate,
    PositionRow,
    StrategyUpdate,
    TradeLite,
    TriggerReject,
    WrappedUserFrame,
)
from vibe_quant.domain.account import Balance
from vibe_quant.domain.account_events import (
    ZERO,
    BalanceUpdate,
    LeverageUpdate,
    OrderUpdate,
    PositionUpdate,
    StopReport,
)
from vibe_quant.domain.enums import MarginType, OrderStatus, OrderType, PositionSide, Source, StopStatus, WorkingType
from vibe_quant.domain.events import Event, UnlistedLeg

CONDITIONAL = "CONDITIONAL"
LONGEST_REASON = 9
E = TypeVar("E", OrderStatus, StopStatus, OrderType, WorkingType, MarginType)


@dataclass(frozen=True, slots=True)
class KeyExpired:
    """The listen key is dead, its socket silent from now on: a new key and a new connection are needed."""

    exch_ms: int
    recv_ms: int
    listen_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something for the log and for nothing else; ``name`` is the event's."""

    name: str
    text: str
    exch_ms: int
    recv_ms: int


UserNews = Event | KeyExpired | Remark
News = tuple[UserNews, ...]


class UserCodec(FrameReader[UserNews]):
    """Account events as the core knows them: positions of a push before its wallets, hedge-mode legs alone."""

    what = "user stream"
    advice = "What it told of orders or positions comes with the next comparison with REST."
    shows_frames = False

    def __init__(
        self,
        names: Names,
        late_ms: int = LATE_MS,
        server_ms: Callable[[int], int] | None = None,
        complain: Complain | None = None,
        glance_ms: int = 0,
    ) -> None:
        """``late_ms``: older than this on arrival is counted as late; without ``server_ms`` nothing is."""
        takers: dict[type[Any], Taker[UserNews]] = {
            OrderTradeUpdate: self._order,
            AccountUpdate: self._account,
            AccountConfigUpdate: self._config,
            AlgoUpdate: self._stop,
            MarginCall: self._margin_call,
            ListenKeyExpired: self._key_expired,
            **dict.fromkeys((TradeLite, TriggerReject, StrategyUpdate, GridUpdate), self._leave),
        }
        wrapped = msgspec.json.Decoder(WrappedUserFrame).decode
        bare = msgspec.json.Decoder[AnyUserFrame](AnyUserFrame).decode
        super().__init__(wrapped, bare, takers, late_ms, server_ms, complain, glance_ms)
        self._symbols = names
        self._newest: dict[str, Seen] = {}

    def reconnected(self) -> None:
        """A new connection starts an order of its own: what comes next is compared with nothing before it."""
        self._newest.clear()

    def _order(self, told: OrderTradeUpdate, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        body = told.o
        qty, price, filled, last, last_price = (size(x) for x in (body.q, body.p, body.z, body.l, body.L))
        leg = self._leg(body.s, body.ps)
        self._timed("ORDER_TRADE_UPDATE", told.T, recv_ms)
        if leg is None:
            return ()
        live = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
        update = OrderUpdate(
            leg[0],
            body.c,
            leg[1],
            body.S,
            self._word(OrderStatus, body.X, live, "order.X"),
            self._word(OrderType, body.o, type_of(body.o, price), "order.o"),
            qty,
            price,
            filled,
            told.T,
            recv_ms,
            Source.STREAM,
            body.i,
            self._spare(body.ap, "order.ap"),
            last,
            last_price,
            body.t,
            body.m if last else None,
            self._spare(body.n, "order.n") or ZERO,
            body.N or "",
            self._spare(body.rp, "order.rp") or ZERO,
            self._reason(_text(body.er)),
            body.x == "AMENDMENT",
        )
        return (update,)

    def _account(self, told: AccountUpdate, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        body, exch_ms = told.a, told.T
        wallets = [Balance(row.a, amount(row.wb), amount(row.cw), exch_ms) for row in body.B]
        for row in body.P:
            amount(row.pa), size(row.ep), amount(row.iw)
        self._timed("ACCOUNT_UPDATE", exch_ms, recv_ms)
        rows = [(row, self._leg(row.s, row.ps)) for row in body.P]
        # Positions first: the smaller leg before the wallet that its loss has left, or liquidation seems nearer.
        legs = [self._position(row, leg, exch_ms, recv_ms, body.m) for row, leg in rows if leg is not None]
        met = dict.fromkeys(row.s for row, leg in rows if leg is None and self._is_unlisted(row))
        found = (UnlistedLeg(raw, recv_ms) for raw in met)
        return (*legs, *found, *(BalanceUpdate(wallet, exch_ms, recv_ms, body.m) for wallet in wallets))

    def _is_unlisted(self, row: PositionRow) -> bool:
        return bool(row.pa) and row.ps is not WireSide.BOTH and self._symbols.unified(row.s) is None

    def _position(
        self, row: PositionRow, leg: tuple[str, PositionSide], exch_ms: int, recv_ms: int, reason: str
    ) -> PositionUpdate:
        mode = "CROSSED" if row.mt.lower() == "cross" else row.mt.upper()
        margin = self._word(MarginType, mode, MarginType.CROSSED, "position.mt")
        return PositionUpdate(*leg, abs(row.pa), row.ep, exch_ms, recv_ms, reason, margin, row.iw)

    def _config(self, told: AccountConfigUpdate, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        if told.ac is None and told.ai is None:
            raise ValueError("ACCOUNT_CONFIG_UPDATE tells neither leverage nor multi-assets mode")
        self._timed("ACCOUNT_CONFIG_UPDATE", told.T, recv_ms)
        if told.ai is not None:
            more(self.tally.ignored, "multi-assets mode")
            state = "switched on: positions now share margin across assets" if told.ai.j else "switched off"
            text = f"Multi-assets mode was {state}. The program reckons with single-asset margin only; look at it."
            return (Remark("ACCOUNT_CONFIG_UPDATE", text, told.T, recv_ms),)
        assert told.ac is not None  # by the first condition
        symbol = self._known(told.ac.s)
        return () if symbol is None else (LeverageUpdate(symbol, told.ac.l, told.T, recv_ms),)

    def _stop(self, told: AlgoUpdate, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        body = told.o
        trigger, qty, price = size(body.tp), size(body.q), size(body.p)
        leg = self._leg(body.s, body.ps)
        self._timed("ALGO_UPDATE", told.T, recv_ms)
        if body.at != CONDITIONAL:
            self.tally.meet(f"algo.at={body.at}")
            return ()
        if leg is None:
            return ()
        report = StopReport(
            leg[0],
            leg[1],
            body.caid,
            self._word(StopStatus, body.X, StopStatus.NEW, "algo.X"),
            self._word(OrderType, body.o, type_of(body.o, price), "algo.o"),
            body.S,
            trigger,
            body.cp,
            qty,
            told.T,
            recv_ms,
            Source.STREAM,
            self._word(WorkingType, body.wt, WorkingType.MARK_PRICE, "algo.wt") if body.wt else WorkingType.MARK_PRICE,
            body.aid,
            int(self._spare(body.ai, "algo.ai") or 0),
            self._spare(body.aq, "algo.aq") or ZERO,
            body.rm or "",
        )
        return (report,)

    def _margin_call(self, told: MarginCall, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        more(self.tally.ignored, "MARGIN_CALL")
        legs = ", ".join(f"{self._symbols.unified(row.s) or row.s} {row.ps}" for row in told.p) or "the account"
        text = f"The exchange sends a margin call for {legs}; it may come late. The program goes by its own reckoning."
        return (Remark("MARGIN_CALL", text, told.E, recv_ms),)

    def _key_expired(self, told: ListenKeyExpired, recv_ms: int, stream: str) -> News:
        return (KeyExpired(told.E, recv_ms, told.listenKey or stream),)

    def _leave(self, told: msgspec.Struct, recv_ms: int, stream: str) -> News:  # noqa: ARG002
        more(self.tally.ignored, str(told.__struct_config__.tag))
        return ()

    def _leg(self, raw: str, side: WireSide) -> tuple[str, PositionSide] | None:
        """None, counted, where it is none of hedge mode's, or of no symbol that is known."""
        if side is WireSide.BOTH:
            more(self.tally.ignored, "positionSide BOTH")
            return None
        symbol = self._known(raw)
        return None if symbol is None else (symbol, PositionSide(side.value))

    def _known(self, raw: str) -> str | None:
        symbol = self._symbols.unified(raw)
        if symbol is None:
            more(self.tally.ignored, "unknown symbol")
        return symbol

    def _timed(self, name: str, exch_ms: int, recv_ms: int) -> None:
        seen = self._newest.get(name)
        if seen is None:
            seen = self._newest[name] = Seen(name)
        self._judge(name, seen, exch_ms, 0, recv_ms)

    def _word(self, words: type[E], text: str, otherwise: E, where: str) -> E:
        try:
            return words(text)
        except ValueError:
            self.tally.meet(f"{where}={text}")
            return otherwise

    def _spare(self, raw: msgspec.Raw, where: str) -> Decimal | None:
        """A number the event can do without: None where it is absent, empty or no number; the last is counted."""
        text = _text(raw)
        try:
            return amount_of("" if text == "null" else text)
        except (ValueError, ArithmeticError):
            self.tally.meet(f"{where}: no number")
            return None

    def _reason(self, text: str) -> int:
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_REASON:
            return int(text)
        if text not in ("", "null"):
            self.tally.meet(f"order.er={text}")
        return 0


def _text(raw: msgspec.Raw) -> str:
    """A JSON string or number as it is written, without quotes."""
    return bytes(raw).decode("utf-8", "replace").strip('"')
