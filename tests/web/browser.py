"""A real headless Chromium that reaches this host alone, and what a person sees in it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LADDERS_DRAWN = (
    "[...document.querySelectorAll('canvas.ladder')].every(one => !one.checkVisibility() || one.width !== 300)"
)
"""A canvas that nobody has drawn upon is 300 wide."""
SHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
WIDE, PHONE = (1280, 860), (390, 844)
PATIENCE_S = 60.0
NEAR_ONLY = (
    "--no-sandbox",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-background-networking",
)
INK = """(canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0, inked = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3]) { inked += 1; sum = (sum * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2] + i) % 1000000007; }
  }
  return [sum, inked];
}"""

NEWEST = """(canvas) => {
  const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
  const right = Math.round((box.width - 74) * ratio), wide = Math.round(8 * ratio);
  const data = canvas.getContext("2d").getImageData(right - wide, 0, wide, canvas.height).data;
  let blue = 0;
  for (let i = 0; i < data.length; i += 4) blue += data[i + 2] - data[i] > 80;
  return blue;
}"""


@dataclass
class Sight:
    """A page with what it has asked for, and what went wrong in it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def ink(self, selector: str) -> tuple[int, int]:
        """A number for what is drawn on the first such canvas, and how many pixels of it are."""
        found = await self.page.locator(selector).first.evaluate(INK)
        return found[0], found[1]

    async def newest(self, selector: str) -> int:
        """How much of the price's line is in the last second and a half of a chart of a minute, in pixels."""
        return int(await self.page.locator(selector).first.evaluate(NEWEST))

    async def until(self, reached: Callable[[], Awaitable[object]], what: str) -> None:
        """Wait for something to be seen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await reached():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            text = await self.page.inner_text("body")
            raise AssertionError(f"{what} was not seen; {self.wrong}\n{text[:1500]}") from None

    async def reads(self, selector: str, words: str) -> None:
        """Wait until the text is there."""
        await self.until(lambda: self._has(selector, words), f"{words!r} in {selector}")

    async def _has(self, selector: str, words: str) -> bool:
        return words in " ".join(await self.page.locator(selector).all_inner_texts())

    async def shoot(self, name: str, whole: bool = False) -> None:
        """Keep a picture."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size
        if whole and size:  # what is far out of sight is not drawn, so all of it comes into sight
            await self.page.evaluate("scrollTo(0, 0)")
            height = await self.page.evaluate("document.documentElement.scrollHeight")
            await self.page.set_viewport_size({"width": size["width"], "height": height})
            await self.until(lambda: self.page.evaluate(LADDERS_DRAWN), "each side's ladder")
        await self.page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=whole)
        if whole and size:
            await self.page.set_viewport_size(size)

    async def fits(self) -> None:
        """Nothing is cut off at the side."""
        wide, inner = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= inner, f"{wide} px of content on {inner} px"
        out = await self.page.evaluate(
            "[...document.querySelectorAll('main *, header *')].filter(e => e.checkVisibility() && "
            "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className || e.tagName)"
        )
        assert out == []

    def judge(self) -> None:
        """No request left this host, and no script failed."""
        assert self.asked
        far = [url for url in self.asked if urlsplit(url).hostname != "127.0.0.1"]
        assert far == []
        assert self.wrong == []


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the page was not looked at")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*NEAR_ONLY])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def sight(browser: Browser, url: str, size: tuple[int, int] = WIDE, scheme: str = "dark") -> AsyncIterator[Sight]:
    """The page, opened; judged at the end."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light" if scheme == "light" else "dark",
        device_scale_factor=2 if size[0] < 500 else 1,
        has_touch=size[0] < 500,
        timezone_id="UTC",
    )
    page = await context.new_page()
    seen = Sight(page)
    page.on("request", lambda request: seen.asked.append(request.url))
    page.on("websocket", lambda socket: seen.asked.append(socket.url))
    page.on("pageerror", lambda error: seen.wrong.append(str(error)))
    page.on("console", lambda line: seen.wrong.append(line.text) if line.type == "error" else None)
    try:
        await page.goto(url)
        yield seen
        seen.judge()
    finally:
        await context.close()
