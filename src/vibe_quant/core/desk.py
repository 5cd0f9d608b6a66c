"""One symbol: its market, its risk, its managed sides, its dead-man's switch; passes each event to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vibe_quant.core.account import LegChange
from vibe_quant.core.dead_man import DeadMan
from vibe_quant.core.gate import FIRING
from vibe_quant.core.house import House
from vibe_quant.core.leg_news import LegNews
from vibe_quant.core.market import MarketView
from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.core.risk import RiskManager
from vibe_quant.core.side import Side
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide, Stream
from vibe_quant.domain.events import Candle, Depth, Mark, Quote, RulesLoaded, Trade
from vibe_quant.domain.intents import FetchRules, Intent
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.domain.settings import DeadManSettings, SymbolSettings

RULES_MS = 600_000
ANSWER_MS = 10_000
RETRY_MS = 2000


class Desk:
    """One a managed symbol.  ``margin`` computes what backs its crossed legs at this moment."""

    def __init__(
        self,
        house: House,
        symbol: str,
        settings: SymbolSettings,
        random: RandomSource,
        margin: Callable[[Desk], Margin | None],
    ) -> None:
        stale_ms = house.settings.shared.ws.stale_data_ms
        self.house = house
        self.symbol = symbol
        self.settings = settings
        self.view = MarketView(symbol, stale_ms)
        self.view.offset_ms = house.offset_ms
        self.rules: SymbolRules | None = None
        self.brackets: Brackets = ()
        self.risk = RiskManager(symbol, settings.risk, stale_ms, self.works)
        self.dead_man = DeadMan(symbol, settings.risk.dead_man, house.pacing.has_weight)
        self.news = LegNews(self)
        self._margin = margin
        self._random = random
        self.sides: dict[PositionSide, Side] = {}
        self.active: list[Side] = []
        self.rules_awaited = False
        """A market stream has come back, and the rules have not been read since."""
        self.rules_due_ms: int | None = None
        for side in settings.sides:
            self.add_side(side, settings)

    @property
    def working(self) -> list[Side]:
        """Sides that the configuration manages."""
        return [side for side in self.sides.values() if not side.gate.retired]

    def works(self, side: PositionSide) -> bool:
        """Whether the configuration manages the leg."""
        return side in self.sides and not self.sides[side].gate.retired

    def on_settings(self, settings: SymbolSettings | None, now: int) -> list[Intent]:
        """New settings of the symbol, its sides excepted; None: the configuration does not name it any more."""
        self.view.stale_ms = stale_ms = self.house.settings.shared.ws.stale_data_ms
        if settings is None:
            return self.dead_man.on_settings(DeadManSettings(), now)
        self.settings = settings
        out = self.risk.on_settings(settings.risk, stale_ms, now)
        return out + self.dead_man.on_settings(settings.risk.dead_man, now)

    def add_side(self, key: PositionSide, settings: SymbolSettings) -> None:
        """Begin to manage a leg."""
        self.sides[key] = Side(self, key, settings, self._random)

    def new_stop(self, side: PositionSide, settings: SymbolSettings) -> ProtectiveStopManager:
        """The keeper of a leg's protective stop."""
        ids, stop = self.house.stop_ids, settings.risk.protective_stop
        return ProtectiveStopManager(self.symbol, side, stop, self.rules, ids.new_id, ids.is_own)

    def on_quote(self, quote: Quote, now: int) -> list[Intent]:
        """Best bid and ask."""
        self.view.on_quote(quote, now)
        return self.pulse(now) if self.active else []

    def on_trade(self, trade: Trade, now: int) -> list[Intent]:
        """A public trade."""
        self.view.on_trade(trade, now)
        return self.pulse(now) if self.active else []

    def on_depth(self, depth: Depth, now: int) -> list[Intent]:
        """Levels of the book."""
        self.view.on_depth(depth, now)
        return self.pulse(now) if self.active else []

    def on_candle(self, candle: Candle, now: int) -> list[Intent]:
        """A one-minute candle."""
        self.view.on_candle(candle, now)
        return self.pulse(now) if self.active else []

    def on_mark(self, mark: Mark, now: int) -> list[Intent]:
        """A mark price: distances and tiers first, then whatever they cause."""
        if mark.exch_ms < self.view.mark_exch_ms:
            return []
        self.view.on_mark(mark, now)
        offset = self.house.offset_ms
        made = None if offset is None else mark.exch_ms - offset
        out = self._judged(self.risk.on_mark(mark.price, now, mark.source, made), now)
        return out + self.pulse(now)

    def on_rules(self, loaded: RulesLoaded, now: int) -> list[Intent]:
        """Rules, and brackets where they came too: what rests on a grid that is gone is withdrawn."""
        regrid = self.rules is not None and (self.rules.tick, self.rules.step) != (loaded.rules.tick, loaded.rules.step)
        self.rules = loaded.rules
        out: list[Intent] = []
        self.rules_due_ms = now + RULES_MS
        self.rules_awaited = False
        for side in self.working:
            out += side.stop.on_settings(side.settings.risk.protective_stop, loaded.rules, False, now)
            if side.ctx is not None:
                side.ctx.rules = loaded.rules
            if regrid:
                out += side.withdraw("the symbol's grid has changed", now)
        if loaded.brackets:
            self.brackets = loaded.brackets
            out += self._judged(self.risk.on_brackets(loaded.brackets, now), now)
        return out + self.pulse(now)

    def ask_rules(self, reason: str, now: int) -> list[Intent]:
        """Read the rules; asked again where no answer comes."""
        self.rules_due_ms = now + ANSWER_MS
        return [FetchRules(self.symbol, reason)]

    def on_rules_failed(self, now: int) -> list[Intent]:
        """The rules could not be read: again in two seconds."""
        self.rules_due_ms = now + RETRY_MS
        return []

    def on_stream(self, stream: Stream, up: bool) -> None:
        """A market socket came or went."""
        if up:
            self.view.stream_up(stream)
        else:
            self.view.stream_down(stream)

    def on_leg(self, side: PositionSide, change: LegChange | None, now: int) -> list[Intent]:
        """A leg's quantity, entry or margin may have changed; ``change`` None: by an own fill."""
        leg = self.house.account.leg(self.symbol, side)
        leverage = self.house.account.leverage.get(self.symbol)
        position = Position(
            self.symbol,
            side,
            leg.qty,
            leg.entry_price,
            leg.row_ms,
            leverage=leverage,
            margin_type=leg.margin_type,
            isolated_wallet=leg.isolated_wallet,
        )
        out = self._judged(self.risk.on_position(position, now), now)
        out += self.news.changed(side, change, now)
        if self.works(side):
            out += self.sides[side].stop.on_position(leg.qty, leg.known and (leg.qty > 0 or leg.is_flat), now)
        self.refresh()
        return out

    def on_margin(self, now: int) -> list[Intent]:
        """A wallet, a leverage, or another symbol's leg has changed."""
        return self._judged([], now)

    def on_positions_read(self, positions: tuple[Position, ...], request_ms: int, now: int) -> list[Intent]:
        """Liquidation prices as REST has them."""
        mine = [p for p in positions if p.symbol == self.symbol]
        return self._judged(self.risk.on_read(mine, request_ms, now), now)

    def tell_stops(self, tell: Callable[[ProtectiveStopManager], list[Intent]], now: int) -> list[Intent]:
        """News for the keepers of the managed legs' stops; where one turns out to fire, the side's order goes."""
        out: list[Intent] = []
        for side in self.working:
            out += tell(side.stop)
            if side.stop.firing(now):
                out += side.withdraw(FIRING, now)
        return out

    def pulse(self, now: int) -> list[Intent]:
        """Every active side looks once at everything."""
        out: list[Intent] = []
        for side in self.active:
            out += side.pulse(now)
        return out

    def tick(self, now: int) -> list[Intent]:
        """Time has passed."""
        out = self._judged(self.risk.on_timer(now), now)
        for side in self.sides.values():
            out += side.tick(now)
        out += self.news.tick(now)
        if self.rules_due_ms is not None and now >= self.rules_due_ms:
            out += self.ask_rules("read again every ten minutes, sooner where that failed", now)
        out += self.dead_man.on_timer(now)
        self.refresh()
        return out + self.pulse(now)

    def refresh(self) -> None:
        """Which sides have something to look after."""
        self.active = [side for side in self.sides.values() if side.is_active]

    def count_orders(self, now: int) -> list[Intent]:
        """Tell the dead-man's switch what rests; foreign conditional orders too, which it may cancel as well."""
        own = sum(1 for side in PositionSide for _ in self.house.orders.live(self.symbol, side))
        stops = max((side.stop.takeover.resting for side in self.working), default=0)
        return self.dead_man.on_orders(own, self.house.foreign.count(self.symbol) + stops, now)

    def deadline(self, now: int) -> int | None:
        """The earliest moment at which something is due without news."""
        moments = [self.risk.deadline(), self.dead_man.deadline(), self.news.deadline()]
        moments += [side.deadline(now) for side in self.sides.values()]
        moments.append(self.rules_due_ms)
        return min((at for at in moments if at is not None), default=None)

    def wake(self, now: int) -> int | None:
        """The earliest moment at which a strategy of an active side wants to be asked again."""
        first: int | None = None
        for side in self.active:
            at = side.signal.deadline(now)
            if at is not None and (first is None or at < first):
                first = at
        return first

    def avoid(self, side: PositionSide) -> Decimal | None:
        """Price of the other leg's own order, which this leg's must not meet."""
        other = self.sides.get(side.opposite)
        return None if other is None else other.own_price()

    def in_panic(self, side: PositionSide) -> bool:
        """The leg is being worked by panic."""
        return side in self.sides and self.sides[side].panic.state is not None

    def clear_other_leg(self, side: PositionSide, now: int) -> list[Intent]:
        """In panic the other leg's resting order makes way; an urgent one of its own does not."""
        other = self.sides.get(side.opposite)
        if other is None or other.execution.waiting is None or (other.plan is not None and other.plan.urgent):
            return []
        return other.withdraw("the other leg is in panic", now)

    def _judged(self, out: list[Intent], now: int) -> list[Intent]:
        """Risk has been told something: margin, flags and stops follow."""
        margin = self._margin(self)
        if margin is not None:
            out = out + self.risk.on_margin(margin, now)
        mark = self.view.mark
        for side in self.working:
            flag = self.risk.flag(side.side)
            out += side.panic.on_flag(flag, side.leg.qty, now)
            if mark is not None and flag.known and side.leg.qty > 0:
                out += side.stop.on_liquidation(flag.liq, mark, now)
        return out
