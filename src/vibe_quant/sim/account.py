"""The account in hedge mode: wallets, legs, fees, realised PnL and margin; cross by default, isolated by symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.rules import maintenance_margin
from vibe_quant.sim.book import Market
from vibe_quant.sim.records import ZERO, BalanceRow, PositionRow

MONEY = Decimal("1E-8")
ENTRY = Decimal("1E-12")
LegKey = tuple[str, PositionSide]


@dataclass(slots=True, eq=False)
class Leg:
    """One side of a symbol; ``qty`` absolute, ``realized`` accumulated before fees over all its lives.

    ``burden`` is what the present leg has cost since it opened: fees less realised PnL, quote asset.
    """

    qty: Decimal = ZERO
    entry: Decimal = ZERO
    realized: Decimal = ZERO
    isolated_wallet: Decimal = ZERO
    updated_ms: int = 0
    burden: Decimal = ZERO


def pnl(side: PositionSide, leg: Leg, mark: Decimal | None) -> Decimal:
    """Unrealised PnL at ``mark``; zero while no mark is known."""
    return ZERO if mark is None else unrealized_pnl(side, leg.qty, leg.entry, mark)


def break_even(side: PositionSide, leg: Leg) -> Decimal:
    """Price at which closing the leg, before its own fee, leaves what was there before it opened; zero when flat.

    Fees paid and PnL realised since it opened are spread over what is left; funding is not counted.
    """
    if not leg.qty:
        return ZERO
    shift = leg.burden / leg.qty
    return (leg.entry + (shift if side is PositionSide.LONG else -shift)).quantize(ENTRY)


class Account:
    """Wallets by margin asset and legs by (symbol, side)."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        wallets: Mapping[str, Decimal],
        maker_fee: Decimal = Decimal("0.0002"),
        taker_fee: Decimal = Decimal("0.0005"),
    ) -> None:
        """``markets`` is the exchange's own mapping, read for marks and brackets; a wallet not given is empty."""
        self.markets = markets
        self.wallets = {market.rules.margin_asset: ZERO for market in markets.values()} | dict(wallets)
        self.maker_fee = maker_fee
        self.taker_fee = taker_fee
        self.legs: dict[LegKey, Leg] = {}
        self.leverage: dict[str, int] = {}
        self.isolated: set[str] = set()
        self.dual = True  # hedge mode
        self.multi_assets = False
        self.configured_ms = 0  # when leverage, margin type or a mode last changed
        self.wallet_ms: dict[str, int] = {}  # when each wallet last changed

    def leg(self, symbol: str, side: PositionSide) -> Leg:
        """The leg, empty if it was never opened."""
        key = (symbol, side)
        if key not in self.legs:
            self.legs[key] = Leg()
        return self.legs[key]

    def leverage_of(self, symbol: str) -> int:
        """The symbol's leverage; 20, the exchange's own default, until set."""
        return self.leverage.get(symbol, 20)

    def asset_of(self, symbol: str) -> str:
        """The symbol's margin asset."""
        return self.markets[symbol].rules.margin_asset

    def pay(self, asset: str, amount: Decimal, now: int) -> None:
        """Add ``amount`` (negative: take it) to a wallet."""
        self.wallets[asset] = self.wallets.get(asset, ZERO) + amount
        self.wallet_ms[asset] = now

    def fill(self, key: LegKey, opens: bool, qty: Decimal, price: Decimal, fee: Decimal, now: int) -> Decimal:
        """Book one execution; a close must not exceed the leg.  Returns the realised PnL before the fee."""
        leg = self.leg(*key)
        realized = ZERO
        leg.burden += fee
        if opens:
            total = leg.qty + qty
            leg.entry = ((leg.entry * leg.qty + price * qty) / total).quantize(ENTRY)
            leg.qty = total
            if key[0] in self.isolated:
                leg.isolated_wallet += self._order_cost(key, qty, price) - fee
        else:
            realized = unrealized_pnl(key[1], qty, leg.entry, price).quantize(MONEY)
            released = (leg.isolated_wallet * qty / leg.qty).quantize(MONEY)
            leg.qty -= qty
            leg.isolated_wallet = leg.isolated_wallet - released if leg.qty else ZERO
            leg.realized += realized
            leg.burden -= realized
            if not leg.qty:
                leg.entry = leg.burden = ZERO
        leg.updated_ms = now
        self.pay(self.asset_of(key[0]), realized - fee, now)
        return realized

    def _order_cost(self, key: LegKey, qty: Decimal, price: Decimal) -> Decimal:
        """What an opening execution moves into an isolated wallet: initial margin, and its loss at the mark."""
        loss = -pnl(key[1], Leg(qty, price), self.markets[key[0]].mark)
        return (price * qty / self.leverage_of(key[0]) + max(ZERO, loss)).quantize(MONEY)

    def cross_wallet(self, asset: str) -> Decimal:
        """The wallet less what isolated legs hold."""
        if not self.isolated:
            return self.wallets.get(asset, ZERO)
        held = sum((leg.isolated_wallet for (s, _), leg in self.legs.items() if self.asset_of(s) == asset), ZERO)
        return self.wallets.get(asset, ZERO) - held

    def maintenance(self, key: LegKey) -> Decimal:
        """Maintenance margin of a leg at the present mark (its entry while no mark is known)."""
        market = self.markets[key[0]]
        leg = self.leg(*key)
        if not leg.qty or not market.brackets:
            return ZERO
        mark = market.mark if market.mark is not None else leg.entry
        return maintenance_margin(market.brackets, leg.qty * mark)

    def cross_legs(self, asset: str) -> list[tuple[LegKey, Leg]]:
        """The open crossed legs that share ``asset``."""
        return [
            (key, leg)
            for key, leg in self.legs.items()
            if leg.qty and key[0] not in self.isolated and self.asset_of(key[0]) == asset
        ]

    def cross_margin(self, asset: str) -> tuple[Decimal, Decimal]:
        """(margin balance, maintenance margin) of the crossed legs of ``asset``."""
        balance = self.cross_wallet(asset)
        needed = ZERO
        for key, leg in self.cross_legs(asset):
            balance += pnl(key[1], leg, self.markets[key[0]].mark)
            needed += self.maintenance(key)
        return balance, needed

    def available(self, asset: str) -> Decimal:
        """Margin balance less the initial margin of the crossed legs: what a new position may use."""
        balance, _ = self.cross_margin(asset)
        used = ZERO
        for (symbol, _side), leg in self.cross_legs(asset):
            mark = self.markets[symbol].mark
            used += leg.qty * (leg.entry if mark is None else mark) / self.leverage_of(symbol)
        return balance - used

    def signed(self, key: LegKey) -> Decimal:
        """The leg's quantity, negative for a SHORT."""
        qty = self.leg(*key).qty
        return qty if key[1] is PositionSide.LONG else -qty

    def balance_row(self, asset: str, change: Decimal = ZERO) -> BalanceRow:
        """The wallet as ACCOUNT_UPDATE shows it."""
        return BalanceRow(asset, self.wallets[asset], self.cross_wallet(asset), change)

    def position_row(self, key: LegKey) -> PositionRow:
        """The leg as ACCOUNT_UPDATE shows it."""
        leg = self.leg(*key)
        return PositionRow(
            key[0],
            key[1],
            self.signed(key),
            leg.entry,
            leg.realized,
            pnl(key[1], leg, self.markets[key[0]].mark),
            MarginType.ISOLATED if key[0] in self.isolated else MarginType.CROSSED,
            leg.isolated_wallet,
            self.asset_of(key[0]),
            break_even(key[1], leg),
        )
