"""What nobody knows about the exchange, each as a switch with the harsher answer as its default.

A program that survives the defaults and their opposites does not depend on the answer (facts: open questions).
"""

from __future__ import annotations

from dataclasses import dataclass
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
    # Resting closers that no longer fit the leg are removed with er=4.  False: they stay until they would over-close.
    knock_out_closers: bool = True
    # Hedge-mode closers get no relief from MIN_NOTIONAL (-4164, -5029).
    min_notional_relief_limit: bool = False
    min_notional_relief_market: bool = False
    # countdownCancelAll takes the symbol's conditional orders too.
    countdown_cancels_algos: bool = True
    # GET order and GET algoOrder answer -2013 for so long after the POST.
    query_lag_ms: int = 200
    # priceMatch QUEUE together with GTX is refused (-5037).  True: it rests at our own touch.
    queue_with_gtx: bool = False
    # A second closePosition order of the same kind and direction is refused (-4130).
    second_close_position_refused: bool = True
    # closePosition conditionals expire when their leg is gone; those with a quantity stay and are refused on trigger.
    close_position_expires: bool = True
    qty_stop_expires: bool = False
    # Trigger condition met until the order is in the matching engine.
    trigger_delay_ms: int = 10
    # A MARKET order takes what is shown and the rest expires (er=9).  True: it lives on and takes each new quote.
    market_walks_on: bool = False
    # ACCOUNT_UPDATE precedes the fill that it belongs to, as in most recordings.  False: it follows.
    account_update_first: bool = True
    # Liquidation and ADL executions show status NEW whatever is filled.  False: PARTIALLY_FILLED and FILLED.
    forced_status_new: bool = True
    # -1008 while overloaded spares hedge closes (documented for order, not for algoOrder).
    overload_spares_closers: bool = True
    overload_spares_algos: bool = False
