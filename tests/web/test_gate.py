"""Who may ask what: tokens, host names, pages of others, and what an answer forbids."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.stand import BEARER, SECRET, stand

from vibe_quant.web.token import FORGIVEN_MS, MOST_MISSES, MOST_PEERS, Misses, Token

WRONG = {"Authorization": "Bearer nonsense"}
OPEN = ("", "static/main.js", "healthz")
READS = ("api/status", "api/events", "api/trace?symbol=btc", "api/logs", "api/config", "readyz", "api/version")


@pytest.mark.parametrize(
    ("near", "headers", "reads", "posts"),
    [
        (True, {}, 200, 401),
        (True, BEARER, 200, 200),
        (True, {"Authorization": f"bearer  {SECRET}"}, 200, 200),
        (True, WRONG, 401, 401),
        (True, {"Authorization": f"Basic {SECRET}"}, 200, 401),
        (True, {"Cookie": f"token={SECRET}"}, 200, 401),
        (False, {}, 401, 401),
        (False, BEARER, 200, 200),
        (False, WRONG, 401, 401),
    ],
)
async def test_who_may(near: bool, headers: dict[str, str], reads: int, posts: int) -> None:
    async with stand(near=near) as at:
        for path in READS:
            assert (await at.asked("GET", path, headers=headers))[0] == reads, path
            at.front._gate._misses = Misses(lambda: 0)
        for path in ("api/pause", "api/resume", "api/flatten", "api/reload/plan"):
            body = {"all": True} if path == "api/flatten" else {}
            assert (await at.asked("POST", path, headers=headers, json=body))[0] == posts, path
            at.front._gate._misses = Misses(lambda: 0)
        assert len(at.operations.calls) == (4 if posts == 200 else 0)
        if headers is not WRONG:
            for path in OPEN:
                async with at.session.get(at.url + path, headers=headers) as answer:
                    assert answer.status == 200, path


@pytest.mark.parametrize(
    ("host", "near", "status"),
    [
        ("127.0.0.1:8420", True, 200),
        ("localhost:9999", True, 200),
        ("LOCALHOST.", True, 200),
        ("[::1]:8420", True, 200),
        ("127.0.0.1.evil.example", True, 421),
        ("evil.example:8420", True, 421),
        ("10.0.0.7", True, 421),
        ("[", True, 421),
        ("quant.home:8420", False, 200),
    ],
)
async def test_a_name_that_is_not_this_hosts_is_refused(host: str, near: bool, status: int) -> None:
    async with stand(near=near) as at:
        assert (await at.asked("GET", "api/status", headers={**BEARER, "Host": host}))[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
async def test_pages_of_others_may_not_ask_even_with_the_token(headers: dict[str, str], status: int) -> None:
    async with stand() as at:
        assert (await at.asked("POST", "api/pause", headers={**BEARER, **headers}, json={}))[0] == status
        assert len(at.operations.calls) == (status == 200)
        own = {**BEARER, "Origin": at.url.rstrip("/")}
        assert (await at.asked("POST", "api/pause", headers=own, json={}))[0] == 200


async def test_a_socket_of_anothers_page_is_refused() -> None:
    async with stand() as at:
        socket: Any = at.session.ws_connect(at.url + "api/push", headers={"Origin": "http://evil.example"})
        with pytest.raises(Exception, match="403"):
            await socket


async def test_guessing_is_slowed_down_and_is_said_once() -> None:
    async with stand() as at:
        found = [(await at.asked("POST", "api/pause", headers=WRONG, json={}))[0] for _ in range(MOST_MISSES + 3)]
        assert found == [401] * MOST_MISSES + [429] * 3
        async with at.session.post(at.url + "api/pause", headers=BEARER) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "6")
        assert (await at.asked("GET", "api/status"))[0] == 200  # looking goes on
        assert at.operations.calls == []


def test_misses_are_forgiven_one_by_one_and_forgotten_where_there_are_too_many() -> None:
    now = 0
    misses = Misses(lambda: now)
    assert [misses.missed("a") for _ in range(MOST_MISSES)] == [True] + [False] * (MOST_MISSES - 1)
    assert misses.too_many("a")
    assert not misses.too_many("b")
    now = FORGIVEN_MS
    assert not misses.too_many("a")
    misses.missed("a")
    assert misses.too_many("a")
    for number in range(MOST_PEERS):
        misses.missed(str(number))
    assert not misses.too_many("a")


def test_a_token_matches_itself_alone() -> None:
    token = Token(SECRET)
    assert token.matches(SECRET)
    assert not any(token.matches(other) for other in ("", SECRET[:-1], SECRET + " ", "\udcff", SECRET.upper()))


async def test_no_answer_lets_a_browser_do_what_is_not_needed() -> None:
    async with stand() as at:
        for path, status in (("", 200), ("static/page.css", 200), ("api/status", 200), ("nowhere", 404)):
            async with at.session.get(at.url + path) as answer:
                assert answer.status == status
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Server"] == "vibe-quant"
                assert "Set-Cookie" not in answer.headers
                assert not any(name.startswith("Access-Control") for name in answer.headers)
        async with at.session.get(at.url) as answer:
            page = await answer.text()
            etag = answer.headers["ETag"]
        async with at.session.get(at.url, headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304
    assert "style=" not in page
    assert "onclick" not in page
    assert "http" not in page.replace("http-equiv", "")
