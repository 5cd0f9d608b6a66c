"""New settings while the program works: what each side takes of them, and what becomes of its order under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.core.desk import Desk
from vibe_quant.core.risk import CALM
from vibe_quant.core.side import Side
from vibe_quant.core.sync import interval_ms
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.rules import ZERO
from vibe_quant.domain.settings import Manage, Settings, SymbolSettings

if TYPE_CHECKING:
    from vibe_quant.core.engine import Engine


class Reload:
    """One an engine.  What needs a restart was refused before this.

    The whole account has the new settings when ``take`` returns.  An order under way keeps its price, quantity and
    life, and its end counts for nothing that the new settings count; it is withdrawn where it has no end of life,
    would close what the new settings keep, belongs to a panic that goes on by other settings, or to a leg that is not
    managed any more.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house

    def take(self, command: ev.Reload, now: int) -> list[Intent]:
        """The new settings, from now on."""
        before, settings = self._house.settings, command.settings
        self._house.settings = settings
        self._house.pacing.retune(settings.shared.rate_limit)
        self._house.sync.retune(interval_ms(settings), now)
        out: list[Intent] = []
        for desk in list(self._engine.desks.values()):
            one = settings.of(desk.symbol)
            out += desk.on_settings(one, now)
            for key in PositionSide:
                out += self._side(desk, key, one, command.drop_stops, now)
            out += desk.on_margin(now)  # panic and stops are judged by the new tiers before anything acts on the old
        self._meet(before, settings, now)
        return out

    def _side(
        self, desk: Desk, key: PositionSide, settings: SymbolSettings | None, drop_stops: bool, now: int
    ) -> list[Intent]:
        side = desk.sides.get(key)
        if settings is None or key not in settings.sides:
            return [] if side is None or side.gate.retired else _retire(side, now)
        if side is None or side.gate.retired:
            return self._welcome(desk, key, settings, now)
        out = side.stop.on_settings(settings.risk.protective_stop, desk.rulebook.rules, drop_stops, now)
        return out + side.reconfigure(settings, now)

    def _welcome(self, desk: Desk, key: PositionSide, settings: SymbolSettings, now: int) -> list[Intent]:
        """A leg is managed from now on: its side, and the keeper of its stop, are told what they have missed."""
        if key in desk.sides:
            _come_back(desk, desk.sides[key], settings)
            out = desk.risk.wake(now) + desk.sides[key].reconfigure(settings, now)
        else:
            desk.add_side(key, settings)
            out = desk.risk.wake(now)
        return out + desk.on_leg(key, None, now) + desk.sides[key].stop.on_user_stream(self._house.user_up, now)

    def _meet(self, before: Settings, settings: Settings, now: int) -> None:
        """What is managed from now on may be held already: the account is read at once."""
        for symbol, _ in settings.symbols:
            if symbol not in self._engine.desks:
                self._engine.desk(symbol)
                self._house.sync.soon(now, f"{symbol} is managed from now on")
        if settings.shared.manage is Manage.ALL is not before.shared.manage:
            self._house.sync.soon(now, "every position is managed from now on")


def _come_back(desk: Desk, side: Side, settings: SymbolSettings) -> None:
    """What the keeper of its stop knew is old: a new one finds what stands."""
    side.stop = side.gate.stop = desk.new_stop(side.side, settings)
    side.gate.retired = False


def _retire(side: Side, now: int) -> list[Intent]:
    side.gate.retired = True
    side.panic.on_flag(CALM, ZERO, now)  # it leaves panic, and does not hold up the other leg; said below
    text = (
        f"{side.symbol} {side.side} is not managed any more: its orders are cancelled, its protective stop is left "
        "standing at the exchange and not looked after."
    )
    notice = Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text, side.symbol, side.side)
    return [*side.withdraw("not managed any more", now), notice]
