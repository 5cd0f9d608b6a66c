"""What is wanted of a leg's stops now: withdrawn, left alone, or one at the aim; and which step leads there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.core.stop_ledger import OwnStop
from vibe_quant.core.stop_plan import MOST, Keep, Place, Step, Wait, next_step, withdraw_step
from vibe_quant.core.stop_price import Aim, adopted, ahead, fresh_aim, half_price, next_aim
from vibe_quant.core.takeover import Need, Takeover
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.rules import SymbolRules

HOLD_MS = 5000
CLOSE_RETRY_MS = 30_000


@dataclass(frozen=True, slots=True)
class Through:
    """Even half the distance is beyond the mark: the price is going through."""


class StopCourse:
    """Position, liquidation and settings of one leg, and the aim that follows from them."""

    def __init__(self, side: PositionSide, settings: ProtectiveStopSettings, rules: SymbolRules | None) -> None:
        self.side = side
        self.rules = rules
        self.settings = settings
        self.enabled = settings.enabled
        self.aim: Aim | None = None
        self.qty: Decimal | None = None
        self.need: Need | None = None
        """What has to be covered; None: flat, or no liquidation price on the leg's side."""
        self._dropped = False
        self._liq: Decimal | None = None
        self._mark: Decimal | None = None
        self._hold_ms: int | None = None
        self._close_ms: int | None = None
        self._crowd_ms: int | None = None

    @property
    def holds(self) -> bool:
        """Whether a position is known to be open."""
        return self.qty is not None and self.qty > 0

    @property
    def wanted(self) -> bool:
        """Whether a stop of some kind has to stand."""
        return self.enabled and not self._dropped and self.need is not None

    @property
    def at_stake(self) -> bool:
        """Whether liquidation can come to a leg that wants a stop; also where the mark is beyond its price already."""
        return self.enabled and not self._dropped and self.holds and self._liq is not None

    def position(self, qty: Decimal) -> None:
        """The leg's quantity as confirmed; zero ends everything that was aimed at."""
        self.qty = qty
        self.need = self._needed()
        if qty <= 0:
            self.aim = self._hold_ms = self._close_ms = None
            self.enabled, self._dropped = self.settings.enabled, False

    def liquidation(self, liq: Decimal | None, mark: Decimal) -> None:
        """Ruling liquidation price (None: none) and mark."""
        self._liq, self._mark = liq, mark
        self.need = self._needed()

    def configure(self, settings: ProtectiveStopSettings, *, drop_stops: bool) -> bool:
        """New settings; False where they would switch the stop off while it is needed, which needs ``drop_stops``."""
        kept = self.enabled and not settings.enabled and self.holds and not drop_stops
        moved = settings.dist_to_liq != self.settings.dist_to_liq
        self.settings = settings
        if moved and self.aim is not None and self.need is not None and self.rules is not None:
            need, loosened = self.need, self.aim.loosened_ms  # the operator moves it: no patience is due
            self.aim = fresh_aim(self.side, need.liq, need.mark, settings, self.rules, loosened_ms=loosened)
        self.enabled = settings.enabled or kept
        self._dropped = not self.enabled and (drop_stops or self._dropped)
        return not kept

    def no_close(self, now: int) -> None:
        """The exchange says that a closePosition stop stands already (-4130): a quantity for half a minute."""
        self._close_ms = now + CLOSE_RETRY_MS

    def crowded(self, now: int) -> None:
        """The exchange takes no more stops (-4045): for half a minute one of our own that is out of place is enough."""
        self._crowd_ms = now + CLOSE_RETRY_MS

    def through(self, stops: Sequence[OwnStop], now: int) -> bool:
        """The exchange says that the aim would trigger at once (-2021): half the distance, or what stands in time.

        True where that was half the distance already.
        """
        need, aim = self.need, self.aim
        self._hold_ms = now + HOLD_MS
        if need is None or aim is None or self.rules is None or aim.half:
            self.aim = self._hold_ms = None
            return need is not None
        half = half_price(self.side, need.liq, need.mark, self.rules)
        kept = [s.trigger for s in stops if s.qty is None and ahead(self.side, need.liq, s.trigger)]
        self.aim = Aim(kept[0] if kept else half, need.liq, half=True, loosened_ms=aim.loosened_ms)
        return False

    def step(self, stops: Sequence[OwnStop], takeover: Takeover, now: int) -> Step | Through:
        """The next request for own ``stops``."""
        reason = self._withdrawal(takeover)
        if reason is not None:
            self.aim = None
            return withdraw_step(stops, reason)
        need = self.need
        if not self.wanted or need is None or takeover.held is not None:
            return Keep()
        if self.rules is None:
            return Wait()
        step = self._toward(self._aimed(stops, need, self.rules, now), stops, need, takeover, now)
        if isinstance(step, Place) and not ahead(self.side, step.trigger, need.mark):
            aim = fresh_aim(self.side, need.liq, need.mark, self.settings, self.rules)
            if not ahead(self.side, aim.price, need.mark):
                return Through()
            step = self._toward(aim, stops, need, takeover, now)
        return step

    def deadline(self) -> int | None:
        """When a refusal's consequence ends."""
        return min((t for t in (self._hold_ms, self._close_ms) if t is not None), default=None)

    def _needed(self) -> Need | None:
        if self.qty is None or self.qty <= 0 or self._liq is None or self._mark is None:
            return None
        return Need(self.qty, self._liq, self._mark) if ahead(self.side, self._liq, self._mark) else None

    def _withdrawal(self, takeover: Takeover) -> str | None:
        if self.qty is not None and self.qty <= 0:
            return "the position is closed"
        if self._dropped:
            return "switched off by the operator"
        return "a stop of the user's own protects the leg" if takeover.confirmed else None

    def _aimed(self, stops: Sequence[OwnStop], need: Need, rules: SymbolRules, now: int) -> Aim:
        if self._hold_ms is not None and now >= self._hold_ms:
            self._hold_ms = None
        if self.aim is not None and self._hold_ms is not None:
            return self.aim
        if self.aim is not None:
            return next_aim(self.aim, self.side, need.liq, need.mark, self.settings, rules, now)
        standing = [s.trigger for s in stops if s.qty is None]
        if not standing:
            return fresh_aim(self.side, need.liq, need.mark, self.settings, rules)
        nearest = max(standing) if self.side is PositionSide.LONG else min(standing)
        left = adopted(self.side, nearest, self.settings)
        return next_aim(left, self.side, need.liq, need.mark, self.settings, rules, now)

    def _toward(self, aim: Aim, stops: Sequence[OwnStop], need: Need, takeover: Takeover, now: int) -> Step:
        self.aim = aim
        if self._close_ms is not None and now >= self._close_ms and not takeover.closing_stands:
            self._close_ms = None
        rules = self.rules
        qty = min(rules.floor_qty(need.qty), rules.market_max_qty) if rules is not None else need.qty
        most = MOST if self._crowd_ms is None or now >= self._crowd_ms else 1
        step = next_step(stops, self.side, aim.price, qty, close_allowed=self._close_ms is None, most=most)
        return Keep() if isinstance(step, Place) and step.qty == 0 else step
