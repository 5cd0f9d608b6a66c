"""The client and the address's weight: reads wait for the minute's turn, what acts goes on, 429 is not earned."""

from __future__ import annotations

import json

from tests.binance.rest_desk import ORDER, Act, answer, staged

from vibe_quant.domain import events as ev
from vibe_quant.ports import Accepted, NotSent

POST = "fapiPrivatePostOrder"
INFO = "fapiPublicGetExchangeInfo"
LEGS = "fapiPrivateV3GetPositionRisk"
RIGHTS = "sapiGetAccountApiRestrictions"


def weighed(used: int, body: str = "{}") -> Act:
    return answer(body, X_MBX_USED_WEIGHT_1M=str(used))


async def test_a_read_beyond_the_weight_waits_and_orders_go_on() -> None:
    async with staged(weighed(2158), weighed(2158), weighed(2)) as stage:
        assert isinstance(await stage.client.call(LEGS, {}), Accepted)
        held = await stage.client.call(LEGS, {})
        assert isinstance(held, NotSent)
        assert held.detail.startswith(f"{LEGS}: not sent: 2158 of the 2400")
        assert stage.client.no_room(1) is None
        assert stage.client.no_room(5) is not None
        assert isinstance(await stage.client.call(POST, ORDER), Accepted)
        stage.clock.pass_ms(61_000)
        assert isinstance(await stage.client.call(LEGS, {}), Accepted)


async def test_the_limit_is_learnt_from_exchange_info_and_told() -> None:
    rows = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100}]
    info = json.dumps({"rateLimits": rows})
    async with staged(weighed(1, info), weighed(88)) as stage:
        await stage.client.call(INFO, {})
        assert stage.client.no_room(89) is None
        await stage.client.call(LEGS, {})
        assert stage.client.no_room(5) is not None
        assert stage.told == [ev.RateUsage(stage.clock.now, 1), ev.RateUsage(stage.clock.now, 88, weight_limit=100)]


async def test_the_wallet_service_has_an_account_of_its_own() -> None:
    async with staged(weighed(2400), weighed(2400)) as stage:
        await stage.client.call(RIGHTS, {})
        assert stage.client.no_room(40) is None
        await stage.client.call(LEGS, {})
        assert stage.client.no_room(1) is not None
        assert isinstance(await stage.client.call(RIGHTS, {}), Accepted)
