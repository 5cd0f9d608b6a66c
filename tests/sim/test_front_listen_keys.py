"""One listen key an account: shared, kept alive, closed for all, and once told that it is gone."""

from __future__ import annotations

import pytest

from vibe_quant.sim.front.endpoint import Call, Security
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.listen_keys import LIFE_MS, KeyCalls, ListenKeys
from vibe_quant.sim.records import Rejected
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import NEVER

NOW = 1_790_000_000_000


def test_a_second_process_gets_the_same_key_and_extends_it() -> None:
    keys = ListenKeys(7)
    key = keys.create(NOW)
    assert len(key) == 64
    assert key.isalnum()
    assert keys.create(NOW + 1000) == key == keys.live == keys.keep_alive(NOW + 2000)
    assert keys.due == NOW + 2000 + LIFE_MS


def test_the_seed_gives_the_keys() -> None:
    first, second = ListenKeys(7), ListenKeys(7)
    for _ in range(2):
        assert first.create(NOW) == second.create(NOW)
        first.expire_now(NOW)
        second.expire_now(NOW)
    assert first.create(NOW) != ListenKeys(8).create(NOW)


def test_a_key_dies_after_its_hour_and_is_missed_once() -> None:
    keys, gone = ListenKeys(7), list[tuple[str, int]]()
    keys.on_gone = lambda key, now: gone.append((key, now))
    key = keys.create(NOW)
    keys.advance(NOW + LIFE_MS - 1)
    assert keys.live == key
    keys.advance(NOW + LIFE_MS)
    keys.advance(NOW + LIFE_MS + 1)
    keys.expire_now(NOW + LIFE_MS + 2)
    assert keys.due == NEVER
    assert gone == [(key, NOW + LIFE_MS)]
    assert keys.create(NOW + LIFE_MS) != key


@pytest.mark.parametrize("late", [0, 1])
def test_time_is_up_even_where_nobody_looked(late: int) -> None:
    keys = ListenKeys(7)
    key = keys.create(NOW)
    assert keys.create(NOW + LIFE_MS - 1) == key
    assert keys.create(NOW + 2 * LIFE_MS + late) != key


def call(keys: ListenKeys, method: str, now: int = NOW) -> Json:
    (endpoint,) = [row for row in KeyCalls(keys).endpoints() if row.method == method]
    assert (endpoint.path, endpoint.security, endpoint.weight) == ("/fapi/v1/listenKey", Security.API_KEY, 1)
    return endpoint.handler(Call(Params.parse("listenKey=other"), now))


def test_the_three_calls() -> None:
    keys = ListenKeys(7)
    made = call(keys, "POST")
    assert made == {"listenKey": keys.live} == call(keys, "PUT")
    assert call(keys, "DELETE") == {}
    assert keys.live is None
    for method in ("PUT", "DELETE"):
        with pytest.raises(Rejected, match=r"-1125: This listenKey does not exist\.") as refusal:
            call(keys, method)
        assert refusal.value.http == 400
    assert call(keys, "POST") != made


def test_closing_twice_may_be_allowed() -> None:
    assert call(ListenKeys(7, Switches(closing_no_listen_key_refused=False)), "DELETE") == {}


def test_keeping_alive_too_late_is_refused() -> None:
    keys = ListenKeys(7, life_ms=1000)
    keys.create(NOW)
    with pytest.raises(Rejected, match="-1125"):
        keys.keep_alive(NOW + 1000)
