"""What may be drawn for a story of the box: orders of every kind, and every switch that the laws must survive."""

from __future__ import annotations

from hypothesis import strategies as st
from tests.sim.law_desk import PRICES

from vibe_quant.sim.switches import QueueModel, Switches

symbols = st.sampled_from(list(PRICES))
legs = st.sampled_from(("LONG", "SHORT"))
ticks = st.integers(-12, 12)
lots = st.one_of(st.integers(1, 120), st.integers(1, 3000))
picks = st.integers(0, 50)
stps = st.sampled_from((None, "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH"))
matches = st.sampled_from((None, None, None, "OPPONENT", "OPPONENT_5", "QUEUE", "QUEUE_5", "QUEUE_20"))
ORDERS = st.fixed_dictionaries(
    {
        "symbol": symbols,
        "leg": legs,
        "opens": st.sampled_from((False, False, True)),
        "kind": st.sampled_from(("GTC", "GTC", "GTX", "IOC", "FOK", "GTD", "MARKET")),
        "lots": lots,
        "ticks": ticks,
        "match": matches,
        "stp": stps,
        "resp": st.sampled_from((None, "ACK", "RESULT")),
    }
)
FLOW = st.lists(ORDERS, min_size=1, max_size=4)
SWITCHES = st.builds(
    Switches,
    queue_model=st.sampled_from(QueueModel),
    exhausted_level_fills_whole=st.booleans(),
    over_close_refused=st.booleans(),
    closers_sum_refused=st.booleans(),
    market_close_counts_closers=st.booleans(),
    knock_out_closers=st.booleans(),
    min_notional_relief_limit=st.booleans(),
    min_notional_relief_market=st.booleans(),
    countdown_cancels_algos=st.booleans(),
    query_lag_ms=st.sampled_from((0, 200)),
    queue_with_gtx=st.booleans(),
    gtd_ends_canceled=st.booleans(),
    amend_needs_price=st.booleans(),
    second_close_position_refused=st.booleans(),
    close_position_expires=st.booleans(),
    qty_stop_expires=st.booleans(),
    trigger_delay_ms=st.sampled_from((0, 10, 150)),
    market_walks_on=st.booleans(),
    account_update_first=st.booleans(),
    trade_lite_before_new=st.booleans(),
    forced_status_new=st.booleans(),
    algos_block_modes=st.booleans(),
    settlement_charges_fee=st.booleans(),
    flat_leg_shown=st.booleans(),
    both_row_pushed=st.booleans(),
)
