"""What nobody knows about the exchange, each as a switch with the harsher answer as its default.

A program that survives the defaults and their opposites does not depend on the answer (facts: open questions).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class QueueModel(StrEnum):
    """How cancellations ahead of a resting order shrink its queue (queue.py)."""

    TRADES_ONLY = "trades_only"
    NEVER_MORE_THAN_DISPLAYED = "never_more_than_displayed"
    PROPORTIONAL = "proportional"


@dataclass(frozen=True, slots=True)
class Switches:
    """Undocumented or disputed behaviour; the comment on each says what the other value means."""

    queue_model: QueueModel = QueueModel.TRADES_ONLY
    # A print through our price, or the opposite touch moving over it, says that our level was exhausted: the whole
    # remainder fills.  False: at most the printed or displayed quantity.
    exhausted_level_fills_whole: bool = True
    # A closer larger than its leg, no other closers standing, is refused (-2022).  False: it is clipped to the leg.
    over_close_refused: bool = True
    # Sum of resting closers + new one above the leg is refused (-2022).  False: accepted, the excess ends with er=4.
    closers_sum_refused: bool = True
    # The sum rule holds for MARKET too.  False: a MARKET close knocks resting closers out (er=4).
    market_close_counts_closers: bool = True
    # And for the MARKET order of a triggered stop with a quantity: it is REJECTED where resting closers hold what it
    # would close.  False: it knocks them out (er=4), as closePosition does.
    triggered_close_counts_closers: bool = True
    # Resting closers that no longer fit the leg are removed with er=4.  False: they stay until they would over-close.
    knock_out_closers: bool = True
    # Hedge-mode closers get no relief from MIN_NOTIONAL (-4164, -5029).
    min_notional_relief_limit: bool = False
    min_notional_relief_market: bool = False
    # countdownCancelAll takes the symbol's conditional orders too.
    countdown_cancels_algos: bool = True
    # So does DELETE allOpenOrders, which has a call of its own for them.  False: regular orders only.
    cancel_all_cancels_algos: bool = True
    # A symbol's open conditional orders count on MAX_NUM_ORDERS (-2025), as the page says.  False: regular ones only.
    algos_count_as_orders: bool = True
    # Open conditional orders that one leg may have (-4045), as one third party says.  0: the account's limit alone.
    most_algos_of_leg: int = 10
    # GET order and GET algoOrder answer -2013 for so long after the POST.
    query_lag_ms: int = 200
    # priceMatch QUEUE (any level) together with GTX is refused (-5037).  True: it rests in our own queue.
    queue_with_gtx: bool = False
    # priceMatch OPPONENT_10 and _20, "temporarily removed" in 2025, are refused (-5037).  False: they are back.
    deep_opponent_refused: bool = True
    # selfTradePreventionMode NONE is refused (-5039) on a single order; the batch and algo pages still name it.
    single_order_needs_stp: bool = True
    # goodTillDate without GTD is refused (-1106).  False: it is ignored.
    stray_good_till_refused: bool = True
    # An order whose goodTillDate has come ends CANCELED, as if by request.  False: EXPIRED.
    gtd_ends_canceled: bool = True
    # PUT order needs a price, so that priceMatch, which excludes one, cannot be used.  False: either will do.
    amend_needs_price: bool = True
    # PUT order with another side than the order's is refused (-1117).  False: the side is not read.
    amend_needs_side: bool = True
    # PUT order with reduceOnly=true on a hedge-mode closer: -5047, it never carried the flag.  False: it counts as
    # reduce-only and is spared the minimum notional.
    amend_reduce_only_refused: bool = True
    # PUT order answers with the order as it was amended, before it meets the book.  True: as it is after that.
    amend_shows_fills: bool = False
    # A second closePosition order of the same kind and direction is refused (-4130).
    second_close_position_refused: bool = True
    # closePosition on a leg without position is refused (-4509), as live probes saw in 2026.  False: it waits for one.
    flat_close_position_refused: bool = True
    # closePosition conditionals expire when their leg is gone; those with a quantity stay and are refused on trigger.
    close_position_expires: bool = True
    qty_stop_expires: bool = False
    # The MARKET order of a triggered conditional is held to PERCENT_PRICE like any other: in a crash it is REJECTED, as
    # if -4131.  False: it goes in at any price.
    triggered_market_bound: bool = True
    # closePosition of a leg beyond MARKET_LOT_SIZE is REJECTED at its trigger, as if -4005.  False: it closes it whole.
    whole_close_bound_by_lot: bool = True
    # Trigger condition met until the order is in the matching engine.
    trigger_delay_ms: int = 10
    # A MARKET order takes what is shown and the rest expires (er=9).  True: it lives on and takes each new quote.
    market_walks_on: bool = False
    # ACCOUNT_UPDATE precedes the fill that it belongs to, as in most recordings.  False: it follows.
    account_update_first: bool = True
    # TRADE_LITE of a taker order precedes its NEW, as in most recordings.  False: NEW comes first.
    trade_lite_before_new: bool = True
    # REST and the stream show a hedge-mode closer with reduceOnly true, as the matching engine treats it.
    closers_show_reduce_only: bool = True
    # userTrades without times and ids gives the oldest of its window (as a live probe saw).  False: the newest.
    user_trades_oldest_first: bool = True
    # Liquidation and ADL executions show status NEW whatever is filled.  False: PARTIALLY_FILLED and FILLED.
    forced_status_new: bool = True
    # -1008 while overloaded spares hedge closes (documented for order, not for algoOrder).
    overload_spares_closers: bool = True
    overload_spares_algos: bool = False
    # POST algoOrder takes timeInForce GTD, for which its page has a goodTillDate but no value.  False: refused (-1115).
    algo_good_till: bool = False
    # GET allAlgoOrders, taken off the page in 2026-04, still answers.  False: as a path that does not exist.
    all_algo_orders: bool = False
    # MARGIN_CALL comes when maintenance margin reaches this share of the margin balance; again only after it has been
    # below the second share, and with a repeat (> 0) every so long while it lasts.  A ratio of 1: never.
    margin_call_ratio: Decimal = Decimal("0.8")
    margin_call_clear_ratio: Decimal = Decimal("0.7")
    margin_call_repeat_ms: int = 0
    # Untriggered conditional orders, too, stand in the way of another position mode or margin type (-4067, -4047).
    algos_block_modes: bool = True
    # Settlement of a delisted symbol charges the taker fee.  False: it is free.
    settlement_charges_fee: bool = True
    # positionRisk v3 and account v3 show a leg without position and orders where its symbol has any.  False: absent.
    flat_leg_shown: bool = False
    # ACCOUNT_UPDATE holds an empty BOTH row of each symbol beside its leg, as the page says.  Recordings show none.
    both_row_pushed: bool = False
    # leverageBracket with a symbol answers a list.  False: a single object.
    bracket_list: bool = True
    # Paths without a class carry nothing: handshake, acknowledgements and pings look fine.  True: they are as /public.
    unrouted_carries_public: bool = False
    # A private socket with ``events`` hears of its key's end only where listenKeyExpired is among them.
    events_filter_drops_key_expired: bool = True
    # Every socket of a listen key hears each event, so that one who has two must know doubles.  False: the newest only,
    # so that an older one stays open and silent.
    every_socket_of_key_hears: bool = True
    # Answers to orders that are refused lack the X-MBX-ORDER-COUNT headers; they are counted all the same.
    rejected_orders_show_counts: bool = False
    # DELETE of a listen key that is gone answers -1125.  False: {}.
    closing_no_listen_key_refused: bool = True
