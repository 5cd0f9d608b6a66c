"""What is true at the exchange, whatever its clients were told: one picture as plain data, numbers as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from vibe_quant.sim.account import LegKey, pnl
from vibe_quant.sim.book import Market
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.gatekeeper import Gate
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.limits import Limits
from vibe_quant.sim.front.orders.history import History, TradeRecord
from vibe_quant.sim.front.streams.hub import Hub
from vibe_quant.sim.front.streams.listen_keys import ListenKeys
from vibe_quant.sim.front.streams.session import Session
from vibe_quant.sim.records import SimAlgo, SimOrder

T = TypeVar("T")

NEWEST = 100


class Watched(Protocol):
    """The parts of the box that are shown."""

    @property
    def exchange(self) -> SimExchange:
        """The exchange itself."""
        ...

    @property
    def history(self) -> History:
        """What it remembers."""
        ...

    @property
    def hub(self) -> Hub:
        """Its sockets."""
        ...

    @property
    def gate(self) -> Gate:
        """What counts its requests."""
        ...

    @property
    def limits(self) -> Limits:
        """What bounds them."""
        ...

    @property
    def listen_keys(self) -> ListenKeys:
        """The listen key."""
        ...


def truth(box: Watched, now: int) -> dict[str, Json]:
    """Account, markets, orders, newest trades, sockets and limits at ``now`` (epoch ms)."""
    exchange = box.exchange
    return {
        "now": now,
        **_account(exchange),
        "markets": {name: _market(market) for name, market in exchange.venue.markets.items()},
        "orders": [order_row(order) for order in exchange.open_orders(None)],
        "algos": [algo_row(algo) for algo in exchange.algos.open],
        "trades": [trade_row(trade) for trade in newest(box.history.trades)],
        "sockets": [_socket(session) for session in box.hub.sessions],
        "listen_key": box.listen_keys.live,
        "limits": {
            "orders": list(box.limits.order_counts(now)),
            "calls": dict(box.gate.calls),
            "sent_while_banned": box.limits.sent_while_banned,
        },
    }


def newest(items: Sequence[T]) -> list[T]:
    """The last hundred at most, oldest first."""
    return list(islice(items, max(0, len(items) - NEWEST), None))


def _account(exchange: SimExchange) -> Mapping[str, Json]:
    account = exchange.account
    return {
        "mode": {"dual": account.dual, "multi_assets": account.multi_assets},
        "wallets": {asset: f"{amount:f}" for asset, amount in account.wallets.items()},
        "legs": [_leg(exchange, key) for key, leg in account.legs.items() if leg.qty],
    }


def _leg(exchange: SimExchange, key: LegKey) -> Json:
    account = exchange.account
    leg = account.leg(*key)
    return {
        "symbol": key[0],
        "side": key[1].value,
        "qty": f"{leg.qty:f}",
        "entry": f"{leg.entry:f}",
        "unrealized": f"{pnl(key[1], leg, account.markets[key[0]].mark):f}",
        "leverage": account.leverage_of(key[0]),
        "isolated": key[0] in account.isolated,
    }


def _market(market: Market) -> Json:
    quote = market.quote
    return {
        "status": market.rules.status,
        "tick": f"{market.rules.tick:f}",
        "bid": None if quote is None else f"{quote.bid:f}",
        "ask": None if quote is None else f"{quote.ask:f}",
        "last": None if market.last is None else f"{market.last:f}",
        "mark": None if market.mark is None else f"{market.mark:f}",
    }


def order_row(order: SimOrder) -> dict[str, Json]:
    """One regular order; ``updated`` of a finished one is when it ended."""
    return {
        "order_id": order.order_id,
        "client_id": order.client_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "position_side": order.position_side.value,
        "type": order.order_type.value,
        "time_in_force": order.time_in_force.value,
        "status": order.status.value,
        "price": f"{order.price:f}",
        "qty": f"{order.qty:f}",
        "filled": f"{order.filled_qty:f}",
        "average": f"{order.avg_price:f}",
        "created": order.created_ms,
        "updated": order.updated_ms,
    }


def algo_row(algo: SimAlgo) -> dict[str, Json]:
    """One conditional order; ``order_id`` zero until it triggered."""
    return {
        "algo_id": algo.algo_id,
        "client_id": algo.client_id,
        "symbol": algo.symbol,
        "side": algo.side.value,
        "position_side": algo.position_side.value,
        "type": algo.order_type.value,
        "status": algo.status.value,
        "trigger_price": f"{algo.trigger_price:f}",
        "qty": f"{algo.qty:f}",
        "close_position": algo.close_position,
        "order_id": algo.order_id,
        "failure": algo.failure,
        "created": algo.created_ms,
        "updated": algo.updated_ms,
    }


def trade_row(trade: TradeRecord) -> dict[str, Json]:
    """One execution."""
    return {
        "trade_id": trade.trade_id,
        "order_id": trade.order_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "position_side": trade.position_side.value,
        "price": f"{trade.price:f}",
        "qty": f"{trade.qty:f}",
        "fee": f"{trade.fee:f}",
        "realized": f"{trade.realized_pnl:f}",
        "maker": trade.is_maker,
        "time": trade.exch_ms,
    }


def _socket(session: Session) -> Json:
    return {
        "number": session.number,
        "path": session.path,
        "class": None if session.cls is None else session.cls.value,
        "opened": session.opened,
        "subscriptions": list(session.subscriptions),
        "received": session.received,
        "user_events": session.user_events,
        "silent": session.muted,
        "half_open": session.frozen,
    }
