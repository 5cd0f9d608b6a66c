"""All sockets of the exchange: who is let in where, who hears what, and when they are pinged and closed."""

from __future__ import annotations

from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.streams.listen_keys import ListenKeys
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.front.streams.rooms import Rooms, tell
from vibe_quant.sim.front.streams.session import Place, Session
from vibe_quant.sim.front.streams.stream_paths import NoSuchPath, read_target
from vibe_quant.sim.front.streams.wire import HubLimits, Wire
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import NEVER

EXPIRED = "listenKeyExpired"


class Hub:
    """A Publisher, and the door for sockets.

    It lets the time of the listen key pass too, and takes over ``keys.on_gone`` to tell those who listen to the key
    that went.
    """

    def __init__(self, keys: ListenKeys, limits: HubLimits | None = None, switches: Switches | None = None) -> None:
        self._keys = keys
        self._switches = switches or Switches()
        self._limits = limits or HubLimits()
        self._public: Rooms = {}
        self._market: Rooms = {}
        self._private: Rooms = {}
        self._sessions: dict[int, Session] = {}
        self._opened = 0
        self._due: int | None = None
        keys.on_gone = self._expired

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every open socket, oldest first."""
        return tuple(self._sessions.values())

    @property
    def due(self) -> int:
        """When ``advance`` has something to do (epoch ms); far away where there is nothing."""
        if self._due is None:
            self._due = min((session.due for session in self._sessions.values() if not session.frozen), default=NEVER)
        return min(self._due, self._keys.due)

    def carries(self, path: str) -> bool:
        """Whether a handshake at this path succeeds."""
        try:
            read_target(path, "")
        except NoSuchPath:
            return False
        return True

    def open(self, path: str, query: str, wire: Wire, now: int) -> Session:
        """A socket, its handshake done.

        Raises:
            NoSuchPath: the handshake should have got 404.
        """
        target = read_target(path, query)
        self._opened += 1
        place = Place(self._opened, path, target, self._rooms_of(target.cls))
        session = Session(place, wire, self._limits, now, self._changed)
        if not session.closed:
            self._sessions[session.number] = session
        self._due = None
        return session

    def advance(self, now: int) -> None:
        """Let due pings and closes happen, and the listen key expire."""
        if now < self.due:
            return
        self._keys.advance(now)
        for session in self.sessions:
            if now >= session.due:
                session.advance(now)
        self._due = None

    def wanted(self, cls: StreamClass, stream: str) -> bool:
        """Whether anybody listens to ``stream`` on the class where it travels."""
        return stream in self._routed(cls)

    def publish(self, cls: StreamClass, stream: str, payload: bytes) -> None:
        """Send one raw payload to all who listen to it; wrapped for those in stream mode."""
        room = self._routed(cls).get(stream)
        if room is not None:
            tell(room, payload)

    def push_user(self, name: str, payload: bytes) -> None:
        """Send one user event to the sockets of the live listen key that did not leave it out: all, or the newest."""
        key = self._keys.live
        if key is not None:
            for session in self._sockets_of(key):
                if session.hears(key, name):
                    session.tell_user(key, payload)

    def _sockets_of(self, key: str) -> list[Session]:
        """Those that asked for any event of it, oldest first."""
        asked = [session for session in self._sessions.values() if session.asked_for(key)]
        return asked if self._switches.every_socket_of_key_hears else asked[-1:]

    def close_all(self, code: int, reason: str) -> None:
        """Close every socket in order."""
        for session in self.sessions:
            session.close(code, reason)

    def _expired(self, key: str, now: int) -> None:
        payload = encode({"e": EXPIRED, "E": now, "listenKey": key})
        filtered = self._switches.events_filter_drops_key_expired
        for session in self.sessions:
            if session.hears(key, EXPIRED) if filtered else session.asked_for(key):
                session.tell_user(key, payload)

    def _routed(self, cls: StreamClass) -> Rooms:
        if cls is StreamClass.PUBLIC:
            return self._public
        return self._market if cls is StreamClass.MARKET else self._private

    def _rooms_of(self, cls: StreamClass | None) -> Rooms:
        if cls is not None:
            return self._routed(cls)
        return self._public if self._switches.unrouted_carries_public else {}

    def _changed(self, session: Session) -> None:
        if session.closed:
            self._sessions.pop(session.number, None)
        self._due = None
