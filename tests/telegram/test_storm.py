"""Ten thousand events in a minute: a bounded number of messages, risk first, exact sums, what is lost is said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tests.operations_fake import BTC, ETH
from tests.telegram.stage import settings, staged
from tests.telegram.test_cards import FILL, facts

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import Language, TelegramUser
from vibe_quant.telegram.cards import Cards
from vibe_quant.telegram.fill_pile import FillPile
from vibe_quant.telegram.front import Tempo
from vibe_quant.telegram.mailbox import Mailbox, Ready
from vibe_quant.telegram.pace import GROUP, PRIVATE, Limits, Pace
from vibe_quant.telegram.splitting import split
from vibe_quant.telegram.urgency import Urgency, urgency_of
from vibe_quant.telegram.wording import Html, Words

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def notice(kind: NoticeKind, severity: Severity, number: int) -> Notify:
    return Notify(kind, severity, f"{kind} number {number}", BTC, LONG)


def mixed(number: int) -> Notify:
    """Of a hundred events: ninety fills, and of the others one risk."""
    if number % 100 == 50:
        return notice(NoticeKind.RISK, Severity.ALARM, number)
    if number % 100 == 51:
        return notice(NoticeKind.MISMATCH, Severity.WARNING, number)
    if number % 100 >= 90:
        return notice(NoticeKind.LIFECYCLE, Severity.INFO, number)
    return FILL


@dataclass
class Storm:
    """One chat's mailbox and pace in time that the test moves; what left, and when."""

    limits: Limits

    def __post_init__(self) -> None:
        self.box, self.pace = Mailbox(), Pace(self.limits)
        self.cards = Cards(Words(Language.EN), lambda symbol, side: None)
        self.left: list[tuple[int, Urgency, str]] = []

    def put(self, one: Notify, now: int) -> None:
        urgency = urgency_of(one)
        if urgency is Urgency.FILL:
            self.box.put_fill(one, silent=False, at_ms=now)
        else:
            self.box.put(urgency, one, silent=False, at_ms=now)

    def send(self, now: int) -> None:
        waiting = self.box.waiting()
        if waiting and self.pace.wait_ms(waiting[0], now) == 0:
            for part in split(self.cards.batch(self.box.take(waiting[0]), now)):
                self.left.append((now, waiting[0], part))
                self.pace.sent(now)


def test_ten_thousand_events_in_a_minute() -> None:
    for limits, most in ((GROUP, 18), (PRIVATE, 30)):
        storm = Storm(limits)
        for number in range(10_000):
            now = number * 6
            storm.put(mixed(number), now)
            storm.send(now)
            assert len(storm.box._shelves[Urgency.LIFECYCLE].items) <= 100
        assert len(storm.left) <= most
        risks = [now for now, urgency, _ in storm.left if urgency is Urgency.RISK]
        assert len(risks) >= 15
        assert max(late - early for early, late in pairwise(risks)) <= limits.window_ms
        for now in range(60_000, 400_000, 50):
            storm.send(now)
        assert len(storm.box) == 0
        # Every fill is in a sum, to the last.
        fills = [text for _, urgency, text in storm.left if urgency is Urgency.FILL]
        told = sum(int(text.split(" fills")[0].removeprefix("<b>")) for text in fills if " fills" in text)
        told += sum("Closed LONG" in text for text in fills)
        assert told == 8800
        # What was lost is said as a number.
        said = [text for _, urgency, text in storm.left if urgency is Urgency.LIFECYCLE]
        dropped = sum(int(text.split(" messages of this kind were dropped")[0].split("\n")[-1]) for text in said)
        assert dropped == storm.box.dropped > 0


def test_risk_goes_before_whatever_waited_before_it() -> None:
    storm = Storm(PRIVATE)
    for kind, severity in [
        (NoticeKind.LIFECYCLE, Severity.INFO),
        (NoticeKind.FILL, Severity.INFO),
        (NoticeKind.EXIT_FINISHED, Severity.INFO),
        (NoticeKind.OPEN_ALERT, Severity.INFO),
        (NoticeKind.MISMATCH, Severity.WARNING),
        (NoticeKind.STOP, Severity.WARNING),
    ]:
        storm.put(notice(kind, severity, 1), 0)
    for now in range(0, 60_000, 100):
        storm.send(now)
    order = [urgency for _, urgency, _ in storm.left]
    assert order == [Urgency.RISK, Urgency.MISMATCH, Urgency.OPEN, Urgency.EXIT, Urgency.FILL, Urgency.LIFECYCLE]
    moments = [now for now, _, _ in storm.left]
    assert all(late - early >= 1000 for early, late in pairwise(moments))


def test_a_group_is_never_sent_more_than_twenty_a_minute_nor_two_a_second() -> None:
    storm = Storm(GROUP)
    for now in range(0, 600_000, 100):
        storm.put(notice(NoticeKind.RISK, Severity.ALARM, now), now)
        storm.box.put(Urgency.REPLY, Ready(Html(str(now))), silent=False, at_ms=now)
        for urgency in (Urgency.REPLY, Urgency.RISK):
            if storm.pace.wait_ms(urgency, now) == 0:
                storm.pace.sent(now)
                storm.left.append((now, urgency, ""))
    sent = [now for now, _, _ in storm.left]
    assert max(sum(start <= now < start + 60_000 for now in sent) for start in sent) <= 18
    assert min(late - early for early, late in pairwise(sent)) >= 1000


