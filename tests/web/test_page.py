"""The page in a real browser over a service of canned pictures: drawn, live, honest about its age, and commanding."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.operations_fake import BLOCKED, BTC, ETH, LEG, NOW, STATUS, WITH_OTHERS, FakeOperations
from tests.web.browser import PHONE, WIDE, Sight, chromium, sight
from tests.web.stand import Stand, stand
from tests.web.test_trail import TICK, order, update

from vibe_quant.domain.enums import NoticeKind, OrderStatus, PositionSide, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.status import LegStatus, Status
from vibe_quant.web.page_files import FOLDER

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
CARD = f'[data-leg="{BTC} LONG"]'
MOVES = (0, 3, 7, 4, 9, 12, 8, 15, 13, 18, 22, 17)


class Moving(FakeOperations):
    """The price goes on at each picture."""

    steps = 0

    def status(self) -> Status:
        self.steps += 1
        off = Decimal(MOVES[self.steps % len(MOVES)]) / 10
        prices = {name: value + off for name in ("bid", "ask", "mark") if (value := getattr(LEG, name)) is not None}
        return replace(self.now, legs=(replace(LEG, **prices), *self.now.legs[1:]), now_ms=NOW + 250 * self.steps)


def busy(at: Stand) -> None:
    """Orders and fills to draw."""
    clock = at.front._trail._clock
    for number in range(6):
        now = clock.now_ms() - 60_000 + number * 9000
        sent = replace(order(number), price=Decimal("60910.2") + number * Decimal("0.3"))
        done = replace(update(OrderStatus.FILLED, "0.5", "0.5", sent.client_id), last_price=sent.price or Decimal(0))
        at.front.see(now, TICK, (sent,), None)
        at.front.see(now + 5000, replace(done, is_maker=number % 2 == 0), (), None)


@pytest.mark.parametrize(("size", "name"), [(WIDE, "wide"), (PHONE, "phone")])
async def test_the_page_draws_and_goes_on_drawing(size: tuple[int, int], name: str) -> None:
    async with stand(Moving()) as at, chromium() as browser:
        busy(at)
        for scheme in ("dark", "light"):
            async with sight(browser, at.link, size, scheme) as seen:
                await seen.reads("#age-text", "live")
                await seen.reads(CARD, "0.842 BTC")
                await seen.until(lambda s=seen: drawn(s), "a chart that changes")  # type: ignore[misc]
                await seen.until(lambda s=seen: moved(s), "a bid that changes")  # type: ignore[misc]
                await asyncio.sleep(3)  # what was there when it was opened has moved to the left
                assert await seen.newest(f"{CARD} .chart") > 3
                await seen.reads("#venue", "SIM")
                await seen.reads("#version", "v0.0")
                await seen.reads(CARD, "60,9")
                await seen.reads(CARD, "7.12 % away, at 56,574.3")
                await seen.reads(CARD, "15.8 % of 1")
                await seen.reads(CARD, "+1.84 bps")
                await seen.reads(CARD, "57,140")
                await seen.reads(f'[data-leg="{ETH} SHORT"]', "Held back for 1 min")
                await seen.reads("#streams", "market")
                assert (await seen.ink(f"{CARD} .ladder"))[1] > 500
                await seen.fits()
                await seen.shoot(f"fake-{name}-{scheme}", whole=size == PHONE)
                assert "token" not in seen.page.url


async def bid(seen: Sight) -> str:
    return await seen.page.locator(f"{CARD} .cell:has(span:text-is('Bid')) b").inner_text()


async def moved(seen: Sight) -> bool:
    before = await bid(seen)
    await asyncio.sleep(0.3)
    return await bid(seen) != before


async def drawn(seen: Sight) -> bool:
    before, inked = await seen.ink(f"{CARD} .chart")
    await asyncio.sleep(0.3)
    after, _ = await seen.ink(f"{CARD} .chart")
    return inked > 1500 and before != after


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_commands_ask_first_say_what_will_happen_and_arrive(size: tuple[int, int]) -> None:
    async with stand() as at, chromium() as browser, sight(browser, at.link, size) as seen:
        page = seen.page
        await seen.reads(CARD, "0.842 BTC")
        await page.click(f"{CARD} [data-act=flatten]")
        await seen.reads("#dialog", f"Flatten {BTC} LONG?")
        text = await page.inner_text("#dialog")
        for words in ("LONG 0.842 BTC", "SIM", "−277.27", "closed to zero", "Protective stops stay"):
            assert words in text
        await seen.shoot(f"flatten-{size[0]}")
        await page.click("#dialog-no")
        await page.click(f"{CARD} [data-act=flatten]")
        await page.keyboard.press("Escape")
        await page.click(f"{CARD} [data-act=flatten]")
        await page.keyboard.press("Enter")  # the focus is on Cancel
        await seen.until(lambda: hidden(seen), "the dialog's end")
        assert at.operations.calls == []
        await page.click(f"{CARD} [data-act=flatten]")
        await page.click("#dialog-yes")
        await seen.reads("#toasts", "done")
        assert at.operations.calls == [("flatten", BTC, PositionSide.LONG, "page")]
        for name, button in (
            ("pause", f"{CARD} [data-act=pause]"),
            ("resume", "#resume-all"),
            ("flatten", "#flatten-all"),
        ):
            await page.click(button)
            await page.click("#dialog-yes")
            await seen.until(lambda n=name: called(at, n), name)  # type: ignore[misc]
        assert at.operations.calls[1:] == [
            ("pause", BTC, None, "page"),
            ("resume", None, "page"),
            ("flatten", None, None, "page"),
        ]


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_what_is_held_and_not_managed_stands_apart_and_has_no_button(size: tuple[int, int]) -> None:
    operations = FakeOperations(now=WITH_OTHERS)
    async with stand(operations) as at, chromium() as browser, sight(browser, at.link, size) as seen:
        await seen.reads("#others", "SOL/USDT:USDT SHORT 12.5")
        await seen.reads("#others", "not managed: no orders, no stops of ours")
        await seen.reads("#others", "our stop at 0.51 was left standing when a reload took it out")
        await seen.reads("#facts", "Open sides\n2")
        assert await seen.page.locator("[data-leg]").count() == 2, "no card, and so no button, is one of theirs"
        assert await seen.page.locator("#others button").count() == 0
        await seen.fits()
        await seen.shoot(f"others-{size[0]}", whole=size == PHONE)
        await seen.page.click("#flatten-all")
        await seen.reads(
            "#dialog", "Not managed, and so left as it is: SOL/USDT:USDT SHORT 12.5, XRP/USDT:USDT LONG 300."
        )
        await seen.reads("#dialog", "All 2 open sides will be closed")
        await seen.page.click("#dialog-no")
        operations.now = STATUS
        await seen.until(lambda: gone(seen), "the list's end")


async def test_why_is_told_in_words_with_what_it_means() -> None:
    async with stand() as at, chromium() as browser, sight(browser, at.link, WIDE) as seen:
        await seen.reads(CARD, "0.842 BTC")
        await seen.page.click(f"{CARD} .why button")
        await seen.reads(f"{CARD} .why-more", "Acted last on: orderbook_price")
        await seen.reads(f"{CARD} .why-more", "It acts on the next quote or trade.")
        await seen.reads(f"{CARD} .why-more", "dist 7.12 % · left 4.9 s")


async def gone(seen: Sight) -> bool:
    return not await seen.page.is_visible("#others")


async def hidden(seen: Sight) -> bool:
    return not await seen.page.is_visible("#dialog")


async def called(at: Stand, name: str) -> bool:
    return at.operations.calls[-1][0] == name


async def test_without_the_token_one_may_look_and_is_asked_for_it() -> None:
    async with stand() as at, chromium() as browser, sight(browser, at.url, PHONE) as seen:
        page = seen.page
        await seen.reads(CARD, "0.842 BTC")
        for token, words in (("nonsense", "the token is wrong"), ("correct horse battery staple", "done")):
            await page.click(f"{CARD} [data-act=pause]")
            await page.fill("#dialog-token", token)
            await page.keyboard.press("Enter")
            await seen.reads("#toasts", words)
        assert at.operations.calls == [("pause", BTC, None, "page")]
        assert "correct" not in await page.content()
        seen.wrong.clear()  # the browser tells of the 401


async def test_a_page_that_gets_no_news_says_so_unmistakably_and_comes_back() -> None:
    async with chromium() as browser:
        async with stand() as first:
            context = sight(browser, first.link)
            seen = await context.__aenter__()
            await seen.reads("#age-text", "live")
            first.front._push._viewers.clear()  # connected, and silent
            await seen.reads("#alert", "No news from the service. What you see is")
            assert await seen.page.get_attribute("html", "data-link") == "stale"
            await seen.shoot("stale")
            port = int(first.url.rstrip("/").rpartition(":")[2])
        await seen.reads("#alert", "No connection to the service; trying again.")
        await seen.reads("#alert", "Trading does not depend on this page.")
        assert await seen.page.get_attribute("html", "data-link") == "lost"
        await seen.shoot("lost")
        async with stand(port=port):
            await seen.reads("#age-text", "live")
            assert not await seen.page.is_visible("#alert")
            seen.wrong.clear()  # the browser tells of each attempt
            await context.__aexit__(None, None, None)


async def test_what_comes_from_outside_is_text() -> None:
    blocked = replace(LEG, blocked=EVIL, halted=EVIL)
    operations = FakeOperations(replace(STATUS, held=EVIL, journal_trouble=EVIL, legs=(blocked, BLOCKED)))
    async with stand(operations) as at, chromium() as browser, sight(browser, at.link) as seen:
        at.front.notice(Notify(NoticeKind.RISK, Severity.ALARM, EVIL))
        await seen.reads("#events", "<img src=x")
        await seen.reads(CARD, "<script>")
        await seen.reads("#facts", "<script>")
        await seen.page.click(f"{CARD} .why button")
        await seen.reads(f"{CARD} .why-more", "3 × market data is stale")
        await seen.reads(f"{CARD} .why-more", "Acted last on: orderbook_price")
        assert await seen.page.title() == "SIM · vibe-quant"
        assert await seen.page.locator("img").count() == 0


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_live_and_danger_are_unmistakable(size: tuple[int, int]) -> None:
    near: LegStatus = replace(
        LEG, risk=RiskLevel.PANIC, dist=Decimal("0.0113"), panic_tier=0, stop_standing=False, upnl=Decimal("-3120.5")
    )
    halted = replace(BLOCKED, halted="five refusals in a row without a fill", paused=False)
    streams = tuple(replace(one, up=one.name != "user", reconnects=3) for one in STATUS.streams)
    status = replace(STATUS, venue="live", legs=(near, halted), streams=streams, level="rest", breaker_open=True)
    async with stand(FakeOperations(status)) as at, chromium() as browser, sight(browser, at.link, size) as seen:
        at.front.notice(Notify(NoticeKind.RISK, Severity.ALARM, "BTC/USDT:USDT LONG is 0.0113 from liquidation."))
        await seen.reads("#venue", "LIVE")
        await seen.reads(CARD, "NOT STANDING")
        await seen.reads(CARD, "panic, tier 1")
        await seen.reads("#streams", "user is down")
        await seen.reads("#facts", "only what protects is sent")
        await seen.fits()
        colour = await seen.page.locator("#venue").evaluate("e => getComputedStyle(e).backgroundColor")
        assert colour == "rgb(255, 77, 72)"
        await seen.shoot(f"danger-{size[0]}", whole=size == PHONE)


def test_the_scripts_are_well_formed() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on this machine: the scripts were not parsed")
    for script in sorted(FOLDER.glob("*.js")):
        found = subprocess.run([node, "--check", str(script)], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr
