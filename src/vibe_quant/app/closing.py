"""The end of a run: own orders are cancelled by the core, seen to be gone by REST, and only then the program leaves."""

from __future__ import annotations

import asyncio

from vibe_quant.app.inbox import Inbox
from vibe_quant.core.engine import Engine
from vibe_quant.domain import log_events as le
from vibe_quant.domain.settings import Settings
from vibe_quant.log import log
from vibe_quant.ports import Accepted, Exchange, Rejected

LOOK_S = 0.05
AGAIN_S = 0.5
UNKNOWN_SYMBOL = -1121


class Closing:
    """One a stop.  What it reads goes to the engine too, which cancels what it finds of ours."""

    def __init__(self, engine: Engine, exchange: Exchange, inbox: Inbox, settings: Settings) -> None:
        self._engine = engine
        self._exchange = exchange
        self._inbox = inbox
        self._timeout_s = settings.shared.stop_timeout_s
        self._seen: list[str] = []
        self._orders_gone = False

    async def see_through(self) -> bool:
        """True where every own order is known to be gone; False where the unit's stop timeout came first."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._gone()
        except TimeoutError:
            self._say_what_is_not_certain()
            return False
        log(le.STOPPED, text="stopped: no own order is live any more, as the exchange says; protective stops stand")
        return True

    def _say_what_is_not_certain(self) -> None:
        for symbol in self._engine.armed:
            text = (
                f"Stopping after {self._timeout_s} s, and the exchange's countdown of {symbol} is not known to be off: "
                "where it runs out it cancels every order there, and perhaps the protective stop with them. Start "
                "again, or look after the stop by hand."
            )
            log(le.COUNTDOWN_UNCERTAIN, symbol=symbol, after_s=self._timeout_s, text=text)
        if not self._orders_gone:
            left = self._seen or self._believed()
            which = ", ".join(left) or "not known which"
            text = (
                f"Stopping after {self._timeout_s} s without certainty: own orders may still rest at the exchange "
                f"({which}). They are small and reduce-only; the next start cancels them, or cancel them by hand. "
                "Protective stops stand."
            )
            log(le.ORDERS_UNCERTAIN, after_s=self._timeout_s, orders=",".join(left) or None, text=text)

    def _believed(self) -> list[str]:
        """Where the exchange has not answered: what the engine takes for live, or does not know the end of."""
        now = int(asyncio.get_running_loop().time() * 1000)
        desks = self._engine.desks.values()
        looks = [self._engine.look(desk.symbol, side, now) for desk in desks for side in desk.sides]
        return [look.order.client_id for look in looks if look is not None and look.order is not None]

    async def _gone(self) -> None:
        while not self._orders_gone:
            while not self._engine.quiet:
                await asyncio.sleep(LOOK_S)
            self._orders_gone = await self._verified()
            if not self._orders_gone:
                await asyncio.sleep(AGAIN_S)
        while self._engine.armed:
            await asyncio.sleep(LOOK_S)

    async def _verified(self) -> bool:
        """One read of each symbol's open orders; every symbol must answer, and none may list an order of ours."""
        self._seen = []
        for symbol in list(self._engine.desks):
            read = await self._exchange.open_orders(symbol)
            if isinstance(read, Rejected) and read.code == UNKNOWN_SYMBOL:
                continue  # where there is no contract, no order rests
            if not isinstance(read, Accepted):
                return False
            own = [o.client_id for o in read.value.orders if self._is_ours(o.client_id)]
            if own:
                self._seen += own
                self._inbox.put(read.value)
        return not self._seen

    def _is_ours(self, client_id: str) -> bool:
        """An order of ours that a stop has not sent: what a fired stop sends ends by itself."""
        house = self._engine.house
        return house.is_own(client_id) and not house.stop_ids.is_own(client_id)
