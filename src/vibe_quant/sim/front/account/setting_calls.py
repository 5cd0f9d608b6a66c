"""What the account's owner sets and reads back: position mode, leverage, margin type, isolated margin, brackets."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.rules import Bracket
from vibe_quant.sim.account import MONEY
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.account.amounts import number
from vibe_quant.sim.front.account.position_wire import PositionWire
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.market_query import not_valid
from vibe_quant.sim.front.params import missing
from vibe_quant.sim.records import Rejected

DONE: Json = {"code": 200, "msg": "success"}
ADD, TAKE = 1, 2


class SettingCalls:
    """Handlers check what came; account_settings.py decides."""

    def __init__(self, exchange: SimExchange, wire: PositionWire) -> None:
        """Sets on ``exchange``; ``wire`` writes the largest position at a leverage."""
        self._exchange = exchange
        self._account = exchange.account
        self._settings = exchange.settings
        self._wire = wire

    def endpoints(self) -> list[Endpoint]:
        """Rows of the routing table."""
        return [
            Endpoint("GET", "/fapi/v1/positionSide/dual", self._mode, weight=30),
            Endpoint("POST", "/fapi/v1/positionSide/dual", self._set_mode),
            Endpoint("GET", "/fapi/v1/multiAssetsMargin", self._multi_assets, weight=30),
            Endpoint("POST", "/fapi/v1/leverage", self._set_leverage),
            Endpoint("POST", "/fapi/v1/marginType", self._set_margin_type),
            Endpoint("POST", "/fapi/v1/positionMargin", self._move_margin),
            Endpoint("GET", "/fapi/v1/leverageBracket", self._brackets),
        ]

    def _mode(self, _call: Call) -> Json:
        return {"dualSidePosition": self._account.dual}

    def _set_mode(self, call: Call) -> Json:
        call.params.need("dualSidePosition")
        dual = call.params.flag("dualSidePosition")
        self._settings.set_dual(bool(dual), call.now)
        return DONE

    def _multi_assets(self, _call: Call) -> Json:
        return {"multiAssetsMargin": self._account.multi_assets}

    def _set_leverage(self, call: Call) -> Json:
        symbol = call.params.need("symbol")
        call.params.need("leverage")
        leverage = call.params.integer("leverage") or 0
        self._settings.set_leverage(symbol, leverage, call.now)
        return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": self._wire.max_notional(symbol)}

    def _set_margin_type(self, call: Call) -> Json:
        symbol = call.params.need("symbol")
        call.params.need("marginType")
        kind = call.params.choice("marginType", MarginType, -1130, not_valid("marginType").message)
        if kind is None:
            raise missing("marginType")
        self._settings.set_margin_type(symbol, kind, call.now)
        return DONE

    def _move_margin(self, call: Call) -> Json:
        params = call.params
        symbol = params.need("symbol")
        params.need("amount")
        params.need("type")
        amount, kind = params.decimal("amount"), params.integer("type")
        if kind not in (ADD, TAKE):
            raise not_valid("type")
        if amount is None or amount < MONEY:
            raise Rejected(-4055, "Amount must be positive.")
        side = params.choice("positionSide", PositionSide, -4060, "Invalid position side.")
        if side is None:
            raise Rejected(-4061, "Order's position side does not match user's setting.")
        self._settings.move_margin(symbol, side, amount if kind == ADD else -amount, call.now)
        text = "Successfully modify position margin."
        return {"code": 200, "msg": text, "amount": float(amount), "type": kind}

    def _brackets(self, call: Call) -> Json:
        symbol = call.params.text("symbol")
        if symbol is None:
            return [self._brackets_of(name) for name in self._exchange.venue.markets]
        self._exchange.venue.market(symbol)
        row = self._brackets_of(symbol)
        return [row] if self._exchange.venue.switches.bracket_list else row

    def _brackets_of(self, symbol: str) -> Json:
        brackets = self._exchange.venue.markets[symbol].brackets
        return {"symbol": symbol, "brackets": [_bracket(n, bracket) for n, bracket in enumerate(brackets, 1)]}


def _bracket(place: int, bracket: Bracket) -> Json:
    return {
        "bracket": place,
        "initialLeverage": bracket.max_leverage,
        "notionalCap": number(bracket.cap),
        "notionalFloor": number(bracket.floor),
        "maintMarginRatio": _ratio(bracket.ratio),
        "cum": _ratio(bracket.cum),
    }


def _ratio(value: Decimal) -> float:
    return float(value)
