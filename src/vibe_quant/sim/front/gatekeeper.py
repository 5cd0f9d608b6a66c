"""What becomes of a request: which endpoint it reaches, whether it is let in, and the answer it gets whatever it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vibe_quant.sim.front.auth import Keys
from vibe_quant.sim.front.endpoint import Call, Endpoint, Security
from vibe_quant.sim.front.http import HttpRequest, HttpResponse, encode, error_body
from vibe_quant.sim.front.limits import Limits, Throttled
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.past_views import PastViews
from vibe_quant.sim.records import Rejected
from vibe_quant.sim.switches import Switches

USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
ORDERS_10S = "X-MBX-ORDER-COUNT-10S"
ORDERS_1M = "X-MBX-ORDER-COUNT-1M"
OVERLOADED = -1008


@dataclass(frozen=True, slots=True)
class _Cost:
    weight: int = 1
    orders: tuple[int, int] = (0, 0)


class Gate:
    """The routing table with the guards before it.

    ``calls`` counts the requests that reached each endpoint (``"POST /fapi/v1/order"``), refused ones too.  What a
    handler raises beside ``Rejected`` is a defect: without ``on_defect`` it is raised on, with it it is handed over
    and the client is told no more than 503 and -1000.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        keys: Keys,
        limits: Limits,
        switches: Switches | None = None,
        on_defect: Callable[[Exception], None] | None = None,
    ) -> None:
        """Raises ValueError: two endpoints of one method and path."""
        self.keys = keys
        self.limits = limits
        self.calls: Counter[str] = Counter()
        self.on_defect = on_defect
        self.past = PastViews()
        self._switches = switches or Switches()
        self._table: dict[tuple[str, str], Endpoint] = {}
        for endpoint in endpoints:
            if (endpoint.method, endpoint.path) in self._table:
                raise ValueError(f"{endpoint.method} {endpoint.path} stands twice in the routing table")
            self._table[endpoint.method, endpoint.path] = endpoint

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The rows of the routing table."""
        return tuple(self._table.values())

    def endpoint(self, request: HttpRequest) -> Endpoint | None:
        """The row that a request reaches; None: there is none."""
        return self._table.get((request.method, request.path))

    def answer(self, request: HttpRequest, now: int, behind_ms: int = 0) -> HttpResponse:
        """Work one request at ``now`` (epoch ms); a read shows how things were ``behind_ms`` ago."""
        try:
            return self._answer(request, now, behind_ms)
        except Rejected as refusal:
            return self._refused(refusal, request, now)

    def no_such_path(self, request: HttpRequest, now: int) -> HttpResponse:
        """The 404 of a path and method that nothing answers."""
        path = request.path.encode(errors="replace").decode()
        method = request.method.encode(errors="replace").decode()
        refusal = Rejected(-5000, f"Path {path}, Method {method} is invalid", 404)
        return self._refused(refusal, request, now)

    def _answer(self, request: HttpRequest, now: int, behind_ms: int) -> HttpResponse:
        self.limits.admit(request.ip, now)
        endpoint = self.endpoint(request)
        if endpoint is None:
            self.limits.charge(request.ip, 1, now)
            return self.no_such_path(request, now)
        self.calls[f"{endpoint.method} {endpoint.path}"] += 1
        params, cost = self._read(endpoint, request, now)
        self.limits.charge(request.ip, cost.weight, now)
        call = Call(params, now, self._identified(endpoint, request, params, now))
        self.limits.count_orders(cost.orders, now)
        return self._worked(endpoint, call, cost, request.ip, behind_ms)

    def _read(self, endpoint: Endpoint, request: HttpRequest, now: int) -> tuple[Params, _Cost]:
        try:
            body = b"" if request.method == "GET" else request.body  # a GET's parameters stand in its query
            params = Params.parse(request.query, body)
            return params, _Cost(endpoint.weigh(params), endpoint.count(params))
        except Rejected:
            self.limits.charge(request.ip, 1, now)  # what cannot be weighed is not free
            raise

    def _identified(self, endpoint: Endpoint, request: HttpRequest, params: Params, now: int) -> str:
        if endpoint.security is Security.NONE:
            return ""
        pair = self.keys.identify(request)
        if endpoint.security is Security.SIGNED:
            self.keys.verify(pair, request, params, now)
        return pair.key

    def _worked(self, endpoint: Endpoint, call: Call, cost: _Cost, ip: str, behind_ms: int) -> HttpResponse:
        counted = cost.orders != (0, 0)
        try:
            body = encode(self.past.answer(endpoint, call, behind_ms))
        except Rejected as refusal:
            if refusal.code == OVERLOADED:
                self.limits.forgive(ip, cost.weight, cost.orders, call.now)
            headers = self._headers(ip, call.now, counted and self._switches.rejected_orders_show_counts)
            return HttpResponse(refusal.http, error_body(refusal.code, refusal.message), headers)
        except Exception as defect:
            if self.on_defect is None:
                raise
            self.on_defect(defect)
            text = "An unknown error occured while processing the request."
            return HttpResponse(503, error_body(-1000, text), self._headers(ip, call.now, counted))
        return HttpResponse(200, body, self._headers(ip, call.now, counted))

    def _refused(self, refusal: Rejected, request: HttpRequest, now: int) -> HttpResponse:
        headers = self._headers(request.ip, now, counted=False)
        if isinstance(refusal, Throttled):
            headers["Retry-After"] = refusal.retry_after
        return HttpResponse(refusal.http, error_body(refusal.code, refusal.message), headers)

    def _headers(self, ip: str, now: int, counted: bool) -> dict[str, str]:
        headers = {USED_WEIGHT: str(self.limits.used_weight(ip, now))}
        if counted:
            tens, minute = self.limits.order_counts(now)
            headers |= {ORDERS_10S: str(tens), ORDERS_1M: str(minute)}
        return headers
