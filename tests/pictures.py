"""The pictures of the README, taken of the real program: ``make pictures`` writes memory-bank/pictures.

It works an embedded exchange for a minute and a half in Debian's Chromium, and wants a font that has Chinese.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from html import escape
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser
from tests.e2e.process import ROOT, Run, begin
from tests.operations_fake import COST, NOW, STATUS, FakeOperations
from tests.telegram.stage import settings, staged
from tests.telegram.test_cards import FILL, ORDER
from tests.web.browser import PHONE, WIDE, chromium, sight

from vibe_quant.domain import events as ev
from vibe_quant.domain.service_settings import Language

FOLDER = ROOT / "memory-bank" / "pictures"
PAGE_AFTER_S = 66.0
"""The chart shows a minute, and every start looks alike."""
BODY = "margin:0;font-family:system-ui,'DejaVu Sans','Noto Sans CJK SC','WenQuanYi Micro Hei',sans-serif"
TALE = (
    replace(
        FILL,
        facts=(
            *(("qty", "0.034"), ("avg", "84781.60"), ("mode", "MAKER_ONLY"), ("role", "maker"), ("pnl", "0.41")),
            *(("fee", "0.576515"), ("fee_asset", "USDT"), ("reason", "patient"), ("before", "0.034"), ("after", "0")),
        ),
    ),
    replace(
        COST,
        begun_ms=NOW - 2_114_000,
        start_qty=Decimal("0.3"),
        closed_qty=Decimal("0.3"),
        arrival=Decimal("84780.45"),
        average=Decimal("84770.63"),
        cost_bps=Decimal("3.16"),
        slippage_bps=Decimal("1.16"),
        fee=Decimal("5.0862"),
        realized_pnl=Decimal("-2.88"),
        maker_share=Decimal(1),
        orders=23,
        fills=31,
    ),
)
"""What both languages tell."""


def picture(name: str, data: bytes) -> None:
    """Keep it, as small as it goes."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    path = FOLDER / f"{name}.png"
    image.save(path, optimize=True)
    sys.stdout.write(f"{path.relative_to(ROOT)}: {image.size[0]} x {image.size[1]}, {path.stat().st_size} bytes\n")


@asynccontextmanager
async def demo(*changes: tuple[str, str]) -> AsyncIterator[Run]:
    """config/demo.yaml, its page at a port of its own, with what is to be different."""
    text = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8")
    for old, new in (("global:\n", "global:\n  web: {port: 0}\n"), ("build/demo/logs", "logs"), *changes):
        assert old in text, f"config/demo.yaml has no {old!r} any more"
        text = text.replace(old, new, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "demo.yaml").write_text(text, encoding="utf-8")
        run = await begin(folder, 0, ("--config", "demo.yaml", "--until-flat", "--state", "state"), {})
        try:
            yield run
        finally:
            run.kill()
            await run.process.wait()


async def of_html(browser: Browser, name: str, body: str, wide: int) -> None:
    """A picture of the first element of a page that is written here."""
    page = await browser.new_page(viewport={"width": wide, "height": 900}, device_scale_factor=2)
    await page.set_content(f'<!doctype html><meta charset=utf-8><body style="{BODY}">{body}')
    picture(name, await page.locator("body > *").first.screenshot())
    await page.close()


async def the_page(browser: Browser) -> None:
    """Wide and on a phone, with a minute of prices, orders and fills."""
    async with demo(("horizon_s: 45", "horizon_s: 180"), ("wallet: 5000", "wallet: 2300")) as run:
        await run.says("The page: ")
        link = (run.folder / "state" / "sim" / "page.link").read_text(encoding="utf-8").strip()
        async with sight(browser, link) as wide, sight(browser, link, PHONE) as phone:
            await wide.reads("#age-text", "live")
            await asyncio.sleep(PAGE_AFTER_S)
            await wide.page.set_viewport_size({"width": WIDE[0], "height": 810})
            await asyncio.sleep(1)
            await wide.reads("#age-text", "live")
            picture("page", await wide.page.screenshot())
            picture("page-phone", await phone.page.screenshot())


async def the_cost_card(browser: Browser) -> None:
    """The first card that ``make run`` prints."""
    async with demo() as run:
        assert await run.ended(120) == 0
        card = "Exit of " + run.out.partition("Exit of ")[2].partition("Exit of ")[0].rstrip()
    lines = "\n".join(line.rstrip() for line in card.splitlines())
    dots = "".join(
        f'<i style="display:inline-block;width:11px;height:11px;border-radius:6px;margin:4px;background:{colour}"></i>'
        for colour in ("#ff5f57", "#febc2e", "#28c840")
    )
    head = f'<div style="padding:10px 12px 0">{dots}</div>'
    look = "margin:0;padding:14px 20px 18px;font:14px/1.4 'DejaVu Sans Mono',monospace"
    text = f'<pre style="{look}">{escape(lines)}</pre>'
    frame = "display:inline-block;background:#11161c;color:#dbe2ea"
    await of_html(browser, "cost-card", f'<div style="{frame}">{head}{text}</div>', 760)


async def told(language: Language) -> list[str]:
    """The two messages as the Bot API gets them."""
    fill, cost = TALE
    [leg, *others] = STATUS.legs
    status = replace(STATUS, legs=(replace(leg, arrival=cost.arrival), *others))
    async with staged(settings(language), operations=FakeOperations(now=status)) as stage:
        stage.front.see(0, ev.Timer(0), [ORDER], None)
        await stage.front._tick()
        stage.front.see(0, ev.Timer(0), [fill], None)
        await stage.api.message("84781.6")
        stage.front.cost(cost)
        await stage.api.message("84770.63")
        return stage.api.sent(7)


async def telegram(browser: Browser) -> None:
    """Both languages beside each other, as bubbles of a chat."""
    if not has_chinese():
        sys.exit("no font of this machine has Chinese: install fonts-noto-cjk or fonts-wqy-microhei, then again")
    columns = []
    for language in (Language.EN, Language.ZH):
        bubbles = "".join(bubble(text) for text in await told(language))
        columns.append(f'<div style="flex:1;display:flex;flex-direction:column;gap:10px">{bubbles}</div>')
    chat = "display:flex;gap:16px;padding:18px;background:#0e1621;width:724px"
    await of_html(browser, "telegram", f'<div style="{chat}">{"".join(columns)}</div>', 760)


def bubble(text: str) -> str:
    """One message; ``text`` is the HTML that was sent."""
    look = "background:#182533;color:#f2f5f8;border-radius:12px 12px 12px 3px;padding:10px 13px;font-size:14px"
    name = '<div style="color:#6ab3f3;font-weight:600;margin-bottom:3px">vibe-quant</div>'
    time = '<div style="color:#6d7f8f;font-size:11px;text-align:right;margin-top:2px">03:12</div>'
    return f'<div style="{look};line-height:1.5;white-space:pre-line">{name}{text}{time}</div>'


def has_chinese() -> bool:
    """Whether characters would be drawn as themselves."""
    listed = shutil.which("fc-list")
    return listed is not None and bool(subprocess.run([listed, ":lang=zh"], capture_output=True, check=True).stdout)


async def main() -> None:
    """All of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        await telegram(browser)
        await asyncio.gather(the_page(browser), the_cost_card(browser))


if __name__ == "__main__":
    asyncio.run(main())
