"""The account's REST calls: positions, balances, configuration and the owner's settings; weights as documented."""

from __future__ import annotations

from collections.abc import Mapping

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.account.account_reads import AccountReads
from vibe_quant.sim.front.account.amounts import or_zero
from vibe_quant.sim.front.account.income import IncomeCalls
from vibe_quant.sim.front.account.permissions import PermissionCalls
from vibe_quant.sim.front.account.position_wire import PositionWire
from vibe_quant.sim.front.account.setting_calls import SettingCalls
from vibe_quant.sim.front.endpoint import Call, Endpoint, Security
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.limits import LimitRules
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.instruments import Instrument

HALF_HOUR_MS = 1_800_000


class AccountCalls:
    """What a client may read of its account; ``permissions`` holds the rights of its key, changeable at any time."""

    def __init__(
        self,
        exchange: SimExchange,
        instruments: Mapping[str, Instrument],
        history: History,
        permissions: Mapping[str, bool] | None = None,
        limits: LimitRules | None = None,
    ) -> None:
        """``permissions``: what differs from the defaults; ``limits``: what GET rateLimit/order shall show."""
        self._exchange = exchange
        self._account = exchange.account
        self._instruments = instruments
        self._history = history
        self._limits = limits or LimitRules()
        self._wire = PositionWire(exchange.account)
        self._reads = AccountReads(exchange, instruments, self._wire)
        self.permissions = PermissionCalls(permissions or {})

    def endpoints(self) -> list[Endpoint]:
        """Rows of the routing table."""
        reads = self._reads
        return [
            Endpoint("GET", "/fapi/v2/positionRisk", reads.positions_v2, weight=5),
            Endpoint("GET", "/fapi/v3/positionRisk", reads.positions_v3, weight=5),
            Endpoint("GET", "/fapi/v2/account", reads.account_v2, weight=5),
            Endpoint("GET", "/fapi/v3/account", reads.account_v3, weight=5),
            Endpoint("GET", "/fapi/v2/balance", reads.balance, weight=5),
            Endpoint("GET", "/fapi/v3/balance", reads.balance, weight=5),
            Endpoint("GET", "/fapi/v1/accountConfig", self._account_config, weight=5),
            Endpoint("GET", "/fapi/v1/symbolConfig", self._symbol_config, weight=5),
            Endpoint("GET", "/fapi/v1/adlQuantile", self._adl_quantile, weight=5),
            Endpoint("GET", "/fapi/v1/symbolAdlRisk", self._adl_risk, Security.NONE),
            Endpoint("GET", "/fapi/v1/commissionRate", self._commission_rate, weight=20),
            Endpoint("GET", "/fapi/v1/rateLimit/order", self._order_limits),
            Endpoint("GET", "/fapi/v1/feeBurn", self._fee_burn, weight=30),
            *SettingCalls(self._exchange, self._wire).endpoints(),
            *IncomeCalls(self._exchange, self._history).endpoints(),
            *self.permissions.endpoints(),
        ]

    def _account_config(self, _call: Call) -> Json:
        account = self._account
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": account.dual,
            "updateTime": account.configured_ms,
            "multiAssetsMargin": account.multi_assets,
            "tradeGroupId": -1,
        }

    def _symbol_config(self, call: Call) -> Json:
        account = self._account
        return [
            {
                "symbol": symbol,
                "marginType": "ISOLATED" if symbol in account.isolated else "CROSSED",
                "isAutoAddMargin": False,
                "leverage": account.leverage_of(symbol),
                "maxNotionalValue": self._wire.max_notional(symbol),
            }
            for symbol in self._reads.symbols(call)
        ]

    def _adl_quantile(self, call: Call) -> Json:
        """Without a symbol: of those with a position."""
        chosen = self._reads.symbols(call)
        legs = self._account.legs
        open_symbols = {key[0] for key, leg in legs.items() if leg.qty}
        wanted = chosen if call.params.text("symbol") else [symbol for symbol in chosen if symbol in open_symbols]
        return [{"symbol": symbol, "adlQuantile": self._quantiles(symbol)} for symbol in wanted]

    def _quantiles(self, symbol: str) -> Json:
        """Crossed legs of hedge mode share the worse of their two, and say so by HEDGE."""
        long, short = (self._wire.adl((symbol, side)) for side in PositionSide)
        if symbol in self._account.isolated or not self._account.dual:
            return {"LONG": long, "SHORT": short, "BOTH": 0}
        return {"LONG": max(long, short), "SHORT": max(long, short), "HEDGE": 0}

    def _adl_risk(self, call: Call) -> Json:
        """The risk of a whole market, which is always low here; kept anew each half hour."""
        at = call.now - call.now % HALF_HOUR_MS
        rows: list[Json] = [{"symbol": name, "adlRisk": "low", "updateTime": at} for name in self._reads.symbols(call)]
        return rows[0] if call.params.text("symbol") else rows

    def _commission_rate(self, call: Call) -> Json:
        symbol = call.params.need("symbol")
        self._exchange.venue.market(symbol)
        return {
            "symbol": symbol,
            "makerCommissionRate": or_zero(self._account.maker_fee, 6),
            "takerCommissionRate": or_zero(self._account.taker_fee, 6),
            "rpiCommissionRate": "0",
        }

    def _order_limits(self, _call: Call) -> Json:
        per_10s, per_minute = self._limits.orders_10s, self._limits.orders_1m
        return [
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": per_10s},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": per_minute},
        ]

    def _fee_burn(self, _call: Call) -> Json:
        return {"feeBurn": False}
