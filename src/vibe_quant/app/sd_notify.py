"""The service manager's notify protocol: datagrams to the socket that it names, sent at once or not at all."""

from __future__ import annotations

import socket
from collections.abc import Mapping, MutableMapping

from vibe_quant.domain import log_events as le
from vibe_quant.log import log

SOCKET = "NOTIFY_SOCKET"
WATCHDOG_US = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"
VARIABLES = (SOCKET, WATCHDOG_US, WATCHDOG_PID)
US = 1_000_000


class NotifySocket:
    """Where the service manager listens; a message that does not get through is said once and holds nothing up."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._name = "\0" + address[1:] if address.startswith("@") else address
        self._deaf = False

    def send(self, *lines: str) -> bool:
        """One message of lines NAME=value; False: it did not get through."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
                ours.setblocking(False)
                ours.sendto("\n".join(lines).encode(), self._name)
        except (OSError, ValueError) as error:
            if not self._deaf:
                reason = getattr(error, "strerror", None) or type(error).__name__
                text = f"the service manager does not listen at {self.address} ({reason}); trading goes on. Where it "
                text += "hears nothing for its whole watchdog time it restarts the service: see the unit's Type="
                log(le.NOTIFY_LOST, text=text)
            self._deaf = True
            return False
        self._deaf = False
        return True


def notify_socket(environment: Mapping[str, str]) -> NotifySocket | None:
    """The socket that the environment names, by path or (with @) in the abstract namespace; None: there is none."""
    address = environment.get(SOCKET, "")
    if not address:
        return None
    if address[0] not in "/@" or len(address) < 2:
        log(le.NOTIFY_LOST, text=f"{SOCKET} is {address!r}, no Unix socket: the service manager hears nothing of us")
        return None
    return NotifySocket(address)


def watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """How long the service manager's watchdog waits, seconds; None: none waits for the process ``pid``."""
    text = environment.get(WATCHDOG_US, "")
    if not text or environment.get(WATCHDOG_PID, str(pid)) != str(pid):
        return None
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        log(le.NOTIFY_LOST, text=f"{WATCHDOG_US} is {text!r}, which is no time: the watchdog is not fed")
        return None
    return int(text) / US


def withheld(environment: MutableMapping[str, str]) -> dict[str, str]:
    """A copy of it; in itself nothing is left of the service manager, for no child is to speak in our name."""
    copy = dict(environment)
    for name in VARIABLES:
        environment.pop(name, None)
    return copy
