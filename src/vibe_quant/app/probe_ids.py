"""Client ids of the probe's orders: the program's own prefix, in runs that are told from those of a service.

A service that starts after a probe was killed takes what is left for its own: orders are cancelled, a stop is adopted.
"""

from __future__ import annotations

from vibe_quant.app.clock import DIGITS

MARK = "p"
LENGTH = 7
"""The runs of a service have eight characters."""
SPAN = len(DIGITS) ** (LENGTH - 1)


def probe_run(wall_ms: int) -> str:
    """The token of a probe that begins now: its second in base 36, the same again after 69 years."""
    left, token = wall_ms // 1000 % SPAN, ""
    for _ in range(LENGTH - 1):
        left, digit = divmod(left, len(DIGITS))
        token = DIGITS[digit] + token
    return MARK + token


def is_probes(client_id: str, prefix: str) -> bool:
    """Whether a probe, of whatever run, chose the id of an order or a stop."""
    stop, own = f"{prefix}-ps-", f"{prefix}-"
    if client_id.startswith(stop):
        run = client_id.rpartition("-")[2].partition(".")[0]
    elif client_id.startswith(own):
        run = client_id.removeprefix(own).partition("-")[0]
    else:
        return False
    return len(run) == LENGTH and run.startswith(MARK)
