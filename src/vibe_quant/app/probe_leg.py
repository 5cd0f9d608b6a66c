"""Whether a leg may be probed: everything is read, and what speaks against it is said before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.app import start_findings as find
from vibe_quant.app.probe_ids import is_probes
from vibe_quant.app.probe_places import Places, places
from vibe_quant.app.reach import Looking
from vibe_quant.app.spelling import meant
from vibe_quant.app.start_findings import Account, Check, Finding
from vibe_quant.app.time_sync import why
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide
from vibe_quant.ports import Accepted, Outcome, T_co

NOTHING = "Nothing was sent."
TRADING = "TRADING"


class ProbeRefused(Exception):  # noqa: N818 - what became of it
    """Not begun; the message says why and what to do, and that nothing was sent."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One that may be probed, as it was; ``left`` are client ids that an earlier probe has left."""

    position: Position
    mark: Decimal
    places: Places
    left_orders: tuple[str, ...]
    left_stops: tuple[str, ...]


async def found_leg(at: Looking, account: Account, named: str, side: PositionSide) -> Leg:
    """Read what must be right, in order.

    Raises:
        ProbeRefused: it is not.
    """
    expected = at.clock.offset_ms
    _unless_refusing(*find.of_clock(await at.time.once(), expected, account))
    _read("the list of contracts", await at.exchange.load_names())
    findings = find.of_config(await at.exchange.account_config(), account)
    _unless_refusing(*(finding for finding in findings if finding.check is not Check.MULTI_ASSETS))
    position = _held(_read("positions", await at.exchange.positions()).positions, named, side)
    symbol = position.symbol
    rules = _read(f"the rules of {symbol}", await at.exchange.listed_rules(symbol))
    if rules.status != TRADING:
        raise ProbeRefused(f"{symbol} is not trading now: its status is {rules.status}. {NOTHING}")
    mark = _read(f"the mark price of {symbol}", await at.exchange.mark(symbol)).price
    where = places(side, position.qty, mark, rules)
    if isinstance(where, str):
        raise ProbeRefused(f"{symbol} {side}: {where}. {NOTHING}")
    left = await _resting(at, symbol, account.prefix)
    return Leg(position, mark, where, *left)


async def _resting(at: Looking, symbol: str, prefix: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What an earlier probe has left: orders, stops; anything else that rests refuses."""
    orders = _read("open orders", await at.exchange.open_orders(symbol)).orders
    stops = _read("open conditional orders", await at.exchange.open_stops(symbol)).stops
    ids = [[one.client_id for one in orders], [one.client_id for one in stops if not one.status.is_final]]
    if others := [one for kind in ids for one in kind if not is_probes(one, prefix)]:
        own = any(one.startswith(f"{prefix}-") for one in others)
        whose = " (those that begin with the prefix are of a service: its stops stay when it is stopped)" if own else ""
        raise ProbeRefused(
            f"{symbol} has orders that rest: {', '.join(others)}{whose}. What is asked would cancel them too. "
            f"{NOTHING} Cancel them by hand at the exchange, or name a leg of another symbol."
        )
    return tuple(ids[0]), tuple(ids[1])


def _held(legs: tuple[Position, ...], named: str, side: PositionSide) -> Position:
    open_ = [leg for leg in legs if leg.qty > 0]
    symbol = meant(named, [leg.symbol for leg in open_])
    for leg in open_:
        if (leg.symbol, leg.side) == (symbol, side):
            return leg
    held = ", ".join(f"{leg.symbol} {leg.side}" for leg in open_) or "none"
    raise ProbeRefused(
        f"The account holds no leg {named} {side} (it holds: {held}), and the probe works on one that is held: it "
        f"opens nothing. {NOTHING} Open a small position by hand, or name one of those."
    )


def _unless_refusing(*findings: Finding) -> None:
    for finding in findings:
        if finding.refuses:
            raise ProbeRefused(finding.text)


def _read(what: str, answer: Outcome[T_co]) -> T_co:
    if not isinstance(answer, Accepted):
        raise ProbeRefused(f"What must be known first could not be read: {what} ({why(answer)}). {NOTHING}")
    return answer.value
