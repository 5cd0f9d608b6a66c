from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Event, Quote, StreamUp, Timer, Trade
from vibe_quant.domain.intents import FetchSnapshot, Intent
from vibe_quant.domain.market import MarketState
from vibe_quant.lab.replay import LINGER_MS, MakeEngine, play, run_replay
from vibe_quant.lab.request import ReplayError, ReplayRequest

SYMBOL = "BTC/USDT:USDT"
RequestFor = Callable[..., ReplayRequest]


@pytest.mark.parametrize("side", PositionSide)
def test_an_exit_by_taking_costs_the_taker_fee(request_for: RequestFor, taker: MakeEngine, side: PositionSide) -> None:
    result = run_replay(request_for(side=side), None, taker)
    cost = result.cost
    assert (cost.side, cost.qty, cost.filled_qty, cost.left_qty) == (side, Decimal("0.3"), Decimal("0.3"), Decimal(0))
    assert (cost.maker_share, cost.fee_bps, cost.orders, cost.stop_updates) == (Decimal(0), Decimal(5), 3, 1)
    assert cost.slippage_bps is not None and abs(cost.slippage_bps) < 1
    assert result.rules_inferred and not result.mark_derived
    assert result.events_per_s > 0
    assert dict(result.times.state_ms)["WAITING"] > 0


def test_it_ends_a_while_after_flat(request_for: RequestFor, taker: MakeEngine) -> None:
    short = run_replay(request_for(), None, taker)
    assert short.cost.flat_ms is not None
    assert 0 < short.cost.duration_ms < 2000
    assert short.events < 2500  # of some 60 s x 108 events, ten seconds


def test_the_stop_is_seen_to_be_withdrawn(request_for: RequestFor, taker: MakeEngine, tmp_path: Path) -> None:
    run_replay(request_for(out=tmp_path), None, taker)
    kinds = [json.loads(row)["intent"] for row in (tmp_path / "decisions.jsonl").read_text().splitlines()]
    assert kinds == ["FetchSnapshot", "PlaceStop", "OrderIntent", "OrderIntent", "OrderIntent", "CancelStop"]


def test_equal_requests_give_equal_decisions_and_other_seeds_others(request_for: RequestFor, taker: MakeEngine) -> None:
    digests = [run_replay(request_for(seed=seed, qty=Decimal(1)), None, taker).intents_sha256 for seed in (3, 3, 4)]
    assert digests[0] == digests[1] != digests[2]


def test_constant_latency_leaves_nothing_to_the_seed(request_for: RequestFor, taker: MakeEngine) -> None:
    digests = {run_replay(request_for(seed=seed, latency="constant:10"), None, taker).intents_sha256 for seed in (3, 4)}
    assert len(digests) == 1


