"""Every metric by name, with its meaning and labels: the one table that code, alerts and dashboard go by.

Seconds, bytes, ratios; quantities in the base asset, notionals in the quote asset.  No label holds free text or an id.
"""

from __future__ import annotations

from vibe_quant.web.exposition import Family

LEG = ("symbol", "side")


def _gauge(short: str, meaning: str, *labels: str) -> Family:
    return Family("gauge", short, meaning, labels)


def _counter(short: str, meaning: str, *labels: str) -> Family:
    return Family("counter", short, meaning, labels)


def _histogram(short: str, meaning: str, *labels: str) -> Family:
    return Family("histogram", short, meaning, labels)


# The service.
INFO = _gauge("info", "1; what runs here.", "venue", "version")
STARTED = _gauge("start_time_seconds", "When the process began, seconds since 1970.")
CLOCK = _gauge("clock_seconds", "The exchange's clock as the service knows it, seconds since 1970.")
READY = _gauge("ready", "1 where discretion may act: started, streams up, account read.")
PHASE = _gauge(
    "phase", "1 for the present phase: starting, working, protecting (the start was refused), stopping.", "phase"
)
HELD = _gauge("held", "1 where the whole account's discretion is held back by the program itself.")
PAUSES = _gauge("pauses", "Pauses of the operator that stand.")
LEVEL = _gauge("level", "1 for where news comes from now: stream, rest (a fallback), breaker (open).", "level")
LEVEL_TIME = _counter("level_seconds", "Time spent on each level.", "level")
LEVEL_ENTERED = _counter("level_entered", "How often each level was come to: rest and breaker are fallbacks.", "level")
BREAKER = _gauge("breaker_open", "1 while only what protects passes to REST.")
BREAKER_OPENED = _counter("breaker_openings", "How often the breaker has opened.")
DEFECTS = _counter("defects", "Requests that ended in an exception of the program itself.")
TELEGRAM = _counter("telegram", "What the way over Telegram has counted, strangers and losses among it.", "what")
MEMORY = _gauge("resident_memory_bytes", "Memory that the process holds.")
CPU = _counter("cpu_seconds", "CPU time of the process.")

# News and its way.
STREAM_UP = _gauge("stream_up", "1 where the socket delivers: public, market, user.", "stream")
STREAM_SINCE = _gauge("stream_state_seconds", "For how long it has been up, or down.", "stream")
RECONNECTS = _counter("stream_reconnects", "How often the socket came again.", "stream")
MESSAGES = _counter("messages", "Frames read: market is the public and the market socket, user the account's.", "codec")
ODD = _counter("messages_odd", "Messages that were malformed, unknown, late or out of order.", "codec", "how")
MARKET_AGE = _gauge("market_age_seconds", "Age of a symbol's newest quote or trade that was fresh.", "symbol")
MARK_AGE = _gauge("mark_age_seconds", "Age of a symbol's mark price.", "symbol")
KEYS = _counter("listen_keys", "The user stream's listen key: extended, failed to be, replaced by another.", "how")
EVENTS = _counter("events", "Events that the engine has worked.")
WAITING = _gauge("queue_waiting", "Events that wait for the engine.")
LONGEST = _gauge("queue_longest", "The most that ever waited.")
CONFLATED = _counter("quotes_conflated", "Quotes and depths that gave way to newer ones while the engine was behind.")
MISSED = _counter("observer_missed", "Pairs of event and intents that an observer was too slow for.", "observer")
SKIPPED = _counter("observer_failed", "What an observer has skipped because a defect made it fail.", "observer")
EVENT_LAG = _histogram("event_lag_seconds", "From the exchange's time of news to its receipt, by kind.", "event")
DECISION_LAG = _histogram("decision_lag_seconds", "From the receipt of market news to the decision it led to.")

