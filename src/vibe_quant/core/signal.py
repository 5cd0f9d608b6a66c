"""Asks a side's strategies, combines their votes by the policy, and throttles what is acted on."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, assert_never

from vibe_quant.core.strategies.port import (
    Needs,
    OrderEnd,
    Strategy,
    StrategyContext,
    Urgency,
    Vote,
    Wish,
    WorkingOrder,
)
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason
from vibe_quant.domain.rules import ZERO
from vibe_quant.domain.settings import SymbolSettings
from vibe_quant.domain.signal import ExitSignal
from vibe_quant.domain.strategy_settings import Policy, StrategyName

IMPROVE: Final = (SignalReason.LONG_BID_IMPROVE, SignalReason.SHORT_ASK_IMPROVE)
Ballot = tuple[Strategy, Vote]


class SignalEngine:
    """One a side; asked while the side has no order (``evaluate``) and while one works (``keep``).

    Of several votes to exit the one with the most strength x confidence x weight (the leader's under policy leader,
    the first named of equals) gives the order its form; it alone hears what became of it.  Risk stands over this
    engine and is not asked here.
    """

    __slots__ = (
        "_acted_at",
        "_asked",
        "_offered",
        "_only",
        "_s",
        "_side",
        "_strategies",
        "_symbol",
        "_throttled",
        "_weights",
    )

    def __init__(
        self, symbol: str, side: PositionSide, strategies: tuple[Strategy, ...], settings: SymbolSettings
    ) -> None:
        self._symbol = symbol
        self._side = side
        self._strategies = strategies
        self._only = strategies[0] if len(strategies) == 1 else None
        self._s = settings
        self._weights = {w.name: w.weight for w in settings.strategy.weights}
        self._acted_at: int | None = None
        self._throttled = False
        self._offered: Ballot | None = None
        self._asked: Strategy | None = None

    def reconfigure(self, settings: SymbolSettings) -> None:
        """Settings of the symbol whose execution and strategy are the same as before."""
        self._s = settings

    @property
    def needs(self) -> Needs:
        """What all strategies together have to be fed."""
        needs = [strategy.needs for strategy in self._strategies]
        return Needs(
            streams=tuple(dict.fromkeys(stream for need in needs for stream in need.streams)),
            depth_levels=max((need.depth_levels for need in needs), default=0),
            candles_min=tuple(sorted({minutes for need in needs for minutes in need.candles_min})),
        )

    def evaluate(self, ctx: StrategyContext, now: int) -> ExitSignal | None:
        """The signal of this moment; None: hold, or too soon after the last one acted on."""
        free_at = self._free_at()
        self._throttled = free_at is not None and now < free_at
        if self._throttled:
            return None
        if self._only is not None:
            return self._single(self._only, self._only.vote(ctx, now))
        ballots = [(strategy, strategy.vote(ctx, now)) for strategy in self._strategies]
        exits = [ballot for ballot in ballots if ballot[1].wish is Wish.EXIT]
        self._offered = self._chosen(exits) if exits and self._is_carried(exits) else None
        return None if self._offered is None else self._signal(self._offered, exits)

    @property
    def throttled(self) -> bool:
        """Whether the last ``evaluate`` was too soon after the last signal acted on."""
        return self._throttled

    @property
    def free_at(self) -> int | None:
        """When another signal may be acted on; None: none was acted on yet."""
        return self._free_at()

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:
        """None to leave the working order; else why to cancel it.  An order that no strategy asked for is left."""
        return None if self._asked is None else self._asked.keep(ctx, order, now)

    def acted(self, signal: ExitSignal, now: int) -> None:
        """The last signal given has become an order that left; one that no strategy asked for is passed over."""
        if self._offered is None or not signal.strategies:
            return
        self._acted_at = now
        self._asked, vote = self._offered
        self._asked.acted(vote, now)

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:
        """An order of the side has ended; told to the strategy that asked for it, if one did."""
        if self._asked is not None:
            self._asked.ended(reason, end, now)
            self._asked = None

    def deadline(self, now: int) -> int | None:
        """The earliest moment it wants to be asked again without news."""
        if self._only is not None and not self._throttled:
            return self._only.deadline(now)
        moments = [strategy.deadline(now) for strategy in self._strategies]
        if self._throttled:
            moments.append(self._free_at())
        return min((at for at in moments if at is not None and at > now), default=None)

    def _single(self, strategy: Strategy, vote: Vote) -> ExitSignal | None:
        """One strategy alone: its vote is the signal."""
        if vote.wish is not Wish.EXIT:
            self._offered = None
            return None
        self._offered = (strategy, vote)
        return self._signal(self._offered, [self._offered])

    def _free_at(self) -> int | None:
        return None if self._acted_at is None else self._acted_at + self._s.execution.min_signal_interval_ms

    def _is_carried(self, exits: list[Ballot]) -> bool:
        voters = len(self._strategies)
        match self._s.strategy.policy:
            case Policy.MAJORITY:
                return 2 * len(exits) > voters
            case Policy.WEIGHTED:
                whole = sum((self._weight(strategy.name) for strategy in self._strategies), ZERO)
                return whole > 0 and sum(map(self._force, exits), ZERO) >= self._s.strategy.threshold * whole
            case Policy.LEADER:
                return len(exits) == voters
            case _:
                assert_never(self._s.strategy.policy)

    def _chosen(self, exits: list[Ballot]) -> Ballot:
        leader = self._s.strategy.leader if self._s.strategy.policy is Policy.LEADER else None
        led = [ballot for ballot in exits if ballot[0].name is leader]
        return led[0] if led else max(exits, key=self._force)

    def _force(self, ballot: Ballot) -> Decimal:
        strategy, vote = ballot
        return vote.strength * vote.confidence * self._weight(strategy.name)

    def _weight(self, name: StrategyName) -> Decimal:
        return self._weights.get(name, Decimal(1))

    def _mode(self, vote: Vote) -> ExecutionMode | None:
        match vote.urgency:
            case Urgency.ROTATION:
                return None
            case Urgency.MAKER:
                return ExecutionMode.MAKER_ONLY
            case Urgency.AGGRESSIVE:
                taker_off = self._s.execution.maker_timeouts_to_escalate == 0
                stays_maker = taker_off and vote.reason in IMPROVE
                return ExecutionMode.MAKER_ONLY if stays_maker else ExecutionMode.AGGRESSIVE_LIMIT
            case _:
                assert_never(vote.urgency)

    def _signal(self, chosen: Ballot, exits: list[Ballot]) -> ExitSignal:
        (ruler, vote), execution = chosen, self._s.execution
        agreed = (strategy.name for strategy, _ in exits if strategy is not ruler)
        return ExitSignal(
            symbol=self._symbol,
            side=self._side,
            reason=vote.reason,
            mode=self._mode(vote),
            price=vote.price,
            at_touch=vote.at_touch,
            ttl_ms=vote.ttl_ms,
            no_ttl=vote.no_ttl,
            qty=vote.qty,
            own_cap=vote.own_cap,
            max_notional=vote.max_notional,
            qty_factor=vote.qty_factor,
            no_cooldown=vote.no_cooldown,
            counts=vote.urgency is Urgency.ROTATION,
            use_roi_mult=execution.use_roi_mult if vote.use_roi_mult is None else vote.use_roi_mult,
            use_accel_mult=execution.use_accel_mult if vote.use_accel_mult is None else vote.use_accel_mult,
            strategies=(ruler.name, *agreed),
        )
