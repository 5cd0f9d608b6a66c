"""How near liquidation each leg of a symbol is: computed at once, read back by REST, the nearer one ruling.

It owns the soft flag, the panic tier with its hysteresis, the wish for a REST mark or position read, and the gate
that keeps a slice of the smaller crossed leg from exposing the larger one.  Mode and size in panic: core/panic.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

from vibe_quant.core.liq_reading import LiqReading
from vibe_quant.core.liquidation import Leg, PriceMemo, Standing, distance, is_sound, larger_side, standing
from vibe_quant.core.panic import MARK_RETRY_MS, tier_at, wants_mark
from vibe_quant.domain.account import Position, unrealized_pnl
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import MarginType, NoticeKind, PositionSide, Severity, Source
from vibe_quant.domain.intents import FetchMark, Intent, Notify
from vibe_quant.domain.risk import Approved, Margin, Refused, RiskFlag, RiskLevel, Verdict
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.rules import Brackets

ZERO = Decimal(0)
RECOVERY = Decimal("1.1")
OLD_MARK_MS = 10_000
CALM = RiskFlag(RiskLevel.NONE, "no position")


class RiskManager:
    """Risk of one symbol, both legs.  Every input returns the intents it causes; ``now`` is monotonic ms.

    Notices and reads are for the legs that ``works`` says are worked; the other one only counts in the formula.
    ``ask_read`` is told when something has changed that a read of the positions has to follow.
    """

    def __init__(
        self,
        symbol: str,
        settings: RiskSettings,
        mark_stale_ms: int,
        works: Callable[[PositionSide], bool] = lambda _: True,
        ask_read: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.symbol = symbol
        self.settings = settings
        self._stale_ms = mark_stale_ms
        self._works = works
        self._warned: set[PositionSide] = set()
        self._rests = True
        """Nothing was worked at the last look, so that nothing was read."""
        self._legs: dict[PositionSide, Position] = {}
        """side -> what is held; a flat leg is absent"""
        self._margin: Margin | None = None
        self._brackets: Brackets = ()
        self._mark: tuple[Decimal, int] | None = None
        self._stream_mark_ms: int | None = None
        self._asked_mark_ms: int | None = None
        self._reading = LiqReading(symbol, ask_read)
        self._memos = {side: PriceMemo() for side in PositionSide}
        self._flags: dict[PositionSide, RiskFlag] = {}
        self._unjudged: dict[PositionSide, tuple[Decimal | None, int]] = {}
        """Prices that were read before it could be known whose they are, and when they were asked for."""

    def flag(self, side: PositionSide) -> RiskFlag:
        """The side's standing as of the last input."""
        return self._flags.get(side, CALM)

    def on_settings(self, settings: RiskSettings, mark_stale_ms: int, now: int) -> list[Intent]:
        """New thresholds and tiers, and the age from which a stream's mark is read by REST.

        What was reached by the old ones holds nothing by the new: the last distance is judged as if it were the first.
        """
        if settings != self.settings:
            self._flags = {side: _judged_by(settings, flag) for side, flag in self._flags.items()}
        self.settings = settings
        self._stale_ms = mark_stale_ms
        return self._judge(now)

    def wake(self, now: int) -> list[Intent]:
        """A leg is managed from now on: a mark from long ago, and what followed from it, say nothing of it."""
        if self._mark is not None and now - self._mark[1] >= OLD_MARK_MS:
            self._mark = self._stream_mark_ms = None
            self._flags.clear()
        return self._judge(now)

    def on_brackets(self, brackets: Brackets, now: int) -> list[Intent]:
        """Maintenance brackets were read."""
        self._brackets = brackets
        return self._judge(now)

    def on_position(self, position: Position, now: int) -> list[Intent]:
        """A leg as the account has it now; its own liquidation price is not looked at (see ``on_read``)."""
        leg = replace(position, liquidation_price=None, exch_ms=0)
        if self._legs.get(leg.side) == leg or (leg.qty <= 0 and leg.side not in self._legs):
            return []
        self._legs[leg.side] = leg
        if leg.qty <= 0:
            del self._legs[leg.side]
            self._reading.forget(leg.side)
        self._reading.changed(now)
        return self._judge(now)

    def on_margin(self, margin: Margin, now: int) -> list[Intent]:
        """What backs crossed positions; only a changed wallet asks for a read, the rest moves with every mark."""
        if margin == self._margin:
            return []
        if self._margin is None or self._margin.wallet != margin.wallet:
            self._reading.changed(now)
        self._margin = margin
        return self._judge(now)

    def on_mark(
        self, price: Decimal, now: int, source: Source = Source.STREAM, made_ms: int | None = None
    ) -> list[Intent]:
        """A mark price (> 0) that was received now, and made at ``made_ms`` (monotonic) where that is known."""
        self._mark = (price, now if made_ms is None else min(made_ms, now))
        if source is not Source.REST:
            self._stream_mark_ms = now
        return self._judge(now)

    def on_read(self, positions: Iterable[Position], request_ms: int, now: int) -> list[Intent]:
        """Legs as REST has them, asked for at ``request_ms``; those of other symbols and flat ones are passed over."""
        for position in positions:
            leg = self._legs.get(position.side)
            if position.symbol != self.symbol or position.qty <= 0 or leg is None:
                continue
            self._unjudged[position.side] = (position.liquidation_price, request_ms)
            self._reading.read(position.side, self._on_its_side(leg, position.liquidation_price), request_ms)
        self._reading.answered(request_ms)
        return self._judge(now)

    def on_timer(self, now: int) -> list[Intent]:
        """A read of the mark that is due, the alarm where nothing can be read."""
        return self._judge(now)

    def deadline(self) -> int | None:
        """The earliest moment at which ``on_timer`` has something to do."""
        if not self._is_needed():
            return None
        stale = -1 if self._stream_mark_ms is None else self._stream_mark_ms + self._stale_ms
        asked = -1 if self._asked_mark_ms is None else self._asked_mark_ms + MARK_RETRY_MS
        reading = self._reading.deadline()
        return max(stale, asked) if reading is None else min(max(stale, asked), reading)

    def permits_slice(self, side: PositionSide, qty: Decimal) -> Verdict:
        """Whether a discretionary slice may leave.

        Refused where, by the formula, the other crossed leg would be the larger one afterwards and within
        ``liq_distance_threshold`` of liquidation, or where that cannot be computed.  PnL realised by the slice at the
        mark is counted, its fee is not.
        """
        mine, other = self._legs.get(side), self._legs.get(side.opposite)
        if mine is None or other is None or other.qty <= max(mine.qty - qty, ZERO):
            return Approved()
        if MarginType.ISOLATED in (mine.margin_type, other.margin_type):
            return Approved()
        if self._mark is None or self._margin is None or not self._brackets:
            return Refused(Blocked.OTHER_UNREADABLE)
        mark = self._mark[0]
        left = replace(mine, qty=max(mine.qty - qty, ZERO))
        realized = unrealized_pnl(side, mine.qty - left.qty, mine.entry_price, mark)
        margin = replace(self._margin, wallet=self._margin.wallet + realized)
        after = standing(other.side, [_leg(left), _leg(other)], margin, self._brackets, mark)
        if after.dist is not None and after.dist <= self.settings.liq_distance_threshold:
            return Refused(Blocked.OTHER_NEAR)
        return Approved()

    def _judge(self, now: int) -> list[Intent]:
        self._settle_reads()
        out: list[Intent] = []
        for side in PositionSide:
            before, leg = self.flag(side), self._legs.get(side)
            self._flags[side] = flag = CALM if leg is None else self._flag(leg, before)
            out += self._soft_notice(side, flag)
        if not self._is_needed():
            self._reading.rest()
            self._rests = True
            return out
        if self._rests:
            self._rests = False
            self._reading.changed(now)
        out += self._reading.due(now, blind=any(not flag.known for flag in self._flags.values()))
        if wants_mark(self._stream_mark_ms, self._asked_mark_ms, self._stale_ms, now):
            self._asked_mark_ms = now
            out.append(FetchMark(self.symbol))
        return out

    def _is_needed(self) -> bool:
        """A leg that is worked holds something."""
        return any(map(self._works, self._legs))

    def _soft_notice(self, side: PositionSide, flag: RiskFlag) -> list[Intent]:
        works = self._works(side)
        near = works and flag.level is not RiskLevel.NONE
        if near is (side in self._warned):
            return []
        facts = (("dist", _text(flag.dist)), ("liq", _text(flag.liq)))
        if near:
            self._warned.add(side)
            text = (
                f"{self.symbol} {side} is {_text(flag.dist)} from liquidation; its orders are now at least aggressive."
            )
            return [Notify(NoticeKind.RISK, Severity.WARNING, text, self.symbol, side, facts)]
        self._warned.remove(side)
        text = f"{self.symbol} {side} is out of the liquidation warning: {flag.reason}."
        return [Notify(NoticeKind.RISK, Severity.INFO, text, self.symbol, side, facts)] if works else []

    def _flag(self, leg: Position, before: RiskFlag) -> RiskFlag:
        """The leg's flag; what cannot be known keeps the last value that there was."""
        if self._mark is None:
            return replace(before, known=False, reason="no mark price yet")
        mark, mark_ms = self._mark
        if leg.margin_type is MarginType.CROSSED and larger_side(self._group(leg)) is not leg.side:
            return RiskFlag(RiskLevel.NONE, "the smaller of two crossed legs has no liquidation price", mark_ms=mark_ms)
        computed = self._computed(leg)
        ruling = self._reading.ruling(leg.side, computed.price if computed else None, computed is not None)
        if ruling is None:
            return replace(before, known=False, reason="liquidation price neither read nor computable")
        liq = ruling.price
        dist = distance(leg.side, mark, liq) if liq is not None else (computed.dist if computed else None)
        return replace(_level(self.settings, dist, before), liq=liq, mark_ms=mark_ms)

    def _group(self, leg: Position) -> list[Leg]:
        """The legs that share the leg's margin."""
        return [
            _leg(p) for p in self._legs.values() if p is leg or p.margin_type is leg.margin_type is MarginType.CROSSED
        ]

    def _computed(self, leg: Position) -> Standing | None:
        """The leg by the formula; None where mark, wallet or brackets are missing."""
        margin = self._backs(leg)
        if self._mark is None or margin is None or not self._brackets:
            return None
        return standing(leg.side, self._group(leg), margin, self._brackets, self._mark[0], self._memos[leg.side])

    def _backs(self, leg: Position) -> Margin | None:
        return Margin(leg.isolated_wallet) if leg.margin_type is MarginType.ISOLATED else self._margin

    def _settle_reads(self) -> None:
        """A start reads prices before the first mark; whose they are is found out before they rule."""
        for side, (price, request_ms) in list(self._unjudged.items()):
            leg = self._legs.get(side)
            if leg is not None and self._computed(leg) is None:
                continue
            del self._unjudged[side]
            if leg is not None:
                self._reading.read(side, self._on_its_side(leg, price), request_ms)

    def _on_its_side(self, leg: Position, price: Decimal | None) -> Decimal | None:
        """A read price; none where it is a hedge's shared one, beyond the mark for this leg while margin is sound.

        Judged once, when it is read or as soon as it can be: a price that the mark reaches later is being gone through.
        """
        margin, group = self._backs(leg), self._group(leg)
        if price is None or self._mark is None or margin is None or not self._brackets or len(group) == 1:
            return price
        mark = self._mark[0]
        return None if distance(leg.side, mark, price) <= 0 and is_sound(group, margin, self._brackets, mark) else price


def _level(settings: RiskSettings, dist: Decimal | None, before: RiskFlag) -> RiskFlag:
    if dist is None:
        return RiskFlag(RiskLevel.NONE, "nothing can liquidate it")
    tiers = settings.panic_close.tiers if settings.panic_close.enabled else ()
    tier = tier_at(tiers, dist, before.tier)
    if tier is not None:
        return RiskFlag(RiskLevel.PANIC, f"panic tier {tier + 1}", dist, tier=tier)
    soft = settings.liq_distance_threshold
    if dist <= (soft if before.level is RiskLevel.NONE else soft * RECOVERY):
        return RiskFlag(RiskLevel.SOFT, "near liquidation", dist)
    return RiskFlag(RiskLevel.NONE, "far from liquidation", dist)


def _judged_by(settings: RiskSettings, flag: RiskFlag) -> RiskFlag:
    level = _level(settings, flag.dist, CALM)
    return replace(level, liq=flag.liq, mark_ms=flag.mark_ms, known=flag.known)


def _leg(position: Position) -> Leg:
    return Leg(position.side, position.qty, position.entry_price)


def _text(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")
