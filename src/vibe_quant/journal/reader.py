"""What a restart needs to know of the runs before it, read from the journal without writing to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Float, FromClause, Select, and_, cast, func, or_, select

from vibe_quant.domain.enums import OrderStatus, RequestKind
from vibe_quant.journal.carried import Carried
from vibe_quant.journal.removal import Removal, RemovalUnreadError, last_removal
from vibe_quant.journal.rows import Row
from vibe_quant.journal.schema import entries
from vibe_quant.journal.standing import Standing, standing
from vibe_quant.journal.verify import reading
from vibe_quant.ports import JournalBroken

_FINAL = [str(status) for status in OrderStatus if status.is_final]
_START = ("version", "config_hash", "venue", "account")
_TRADED = ("fill", "report")


@dataclass(frozen=True, slots=True)
class LastStart:
    """The newest row of kind ``start``; ``body`` is all that it holds, the rest the parts that every start has."""

    run: str
    at_ms: int
    version: str
    config_hash: str
    venue: str
    account: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order whose intent is journalled and whose end is not; ``side`` is the position's."""

    client_id: str
    symbol: str
    side: str
    run: str
    at_ms: int


class JournalReader:
    """Each question opens the file, asks and closes; ``since_ms`` (epoch ms) keeps a long journal's answers quick.

    Raises, from every question:
        JournalBroken: the file is not there or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def last_row(self) -> Row | None:
        """The newest row."""
        return self._one(select(entries).order_by(entries.c.seq.desc()).limit(1))

    def last_of(self, kind: str) -> Row | None:
        """The newest row of a kind."""
        return self._one(_of(kind).order_by(entries.c.seq.desc()).limit(1)) or self._carried().newest_of(kind)

    def last_start(self) -> LastStart | None:
        """The newest start that is journalled; ask before this start is written."""
        row = self.last_of("start")
        return None if row is None else _started(row)

    def start_of(self, run: str) -> LastStart | None:
        """The start of a run."""
        row = self._one(_of("start").where(entries.c.run == run).order_by(entries.c.seq.desc()).limit(1))
        row = row or self._carried().newest_of("start")
        return None if row is None or row.run != run else _started(row)

    def newest_of_legs(self, kind: str, since_ms: int) -> tuple[Row, ...]:
        """Of each leg the newest row of a kind."""
        since = (entries.c.kind == kind, entries.c.at_ms >= since_ms)
        newest = select(func.max(entries.c.seq)).where(*since).group_by(entries.c.symbol, entries.c.side)
        return tuple(self._all(select(entries).where(entries.c.seq.in_(newest)).order_by(entries.c.seq)))

    def unresolved_orders(self, since_ms: int = 0) -> tuple[OpenOrder, ...]:
        """Orders with an intent and without a final report or a definite refusal, oldest first."""
        ended = entries.alias("ended")
        over = select(ended.c.client_id).where(
            ended.c.kind == "report", ended.c.at_ms >= since_ms, or_(_final(ended), _refused(ended))
        )
        ours = _of("intent", since_ms).where(
            _body("intent") == "OrderIntent", entries.c.client_id != "", entries.c.client_id.not_in(over)
        )
        found = self._all(ours.order_by(entries.c.seq))
        left = self._still_open(since_ms, {row.client_id for row in found})
        found = [*left, *found]
        return tuple(OpenOrder(row.client_id, row.symbol, row.side, row.run, row.at_ms) for row in found)

    def fills_since(self, since_ms: int) -> dict[str, frozenset[int]]:
        """The trade ids journalled since then, by symbol."""
        wanted = _of("fill", since_ms).with_only_columns(entries.c.symbol, _body("trade_id"))
        known: dict[str, set[int]] = {}
        for symbol, trade_id in self._values(wanted):
            known.setdefault(symbol, set()).add(int(trade_id or 0))
        for symbol, ids in self._carried().fills_since(since_ms).items():
            known.setdefault(symbol, set()).update(ids)
        return {symbol: frozenset(ids) for symbol, ids in known.items()}

    def last_exchange_ms(self, since_ms: int = 0) -> dict[str, int]:
        """The newest exchange time of a fill or report, by symbol."""
        newest = func.max(_body("exch_ms"))
        wanted = select(entries.c.symbol, newest).where(entries.c.kind.in_(_TRADED), entries.c.at_ms >= since_ms)
        found = self._values(wanted.where(entries.c.symbol != "").group_by(entries.c.symbol))
        times = {symbol: int(exch_ms) for symbol, exch_ms in found if exch_ms is not None}
        before = self._carried().last_exchange_ms(since_ms)
        return {**before, **{symbol: max(exch_ms, before.get(symbol, 0)) for symbol, exch_ms in times.items()}}

    def standing(self) -> Standing:
        """The pauses and flattens that no later row has ended."""
        wanted = select(entries).where(or_(entries.c.kind == "command", _flat_leg()))
        rows, removal = self._all(wanted.order_by(entries.c.seq)), self.last_removal()
        if removal is None:
            return standing(rows)
        return standing((row for row in rows if row.seq > removal.up_to), removal.carried.standing)

    def last_key_pass(self, key: str) -> int | None:
        """When the rights of the key of this fingerprint were last read, epoch ms; None where they were wrong then."""
        read = and_(_body("check") == "key_rights", _body("key") == key)
        row = self._one(_of("check").where(read).order_by(entries.c.seq.desc()).limit(1))
        return None if row is None or not row.data().get("ok") else row.at_ms

    def origin(self) -> str | None:
        """The checksum of the first row that the journal ever had; None: it has none yet."""
        first = self._one(select(entries).order_by(entries.c.seq).limit(1))
        if first is None or first.seq == 1:
            return None if first is None else first.chain
        removal = self.last_removal()
        return first.chain if removal is None else removal.origin

    def last_removal(self) -> Removal | None:
        """What was removed of the journal's beginning; None: nothing.  Ask for rows first: they go, nothing comes."""
        with reading(self.path) as connection:
            try:
                return last_removal(connection)
            except RemovalUnreadError as error:
                raise JournalBroken(f"journal {self.path}: {error}") from None

    def rows(
        self,
        since_ms: int = 0,
        kinds: Iterable[str] = (),
        symbol: str | None = None,
        after: int = 0,
        most: int | None = None,
    ) -> Iterator[Row]:
        """Rows by ascending ``seq`` after row ``after``, streamed, at most so many."""
        wanted = select(entries).where(entries.c.seq > after).order_by(entries.c.seq).limit(most)
        if since_ms:
            wanted = wanted.where(entries.c.at_ms >= since_ms)
        if chosen := list(kinds):
            wanted = wanted.where(entries.c.kind.in_(chosen))
        if symbol is not None:
            wanted = wanted.where(entries.c.symbol == symbol)
        with reading(self.path) as connection:
            for row in connection.execution_options(stream_results=True, yield_per=500).execute(wanted):
                yield Row(*row)

    def _carried(self) -> Carried:
        removal = self.last_removal()
        return Carried() if removal is None else removal.carried

    def _still_open(self, since_ms: int, but: set[str]) -> list[Row]:
        """Orders whose intent is gone from the file, as far as no report that is there ends them."""
        left = [row for row in self._carried().orders if row.at_ms >= since_ms and row.client_id not in but]
        if not left:
            return []
        ended = select(entries.c.client_id).where(
            entries.c.kind == "report", entries.c.at_ms >= since_ms, or_(_final(entries), _refused(entries))
        )
        over = {client_id for (client_id,) in self._values(ended)}
        return [row for row in left if row.client_id not in over]

    def _one(self, wanted: Select[Any]) -> Row | None:
        return next(iter(self._all(wanted)), None)

    def _all(self, wanted: Select[Any]) -> list[Row]:
        return [Row(*row) for row in self._values(wanted)]

    def _values(self, wanted: Select[Any]) -> list[tuple[Any, ...]]:
        with reading(self.path) as connection:
            return [tuple(row) for row in connection.execute(wanted)]


def _started(row: Row) -> LastStart:
    body = row.data()
    version, config_hash, venue, account = (str(body.get(name, "")) for name in _START)
    return LastStart(row.run, row.at_ms, version, config_hash, venue, account, body)


def _of(kind: str, since_ms: int = 0) -> Select[Any]:
    return select(entries).where(entries.c.kind == kind, entries.c.at_ms >= since_ms)


def _body(name: str, table: FromClause = entries) -> ColumnElement[Any]:
    return func.json_extract(table.c.body, f"$.{name}")


def _final(table: FromClause) -> ColumnElement[bool]:
    return or_(_body("final", table) == 1, _body("status", table).in_(_FINAL))


def _refused(table: FromClause) -> ColumnElement[bool]:
    """A submit that the exchange refused; a refused cancel ends nothing."""
    return and_(_body("answer", table) == "Refused", _body("request", table) == str(RequestKind.SUBMIT))


def _flat_leg() -> ColumnElement[bool]:
    """Sifts only: whether it is flat is said by the exact text."""
    return and_(entries.c.kind == "position", cast(_body("qty"), Float) == 0)
