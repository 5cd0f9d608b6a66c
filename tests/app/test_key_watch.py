"""What is recorded, told and held back when the rights of a running program's key change or cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from vibe_quant.app.key_watch import KeyWatch
from vibe_quant.app.start_findings import PASS_MS, Account
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import AllowSettings, Venue
from vibe_quant.ports import Accepted, Entry, KeyRights, Outcome, Unknown

GOOD = KeyRights({"enableFutures": True, "enableWithdrawals": False, "permitsUniversalTransfer": False}, True)
THIEF = KeyRights({"enableFutures": True, "enableWithdrawals": True, "permitsUniversalTransfer": True}, True)
LAME = KeyRights({"enableFutures": False}, True)
T0 = 1_790_000_000_000
PLAIN = AllowSettings()


class Desk:
    """The exchange, the clock, the journal and the operator in one."""

    def __init__(self, allow: AllowSettings = PLAIN, passed_ms: int | None = T0) -> None:
        self.answer: Outcome[KeyRights | None] = Accepted(GOOD)
        self.at_ms = T0
        self.rows: list[Entry] = []
        self.reasons: list[str | None] = [None]
        self.said: list[Notify] = []
        self.asked = 0
        account = Account("0123456789abcdef", Venue.LIVE, allow, "vq", passed_ms)
        self.watch = KeyWatch(self, self, account, self.write, self.hold, self.said.append)  # type: ignore[arg-type]

    async def key_rights(self) -> Outcome[KeyRights | None]:
        self.asked += 1
        return self.answer

    def now_ms(self) -> int:
        return self.at_ms - T0

    def server_ms(self) -> int:
        return self.at_ms

    @property
    def offset_ms(self) -> int:
        return T0

    def write(self, rows: Sequence[Entry]) -> None:
        self.rows += rows

    def hold(self, by: str, reason: str | None) -> None:
        assert by == "key"
        self.reasons.append(reason)

    @property
    def held(self) -> str | None:
        return self.reasons[-1]

    @property
    def alarms(self) -> list[str]:
        return [notice.text for notice in self.said if notice.severity is Severity.ALARM]


async def test_a_pass_is_recorded_and_nothing_said() -> None:
    desk = Desk()
    desk.at_ms += 5
    assert await desk.watch.look()
    assert desk.rows == [Entry("check", T0 + 5, {"check": "key_rights", "ok": True, "key": "0123456789abcdef"})]
    assert (desk.held, desk.said) == (None, [])


async def test_a_right_that_moves_money_holds_discretion_until_it_is_gone() -> None:
    desk = Desk()
    desk.answer = Accepted(THIEF)
    await desk.watch.look()
    await desk.watch.look()
    assert [row.body["ok"] for row in desk.rows] == [False, False]
    assert desk.reasons[-1] == (
        "the API key may move money out (enableWithdrawals, permitsUniversalTransfer): take that right away, or allow "
        "it by name, and restart"
    )
    (alarm,) = desk.alarms
    assert "take the key away at the exchange" in alarm
    desk.answer = Accepted(GOOD)
    await desk.watch.look()
    assert desk.held is None
    assert desk.said[-1].severity is Severity.INFO
    assert desk.rows[-1].body["ok"] is True


async def test_what_is_allowed_by_name_is_no_matter() -> None:
    desk = Desk(AllowSettings(key_rights=("enableWithdrawals", "permitsUniversalTransfer")))
    desk.answer = Accepted(THIEF)
    await desk.watch.look()
    assert (desk.held, desk.said, desk.rows[0].body["ok"]) == (None, [], True)


async def test_a_lost_futures_right_is_an_alarm() -> None:
    desk = Desk()
    desk.answer = Accepted(LAME)
    await desk.watch.look()
    assert "may not trade futures any more" in desk.alarms[0]
    assert (desk.held, desk.rows[0].body["ok"]) == (None, False)


async def test_rights_unread_for_a_day_are_told_once() -> None:
    desk = Desk()
    desk.answer = Unknown("canary")
    desk.at_ms = T0 + PASS_MS
    assert not await desk.watch.look()
    assert desk.said == []
    for _ in range(3):
        desk.at_ms += 1
        desk.answer = Unknown(f"canary {desk.at_ms}")
        await desk.watch.look()
    assert len(desk.alarms) == 1
    assert desk.rows == []
    desk.answer = Accepted(GOOD)
    assert await desk.watch.look()
    assert [notice.severity for notice in desk.said] == [Severity.ALARM, Severity.INFO]


async def test_a_venue_that_tells_no_rights_has_nothing_recorded() -> None:
    desk = Desk()
    desk.answer = Accepted(None)
    assert await desk.watch.look()
    assert (desk.rows, desk.said, desk.held) == ([], [], None)


async def test_it_looks_again_sooner_after_a_failure() -> None:
    desk = Desk()
    desk.answer = Unknown("x")
    task = asyncio.create_task(desk.watch.run(0.2, 0.01))
    await asyncio.sleep(0.1)
    assert desk.asked == 0, "the start has looked"
    await asyncio.sleep(0.3)
    assert desk.asked > 3
    desk.answer = Accepted(GOOD)
    await asyncio.sleep(0.05)
    before = desk.asked
    await asyncio.sleep(0.05)
    assert desk.asked == before
    task.cancel()


async def test_where_the_start_could_not_read_it_looks_soon() -> None:
    desk = Desk(passed_ms=None)
    task = asyncio.create_task(desk.watch.run(60, 0.01))
    await asyncio.sleep(0.1)
    assert desk.asked == 1
    task.cancel()