def test_what_is_the_same_is_folded_and_the_worst_is_shown() -> None:
    storm = Storm(PRIVATE)
    for number in range(30):
        storm.put(notice(NoticeKind.RISK, Severity.WARNING, number), 0)
    for _ in range(5):
        storm.put(notice(NoticeKind.HALT, Severity.ALARM, 1), 0)
    storm.send(0)
    ((_, _, text),) = storm.left
    assert "halt number 1" in text
    assert "(×5)" in text
    assert "and 19 more of this kind" in text
    assert "risk number 29" in text
    assert "risk number 3\n" not in text


def test_alarms_are_the_last_to_be_lost() -> None:
    box = Mailbox()
    box.put(Urgency.RISK, notice(NoticeKind.HALT, Severity.ALARM, 0), silent=False, at_ms=0)
    for number in range(1, 300):
        box.put(Urgency.RISK, notice(NoticeKind.RISK, Severity.INFO, number), silent=False, at_ms=0)
    batch = box.take(Urgency.RISK)
    assert batch.items[0].content == notice(NoticeKind.HALT, Severity.ALARM, 0)
    assert (len(batch.items), batch.dropped, box.dropped) == (200, 100, 100)
    for number in range(300):
        box.put(Urgency.RISK, notice(NoticeKind.RISK, Severity.ALARM, number), silent=False, at_ms=0)
    assert box.take(Urgency.RISK).items[0].content == notice(NoticeKind.RISK, Severity.ALARM, 100)


def test_fills_are_summed_by_side() -> None:
    pile = FillPile()
    for number in range(1, 4):
        pairs = facts(
            qty=f"0.{number}", avg=f"{100 + number}", pnl="-1.5", fee="0.1", fee_asset="USDT", before="1", after="0.5"
        )
        pile.add(Notify(NoticeKind.FILL, Severity.INFO, "", BTC, LONG, pairs), number)
    unpriced = facts(qty="2", avg="None", pnl="NaN", fee="0", before="9", after="7")
    pile.add(Notify(NoticeKind.FILL, Severity.INFO, "", ETH, SHORT, unpriced), 9)
    pile.add(Notify(NoticeKind.FILL, Severity.INFO, "of nobody"), 9)
    assert len(pile) == 4
    (btc, eth), dropped = pile.take()
    assert (btc.count, btc.qty, btc.pnl, btc.fees) == (3, Decimal("0.6"), Decimal("-4.5"), {"USDT": Decimal("0.3")})
    assert btc.avg == (Decimal("10.1") + Decimal("20.4") + Decimal("30.9")) / Decimal("0.6")
    assert (btc.before, btc.after, btc.since_ms, btc.only) == (Decimal(1), Decimal("0.5"), 1, None)
    assert (eth.avg, eth.qty, eth.pnl, eth.only) == (None, Decimal(2), Decimal(0), eth.only)
    assert (dropped, bool(pile)) == (0, False)


def test_sides_without_end_do_not_fill_the_memory() -> None:
    box = Mailbox()
    for number in range(600):
        one = Notify(NoticeKind.FILL, Severity.INFO, "", f"C{number}/USDT:USDT", LONG, facts(qty="1", avg="1"))
        box.put_fill(one, silent=True, at_ms=0)
    batch = box.take(Urgency.FILL)
    assert (len(batch.fills), batch.dropped, box.dropped, batch.silent) == (500, 100, 100, True)
    text = Cards(Words(Language.EN), lambda symbol, side: None).batch(batch, 0)
    assert "and 488 legs more" in text
    assert "100 messages of this kind were dropped" in text


async def test_a_storm_over_the_wire() -> None:
    """All at once, at a pace of one in 50 ms: over HTTP, by the library."""
    quick = Limits(each_ms=50, window_ms=500, routine=2, risk=3, replies=3)
    tempo = Tempo(private=quick, group=quick, long_poll_s=5, tick_s=0.02)
    async with staged(settings(allow=(TelegramUser(7, 7),)), tempo=tempo) as stage:
        await stage.api.message("is here")
        for number in range(10_000):
            stage.front.see(0, ev.Timer(0), [mixed(number)], None)
        await stage.until(lambda: stage.front.counts()[-1] == ("telegram_waiting", 0))
        sent = stage.api.sent()[1:]
        assert len(sent) <= 20
        assert "risk number 9950" in sent[0]
        assert any("<b>8800 fills</b>" in text for text in sent)
        assert all(len(text) <= 4096 for text in stage.api.sent())


async def test_a_reply_and_risk_take_turns() -> None:
    api_limits = Limits(each_ms=200, window_ms=60_000, routine=900, risk=950, replies=1000)
    tempo = Tempo(private=api_limits, group=api_limits, long_poll_s=5, tick_s=0.02)
    async with staged(settings(allow=(TelegramUser(7, 7),)), tempo=tempo) as stage:
        await stage.api.message("is here")
        for number in range(4):
            stage.front._reply(7, Ready(Html(f"reply {number}")))
        stage.front.see(0, ev.Timer(0), [notice(NoticeKind.RISK, Severity.ALARM, 1)], None)
        await stage.api.message("reply 3")
        kinds = ["risk" if "risk" in text else "reply" for text in stage.api.sent()[1:]]
        assert kinds.index("risk") <= 1
        assert kinds.count("reply") == 4


async def test_old_news_says_when_it_was() -> None:
    async with staged(settings(allow=(TelegramUser(7, 7),))) as stage:
        await stage.api.message("is here")
        stage.front._senders[7]._not_before = stage.clock.now_ms() + 300
        stage.front.see(0, ev.Timer(0), [notice(NoticeKind.RISK, Severity.ALARM, 1)], None)
        stage.clock.shift_ms += 61_000
        stage.front._senders[7].wake()
        await stage.api.message("(from 14:13:20 UTC)")
