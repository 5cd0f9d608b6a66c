"""What the clients can read beside the day: each answer is one that the client's own parser takes, and is not empty."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from tests.sim.clients import test_ccxt, test_official_sdk, test_python_binance
from tests.sim.clients.desk import until
from tests.sim.clients.stage import SYMBOL, on_stage

ONE = {"symbol": SYMBOL}
PAIR = {"pair": SYMBOL.lower(), "contract_type": "perpetual", "interval": "1m"}
SDK_READS: dict[str, dict[str, Any]] = {
    "test_connectivity": {},
    "symbol_order_book_ticker": ONE,
    "symbol_price_ticker": ONE,
    "symbol_price_ticker_v2": ONE,
    "mark_price": ONE,
    "compressed_aggregate_trades_list": ONE,
    "get_funding_rate_info": {},
    "account_information_v2": {},
    "account_information_v3": {},
    "futures_account_balance_v2": {},
    "futures_account_balance_v3": {},
    "futures_account_configuration": {},
    "symbol_configuration": {},
    "position_information_v2": ONE,
    "position_information_v3": {},
    "position_adl_quantile_estimation": {},
    "notional_and_leverage_brackets": {},
    "query_user_rate_limit": {},
    "all_orders": ONE,
    "current_all_open_orders": {},
    "current_all_algo_open_orders": {},
    "account_trade_list": ONE,
    "get_income_history": {},
    "order_book": ONE,
    "recent_trades_list": ONE,
    "kline_candlestick_data": ONE | {"interval": "1h"},
    "continuous_contract_kline_candlestick_data": {"pair": SYMBOL, "contract_type": "PERPETUAL", "interval": "1m"},
    "mark_price_kline_candlestick_data": ONE | {"interval": "1m"},
    "index_price_kline_candlestick_data": {"pair": SYMBOL, "interval": "1m"},
    "ticker24hr_price_change_statistics": {},
    "adl_risk": ONE,
    "get_funding_rate_history": ONE,
    "get_bnb_burn_status": {},
    "get_current_multi_assets_mode": {},
}
SDK_HEARS: dict[str, dict[str, Any]] = {
    "all_book_tickers_stream": {},
    "individual_symbol_ticker_streams": {"symbol": SYMBOL.lower()},
    "individual_symbol_mini_ticker_stream": {"symbol": SYMBOL.lower()},
    "all_market_tickers_streams": {},
    "mark_price_stream_for_all_market": {"update_speed": "1s"},
    "continuous_contract_kline_candlestick_streams": PAIR,
}
EMPTY_AT_FIRST = {
    *("test_connectivity", "all_orders", "current_all_open_orders", "current_all_algo_open_orders"),
    *("account_trade_list", "get_income_history", "get_funding_rate_history"),
}
CCXT_READS: dict[str, tuple[Any, ...]] = {
    "fetch_bids_asks": ([test_ccxt.MARKET],),
    "fetch_last_prices": ([test_ccxt.MARKET],),
    "fetch_mark_price": (test_ccxt.MARKET,),
    "fetch_funding_rate": (test_ccxt.MARKET,),
    "fetch_funding_intervals": (),
    "fetch_leverages": (),
    "fetch_margin_modes": (),
    "fetch_positions_adl_rank": (),
    "fetch_positions_risk": (),
    "fetch_account_positions": (),
    "fetch_ticker": (test_ccxt.MARKET,),
    "fetch_tickers": (),
    "fetch_trades": (test_ccxt.MARKET,),
    "fetch_funding_rates": (),
    "fetch_margin_mode": (test_ccxt.MARKET,),
    "fetch_adl_rank": (test_ccxt.MARKET,),
    "fetch_trading_limits": (),
    "watch_ticker": (test_ccxt.MARKET,),
    "watch_trades": (test_ccxt.MARKET,),
    "watch_bids_asks": ([test_ccxt.MARKET],),
}
PYTHON_BINANCE_READS: dict[str, dict[str, Any]] = {
    "futures_mark_price": {},
    "futures_symbol_ticker": ONE,
    "futures_adl_quantile_estimate": ONE,
    "futures_account_config": {},
    "futures_symbol_config": {},
    "futures_v1_get_rate_limit_order": {},
    "futures_v1_get_funding_info": {},
    "futures_ticker": {},
    "futures_recent_trades": ONE,
    "futures_aggregate_trades": ONE,
    "futures_account": {},
    "futures_get_multi_assets_mode": {},
}


def test_the_official_sdk_reads(caplog: pytest.LogCaptureFixture) -> None:
    async def reads() -> None:
        async with on_stage() as stage, test_official_sdk.desk(stage, stage.ed25519) as it:
            for name, words in SDK_READS.items():
                answer = await it.ask(getattr(it.rest, name), **words)
                assert answer or name in EMPTY_AT_FIRST, name

    with caplog.at_level(logging.WARNING):
        asyncio.run(reads())
    assert [record.getMessage() for record in caplog.records] == []


def test_the_official_sdk_hears(caplog: pytest.LogCaptureFixture) -> None:
    async def hears() -> None:
        heard: dict[str, list[Any]] = {name: [] for name in SDK_HEARS}
        async with on_stage() as stage, test_official_sdk.desk(stage, stage.hmac) as it:
            await it.connect()
            for name, words in SDK_HEARS.items():
                (await getattr(it.streams, name)(**words)).on("message", heard[name].append)
            await until(lambda: all(heard.values()), f"a message of each of {SDK_HEARS.keys()}")

    with caplog.at_level(logging.WARNING):
        asyncio.run(hears())
    assert [record.getMessage() for record in caplog.records] == []


def test_ccxt_reads() -> None:
    async def reads() -> None:
        async with on_stage() as stage, test_ccxt.desk(stage, stage.ed25519) as it:
            for name, arguments in CCXT_READS.items():
                assert await getattr(it.client, name)(*arguments), name

    asyncio.run(reads())


def test_python_binance_reads() -> None:
    async def reads() -> None:
        async with on_stage() as stage, test_python_binance.desk(stage, stage.ed25519) as it:
            for name, words in PYTHON_BINANCE_READS.items():
                assert await getattr(it.client, name)(**words), name

    asyncio.run(reads())
