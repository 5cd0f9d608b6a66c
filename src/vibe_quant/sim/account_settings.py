"""What the account's owner may set, and when the exchange refuses: leverage, margin type, modes, isolated margin."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.sim import margin
from vibe_quant.sim.account import MONEY
from vibe_quant.sim.records import ZERO, AccountEvent, LeverageEvent, MultiAssetsEvent, Rejected
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.venue import Venue


class AccountSettings:
    """Every change is checked, made and told; refusals raise ``Rejected`` and change nothing."""

    def __init__(self, venue: Venue, algos: AlgoService) -> None:
        """Shares the exchange's state."""
        self._venue = venue
        self._algos = algos

    def set_leverage(self, symbol: str, leverage: int, now: int) -> None:
        """POST leverage: -4028 not among the brackets', -2027 too high and -2028, -4161 too low for the position."""
        account = self._venue.account
        self._venue.market(symbol)
        if not 1 <= leverage <= margin.max_leverage(account, symbol):
            raise Rejected(-4028, f"Leverage {leverage} is not valid")
        before = account.leverage_of(symbol)
        largest = margin.max_notional(account, symbol, leverage)
        keys = [(symbol, side) for side in PositionSide]
        if largest is not None and any(margin.notional(account, key) > largest for key in keys):
            raise Rejected(-2027, "Exceeded the maximum allowable position at current leverage.")
        if leverage < before:
            self._check_reduction(symbol, leverage)
        account.leverage[symbol] = leverage
        if leverage != before:
            account.configured_ms = now
            self._venue.out.append(LeverageEvent(symbol, leverage, now))

    def _check_reduction(self, symbol: str, leverage: int) -> None:
        account = self._venue.account
        if symbol in account.isolated:
            if self._has_position(symbol):
                text = "Leverage reduction is not supported in Isolated Margin Mode with open positions."
                raise Rejected(-4161, text)
            return
        bound = sum(
            (
                part(account, (symbol, side))
                for side in PositionSide
                for part in (margin.position_margin, margin.order_margin)
            ),
            ZERO,
        )
        more = bound * account.leverage_of(symbol) / leverage - bound
        if more > margin.free(account, account.asset_of(symbol)):
            raise Rejected(-2028, "Leverage is smaller than permitted: insufficient margin balance.")

    def set_margin_type(self, symbol: str, kind: MarginType, now: int) -> None:
        """POST marginType: -4046 no change, -4047 open orders, -4048 position, -4168 in multi-assets mode."""
        account = self._venue.account
        self._venue.market(symbol)
        if (kind is MarginType.ISOLATED) is (symbol in account.isolated):
            raise Rejected(-4046, "No need to change margin type.")
        if kind is MarginType.ISOLATED and account.multi_assets:
            raise Rejected(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode.")
        if self._has_orders(symbol):
            raise Rejected(-4047, "Margin type cannot be changed if there exists open orders.")
        if self._has_position(symbol):
            raise Rejected(-4048, "Margin type cannot be changed if there exists position.")
        if kind is MarginType.ISOLATED:
            account.isolated.add(symbol)
        else:
            account.isolated.discard(symbol)
        account.configured_ms = now
        rows = tuple(account.position_row((symbol, side)) for side in PositionSide)
        self._venue.out.append(AccountEvent("MARGIN_TYPE_CHANGE", (), rows, now))

    def set_dual(self, dual: bool, now: int) -> None:
        """POST positionSide/dual, of the whole account: -4059 no change, -4067 open orders, -4068 position."""
        account = self._venue.account
        if dual is account.dual:
            raise Rejected(-4059, "No need to change position side.")
        if any(self._has_orders(symbol) for symbol in self._venue.markets):
            raise Rejected(-4067, "Position side cannot be changed if there exists open orders.")
        if any(self._has_position(symbol) for symbol in self._venue.markets):
            raise Rejected(-4068, "Position side cannot be changed if there exists position.")
        account.dual = dual
        account.configured_ms = now

    def set_multi_assets(self, enabled: bool, now: int) -> None:
        """Switch the flag of multi-assets mode and tell of it; margin goes on being reckoned asset by asset."""
        self._venue.account.multi_assets = enabled
        self._venue.account.configured_ms = now
        self._venue.out.append(MultiAssetsEvent(enabled, now))

    def move_margin(self, symbol: str, side: PositionSide, amount: Decimal, now: int) -> None:
        """POST positionMargin: add (positive) to an isolated leg's wallet, or take what it does not need."""
        account = self._venue.account
        self._venue.market(symbol)
        key = (symbol, side)
        leg = account.leg(*key)
        asset = account.asset_of(symbol)
        if symbol not in account.isolated:
            raise Rejected(-4049, "Add margin only support for isolated position.")
        if not leg.qty:
            raise Rejected(-4054, "Cannot add position margin: position is 0.")
        if amount > margin.free(account, asset):
            raise Rejected(-4050, "Cross balance insufficient.")
        spare = leg.isolated_wallet + min(ZERO, margin.unrealized(account, key)) - margin.position_margin(account, key)
        if -amount > max(ZERO, spare):
            raise Rejected(-4051, "Isolated balance insufficient.")
        leg.isolated_wallet += amount.quantize(MONEY, ROUND_DOWN)
        leg.updated_ms = now
        rows = (account.position_row(key),)
        self._venue.out.append(AccountEvent("MARGIN_TRANSFER", (account.balance_row(asset),), rows, now))

    def _has_orders(self, symbol: str) -> bool:
        if self._venue.markets[symbol].resting:
            return True
        counted = self._venue.switches.algos_block_modes
        return counted and any(algo.symbol == symbol for algo in self._algos.open)

    def _has_position(self, symbol: str) -> bool:
        return any(self._venue.account.leg(symbol, side).qty for side in PositionSide)
