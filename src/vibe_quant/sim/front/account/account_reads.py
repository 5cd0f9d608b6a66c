"""Which legs and which sums the account's reads show: positionRisk, account and balance in their versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim import margin
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.account.amounts import fixed
from vibe_quant.sim.front.account.position_wire import PositionWire
from vibe_quant.sim.front.endpoint import Call
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import ZERO

ALIAS = "SgAuXqFz"
TOTALS_IN = "USDT"

Row = tuple[LegKey, str, Instrument]


class AccountReads:
    """Version 2 lists every leg of every symbol; version 3 those with a position or open orders."""

    def __init__(self, exchange: SimExchange, instruments: Mapping[str, Instrument], wire: PositionWire) -> None:
        """Reads the exchange as it stands at each call."""
        self._exchange = exchange
        self._account = exchange.account
        self._instruments = instruments
        self._wire = wire

    def symbols(self, call: Call) -> list[str]:
        """The symbol that the call names (-1121 if there is none of that name), else all."""
        symbol = call.params.text("symbol")
        if symbol is None:
            return list(self._instruments)
        self._exchange.venue.market(symbol)
        return [symbol]

    def positions_v2(self, call: Call) -> Json:
        """GET /fapi/v2/positionRisk."""
        return [self._wire.risk_v2(*row) for row in self._rows(self.symbols(call))]

    def positions_v3(self, call: Call) -> Json:
        """GET /fapi/v3/positionRisk."""
        return [self._wire.risk_v3(*row) for row in self._live_rows(self.symbols(call))]

    def account_v2(self, _call: Call) -> Json:
        """GET /fapi/v2/account."""
        account = self._account
        head: dict[str, Json] = {
            "feeTier": 0,
            "feeBurn": False,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "updateTime": 0,
            "multiAssetsMargin": account.multi_assets,
            "tradeGroupId": -1,
        }
        lists: dict[str, Json] = {
            "assets": [self._asset(asset, True) for asset in account.wallets],
            "positions": [self._wire.account_v2(*row) for row in self._rows(list(self._instruments))],
        }
        return head | self._totals() | lists

    def account_v3(self, _call: Call) -> Json:
        """GET /fapi/v3/account."""
        lists: dict[str, Json] = {
            "assets": [self._asset(asset, False) for asset in self._account.wallets],
            "positions": [self._wire.account_v3(*row) for row in self._live_rows(list(self._instruments))],
        }
        return self._totals() | lists

    def balance(self, _call: Call) -> Json:
        """GET balance, alike in both versions."""
        return [self._balance(asset) for asset in self._account.wallets]

    def _rows(self, symbols: list[str]) -> list[Row]:
        """Both legs of each symbol in hedge mode, else the empty BOTH leg."""
        if not self._account.dual:
            return [((symbol, PositionSide.LONG), "BOTH", self._instruments[symbol]) for symbol in symbols]
        sides = tuple(PositionSide)
        return [((symbol, side), side.value, self._instruments[symbol]) for symbol in symbols for side in sides]

    def _live_rows(self, symbols: list[str]) -> list[Row]:
        rows = self._rows(symbols)
        live = {row[0] for row in rows if self._is_live(row[0])}
        if self._exchange.venue.switches.flat_leg_shown:
            named = {key[0] for key in live}
            return [row for row in rows if row[0][0] in named]
        return [row for row in rows if row[0] in live]

    def _is_live(self, key: LegKey) -> bool:
        leg = self._account.legs.get(key)
        if leg is not None and leg.qty:
            return True
        return any(order.position_side is key[1] for order in self._account.markets[key[0]].resting)

    def _sums(self, asset: str) -> dict[str, Decimal]:
        account = self._account
        keys = [
            (symbol, side)
            for symbol in account.markets
            if account.asset_of(symbol) == asset
            for side in PositionSide
            if self._is_live((symbol, side))
        ]
        crossed = [key for key in keys if key[0] not in account.isolated]
        wallet = account.wallets.get(asset, ZERO)
        profit = _total(margin.unrealized(account, key) for key in keys)
        cross_profit = _total(margin.unrealized(account, key) for key in crossed)
        binds = _total(margin.position_margin(account, key) for key in keys)
        ordered = _total(margin.order_margin(account, key) for key in keys)
        free = margin.free(account, asset)
        return {
            "wallet": wallet,
            "profit": profit,
            "margin": wallet + profit,
            "maintenance": _total(margin.maintenance(account, key) for key in keys),
            "initial": binds + ordered,
            "positions": binds,
            "orders": ordered,
            "cross_wallet": account.cross_wallet(asset),
            "cross_profit": cross_profit,
            "free": free,
            "withdrawable": max(ZERO, free - max(ZERO, cross_profit)),
        }

    def _totals(self) -> dict[str, Json]:
        """In single-asset mode these are of USDT alone."""
        sums = self._sums(TOTALS_IN)
        return {
            "totalInitialMargin": fixed(sums["initial"]),
            "totalMaintMargin": fixed(sums["maintenance"]),
            "totalWalletBalance": fixed(sums["wallet"]),
            "totalUnrealizedProfit": fixed(sums["profit"]),
            "totalMarginBalance": fixed(sums["margin"]),
            "totalPositionInitialMargin": fixed(sums["positions"]),
            "totalOpenOrderInitialMargin": fixed(sums["orders"]),
            "totalCrossWalletBalance": fixed(sums["cross_wallet"]),
            "totalCrossUnPnl": fixed(sums["cross_profit"]),
            "availableBalance": fixed(sums["free"]),
            "maxWithdrawAmount": fixed(sums["withdrawable"]),
        }

    def _asset(self, asset: str, marginable: bool) -> Json:
        """``marginable``: version 2 says whether the asset is margin in multi-assets mode."""
        sums = self._sums(asset)
        row: dict[str, Json] = {
            "asset": asset,
            "walletBalance": fixed(sums["wallet"]),
            "unrealizedProfit": fixed(sums["profit"]),
            "marginBalance": fixed(sums["margin"]),
            "maintMargin": fixed(sums["maintenance"]),
            "initialMargin": fixed(sums["initial"]),
            "positionInitialMargin": fixed(sums["positions"]),
            "openOrderInitialMargin": fixed(sums["orders"]),
            "crossWalletBalance": fixed(sums["cross_wallet"]),
            "crossUnPnl": fixed(sums["cross_profit"]),
            "availableBalance": fixed(sums["free"]),
            "maxWithdrawAmount": fixed(sums["withdrawable"]),
        }
        if marginable:
            row["marginAvailable"] = True
        return row | {"updateTime": self._account.wallet_ms.get(asset, 0)}

    def _balance(self, asset: str) -> Json:
        sums = self._sums(asset)
        return {
            "accountAlias": ALIAS,
            "asset": asset,
            "balance": fixed(sums["wallet"]),
            "crossWalletBalance": fixed(sums["cross_wallet"]),
            "crossUnPnl": fixed(sums["cross_profit"]),
            "availableBalance": fixed(sums["free"]),
            "maxWithdrawAmount": fixed(sums["withdrawable"]),
            "marginAvailable": True,
            "updateTime": self._account.wallet_ms.get(asset, 0),
        }


def _total(parts: Iterable[Decimal]) -> Decimal:
    return sum(parts, ZERO)
