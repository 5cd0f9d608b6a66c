"""What backs a symbol's crossed positions: the wallet of its margin asset, less what the other symbols need of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from vibe_quant.core.account import Account, Leg
from vibe_quant.core.market import MarketView
from vibe_quant.core.rulebook import Rulebook
from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import Brackets, SymbolRules, maintenance_margin

ZERO = Decimal(0)


class Marked(Protocol):
    """A symbol whose mark and rules are followed."""

    symbol: str
    view: MarketView
    rulebook: Rulebook


@dataclass(frozen=True, slots=True)
class Part:
    """What one symbol's crossed legs need and are worth, in ``asset``; both legs, LONG before SHORT."""

    asset: str
    maintenance: Decimal
    upnl: Decimal


NOTHING = Part("", ZERO, ZERO)
"""Of a symbol that holds nothing that counts."""


class Margins:
    """Margin of a symbol's crossed legs.  ``desks`` by symbol.

    A crossed leg of a symbol that is not followed has no mark here and is left out: the liquidation price that the
    exchange itself tells knows of it, and the nearer of both rules.
    """

    def __init__(self, account: Account, desks: Mapping[str, Marked]) -> None:
        self._account = account
        self._desks = desks
        self._parts: dict[str, Part] | None = None
        self._sums: dict[str, Part] = {}
        """Of all parts that are kept, by asset."""
        self._known: dict[str, tuple[tuple[object, ...], Part]] = {}
        """symbol -> what its part was last made of, and the part."""

    def forget(self) -> None:
        """Legs, marks and rules may change from now on: everything is looked up when it is asked for."""
        self._parts = None
        self._sums.clear()

    def keep(self, symbol: str | None = None) -> None:
        """Nothing changes unnamed until ``forget``: what was looked up once stays, that of ``symbol`` excepted."""
        if self._parts is None:
            self._parts = {}
        elif symbol is not None and (part := self._parts.pop(symbol, None)) is not None:
            self._add(part, -1)

    def of(self, symbol: str, asset: str) -> Margin | None:
        """Quote asset; None where the wallet is not known."""
        wallet = self._account.balances.get(asset)
        if wallet is None:
            return None
        if self._parts is None:
            others = _added(self._worked_out(desk) for name, desk in self._desks.items() if name != symbol)
            all_of, own = others.get(asset, NOTHING), NOTHING
        else:
            all_of, own = self._sum(self._parts, asset), self._parts.get(symbol, NOTHING)
            own = own if own.asset == asset else NOTHING
        return Margin(wallet.cross_wallet, all_of.maintenance - own.maintenance, all_of.upnl - own.upnl)

    def _sum(self, parts: dict[str, Part], asset: str) -> Part:
        if len(parts) < len(self._desks):
            for symbol, desk in self._desks.items():
                if symbol not in parts:
                    parts[symbol] = part = self._worked_out(desk)
                    self._add(part, 1)
        return self._sums.get(asset, NOTHING)

    def _add(self, part: Part, sign: int) -> None:
        """Or take away: all of hundreds added up anew for each mark would cost more than all else."""
        if part is NOTHING:
            return
        known = self._sums.get(part.asset, NOTHING)
        maintenance, upnl = known.maintenance + sign * part.maintenance, known.upnl + sign * part.upnl
        self._sums[part.asset] = Part(part.asset, maintenance, upnl)

    def _worked_out(self, desk: Marked) -> Part:
        mark, rules, brackets = desk.view.mark, desk.rulebook.rules, desk.rulebook.brackets
        long, short = (self._account.leg(desk.symbol, side) for side in PositionSide)
        legs = (long.qty, long.entry_price, long.margin_type, short.qty, short.entry_price, short.margin_type)
        made_of = (mark, rules, brackets, *legs)
        known = self._known.get(desk.symbol)
        if known is None or known[0] != made_of:
            self._known[desk.symbol] = known = (made_of, _part((long, short), mark, rules, brackets))
        return known[1]


def _part(legs: tuple[Leg, Leg], mark: Decimal | None, rules: SymbolRules | None, brackets: Brackets) -> Part:
    crossed = [leg for leg in legs if leg.qty > 0 and leg.margin_type is MarginType.CROSSED]
    if mark is None or rules is None or not crossed:
        return NOTHING
    maintenance = upnl = ZERO
    for leg in crossed:
        upnl += unrealized_pnl(leg.side, leg.qty, leg.entry_price, mark)
        if brackets:
            maintenance += maintenance_margin(brackets, leg.qty * mark)
    return Part(rules.margin_asset, maintenance, upnl)


def _added(parts: Iterable[Part]) -> dict[str, Part]:
    sums: dict[str, Part] = {}
    for part in parts:
        known = sums.get(part.asset, NOTHING)
        sums[part.asset] = Part(part.asset, known.maintenance + part.maintenance, known.upnl + part.upnl)
    return sums
