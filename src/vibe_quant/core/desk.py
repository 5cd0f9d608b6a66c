"""One symbol: its market, rules, risk, pair of legs and dead-man's switch; passes each event to whom it concerns."""

from __future__ import annotations

from collections.abc import Callable

from vibe_quant.core.account import LegChange
from vibe_quant.core.dead_man import DeadMan
from vibe_quant.core.dead_man_feed import DeadManFeed
from vibe_quant.core.house import House
from vibe_quant.core.leg_news import LegNews
from vibe_quant.core.market import MarketView
from vibe_quant.core.pair import Pair
from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.core.risk import RiskManager
from vibe_quant.core.rulebook import Rulebook
from vibe_quant.core.side import Side
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide, Stream
from vibe_quant.domain.events import Mark, RulesLoaded
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.risk_settings import DeadManSettings
from vibe_quant.domain.settings import SymbolSettings


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
        self.rulebook = Rulebook(symbol)
        self.pair = Pair()
        self.sides = self.pair.sides
        self.risk = RiskManager(symbol, settings.risk, stale_ms, self.pair.works, house.reads.changed)
        self.dead_man = DeadMan(symbol, settings.risk.dead_man, house.pacing.has_weight)
        self.dead_man_feed = DeadManFeed(self)
        self.news = LegNews(self)
        self._margin = margin
        self._random = random
        for side in settings.sides:
            self.add_side(side, settings)

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
        return ProtectiveStopManager(self.symbol, side, stop, self.rulebook.rules, ids.new_id, ids.is_own)

    def on_mark(self, mark: Mark, now: int) -> list[Intent]:
        """A mark price: distances and tiers first, then whatever they cause."""
        if mark.exch_ms < self.view.mark_exch_ms:
            return []
        self.view.on_mark(mark, now)
        offset = self.house.offset_ms
        made = None if offset is None else mark.exch_ms - offset
        out = self._judged(self.risk.on_mark(mark.price, now, mark.source, made), now)
        return out + self.pair.pulse(now)

    def on_rules(self, loaded: RulesLoaded, now: int) -> list[Intent]:
        """Rules, and brackets where they came too: what rests on a grid that is gone is withdrawn."""
        regrid = self.rulebook.loaded(loaded, now)
        out: list[Intent] = []
        for side in self.pair.working:
            out += side.stop.on_settings(side.settings.risk.protective_stop, loaded.rules, False, now)
            if side.ctx is not None:
                side.ctx.rules = loaded.rules
            if regrid:
                out += side.withdraw("the symbol's grid has changed", now)
        if loaded.brackets:
            out += self._judged(self.risk.on_brackets(loaded.brackets, now), now)
        return out + self.pair.pulse(now)

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
        if self.pair.works(side):
            out += self.sides[side].stop.on_position(leg.qty, leg.known and (leg.qty > 0 or leg.is_flat), now)
        self.pair.refresh()
        return out

    def on_margin(self, now: int) -> list[Intent]:
        """A wallet, a leverage, or another symbol's leg has changed."""
        return self._judged([], now)

    def on_positions_read(self, positions: tuple[Position, ...], request_ms: int, now: int) -> list[Intent]:
        """Liquidation prices as REST has them."""
        mine = [p for p in positions if p.symbol == self.symbol]
        return self._judged(self.risk.on_read(mine, request_ms, now), now)

    def tick(self, now: int) -> list[Intent]:
        """Time has passed."""
        out = self._judged(self.risk.on_timer(now), now)
        for side in self.sides.values():
            out += side.tick(now)
        out += self.news.tick(now)
        out += self.rulebook.tick(now)
        out += self.dead_man.on_timer(now)
        self.pair.refresh()
        return out + self.pair.pulse(now)

    def deadline(self, now: int) -> int | None:
        """The earliest moment at which something is due without news."""
        moments = [self.risk.deadline(), self.dead_man.deadline(), self.news.deadline()]
        moments += [side.deadline(now) for side in self.sides.values()]
        moments.append(self.rulebook.due_ms)
        return min((at for at in moments if at is not None), default=None)

    def _judged(self, out: list[Intent], now: int) -> list[Intent]:
        """Risk has been told something: margin, flags and stops follow."""
        margin = self._margin(self)
        if margin is not None:
            out = out + self.risk.on_margin(margin, now)
        mark = self.view.mark
        for side in self.pair.working:
            flag = self.risk.flag(side.side)
            out += side.panic.on_flag(flag, side.leg.qty, now)
            if mark is not None and flag.known and side.leg.qty > 0:
                out += side.stop.on_liquidation(flag.liq, mark, now)
        return out
