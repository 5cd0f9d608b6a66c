"""What a person asked to see, as text: the service, its positions, why, settings, log lines."""

from __future__ import annotations

from vibe_quant.domain.status import ConfigChange, LegStatus, ReloadPlan, Status, Why
from vibe_quant.telegram.facts import fact
from vibe_quant.telegram.wording import Html, Words, clock, safe

MOST_LEGS = 25
MOST_CHANGES = 60


class Pictures:
    """In one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def status(self, status: Status, unauthorised: int, dropped: int) -> Html:
        """The service as a whole, and one line a side that holds something."""
        words = self._words
        say = words.say
        lines = [
            say("status.head", venue=words.named("venue", status.venue), version=status.version),
            say(
                "status.phase",
                phase=words.named("phase", status.phase),
                span=words.span(status.now_ms - status.started_ms),
            ),
            say("status.ready", ready=words.yes_no(status.ready), level=status.level),
            *self._troubles(status),
        ]
        if status.weight_used is not None and status.weight_limit is not None:
            lines.append(say("status.weight", used=status.weight_used, limit=status.weight_limit))
        lines += self._streams(status)
        held = [leg for leg in status.legs if leg.qty]
        lines += [Html(), *(self._leg_line(leg) for leg in held[:MOST_LEGS])] if held else [say("status.flat")]
        if len(held) > MOST_LEGS:
            lines.append(say("status.leg_more", count=len(held) - MOST_LEGS))
        lines += self._unmanaged(status)
        lines.append(say("status.telegram", unauthorised=unauthorised, dropped=dropped))
        return Html("\n".join(lines))

    def _troubles(self, status: Status) -> list[Html]:
        say, lines = self._words.say, []
        if status.paused:
            paused = Html(", ".join(map(self._words.phrase, status.paused)))
            lines.append(say("status.paused", paused=paused))
        if status.held is not None:
            lines.append(say("status.held", held=self._words.phrase(status.held)))
        if status.breaker_open:
            lines.append(say("status.breaker"))
        if status.journal_trouble:
            lines.append(say("status.journal", trouble=self._words.phrase(status.journal_trouble)))
        return lines

    def _streams(self, status: Status) -> list[Html]:
        words = self._words
        if not status.streams:
            return []
        each = ", ".join(
            words.say(
                "status.stream",
                name=words.named("stream", stream.name),
                up=words.say("status.up" if stream.up else "status.down"),
            )
            for stream in status.streams
        )
        return [words.say("status.streams", streams=Html(each))]

    def _leg_line(self, leg: LegStatus) -> Html:
        words = self._words
        line = words.say(
            "status.leg",
            leg=words.leg(leg.symbol, leg.side),
            qty=leg.qty,
            upnl=words.signed(leg.upnl),
            dist=words.percent(leg.dist),
        )
        state = self._state_lines(leg)
        return Html("\n".join([line, *state]))

    def positions(self, status: Status) -> Html:
        """Each managed side that holds something, and what is held beside them."""
        held = [leg for leg in status.legs if leg.qty]
        blocks = [self._leg(leg, status.now_ms) for leg in held[:MOST_LEGS]] or [self._words.say("status.flat")]
        if len(held) > MOST_LEGS:
            blocks.append(self._words.say("leg.more", count=len(held) - MOST_LEGS))
        others = self._unmanaged(status)
        if others:
            blocks.append(Html("\n".join(others)))
        return Html("\n\n".join(blocks))

    def _unmanaged(self, status: Status) -> list[Html]:
        """What is held and left alone, a line each."""
        words, found = self._words, status.unmanaged
        lines = []
        for leg in found[:MOST_LEGS]:
            key = "status.unmanaged" if leg.left_stop is None else "status.unmanaged_left"
            price = words.number(leg.left_stop)
            lines.append(words.say(key, leg=words.leg(leg.symbol, leg.side), qty=leg.qty, price=price))
        more = len(found) - MOST_LEGS
        return [*lines, words.say("status.unmanaged_more", count=more)] if more > 0 else lines

    def _leg(self, leg: LegStatus, now_ms: int) -> Html:
        words = self._words
        say, number = words.say, words.number
        lines = [
            Html(f"<b>{words.leg(leg.symbol, leg.side)}</b>"),
            say("leg.size", qty=leg.qty, entry=number(leg.entry), mark=number(leg.mark)),
            say("leg.pnl", upnl=words.signed(leg.upnl), cost=words.signed(leg.cost_bps)),
            say(
                "leg.risk",
                liq=say("none") if leg.liq is None else number(leg.liq),
                dist=words.percent(leg.dist),
                risk=words.named("risk", leg.risk.name),
            ),
            say("leg.nostop")
            if leg.stop_price is None
            else say("leg.stop", price=leg.stop_price, standing=words.yes_no(leg.stop_standing)),
            say("leg.state", state=words.named("state", leg.state.value), mode=words.named("mode", leg.mode.value)),
            *self._state_lines(leg),
            *self._progress(leg),
        ]
        if leg.blocked is not None:
            since = now_ms if leg.blocked_since_ms is None else leg.blocked_since_ms
            lines.append(say("leg.blocked", reason=words.phrase(leg.blocked), span=words.span(now_ms - since)))
        return Html("\n".join(lines))

    def _state_lines(self, leg: LegStatus) -> list[Html]:
        say, lines = self._words.say, []
        if leg.panic_tier is not None:
            lines.append(say("leg.panic", tier=leg.panic_tier + 1))
        if leg.halted is not None:
            lines.append(say("leg.halted", reason=self._words.phrase(leg.halted)))
        if leg.paused:
            lines.append(say("leg.paused"))
        if leg.flattening:
            lines.append(say("leg.flattening"))
        return lines

    def _progress(self, leg: LegStatus) -> list[Html]:
        words, lines = self._words, []
        if leg.order is not None:
            order = leg.order
            price = words.number(order.price)
            lines.append(words.say("leg.order", qty=order.qty, price=price, filled=order.filled))
        if leg.begun_qty is not None:
            eta = words.say("unknown") if leg.eta_s is None else words.span(leg.eta_s * 1000)
            lines.append(words.say("leg.progress", done=words.percent(leg.done), begun=leg.begun_qty, eta=eta))
        return lines

    def why(self, why: Why, now_ms: int) -> Html:
        """Why a side does what it does."""
        words = self._words
        reason = words.named("reason", why.reason) if why.acting else words.phrase(why.reason)
        lines = [
            words.say("why.head", leg=words.leg(why.symbol, why.side)),
            words.say("why.acting" if why.acting else "why.blocked", reason=reason),
        ]
        if why.since_ms is not None:
            lines.append(words.say("why.since", at=clock(why.since_ms), span=words.span(now_ms - why.since_ms)))
        if why.advice:
            lines.append(words.say("why.advice", text=words.phrase(why.advice)))
        lines += [fact(words, name, value) for name, value in why.inputs]
        if why.last_reason is not None and why.last_ms is not None:
            last = words.named("reason", why.last_reason)
            lines.append(words.say("why.last", reason=last, at=clock(why.last_ms)))
        if why.counts:
            lines.append(words.say("why.counts"))
            lines += [words.say("why.count", count=count, reason=words.phrase(gate)) for gate, count in why.counts]
        return Html("\n".join(lines))

    def config(self, scope: Html, knobs: tuple[ConfigChange, ...]) -> Html:
        """What rules; what differs from its default names that."""
        lines = [self._words.say("config.head", scope=scope)]
        for knob in knobs:
            key = "config.same" if knob.old == knob.new else "config.changed"
            lines.append(self._words.say(key, key=knob.key, old=knob.old, new=knob.new))
        return Html("\n".join(lines))

    def plan(self, plan: ReloadPlan) -> Html:
        """What a reload would change, or why it cannot be."""
        say = self._words.say
        if plan.problems:
            return Html("\n".join([say("reload.problems"), *map(self._words.phrase, plan.problems)]))
        if not plan.changes:
            return say("reload.none")
        lines = [say("reload.head")]
        lines += [
            say("reload.change", scope=one.scope, key=one.key, old=one.old, new=one.new)
            for one in plan.changes[:MOST_CHANGES]
        ]
        if len(plan.changes) > MOST_CHANGES:
            lines.append(say("notice.more", count=len(plan.changes) - MOST_CHANGES))
        lines += [say("reload.warning", text=self._words.phrase(warning)) for warning in plan.warnings]
        return Html("\n".join(lines))

    def logs(self, lines: tuple[str, ...]) -> Html:
        """Log lines, as they are."""
        if not lines:
            return self._words.say("logs.none")
        shown = (f"<code>{safe(line)}</code>" for line in lines)
        return Html("\n".join([self._words.say("logs.head", count=len(lines)), *shown]))

    def version(self, status: Status) -> Html:
        """Which program runs on what."""
        venue = self._words.named("venue", status.venue)
        hashed = status.config_hash[:12]
        return self._words.say("version", version=status.version, venue=venue, run=status.run, hash=hashed)
