"""A leg as REST shows it: positionRisk of both versions, and the positions in both versions of the account."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.sim import margin
from vibe_quant.sim.account import Account, LegKey, break_even
from vibe_quant.sim.front.account.amounts import fixed, or_zero, scientific, spelled
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.liquidation import of_symbol
from vibe_quant.sim.records import ZERO

UNBOUNDED = Decimal("1E9")


class PositionWire:
    """Rows of one account; a row of one-way mode (``label`` BOTH) is the empty LONG leg under another name."""

    def __init__(self, account: Account) -> None:
        """Reads the account as it stands at each call."""
        self._account = account

    def risk_v2(self, key: LegKey, label: str, instrument: Instrument) -> dict[str, Json]:
        """A row of GET /fapi/v2/positionRisk."""
        account, symbol = self._account, key[0]
        leg = account.leg(*key)
        isolated = symbol in account.isolated
        return {
            "symbol": symbol,
            **self._told(key, instrument),
            "leverage": str(account.leverage_of(symbol)),
            "maxNotionalValue": self.max_notional(symbol),
            "marginType": "isolated" if isolated else "cross",
            "isolatedMargin": fixed(self._isolated_margin(key)),
            "isAutoAddMargin": "false",
            "positionSide": label,
            "notional": or_zero(self._notional(key)),
            "isolatedWallet": or_zero(leg.isolated_wallet),
            "updateTime": leg.updated_ms,
            "isolated": isolated,
            "adlQuantile": self.adl(key),
        }

    def _told(self, key: LegKey, instrument: Instrument) -> dict[str, Json]:
        """What both versions tell alike."""
        account = self._account
        leg = account.leg(*key)
        return {
            "positionAmt": fixed(account.signed(key), instrument.qty_places),
            "entryPrice": spelled(leg.entry),
            "breakEvenPrice": spelled(break_even(key[1], leg)),
            "markPrice": fixed(account.markets[key[0]].mark or ZERO),
            "unRealizedProfit": fixed(margin.unrealized(account, key)),
            "liquidationPrice": self._liquidation(key),
        }

    def risk_v3(self, key: LegKey, label: str, instrument: Instrument) -> dict[str, Json]:
        """A row of GET /fapi/v3/positionRisk."""
        account, symbol = self._account, key[0]
        leg = account.leg(*key)
        binds = margin.position_margin(account, key)
        ordered = margin.order_margin(account, key)
        return {
            "symbol": symbol,
            "positionSide": label,
            **self._told(key, instrument),
            "isolatedMargin": or_zero(self._isolated_margin(key)),
            "notional": or_zero(self._notional(key)),
            "marginAsset": account.asset_of(symbol),
            "isolatedWallet": or_zero(leg.isolated_wallet),
            "initialMargin": or_zero(binds + ordered),
            "maintMargin": or_zero(margin.maintenance(account, key)),
            "positionInitialMargin": or_zero(binds),
            "openOrderInitialMargin": or_zero(ordered),
            "adl": self.adl(key),
            "bidNotional": or_zero(margin.order_notional(account, key, OrderSide.BUY)),
            "askNotional": or_zero(margin.order_notional(account, key, OrderSide.SELL)),
            "updateTime": leg.updated_ms,
        }

    def account_v2(self, key: LegKey, label: str, instrument: Instrument) -> dict[str, Json]:
        """A row of ``positions`` in GET /fapi/v2/account."""
        account, symbol = self._account, key[0]
        leg = account.leg(*key)
        binds = margin.position_margin(account, key)
        ordered = margin.order_margin(account, key)
        return {
            "symbol": symbol,
            "initialMargin": or_zero(binds + ordered),
            "maintMargin": or_zero(margin.maintenance(account, key)),
            "unrealizedProfit": fixed(margin.unrealized(account, key)),
            "positionInitialMargin": or_zero(binds),
            "openOrderInitialMargin": or_zero(ordered),
            "leverage": str(account.leverage_of(symbol)),
            "isolated": symbol in account.isolated,
            "entryPrice": spelled(leg.entry),
            "breakEvenPrice": spelled(break_even(key[1], leg)),
            "maxNotional": self.max_notional(symbol),
            "bidNotional": or_zero(margin.order_notional(account, key, OrderSide.BUY)),
            "askNotional": or_zero(margin.order_notional(account, key, OrderSide.SELL)),
            "positionSide": label,
            "positionAmt": fixed(account.signed(key), instrument.qty_places),
            "notional": or_zero(self._notional(key)),
            "isolatedWallet": or_zero(leg.isolated_wallet),
            "updateTime": leg.updated_ms,
        }

    def account_v3(self, key: LegKey, label: str, instrument: Instrument) -> dict[str, Json]:
        """A row of ``positions`` in GET /fapi/v3/account."""
        account = self._account
        leg = account.leg(*key)
        return {
            "symbol": key[0],
            "positionSide": label,
            "positionAmt": fixed(account.signed(key), instrument.qty_places),
            "unrealizedProfit": fixed(margin.unrealized(account, key)),
            "isolatedMargin": fixed(self._isolated_margin(key)),
            "notional": or_zero(self._notional(key)),
            "isolatedWallet": or_zero(leg.isolated_wallet),
            "initialMargin": or_zero(margin.position_margin(account, key) + margin.order_margin(account, key)),
            "maintMargin": or_zero(margin.maintenance(account, key)),
            "updateTime": leg.updated_ms,
        }

    def max_notional(self, symbol: str) -> str:
        """The largest position at the symbol's leverage."""
        account = self._account
        return scientific(margin.max_notional(account, symbol, account.leverage_of(symbol)) or UNBOUNDED)

    def adl(self, key: LegKey) -> int:
        """Place in the queue of auto-deleveraging, 0 to 4: a rank among all accounts there, here from profit."""
        bound = margin.position_margin(self._account, key)
        profit = margin.unrealized(self._account, key)
        if profit <= 0 or not bound:
            return 0
        gain = profit / bound
        return 1 + sum(gain >= step for step in (Decimal("0.25"), Decimal("0.5"), Decimal(1)))

    def _notional(self, key: LegKey) -> Decimal:
        value = margin.notional(self._account, key)
        return value if key[1] is PositionSide.LONG else -value

    def _isolated_margin(self, key: LegKey) -> Decimal:
        if key[0] not in self._account.isolated:
            return ZERO
        return self._account.leg(*key).isolated_wallet + margin.unrealized(self._account, key)

    def _liquidation(self, key: LegKey) -> str:
        return or_zero(of_symbol(self._account, *key) or ZERO)
