"""The control commands: what is true at the exchange, what shall go wrong, and what did; plain data in and out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Protocol
from urllib.parse import unquote

from vibe_quant.sim.front.bare_legs import BareLegs
from vibe_quant.sim.front.faults import Deck, FaultError, FaultPlan, Strike, catalogue, read_faults
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.http import HttpResponse, Json, encode
from vibe_quant.sim.front.ledger import ledger, unprotected
from vibe_quant.sim.front.truth import Watched, newest, truth

COMMANDS = {
    "GET /state": "what is true at the exchange: account, orders, markets, sockets, limits, newest trades and strikes",
    "GET /orders": "every order that is remembered, finished ones too, conditional ones, and their trades",
    "GET /orders/PREFIX": "those whose client id begins so",
    "GET /unprotected": "from when to when a leg had too few stops",
    "GET /faults": "the faults that are declared",
    "POST /faults": "declare more: a list, or one",
    "DELETE /faults": "forget all; what lasts ends",
    "DELETE /faults/NAME": "forget one",
    "POST /act": "let one thing happen now: a declaration without when",
    "GET /log": "what the faults did",
    "GET /catalogue": "every kind of fault, as Markdown",
}


class Controlled(Watched, Deck, Protocol):
    """The box as the control commands see it."""

    @property
    def plan(self) -> FaultPlan:
        """Its faults."""
        ...

    @property
    def bare_legs(self) -> BareLegs:
        """When legs had too few stops."""
        ...

    def advance(self, now: int) -> object:
        """Let happen what is due, and tell of it."""
        ...


class Control:
    """Answers 200 with what was asked for, 400 with ``problems``, 404 with the commands, 409 where an act failed."""

    def __init__(self, box: Controlled) -> None:
        self._box = box

    def handle(self, method: str, path: str, body: bytes, now: int) -> HttpResponse:
        """Work one command at ``now`` (epoch ms)."""
        target, _, name = path.removeprefix("/").partition("/")
        command = self._commands().get((method, target, bool(name)))
        if command is None:
            return _answer({"problems": [f"{method} {path} is no command"], "commands": COMMANDS}, 404)
        try:
            return command(unquote(name), body, now)
        except FaultError as error:
            return _answer({"problems": _texts(error.problems)}, 400)

    def _commands(self) -> dict[tuple[str, str, bool], Callable[[str, bytes, int], HttpResponse]]:
        return {
            ("GET", "state", False): self._state,
            ("GET", "orders", False): self._orders,
            ("GET", "orders", True): self._orders,
            ("GET", "unprotected", False): self._unprotected,
            ("GET", "faults", False): self._faults,
            ("POST", "faults", False): self._declare,
            ("DELETE", "faults", False): self._forget,
            ("DELETE", "faults", True): self._forget,
            ("POST", "act", False): self._act,
            ("GET", "log", False): self._log,
            ("GET", "catalogue", False): self._catalogue,
        }

    def _state(self, _name: str, _body: bytes, now: int) -> HttpResponse:
        return _answer({**truth(self._box, now), "struck": _strikes(newest(self._box.plan.struck))})

    def _orders(self, name: str, _body: bytes, _now: int) -> HttpResponse:
        return _answer(ledger(self._box, name))

    def _unprotected(self, _name: str, _body: bytes, _now: int) -> HttpResponse:
        return _answer({"unprotected": unprotected(self._box.bare_legs)})

    def _faults(self, _name: str, _body: bytes, _now: int) -> HttpResponse:
        rules = self._box.plan.rules
        declared: list[Json] = [
            {"name": rule.name, **rule.spec.model_dump(mode="json", exclude_defaults=True, exclude={"name"})}
            for rule in rules
        ]
        return _answer({"faults": declared})

    def _declare(self, _name: str, body: bytes, now: int) -> HttpResponse:
        specs = read_faults(_read(body))
        return _answer({"added": _texts(self._box.plan.add(specs, now))})

    def _forget(self, name: str, _body: bytes, now: int) -> HttpResponse:
        gone = self._box.plan.remove(now, name or None)
        if name and not gone:
            return _answer({"problems": [f"there is no fault {name!r}; GET /faults names them"]}, 404)
        return _answer({"removed": _texts(gone)})

    def _act(self, _name: str, body: bytes, now: int) -> HttpResponse:
        specs = read_faults(_read(body))
        for spec in specs:
            if not isinstance(spec, Act) or not spec.is_immediate:
                raise FaultError([f"{spec.kind}: only what happens by itself can be done at once; POST /faults waits"])
        struck = self._box.plan.struck
        before = len(struck)
        names = self._box.plan.add(specs, now, passing=True)
        self._box.advance(now)
        done = [strike for strike in struck[before:] if strike.fault in names]
        failed = [strike.hit for strike in done if strike.failed]
        return _answer({"problems": _texts(failed)} if failed else {"done": _strikes(done)}, 409 if failed else 200)

    def _log(self, _name: str, _body: bytes, _now: int) -> HttpResponse:
        return _answer({"struck": _strikes(self._box.plan.struck)})

    def _catalogue(self, _name: str, _body: bytes, _now: int) -> HttpResponse:
        return HttpResponse(200, catalogue().encode(), content_type="text/markdown")


def _answer(body: Json, status: int = 200) -> HttpResponse:
    return HttpResponse(status, encode(body))


def _texts(items: Sequence[str]) -> list[Json]:
    return list(items)


def _strikes(strikes: Sequence[Strike]) -> list[Json]:
    return [asdict(strike) for strike in strikes]


def _read(body: bytes) -> object:
    """JSON with exact numbers.

    Raises:
        FaultError: it is none.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FaultError([f"the body is no JSON: {error}"]) from None


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no number")
