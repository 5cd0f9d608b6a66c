"""What reads of the account have shown a while ago, kept while a fault may answer from it."""

from __future__ import annotations

from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json

KEPT_MS = 60_000
OF_THE_REQUEST = frozenset({"timestamp", "signature", "recvwindow"})
"""Parameters that say nothing of what is read."""
Key = tuple[str, tuple[tuple[str, str], ...]]


class PastViews:
    """Each read that was asked for once is taken down again whenever the exchange has told of a change.

    All times are epoch ms.  While it is not ``kept`` nothing is taken down.
    """

    def __init__(self) -> None:
        self.kept = False
        self._asked: dict[Key, tuple[Endpoint, Call]] = {}
        self._views: dict[Key, list[tuple[int, Json]]] = {}

    def note(self, now: int) -> None:
        """Something has changed at ``now``."""
        if not self.kept:
            self._asked.clear()
            self._views.clear()
            return
        for key, (endpoint, call) in self._asked.items():
            views = self._views[key]
            views.append((now, endpoint.handler(Call(call.params, now, call.api_key))))
            while len(views) > 1 and views[1][0] < now - KEPT_MS:
                del views[0]

    def answer(self, endpoint: Endpoint, call: Call, behind_ms: int) -> Json:
        """The read as it would have been answered so long ago; as it is now where nobody had asked for it by then.

        Raises Rejected: it is refused now.
        """
        present = endpoint.handler(call)
        if not self.kept or endpoint.method != "GET":
            return present
        asked = sorted((name, value) for name, value in call.params.items() if name not in OF_THE_REQUEST)
        key = (endpoint.path, tuple(asked))
        views = self._views.setdefault(key, [(call.now, present)])
        self._asked[key] = (endpoint, call)
        if not behind_ms:
            return present
        return next((view for at, view in reversed(views) if at <= call.now - behind_ms), views[0][1])
