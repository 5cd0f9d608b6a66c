"""Fills, exits, reports and whole batches as the text of messages."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import ExitCost, Report
from vibe_quant.telegram.fill_pile import FillSum
from vibe_quant.telegram.mailbox import Batch, Item, Ready
from vibe_quant.telegram.notices import Notices
from vibe_quant.telegram.wording import Html, Words, clock, date_and_time, safe

MOST_SHOWN = 12
"""Of one kind in a message; the others are counted."""
LATE_MS = 30_000
"""News older than this says when it was."""
BPS = Decimal(10_000)
Arrival = Callable[[str, PositionSide], Decimal | None]


class Cards:
    """``arrival`` gives the mid at which a side began to be worked, where it is known."""

    def __init__(self, words: Words, arrival: Arrival) -> None:
        self._words = words
        self._notices = Notices(words)
        self._arrival = arrival

    def batch(self, batch: Batch, now_ms: int) -> Html:
        """All of it in one text; ``now_ms`` epoch ms."""
        blocks = [self._fills(batch.fills)] if batch.fills else []
        blocks += [self._item(item, now_ms) for item in self._shown(batch)]
        more = sum(item.count for item in batch.items) - sum(item.count for item in self._shown(batch))
        if more:
            blocks.append(self._words.say("notice.more", count=more))
        if batch.dropped:
            blocks.append(self._words.say("notice.dropped", count=batch.dropped))
        return Html("\n\n".join(blocks))

    def exit(self, cost: ExitCost) -> Html:
        """The cost card of an exit."""
        words = self._words
        maker = words.percent(cost.maker_share)
        lines = [
            words.say("exit.head", leg=words.leg(cost.symbol, cost.side)),
            words.say(
                "exit.qty", closed=cost.closed_qty, start=cost.start_qty, span=words.span(cost.ended_ms - cost.begun_ms)
            ),
            words.say("exit.prices", average=words.number(cost.average), arrival=words.number(cost.arrival)),
            words.say("exit.cost", cost=words.signed(cost.cost_bps), slippage=words.signed(cost.slippage_bps)),
            words.say("exit.money", pnl=words.signed(cost.realized_pnl), fee=_money(cost.fee, cost.fee_asset)),
            words.say("exit.orders", orders=cost.orders, fills=cost.fills, maker=maker),
        ]
        return Html("\n".join([*lines, words.say("exit.lacking")] if cost.lacking else lines))

    def report(self, report: Report, head: str = "report.head") -> Html:
        """What a stretch of time has cost."""
        words = self._words
        maker = Decimal(report.maker_fills) / report.fills if report.fills else None
        fees = ", ".join(_money(fee, asset) for asset, fee in report.fees)
        lines = [
            words.say(head, since=date_and_time(report.since_ms), until=date_and_time(report.until_ms)),
            words.say(
                "report.trades",
                fills=report.fills,
                maker=words.percent(maker),
                orders=report.orders,
                refusals=report.refusals,
            ),
            words.say(
                "report.money",
                notional=words.number(round(report.notional, 2)),
                pnl=words.signed(report.realized_pnl),
                fees=Html(fees) if fees else words.say("none"),
            ),
            words.say("report.exits", count=len(report.exits)),
            *(self._exit_line(cost) for cost in report.exits[-MOST_SHOWN:]),
            words.say("report.alarms" if report.alarms else "report.no_alarms"),
            *(words.phrase(alarm) for alarm in report.alarms),
        ]
        return Html("\n".join(lines))

    def _exit_line(self, cost: ExitCost) -> Html:
        words = self._words
        line = words.say(
            "exit.line",
            leg=words.leg(cost.symbol, cost.side),
            closed=cost.closed_qty,
            average=words.number(cost.average),
            cost=words.signed(cost.cost_bps),
            pnl=words.signed(cost.realized_pnl),
        )
        return Html(f"{line} {words.say('exit.lacking')}") if cost.lacking else line

    def _shown(self, batch: Batch) -> tuple[Item, ...]:
        """The worst of them, the newest where they are alike, in the order in which they came."""
        if len(batch.items) <= MOST_SHOWN:
            return batch.items
        ranked = sorted(range(len(batch.items)), key=lambda at: (_weight(batch.items[at]), at), reverse=True)
        return tuple(batch.items[at] for at in sorted(ranked[:MOST_SHOWN]))

    def _item(self, item: Item, now_ms: int) -> Html:
        match item.content:
            case Notify():
                text = self._notices.card(item.content, item.count)
            case ExitCost():
                text = self.exit(item.content)
            case Ready():
                return item.content.text
        if now_ms - item.at_ms < LATE_MS:
            return text
        return Html(f"{text} {self._words.say('notice.late', at=clock(item.at_ms))}")

    def _fills(self, fills: tuple[FillSum, ...]) -> Html:
        if len(fills) == 1 and fills[0].only is not None:
            return self._fill(fills[0], dict(fills[0].only.facts))
        words = self._words
        since = clock(min(one.since_ms for one in fills))
        blocks = [words.say("fills.head", count=sum(one.count for one in fills), since=since)]
        blocks += [self._sum(one) for one in fills[:MOST_SHOWN]]
        if len(fills) > MOST_SHOWN:
            blocks.append(words.say("fills.more", count=len(fills) - MOST_SHOWN))
        return Html("\n".join(blocks))

    def _fill(self, fill: FillSum, facts: dict[str, str]) -> Html:
        words = self._words
        lines = [
            words.say(f"fill.closed.{fill.side.value}", symbol=words.symbol(fill.symbol)),
            words.say("fill.trade", qty=fill.qty, avg=words.number(fill.avg)),
            words.say(
                "fill.how",
                mode=words.named("mode", facts.get("mode", "")),
                role=words.named("role", facts.get("role", "unknown")),
                reason=words.named("reason", facts.get("reason", "")),
            ),
        ]
        return Html("\n".join([*lines, *self._money_lines(fill)]))

    def _sum(self, fill: FillSum) -> Html:
        words = self._words
        head = words.say(
            "fills.leg",
            leg=words.leg(fill.symbol, fill.side),
            count=fill.count,
            qty=fill.qty,
            avg=words.number(fill.avg),
        )
        return Html("\n".join([head, *self._money_lines(fill)]))

    def _money_lines(self, fill: FillSum) -> list[Html]:
        words = self._words
        fees = ", ".join(_money(fee, asset) for asset, fee in fill.fees.items())
        return [
            words.say("fill.money", pnl=words.signed(fill.pnl), fee=Html(fees) if fees else words.say("none")),
            words.say("fill.position", before=words.number(fill.before), after=words.number(fill.after)),
            self._cost(fill),
        ]

    def _cost(self, fill: FillSum) -> Html:
        """Positive is a cost; fees are shown apart."""
        arrival, avg = self._arrival(fill.symbol, fill.side), fill.avg
        if arrival is None or avg is None or arrival <= 0:
            return self._words.say("fill.cost.unknown")
        paid = arrival - avg if fill.side is PositionSide.LONG else avg - arrival
        return self._words.say("fill.cost", arrival=arrival, bps=self._words.signed(paid / arrival * BPS))


def _weight(item: Item) -> int:
    if not isinstance(item.content, Notify):
        return 2
    return {"info": 0, "warning": 1, "alarm": 2}[item.content.severity.value]


def _money(amount: Decimal, asset: str) -> Html:
    return safe(f"{amount.normalize():f} {asset}".rstrip())
