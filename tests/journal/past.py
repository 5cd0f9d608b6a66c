"""Any past of an account, as rows; the same once left whole and once pruned now and then, also by a hand that dies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from vibe_quant.app.memory import DAY_MS, KEPT_MS, LEGS_MS, remember
from vibe_quant.app.report import EXIT
from vibe_quant.app.restart import MARGIN_MS
from vibe_quant.journal.pruning import left_over, removals
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.removal import KIND, Removal
from vibe_quant.journal.rows import Row
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

T0 = 1_700_000_000_000
BOUND_MS = 8 * DAY_MS
"""As young as ``journal.keep_days`` may be."""
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT")
SIDES = ("LONG", "SHORT")
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Act:
    """``what`` happens ``after_ms``; ``which`` of two symbols, sides or keys."""

    what: str
    after_ms: int
    which: int = 0


@dataclass(frozen=True)
class Prune:
    """Up to ``steps`` small pieces of it, then the hand dies; ``again`` then goes on where it died, as a later run."""

    steps: int
    again: bool = False


WHAT = (
    *("order", "order", "end", "end", "refusal", "fill", "fill", "found", "flat", "held", "exit", "start"),
    *("pause", "pause all", "pause until", "resume", "resume all", "flatten", "flatten all", "telegram", "pass"),
)
gaps = st.sampled_from((0, 1, 500, -20_000, 90_000, HOUR_MS, 12 * HOUR_MS, 3 * DAY_MS, 20 * DAY_MS))
acts = st.builds(Act, st.sampled_from(WHAT), gaps, st.integers(0, 3))
prunes = st.builds(Prune, st.integers(0, 60), st.booleans())
pasts = st.lists(st.one_of(acts, acts, acts, acts, prunes), min_size=5, max_size=80)


@dataclass
class Teller:
    """Makes rows of acts; an order ends after it began, if it does, and a client id is used once."""

    now: int = T0
    run: int = 1
    ids: int = 0
    open: list[str] = field(default_factory=list)

    def rows(self, act: Act) -> list[Entry]:
        self.now += act.after_ms
        self.ids += 1
        symbol, side = SYMBOLS[act.which % 2], SIDES[act.which // 2]
        match act.what:
            case "start":
                self.run += 1
                return [self.started()]
            case "order":
                self.open.append(f"vq-{self.ids}")
                return [self._row("intent", {"intent": "OrderIntent"}, symbol, side, self.open[-1])]
            case "end" | "refusal" if self.open:
                body = {"status": "FILLED", "exch_ms": self.now - 40}
                if act.what == "refusal":
                    body = {"answer": "Refused", "request": "submit"}
                return [self._row("report", body, symbol, side, self.open.pop(act.which % len(self.open)))]
            case "fill" | "found":
                late = HOUR_MS if act.what == "found" else 30
                body = {"trade_id": self.ids, "exch_ms": self.now - late}
                return [self._row("fill", body, symbol, side, "vq-x")]
            case "flat" | "held":
                body = {"qty": "0" if act.what == "flat" else "1", "exch_ms": self.now - 20}
                return [self._row("position", body, symbol, side)]
            case "exit":
                return [self._row(EXIT, {"n": self.ids}, symbol, side)]
            case "telegram":
                return [self._row("telegram", {"update_id": self.ids, "at_ms": self.now})]
            case "pass":
                return [self._row("check", {"check": "key_rights", "ok": act.which != 3, "key": f"k{act.which % 2}"})]
            case _:
                return self._command(act.what, symbol, side)

    def started(self) -> Entry:
        return self._row("start", {"version": str(self.run), "venue": "live", "account": "k0"})

    def _command(self, what: str, symbol: str, side: str) -> list[Entry]:
        name, _, more = what.partition(" ")
        if name not in ("pause", "resume", "flatten"):
            return []
        body: dict[str, Any] = {"command": name, "symbol": None if more == "all" else symbol, "side": None}
        if name == "pause":
            body |= {"until_wall_ms": self.now + 50 * DAY_MS if more == "until" else None, "panic": side == "SHORT"}
        if what == "flatten":
            body["side"] = side
        return [self._row("command", body, body["symbol"] or "", body["side"] or "")]

    def _row(self, kind: str, body: dict[str, Any], symbol: str = "", side: str = "", client_id: str = "") -> Entry:
        return Entry(kind, self.now, body, symbol, side, client_id)


def steps(journal: SqliteJournal, now: int, up_to: int | None = None) -> Iterator[None]:
    """All the pieces of pruning, one after the other, as the running program does them: first what is left over."""
    for seq in left_over(journal.path):
        assert journal.remove(seq)
        yield
    while True:
        found: Removal | None = None
        with closing(removals(journal.path, now - BOUND_MS, up_to)) as looks:
            for found in looks:  # noqa: B007 - the last is what is asked
                yield
        if found is None:
            return
        journal.write([Entry(KIND, now, found.body())])
        yield
        for seq in left_over(journal.path):
            assert journal.remove(seq)
            yield


def prune(journal: SqliteJournal, now: int, most: int = 10_000) -> int:
    """Do so many of them at most; how many were done."""
    done = 0
    for done, _ in enumerate(steps(journal, now), 1):
        if done >= most:
            break
    return done


def lived(journal: SqliteJournal, past: Iterable[Act | Prune], pruned: bool) -> int:
    """Write a past; the moment it ends at, epoch ms."""
    teller = Teller()
    journal.write([teller.started()])
    for one in past:
        if isinstance(one, Act):
            rows = teller.rows(one)
            journal._run = f"r{teller.run}"
            if rows:
                journal.write(rows)
        elif pruned:
            prune(journal, teller.now, one.steps)
            if one.again:
                prune(journal, teller.now)
    return teller.now


def bare(row: Row | None) -> Row | None:
    """Where a row stands is not what is asked."""
    return None if row is None else replace(row, seq=0, chain="")


def learnt(path: Path, now: int) -> dict[str, Any]:
    """All that a restart, the ways to the operator and the exits' costs learn from a journal at ``now``."""
    reader = JournalReader(path)
    memory = remember(reader, now)
    exits = reader.newest_of_legs(EXIT, now - LEGS_MS)
    passes = {key: reader.last_key_pass(key) or 0 for key in ("k0", "k1")}
    seen = reader.last_exchange_ms(now - KEPT_MS)
    return {
        "start": reader.last_start(),
        "orders": sorted(memory.open_orders, key=lambda order: order.client_id),
        "pauses": {(pause.symbol, pause) for pause in memory.standing.pauses},
        "flattens": set(memory.standing.flattens),
        "newest": memory.newest_ms,
        "legs": memory.legs,
        "seen": seen,
        "known": {symbol: reader.fills_since(exch_ms - 2 * MARGIN_MS).get(symbol) for symbol, exch_ms in seen.items()},
        "fills": reader.fills_since(now - BOUND_MS),
        "exits": [bare(row) for row in exits],
        "trades": [
            [bare(r) for r in reader.rows(e.at_ms - MARGIN_MS, ("fill",), e.symbol, after=e.seq)] for e in exits
        ],
        "starts": {row.run: reader.start_of(row.run) for row in exits},
        "note": bare(reader.last_of("telegram")),
        "last": {kind: bare(reader.last_of(kind)) for kind in ("start", "check", "command", "fill", "report", "exit")},
        "passes": {key: at_ms for key, at_ms in passes.items() if at_ms >= now - DAY_MS},
        "young": [bare(row) for row in reader.rows(now - BOUND_MS) if row.kind != KIND],
    }


STALE = 20 * DAY_MS
STORY = (
    *(Act("pause", 0, 1), Act("order", 1), Act("fill", 2), Act("telegram", 3), Act("flatten all", 4), Act("flat", 5)),
    *[Act("held", HOUR_MS, which) for which in (0, 1, 2, 3) * 6],
    *(Act("held", STALE), Act("exit", 1), Act("order", 1), Act("end", 1)),
)