def test_recording_holds_what_the_digest_is_of(request_for: RequestFor, taker: MakeEngine, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "exit"
    result = run_replay(request_for(out=folder), None, taker)
    decisions = (folder / "decisions.jsonl").read_bytes()
    assert sha256(decisions).hexdigest() == result.intents_sha256
    assert json.loads((folder / "card.json").read_text())["intents_sha256"] == result.intents_sha256
    assert (folder / "exit.png").read_bytes().startswith(b"\x89PNG")
    assert run_replay(request_for(), None, taker).intents_sha256 == result.intents_sha256
    orders = [json.loads(row) for row in decisions.splitlines() if b"OrderIntent" in row]
    assert all(row["reason"] == "long_primary" and row["t"] > 0 and row["qty"] == "0.1" for row in orders)
    assert {row["market"]["bid"] == row["price"] for row in orders} == {True}
    assert all(list(row["market"]) == [field.name for field in fields(MarketState)] for row in orders)
    assert not [row for row in decisions.splitlines() if b"market" in row and b"OrderIntent" not in row]


def test_a_folder_that_cannot_be_made_is_an_error(request_for: RequestFor, taker: MakeEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReplayError, match=r"--out .*file: cannot be written"):
        run_replay(request_for(out=tmp_path / "file"), None, taker)


def test_a_card_that_cannot_be_written_is_an_error(request_for: RequestFor, taker: MakeEngine, tmp_path: Path) -> None:
    (tmp_path / "card.json").mkdir()
    with pytest.raises(ReplayError, match="cannot be written"):
        run_replay(request_for(out=tmp_path), None, taker)


def test_progress_tells_how_much_of_the_tape_was_read(request_for: RequestFor, taker: MakeEngine) -> None:
    seen: list[tuple[int, int]] = []
    run_replay(request_for(qty=Decimal(200), wallet=Decimal(10**7)), lambda *told: seen.append(told), taker)
    done, total = seen[-1]
    assert 0 < done <= total


def test_what_is_left_is_told(request_for: RequestFor, taker: MakeEngine) -> None:
    result = run_replay(request_for(qty=Decimal(500), wallet=Decimal(10**7)), None, taker)
    cost = result.cost
    assert 0 < cost.left_qty < 500
    assert cost.filled_qty + cost.left_qty == cost.qty == 500
    assert cost.flat_ms is None


class ScriptedWorld:
    """Gives events in their order and remembers what was sent."""

    def __init__(self, *events: tuple[int, Event]) -> None:
        self.events = list(events)
        self.sent: list[tuple[int, tuple[Intent, ...]]] = []
        self.deadlines: list[int | None] = []

    def next(self, deadline: int | None = None) -> tuple[int, Event] | None:
        self.deadlines.append(deadline)
        return self.events.pop(0) if self.events else None

    def send(self, intents: Sequence[Intent], now: int) -> None:
        self.sent.append((now, tuple(intents)))


class Sleeper:
    """Decides nothing and wants to be woken at 50."""

    def handle(self, event: Event, now: int) -> list[Intent]:
        return []

    def deadline(self) -> int | None:
        return 50

    def side_view(self, symbol: str, side: PositionSide) -> None:
        return None

    def market_state(self, symbol: str) -> None:
        return None


def touch(at: int) -> Quote:
    return Quote(SYMBOL, at, at, Decimal(1), Decimal(1), Decimal(2), Decimal(1))


def test_quiet_market_data_is_kept_from_the_watchers() -> None:
    trade = Trade(SYMBOL, 2, 2, Decimal(1), Decimal(1), True)
    world = ScriptedWorld((1, touch(1)), (2, trade), (3, touch(3)), (50, touch(50)), (51, Timer(51)))
    shown: list[tuple[int, int]] = []
    events, now = play(
        world,  # type: ignore[arg-type]
        Sleeper(),
        [lambda now, event, intents, quote: shown.append((now, quote.exch_ms if quote else 0))],
        lambda: False,
    )
    assert (events, now) == (5, 51)
    assert shown == [(1, 1), (50, 50), (51, 50)]
    assert world.deadlines == [50] * 6


def test_the_end_comes_so_long_after_the_first_sight_of_flat() -> None:
    late = LINGER_MS + 2
    world = ScriptedWorld((1, touch(1)), (2, Timer(2)), (late - 1, Timer(late - 1)), (late + 1, Timer(late + 1)))
    events, now = play(world, Sleeper(), [], lambda: True)  # type: ignore[arg-type]
    assert (events, now) == (3, late - 1)


class Watcher(Sleeper):
    """Asks for the account and does nothing."""

    def handle(self, event: Event, now: int) -> list[Intent]:
        return [FetchSnapshot(SYMBOL, "start")] if isinstance(event, StreamUp) else []

    def deadline(self) -> int | None:
        return None


def test_liquidation_ends_it_by_force(make_tape: Callable[..., Path], request_for: RequestFor) -> None:
    tape = make_tape("liquidation_run", 7, 60, PositionSide.LONG)
    request = request_for(tape=tape, qty=Decimal(2), wallet=Decimal(2000))
    cost = run_replay(request, None, lambda *_: Watcher()).cost
    assert (cost.forced_qty, cost.left_qty, cost.orders) == (Decimal(2), Decimal(0), 0)
    assert cost.flat_ms is not None