# Requests.
SENT = _counter("requests_sent", "Requests that were let go.", "kind")
OUTCOMES = _counter("request_outcomes", "What came of requests.", "kind", "outcome")
ROUND_TRIP = _histogram("request_seconds", "From when a request was to leave until its outcome was known.", "kind")
REFUSED = _counter("refusals", "Requests that the exchange refused, by its code.", "kind", "code")
RATE_LIMITED = _counter("rate_limited", "429 (backoff) and 418 (ban).", "how")
WEIGHT = _gauge("weight_used", "Request weight of the address that is used in this minute, by the headers.")
WEIGHT_LIMIT = _gauge("weight_limit", "Request weight that the exchange allows a minute.")
ORDERS_USED = _gauge("exchange_orders_used", "Orders that the exchange has counted in its window.", "window")

# The record.
JOURNAL_OK = _gauge("journal_ok", "1 where the journal is well; while it is not, discretion waits.")
ROWS_LOST = _counter("journal_rows_lost", "Rows that were given up.")
COMMIT = _histogram("journal_commit_seconds", "How long a commit took, the sync of the disk included.")

# Sides.
QTY = _gauge("position_quantity", "|position|, base asset.", *LEG)
NOTIONAL = _gauge("position_notional", "|position| at the mark, quote asset.", *LEG)
UPNL = _gauge("position_upnl", "Unrealised profit, quote asset.", *LEG)
DISTANCE = _gauge("liquidation_distance_ratio", "Distance of the mark to liquidation, of the mark.", *LEG)
RUNG = _gauge("liquidation_rung_ratio", "Distance at which a rung of the ladder begins.", *LEG, "rung")
RISK = _gauge("risk_level", "0 none, 1 soft (at least aggressive), 2 panic.", *LEG)
TIER = _gauge("panic_tier", "The panic tier that rules, from 1; 0: none.", *LEG)
STOP_WANTED = _gauge(
    "stop_wanted", "1 where a protective stop ought to stand: position, liquidation price, enabled.", *LEG
)
STOP_STANDING = _gauge("stop_standing", "1 where a protective stop was read back from the exchange.", *LEG)
STOP_DISTANCE = _gauge("stop_distance_ratio", "Distance of the mark to the stop, of the mark.", *LEG)
STATE = _gauge("side_state", "1 for the present state and mode of the side.", *LEG, "state", "mode")
BLOCKED = _gauge("side_blocked", "1 for the gate that holds the side's discretion back now.", *LEG, "gate")
BLOCKED_FOR = _gauge("side_blocked_seconds", "For how long.", *LEG)
HALTED = _gauge("side_halted", "1 where discretion waits for the operator's resume.", *LEG)
PAUSED = _gauge("side_paused", "1 while the operator has paused it.", *LEG)
FLATTENING = _gauge("side_flattening", "1 while it is worked to zero by command.", *LEG)
DONE = _gauge("exit_done_ratio", "Share of the present exit that is closed.", *LEG)
ETA = _gauge("exit_eta_seconds", "Time to flat at the pace of the last minutes.", *LEG)
COST_SO_FAR = _gauge("exit_cost_so_far_ratio", "Cost against arrival so far, fees included; positive is a cost.", *LEG)

# Orders and money.
ORDERS = _counter("orders", "Orders decided, by mode and reason.", *LEG, "mode", "reason")
ENDS = _counter(
    "order_ends", "How orders ended: filled, part (some filled), unfilled, refused, unsent.", "mode", "reason", "end"
)
LIFE = _histogram("order_life_seconds", "From an order's decision to its end.", "mode")
FILLS = _counter("fills", "Trades of own orders and stops.", *LEG, "role")
FILLED = _counter("filled_notional", "What they closed, quote asset.", *LEG, "role")
SLIPPAGE = _histogram(
    "fill_slippage_ratio", "A trade's price against the mid at its order's decision; positive is a cost.", "mode"
)
FEES = _counter("fees", "Fees paid, in their asset.", "asset")
PNL = _gauge("realized_pnl", "Sum of realised profit of own trades since the start, quote asset.", *LEG)
EXITS = _counter("exits", "Exits that are over.", *LEG)
EXIT_COST = _histogram(
    "exit_cost_ratio", "Cost of exits that are over, against arrival, fees included; positive is a cost."
)
NOTICES = _counter("notices", "What the operator was to be told, by kind and severity.", "kind", "severity")

FAMILIES = tuple(one for one in tuple(globals().values()) if isinstance(one, Family))
