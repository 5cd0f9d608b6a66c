"""What each reason means to the person who reads it at night: why nothing is sent and what he can do, why it acts."""

from __future__ import annotations

from collections.abc import Mapping

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import SignalReason

_NETWORK = (
    "It connects again by itself, and panic and protective stops go on. If it lasts for minutes look at this host's "
    "network and at the exchange's status page: vibe-quant doctor."
)
_SECONDS = "It is being read, which takes seconds. If it lasts look at the log: vibe-quant logs."
_ORDINARY = "This is ordinary and ends within a second."
_OTHERS = "It goes on by itself. Find out what else uses this address or this account if it comes again and again."

ADVICE: Mapping[Blocked, str] = {
    Blocked.STOPPING: "Own orders are being cancelled, protective stops stay. Start the service to go on.",
    Blocked.RETIRED: (
        "It gets no orders, and its stop was left standing and is not looked after. Name it under symbols: and reload "
        "to have it worked."
    ),
    Blocked.HALTED: (
        "Panic and the protective stop go on. Put right what is named, compare position and orders with the exchange, "
        "then resume: vibe-quant resume."
    ),
    Blocked.HELD: "What is named says how it ends, or ends by itself. Panic and protective stops go on.",
    Blocked.PAUSED: "Panic and the protective stop go on unless it says otherwise. It ends by: vibe-quant resume.",
    Blocked.USER_DOWN: _NETWORK,
    Blocked.UNREAD: _SECONDS,
    Blocked.NO_CLOCK: (
        "It is measured again by itself. If it lasts the exchange does not answer this host: vibe-quant doctor."
    ),
    Blocked.NO_JOURNAL: "Make room on its disk, or put its file right: it goes on by itself. Panic and stops go on.",
    Blocked.NO_RULES: _SECONDS,
    Blocked.NOT_TRADING: (
        "The contract is halted, settling or delisted: read the exchange's announcements. It goes on when it trades."
    ),
    Blocked.RULES_AWAITED: _SECONDS,
    Blocked.RULES_DOUBTED: _SECONDS,
    Blocked.OTHER_IN_PANIC: (
        "There is nothing to do here: the leg that is nearer to liquidation goes first, this one after it."
    ),
    Blocked.FIRING: "There is nothing to do: the stop closes the leg, and what it leaves is worked off.",
    Blocked.BOOK_DOWN: _NETWORK,
    Blocked.TRADES_DOWN: _NETWORK,
    Blocked.NO_FRESH: (
        "It acts on the next one. Where other symbols have news this market is merely quiet, else look at this host's "
        "network."
    ),
    Blocked.STALE: (
        "It does not act on old prices. Where other symbols have news this market is merely quiet (ws.stale_data_ms), "
        "else look at this host's network."
    ),
    Blocked.BOOK_BEHIND: "It ends by itself. If it lasts this host, or its line, is too slow for what comes.",
    Blocked.UNKNOWN: _SECONDS,
    Blocked.FLAT: "There is nothing to do.",
    Blocked.NOT_LOOKED: "It acts on the next quote or trade.",
    Blocked.DOUBT: (
        "The exchange is asked until it tells. If it lasts for a minute look at the orders there; do not send another."
    ),
    Blocked.LEFTOVER: "It is being cancelled, which takes seconds. If it lasts cancel it at the exchange.",
    Blocked.COOLDOWN: "This is ordinary: so long it waits between two orders (execution.repost_cooldown_ms).",
    Blocked.PATIENCE: "It is tried again within a second. If it lasts look at what is named.",
    Blocked.AT_TARGET: "What is left is what execution.target_qty keeps. Lower that, or flatten, to close more.",
    Blocked.NO_SIGNAL: "Ordinary: it waits for a price, perhaps for hours. A flatten closes without signals.",
    Blocked.INTERVAL: "This is ordinary: so long it waits between two signals (execution.min_signal_interval_ms).",
    Blocked.NO_BOOK: "It goes on with the next quote. If none comes look at this host's network: vibe-quant doctor.",
    Blocked.NO_MARK: "It goes on with the next mark price, which comes each second unless a stream is down.",
    Blocked.PRICE_LIMITS: (
        "The exchange takes no order at such a price. It goes on when the market is back. Close by hand if it must be "
        "now."
    ),
    Blocked.NO_PRICE: "It is asked for without end. If none comes close by hand; the stop at the exchange stands.",
    Blocked.COVERED: "What other orders close is not closed twice. Cancel your own orders of this leg to free it.",
    Blocked.NOTHING_TO_CLOSE: "The numbers below leave nothing that an order could close. See whether they are true.",
    Blocked.UNDER_A_LOT: "The exchange takes no order of so little. Change execution.target_qty, or leave it.",
    Blocked.DUST: "This side is done. Close what is left by hand at the exchange if you want it gone.",
    Blocked.OTHER_UNREADABLE: (
        "It goes on once margin and brackets of the other leg have been read. If it lasts look at the log: "
        "vibe-quant logs."
    ),
    Blocked.OTHER_NEAR: (
        "This leg hedges the other, which would come too near to liquidation without it. Add margin, or close the "
        "other one first."
    ),
    Blocked.BANNED: (
        "Nothing can be sent, panic neither; the stops at the exchange stand. Wait, do not restart, and find out what "
        "else uses this address."
    ),
    Blocked.BACK_OFF: _OTHERS,
    Blocked.TOO_MANY: _OTHERS,
    Blocked.ORDERS_SPENT: _ORDINARY,
    Blocked.CANCELS_SPENT: _ORDINARY,
    Blocked.COUNT_SPENT: _OTHERS,
    Blocked.WEIGHT_SPENT: _OTHERS,
    Blocked.PANIC_PAUSED: (
        "Near liquidation only the stop at the exchange protects now. If you did not mean that: vibe-quant resume."
    ),
    Blocked.PANIC_BACKOFF: (
        "It is tried again within a second, without end. If it lasts look at what the exchange refuses (vibe-quant "
        "logs), add margin, or close by hand."
    ),
}

ACTED: Mapping[SignalReason, str] = {
    SignalReason.LONG_PRIMARY: "Prices rise and the bid is at the last trade: it is sold into the rise.",
    SignalReason.LONG_BID_IMPROVE: "The bid has come up to the last trades: it is sold at once.",
    SignalReason.SHORT_PRIMARY: "Prices fall and the ask is at the last trade: it is bought back into the fall.",
    SignalReason.SHORT_ASK_IMPROVE: "The ask has come down to the last trades: it is bought back at once.",
    SignalReason.PRESSURE_ACTIVE: "The best price has room for much of it: that level is taken.",
    SignalReason.PRESSURE_PASSIVE: "The best price has room for little of it: it waits in the book as a maker.",
    SignalReason.PATIENT: "It waits in the queue as a maker until the price has left.",
    SignalReason.PATIENT_ENDGAME: "The time that it was given is nearly over: the rest is closed aggressively.",
    SignalReason.FLATTEN: "It was asked to close: aggressive limits, without signals, down to zero. A pause ends it.",
    SignalReason.DUST: "What is left is less than an ordinary order: it is closed in one attempt.",
    SignalReason.PANIC: ("Liquidation is near: it is closed in slices, whatever signals say. Adding margin ends it."),
    SignalReason.STOP_THROUGH: "The price goes through the place of the protective stop: the side exits at once.",
    SignalReason.STOP_REMAINDER: "The protective stop has ended and left something: that is worked off at once.",
}
