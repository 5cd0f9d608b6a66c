"""What a stretch of time has cost, out of the journal: a little at a time, so that no question holds trading up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import msgspec

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.domain.status import ExitCost, Report
from vibe_quant.journal.pages import Stretch, counts, pages
from vibe_quant.journal.rows import Row
from vibe_quant.journal.verify import reading
from vibe_quant.ports import JournalBroken

EXIT = "exit"
"""Kind of the rows that hold what an exit has cost, as ``ExitCost``: so far, and when it was over."""
ORDERED, REFUSED, ALARM = '"intent":"OrderIntent"', '"answer":"Refused"', '"severity":"alarm"'
"""Parts of a body's JSON text: a quote inside of a string is escaped there, so that no message can hold them."""
ALARMS = 20
REST_S = 0.001
"""Between two pages: a request that is about to leave needs several turns of the loop, each with a page in it."""
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """The body of a row of kind fill, as far as money goes; written by the recorder, or by a restart."""

    side: OrderSide
    last_qty: Decimal
    last_price: Decimal
    fee: Decimal
    fee_asset: str
    realized_pnl: Decimal
    is_maker: bool | None = None
    trade_id: int = 0


class _Text(msgspec.Struct):
    text: str


_TRADE = msgspec.json.Decoder(Trade)
_EXIT = msgspec.json.Decoder(ExitCost)
_TEXT = msgspec.json.Decoder(_Text)


def trade_of(row: Row) -> Trade | None:
    """A trade that closed; None: one that opened, which nobody here ordered."""
    trade = _TRADE.decode(row.body)
    return trade if trade.side is PositionSide(row.side).exit_side else None


def exit_of(row: Row) -> ExitCost:
    """What a row of kind exit holds."""
    return _EXIT.decode(row.body)


@dataclass(slots=True)
class _Sums:
    exits: list[ExitCost] = field(default_factory=list)
    fills: int = 0
    maker_fills: int = 0
    notional: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    realized: Decimal = ZERO
    orders: int = 0
    refusals: int = 0
    alarms: deque[tuple[int, int, str]] = field(default_factory=deque)

    def fill(self, row: Row) -> None:
        trade = trade_of(row)
        if trade is None:
            return
        self.fills += 1
        self.maker_fills += trade.is_maker is True
        self.notional += trade.last_qty * trade.last_price
        self.realized += trade.realized_pnl
        if trade.fee:
            self.fees[trade.fee_asset] = self.fees.get(trade.fee_asset, ZERO) + trade.fee

    def exit(self, row: Row) -> None:
        cost = exit_of(row)
        if cost.finished:
            self.exits.append(cost)

    def alarm(self, row: Row) -> None:
        if ALARM in row.body:
            self.alarms.append((row.at_ms, row.seq, _TEXT.decode(row.body).text))

    def report(self, stretch: Stretch) -> Report:
        newest = sorted(self.alarms)[-ALARMS:]
        return Report(
            since_ms=stretch.since_ms,
            until_ms=stretch.until_ms,
            exits=tuple(self.exits),
            fills=self.fills,
            maker_fills=self.maker_fills,
            notional=self.notional,
            fees=tuple(sorted(self.fees.items())),
            realized_pnl=self.realized,
            orders=self.orders,
            refusals=self.refusals,
            alarms=tuple(text for _, _, text in newest),
        )


def steps(path: Path, stretch: Stretch) -> Iterator[Report | None]:
    """The report at the last step; None at each before it, where others may have their turn.

    Raises:
        JournalBroken: the journal is not there, cannot be read, or a row of it holds no such data.
    """
    sums = _Sums()
    with reading(path) as connection:
        looks: Sequence[tuple[str, Callable[[Row], None]]] = (
            (EXIT, sums.exit),
            ("fill", sums.fill),
            ("decision", sums.alarm),
            ("mismatch", sums.alarm),
        )
        yield None
        for kind, look in looks:
            for page in pages(connection, kind, stretch):
                _each(path, page, look)
                yield None
        for found in counts(connection, "intent", ORDERED, stretch):
            sums.orders += found
            yield None
        for found in counts(connection, "report", REFUSED, stretch):
            sums.refusals += found
            yield None
    yield sums.report(stretch)


def _each(path: Path, page: Sequence[Row], look: Callable[[Row], None]) -> None:
    for row in page:
        try:
            look(row)
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            raise JournalBroken(f"journal {path}: row {row.seq} is damaged ({error})") from None


def read_report(path: Path, since_ms: int, until_ms: int) -> Report:
    """At one go, for who has nothing else to do.  Moments are epoch ms; the end is not in it.

    ``fills``, ``notional``, ``fees`` and ``realized_pnl`` are of all trades that closed a leg, whoever ordered them.

    Raises:
        JournalBroken: the journal is not there, cannot be read, or a row of it holds no such data.
    """
    *_, report = steps(path, Stretch(since_ms, until_ms))
    assert report is not None
    return report


async def report_aside(path: Path, since_ms: int, until_ms: int) -> Report:
    """The same beside trading: after each page of the journal everything else has its turn.

    Raises:
        JournalBroken: as ``read_report``.
    """
    for report in steps(path, Stretch(since_ms, until_ms)):
        if report is not None:
            return report
        await asyncio.sleep(REST_S)
    raise AssertionError("the last step is the report")
