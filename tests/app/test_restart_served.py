"""A restart over real sockets: what orders became after their run was killed, by the exchange in a box."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from vibe_quant.app.bodies import intent_body
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.memory import remember
from vibe_quant.app.patience import Patience
from vibe_quant.app.restart import Restart
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import ExecutionMode, OrderType, PositionSide, SignalReason, TimeInForce
from vibe_quant.domain.intents import Notify, OrderIntent
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Accepted, Entry
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

BTC, LONG = "BTC/USDT:USDT", PositionSide.LONG
OPTIONS = BoxOptions(
    (MarketSource(CATALOGUE["BTCUSDT"]),), positions=(Seat("BTCUSDT", LONG, Decimal(2), Decimal(60_000)),)
)


def intent(client_id: str, price: Decimal, at_ms: int) -> OrderIntent:
    return OrderIntent(
        BTC,
        LONG,
        client_id,
        OrderType.LIMIT,
        Decimal("0.01"),
        price,
        TimeInForce.GTC,
        ExecutionMode.AGGRESSIVE_LIMIT,
        SignalReason.PATIENT,
        at_ms,
    )


async def test_one_filled_one_rests_one_never_arrived(tmp_path: Path) -> None:
    clock, events, notices = SystemClock(), list[ev.Event](), list[Notify]()
    journal = SqliteJournal(tmp_path / "journal.sqlite", "run1", ballast=0)
    past = JournalReader(journal.path)
    async with SimServer(OPTIONS) as server:
        keys = Credentials(server.api_key, server.api_secret)
        adapter = ExchangeAdapter(
            RestClient(simulated(server.rest, server.ws), keys, clock, events.append), SymbolNames(), clock
        )
        quote = server.box.exchange.venue.market("BTCUSDT").quote
        assert quote is not None
        low, high = (
            (price * share).quantize(Decimal("0.1"))
            for price, share in ((quote.bid, Decimal("0.99")), (quote.ask, Decimal("1.02")))
        )
        begun = clock.server_ms()
        read = await adapter.snapshot(None, (BTC,))
        assert isinstance(read, Accepted)
        assert read.value.positions is not None
        (position,) = read.value.positions
        row = {"qty": str(position.qty), "reason": "read", "exch_ms": position.exch_ms}
        journal.write([Entry("position", begun, row, BTC, "LONG")])
        for client_id, price, sent in (("vq-1-1", low, True), ("vq-1-2", high, True), ("vq-1-3", high, False)):
            order = intent(client_id, price, clock.server_ms())
            at = begun if sent else begun - 5000
            journal.write([Entry("intent", at, intent_body(order), BTC, "LONG", client_id)])
            if sent:
                assert isinstance(await adapter.submit(order), Accepted)

        async def restarted() -> Restart:
            time = TimeSync(adapter, clock, events.append, notices.append)
            patience = Patience(clock, notices.append, time.once)
            memory = remember(past, clock.server_ms())
            made = Restart(adapter, clock, memory, past, journal.write, notices.append, patience)
            await made.run()
            return made

        first = (await restarted()).found
        fills = list(past.rows(kinds=("fill",)))
        second = (await restarted()).found
        await adapter.close()
    assert first.open_orders == ["vq-1-2"]
    assert first.mismatches == 0
    assert {row.client_id for row in fills} == {"vq-1-1"}
    assert sum(Decimal(row.data()["last_qty"]) for row in fills) == Decimal("0.01")
    ends = {row.client_id: row.data().get("status", "missing") for row in past.rows(kinds=("report",))}
    assert ends == {"vq-1-1": "FILLED", "vq-1-2": "NEW", "vq-1-3": "missing"}
    assert (second.trades, second.open_orders, second.mismatches) == (set(), ["vq-1-2"], 0)
    assert notices == []
    journal.close()
