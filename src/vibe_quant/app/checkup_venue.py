"""Whether the exchange is reached from here: REST and its clock, each class of streams, the account and the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException

from vibe_quant.app import start_findings as find
from vibe_quant.app.checkup import Grade, Symptom, fail, ok, warn
from vibe_quant.app.reach import Looking
from vibe_quant.app.start_findings import Account, Finding
from vibe_quant.app.time_sync import Measured, why
from vibe_quant.binance.dial import NoConnection, SocketTimes, dial
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.settings import Settings
from vibe_quant.ports import Accepted, KeyRights, Outcome

HEAR_S = 10.0
QUIET_S = 1.0
OLD_KEY_DAYS = 365
DAY_MS = 86_400_000
FALLBACK = "BTC/USDT:USDT"
NETWORK = "look at the network, DNS and firewall of this host, and at the exchange's own status"


async def look(at: Looking, settings: Settings, account: Account) -> AsyncIterator[Symptom]:
    """As far as it gets: without REST nothing else is asked."""
    expected = at.clock.offset_ms
    measured = await at.time.once()
    host = urlsplit(at.at.endpoints.rest).netloc
    if not isinstance(measured, Measured):
        yield fail("rest", f"{host} does not answer ({why(measured)})", NETWORK)
        return
    yield ok("rest", f"{host} answers in {2 * measured.uncertainty_ms} ms")
    skew = measured.offset_ms - expected
    found = [*find.of_clock(measured, expected, account)]
    yield _worst("clock", found, f"this host's clock is within {abs(skew)} ms of the exchange's")
    await at.exchange.load_names()
    for symptom in await asyncio.gather(*_streams(at, settings)):
        yield symptom
    if at.at.credentials is not None:
        async for symptom in _of_key(at, account):
            yield symptom


def _streams(at: Looking, settings: Settings) -> list[asyncio.Task[Symptom]]:
    symbol = settings.symbols[0][0] if settings.symbols else FALLBACK
    name = at.names.raw(symbol).lower() if symbol in at.names else "btcusdt"
    ends = at.at.endpoints
    looks = [
        _hears("public stream", f"{ends.ws_public}/stream?streams={name}@bookTicker", silent=Grade.WARN),
        _hears("market stream", f"{ends.ws_market}/stream?streams={name}@markPrice@1s", silent=Grade.FAIL),
    ]
    if at.at.credentials is not None:
        looks.append(_private(at))
    return [asyncio.create_task(one) for one in looks]


async def _hears(check: str, url: str, silent: Grade) -> Symptom:
    """Connects and waits for one frame; a wrong address is silent without an error."""
    host = urlsplit(url).netloc
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        connection = await dial(url, SocketTimes())
    except NoConnection as failed:
        return fail(check, f"{host}: {failed.reason}", NETWORK)
    try:
        async with asyncio.timeout(HEAR_S):
            await connection.recv()
    except (TimeoutError, OSError, WebSocketException):
        return Symptom(check, silent, f"{host} is connected, and nothing came in {HEAR_S:.0f} s", NETWORK)
    finally:
        await connection.close()
    return ok(check, f"{host} delivers, {1000 * (loop.time() - began):.0f} ms after it was asked")


async def _private(at: Looking) -> Symptom:
    """The account's own stream: its key is had, and the connection is held; silence is normal on it."""
    key = await at.exchange.listen_key()
    host = urlsplit(at.at.endpoints.ws_private).netloc
    if not isinstance(key, Accepted):
        return fail("private stream", f"no listen key could be had ({why(key)})", "see what is said of the key")
    try:
        connection = await dial(f"{at.at.endpoints.ws_private}/ws/{key.value}", SocketTimes())
    except NoConnection as failed:
        return fail("private stream", f"{host}: {failed.reason}", NETWORK)
    try:
        await asyncio.wait_for(asyncio.shield(connection.wait_closed()), QUIET_S)
    except TimeoutError:
        return ok("private stream", f"{host} is connected")
    finally:
        await connection.close()
    return fail("private stream", f"{host} has ended the connection at once", NETWORK)


async def _of_key(at: Looking, account: Account) -> AsyncIterator[Symptom]:
    config = await at.exchange.account_config()
    yield _worst("account", find.of_config(config, account), "hedge mode, single-asset mode, may trade")
    rights = await at.exchange.key_rights()
    now = at.clock.server_ms()
    yield _worst("key rights", find.of_rights(rights, account, now), _rights_said(rights))
    if isinstance(rights, Accepted) and rights.value is not None:
        yield _age(rights.value, now)


def _rights_said(rights: Outcome[KeyRights | None]) -> str:
    if not isinstance(rights, Accepted) or rights.value is None:
        return "the venue does not tell them"
    held = ", ".join(name for name, has in rights.value.rights.items() if has) or "none"
    return f"{held}; bound to addresses"


def _age(rights: KeyRights, now_ms: int) -> Symptom:
    if rights.created_ms is None:
        return ok("key age", "the venue does not tell it")
    days = max(0, now_ms - rights.created_ms) // DAY_MS
    if days > OLD_KEY_DAYS:
        return warn("key age", f"the key is {days} days old", "make a new one at the exchange and delete this one")
    return ok("key age", f"the key is {days} days old")


def _worst(check: str, findings: Iterable[Finding], well: str) -> Symptom:
    """All that was found, graded by the worst of it; ``well`` where nothing was."""
    found = list(findings)
    if not found:
        return ok(check, well)
    text = " ".join(finding.text for finding in found)
    if any(finding.refuses for finding in found):
        return Symptom(check, Grade.FAIL, text)
    calm = all(finding.severity is Severity.INFO for finding in found)
    return Symptom(check, Grade.OK if calm else Grade.WARN, text)
