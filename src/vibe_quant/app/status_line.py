"""The one line that the service manager shows for the service (systemctl status): venue, positions, what is wrong."""

from __future__ import annotations

from vibe_quant.domain.status import LegStatus, Status
from vibe_quant.log import printable

LONGEST = 400
LEGS = 4
"""More than these are counted; the nearest to liquidation come first."""


def status_line(status: Status) -> str:
    """In words, at most ``LONGEST`` characters, on one line."""
    held = sorted((leg for leg in status.legs if leg.qty), key=lambda leg: (leg.dist is None, leg.dist or 0))
    parts = [f"{status.venue}, {status.phase}", *_wrong(status), *(_leg(leg) for leg in held[:LEGS])]
    if len(held) > LEGS:
        parts.append(f"and {len(held) - LEGS} more positions")
    if status.legs and not held:
        parts.append("no managed position")
    return cut("; ".join(parts))


def cut(text: str) -> str:
    """Printable, and not longer than the manager shows."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _wrong(status: Status) -> list[str]:
    """What concerns the whole account."""
    down = [stream.name for stream in status.streams if not stream.up]
    found = [f"paused: {', '.join(status.paused)}"] if status.paused else []
    if status.held:
        found.append(f"held: {status.held}")
    if status.breaker_open:
        found.append("REST breaker open")
    if status.journal_trouble:
        found.append(f"journal: {status.journal_trouble}")
    if down:
        found.append(f"streams down: {', '.join(down)}")
    return found


def _leg(leg: LegStatus) -> str:
    where = "liquidation not known" if leg.dist is None else f"{leg.dist * 100:.2f} % from liquidation"
    stop = "stop stands" if leg.stop_standing else "NO STOP"
    why = leg.halted or leg.blocked
    return f"{leg.symbol} {leg.side} {leg.qty:f}, {where}, {stop}" + (f", waits: {why}" if why else "")
