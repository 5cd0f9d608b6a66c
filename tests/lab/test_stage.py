from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.config.problems import ConfigError, FileProblem
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Trade
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.lab.request import ReplayError, ReplayRequest
from vibe_quant.lab.stage import exchange_of, set_stage
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.tape import TapeError

SYMBOL = "BTC/USDT:USDT"
RequestFor = Callable[..., ReplayRequest]
HEADER = "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra"
FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.10", "minPrice": "1", "maxPrice": "1000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
    {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "120"},
    {"filterType": "MIN_NOTIONAL", "notional": "100"},
]


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def csv_tape(tmp_path: Path, name: str, *rows: str) -> Path:
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def quotes(count: int = 3, bid_qty: str = "2") -> list[str]:
    times = [1_700_000_000_000 + 100 * n for n in range(count)]
    return [f"{at},{at},,q,100.0,{bid_qty},100.1,3,,,,{n}," for n, at in enumerate(times)]


def test_the_one_side_is_worked_by_the_defaults(request_for: RequestFor) -> None:
    stage = set_stage(request_for(side=PositionSide.SHORT))
    ((name, own),) = stage.settings.symbols
    assert (name, own.sides) == (SYMBOL, (PositionSide.SHORT,))
    assert own.strategy.names == (StrategyName.ORDERBOOK_PRICE,)
    assert stage.entry == Decimal("28145.1")
    assert "rules inferred from the tape: tick 0.1, step 0.001, minimum notional 5" in stage.notes


def test_the_account_is_as_asked(request_for: RequestFor) -> None:
    request = request_for(entry=Decimal(28000), leverage=7, wallet=Decimal(900), qty=Decimal("0.02"))
    account = exchange_of(set_stage(request), request).account
    leg = account.leg(SYMBOL, PositionSide.LONG)
    assert (leg.qty, leg.entry, account.leverage_of(SYMBOL)) == (Decimal("0.02"), Decimal(28000), 7)
    assert account.wallets == {"USDT": 900}


def test_the_symbols_own_settings_rule(request_for: RequestFor, tmp_path: Path) -> None:
    path = config(
        tmp_path,
        f'global:\n  execution: {{order_ttl_ms: 900}}\nsymbols:\n  "{SYMBOL}":\n    execution: {{base_mult: 3}}\n',
    )
    ((_, own),) = set_stage(request_for(config=path)).settings.symbols
    assert (own.execution.order_ttl_ms, own.execution.base_mult) == (900, 3)
    assert own.sides == (PositionSide.LONG,)


def test_a_symbol_that_is_not_listed_gets_the_global_settings_and_a_note(
    request_for: RequestFor, tmp_path: Path
) -> None:
    path = config(
        tmp_path, 'global:\n  execution: {order_ttl_ms: 900}\nsymbols:\n  "ETH/USDT:USDT":\n    sides: [LONG]\n'
    )
    stage = set_stage(request_for(config=path))
    assert stage.settings.symbols[0][1].execution.order_ttl_ms == 900
    assert "not among the symbols" in stage.notes[0]


def test_a_named_strategy_rules_alone(request_for: RequestFor, tmp_path: Path) -> None:
    path = config(
        tmp_path,
        f'symbols:\n  "{SYMBOL}":\n    strategy:\n'
        "      names: [orderbook_price, patient]\n      policy: leader\n      leader: patient\n",
    )
    stage = set_stage(request_for(config=path, strategy=StrategyName.ORDERBOOK_PRICE))
    strategy = stage.settings.symbols[0][1].strategy
    assert (strategy.names, strategy.leader) == ((StrategyName.ORDERBOOK_PRICE,), None)


@pytest.mark.parametrize(("side", "touch"), [(PositionSide.LONG, "2"), (PositionSide.SHORT, "3")])
def test_pressure_without_threshold_takes_the_tapes_median(
    request_for: RequestFor, tmp_path: Path, side: PositionSide, touch: str
) -> None:
    tape = csv_tape(tmp_path, "um_BTCUSDT_2023-.csv", *quotes())
    request = request_for(tape=tape, side=side, qty=Decimal(1), strategy=StrategyName.ORDERBOOK_PRESSURE)
    stage = set_stage(request)
    assert stage.settings.symbols[0][1].strategy.orderbook_pressure.threshold_qty == Decimal(touch)
    assert any(f"threshold_qty {touch}: the median" in note for note in stage.notes)


def test_what_a_tape_lacks_is_said(request_for: RequestFor, tmp_path: Path) -> None:
    coin = csv_tape(tmp_path, "cm_BTCUSD_PERP_2024-.csv", *quotes())
    notes = " | ".join(set_stage(request_for(tape=coin, qty=Decimal(1))).notes)
    assert "coin-margined: prices only, treated as a linear contract" in notes
    assert "mark price derived from the mid" in notes
    other = csv_tape(tmp_path, "um_ETHUSDT_2024-.csv", *quotes())
    assert "the tape was recorded as ETHUSDT" in set_stage(request_for(tape=other, qty=Decimal(1))).notes


def test_rules_from_a_file_are_not_inferred(request_for: RequestFor, tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    info = {"symbol": "BTCUSDT", "status": "TRADING", "marginAsset": "USDT", "liquidationFee": "0.0125"}
    path.write_text(json.dumps({"symbols": [{**info, "filters": FILTERS}]}))
    stage = set_stage(request_for(rules=path))
    assert not stage.rules.inferred
    assert stage.rules.min_notional == 100
    assert not any("inferred" in note for note in stage.notes)


def test_fees_are_in_the_asset_that_the_symbol_settles_in(request_for: RequestFor) -> None:
    assert set_stage(request_for(symbol="BTC/USDC:USDC")).rules.margin_asset == "USDC"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"symbol": "BTCUSDT"}, r'write "BTC/USDT:USDT"'),
        ({"qty": Decimal("0.0005")}, "not a multiple of the step 0.001"),
        ({"qty": Decimal("0.3005")}, "not a multiple of the step 0.001"),
        ({"wallet": Decimal(10), "qty": Decimal(1)}, "would be liquidated at once"),
        ({"entry": Decimal(90000), "qty": Decimal(1)}, "would be liquidated at once"),
    ],
)
def test_what_cannot_be_replayed_is_refused(request_for: RequestFor, fields: dict[str, object], said: str) -> None:
    with pytest.raises(ReplayError, match=said):
        set_stage(request_for(**fields))


def test_a_tape_without_quotes_is_refused(request_for: RequestFor, tmp_path: Path) -> None:
    at = 1_700_000_000_000
    trades = [Trade(SYMBOL, at + n, at + n, Decimal(100), Decimal(1), True, n) for n in range(3)]
    path = tmp_path / "trades.parquet"
    write_tape(trades, path, SYMBOL, Decimal(1), Decimal(1), "test")
    with pytest.raises(ReplayError, match="holds no quotes"):
        set_stage(request_for(tape=path, qty=Decimal(1)))


def test_files_that_cannot_be_used_keep_their_own_errors(request_for: RequestFor, tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be opened"):
        set_stage(request_for(tape=tmp_path / "none.parquet"))
    with pytest.raises(FileProblem):
        set_stage(request_for(config=tmp_path / "none.yaml"))
    with pytest.raises(ConfigError):
        set_stage(request_for(config=config(tmp_path, "global: {venue: mars}\n")))
