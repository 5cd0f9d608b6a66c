"""The page over the real program: what it shows is the engine's, and what it commands reaches it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.e2e.process import Run, begin
from tests.web.browser import PHONE, WIDE, Sight, chromium, sight

BTC, ETH = '[data-leg="BTC/USDT:USDT LONG"]', '[data-leg="ETH/USDT:USDT SHORT"]'
CONFIG = """
global:
  venue: sim
  web: {port: 0}
  log: {folder: '%s'}
  sim:
    scenario: calm
    seed: 7
    wallet: 5000
    positions:
      - {symbol: "BTC/USDT:USDT", side: LONG, qty: 0.3}
      - {symbol: "ETH/USDT:USDT", side: SHORT, qty: 6}
  strategy:
    names: [patient]
    patient: {horizon_s: 3600, child_s: 2, max_child_notional: 500}
  risk:
    liq_distance_threshold: 0.05
    panic_close: {enabled: true, tiers: [{dist_to_liq: 0.03, slice_ratio: 0.2}]}
symbols:
  "BTC/USDT:USDT": {sides: [LONG]}
  "ETH/USDT:USDT": {sides: [SHORT]}
"""
LINK = re.compile(r"http://127\.0\.0\.1:\d+/#token=\S+")


async def status(link: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{link.partition('#')[0]}api/status") as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def leg(link: str, symbol: str) -> dict[str, Any]:
    return next(one for one in (await status(link))["legs"] if one["symbol"].startswith(symbol))


@pytest.mark.parametrize(("size", "name"), [(WIDE, "wide"), (PHONE, "phone")])
async def test_it_is_drawn_lives_and_commands(tmp_path: Path, size: tuple[int, int], name: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG % (tmp_path / "logs"), encoding="utf-8")
    run = await begin(tmp_path, 0, ("--config", str(config), "--state", str(tmp_path / "state")), {})
    try:
        place = tmp_path / "state" / "sim" / "page.link"
        await run.until(lambda: str(place) in run.err, what="where the page's link is")
        assert place.stat().st_mode & 0o777 == 0o600
        assert not LINK.search(run.err), "standard error is collected here"
        link = LINK.findall(place.read_text(encoding="utf-8"))[0]
        async with chromium() as browser, sight(browser, link, size) as seen:
            await _watch(seen, run, link)
            await seen.shoot(f"run-{name}", whole=size == PHONE)
            await _pause(seen, link)
            await seen.shoot(f"run-{name}-paused")
            await _flatten(seen, link)
            await seen.shoot(f"run-{name}-flattened", whole=size == PHONE)
        token = link.partition("#token=")[2]
        for log in (tmp_path / "logs").rglob("*"):
            assert log.is_dir() or token not in log.read_text(encoding="utf-8")
    finally:
        run.kill()
        await run.process.wait()


async def _watch(seen: Sight, run: Run, link: str) -> None:
    """The chart is drawn and goes on, the numbers are the engine's."""
    await seen.reads("#phase", "working")
    await seen.reads("#streams", "up")
    await seen.reads("#events", "closed")
    first = await seen.ink(f"{BTC} .chart")
    assert first[1] > 1500
    told = await seen.page.locator(f"{BTC} .leg-qty").inner_text()

    async def moved() -> bool:
        return (
            await seen.page.locator(f"{BTC} .leg-qty").inner_text() != told and await seen.ink(f"{BTC} .chart") != first
        )

    await seen.until(moved, "a position that gets smaller")
    assert Decimal(told.split()[0]) <= Decimal("0.3")
    await seen.fits()


async def _pause(seen: Sight, link: str) -> None:
    await seen.page.click(f"{BTC} [data-act=pause]")
    await seen.reads("#dialog", "Pause BTC/USDT:USDT?")
    await seen.page.click("#dialog-yes")
    await seen.reads(BTC, "paused")
    found = await leg(link, "BTC")
    assert found["paused"] is True

    async def quiet() -> bool:
        return (await leg(link, "BTC"))["order"] is None

    await seen.until(quiet, "the end of its order")
    assert (await leg(link, "ETH"))["paused"] is False
    await seen.page.click(f"{BTC} [data-act=resume]")
    await seen.page.click("#dialog-yes")

    async def resumed() -> bool:
        return (await leg(link, "BTC"))["paused"] is False

    await seen.until(resumed, "the end of the pause")


async def _flatten(seen: Sight, link: str) -> None:
    await seen.page.click(f"{BTC} [data-act=flatten]")
    await seen.reads("#dialog", "Flatten BTC/USDT:USDT LONG?")
    await seen.page.click("#dialog-yes")
    await seen.reads(f"{BTC} .leg-qty", "flat")
    assert Decimal((await leg(link, "ETH"))["qty"]) > 3
    assert Decimal((await leg(link, "BTC"))["qty"]) == 0
