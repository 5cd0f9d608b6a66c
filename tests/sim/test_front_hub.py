"""Who hears what on which path: classes, modes, subscriptions, listen keys, and sockets that break."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.streams.hub import Hub
from vibe_quant.sim.front.streams.listen_keys import LIFE_MS, ListenKeys
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.front.streams.session import NoSuchPath, Session
from vibe_quant.sim.front.streams.stream_paths import read_target
from vibe_quant.sim.front.streams.wire import HubLimits
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import NEVER

PUBLIC, MARKET, PRIVATE = StreamClass.PUBLIC, StreamClass.MARKET, StreamClass.PRIVATE
NOW = 1_790_000_000_000
BOOK = "btcusdt@bookTicker"
FRAME = b'{"e":"bookTicker"}'
WRAPPED = b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker"}}'
ORDER = b'{"e":"ORDER_TRADE_UPDATE"}'


class Tape:
    """A wire that remembers."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.pings: list[bytes] = []
        self.ended: list[tuple[int, str]] = []

    def send(self, payload: bytes) -> None:
        self.sent.append(payload)

    def ping(self, payload: bytes) -> None:
        self.pings.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.ended.append((code, reason))

    def abort(self) -> None:
        self.ended.append((0, "aborted"))


class House:
    """A hub with short words; time moves by hand."""

    def __init__(self, limits: HubLimits | None = None, switches: Switches | None = None) -> None:
        self.keys = ListenKeys(7)
        self.hub = Hub(self.keys, limits, switches)
        self.now = NOW

    def open(self, url: str) -> tuple[Session, Tape]:
        path, _, query = url.partition("?")
        tape = Tape()
        return self.hub.open(path, query, tape, self.now), tape

    def say(self, session: Session, method: str, *params: Any) -> None:
        self.now += 200
        session.receive(json.dumps({"method": method, "params": params, "id": 1}), self.now)

    def tell_market(self) -> None:
        self.hub.publish(PUBLIC, BOOK, FRAME)
        self.hub.publish(MARKET, "btcusdt@aggTrade", b'{"e":"aggTrade"}')


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize(
    ("url", "heard"),
    [
        (f"/public/ws/{BOOK}", [FRAME]),
        (f"/public/ws/{BOOK}/ethusdt@depth", [FRAME]),
        (f"/public/ws/{BOOK.replace('@', '%40')}", [FRAME]),
        (f"/public/stream?streams={BOOK}", [WRAPPED]),
        (f"/public/stream?streams=ethusdt@depth/{BOOK}", [WRAPPED]),
        (f"/public/stream/?streams={BOOK.replace('@', '%40')}", [WRAPPED]),
        ("/market/ws/btcusdt@aggTrade", [b'{"e":"aggTrade"}']),
        ("/public/ws/0", []),
        ("/public/ws", []),
        ("/public/ws/", []),
        ("/public/stream", []),
        ("/public/ws/BTCUSDT@bookTicker", []),
        ("/public/ws/btcusdt@aggTrade", []),
        (f"/market/ws/{BOOK}", []),
        (f"/private/ws/{BOOK}", []),
        (f"/ws/{BOOK}", []),
        (f"/stream?streams={BOOK}", []),
        (f"/public/ws?streams={BOOK}", []),
    ],
)
def test_a_stream_is_heard_on_its_class_alone(house: House, url: str, heard: list[bytes]) -> None:
    assert house.hub.carries(url.partition("?")[0])
    _, tape = house.open(url)
    house.tell_market()
    assert (tape.sent, tape.ended) == (heard, [])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/public",
        "/public/",
        "/public/wss",
        "/publics/ws",
        "//ws",
        "/ws-fapi/v1",
        "/stream/x",
        "ws",
        "/private/stream/k",
    ],
)
def test_no_other_path_is_served(house: House, path: str) -> None:
    assert not house.hub.carries(path)
    with pytest.raises(NoSuchPath):
        house.open(path)
    assert house.hub.sessions == ()


def test_unrouted_paths_acknowledge_and_stay_silent(house: House) -> None:
    session, tape = house.open("/ws/0")
    house.say(session, "SUBSCRIBE", BOOK, "btcusdt@aggTrade")
    house.tell_market()
    assert tape.sent == [b'{"result":null,"id":1}']
    assert session.cls is None
    assert session.pinged(NOW)
    house.hub.advance(NOW + 180_000)
    assert len(tape.pings) == 1


def test_unrouted_paths_may_be_as_public() -> None:
    house = House(switches=Switches(unrouted_carries_public=True))
    _, tape = house.open(f"/ws/{BOOK}/btcusdt@aggTrade")
    house.tell_market()
    assert tape.sent == [FRAME]


def test_subscribing_and_leaving(house: House) -> None:
    session, tape = house.open("/public/stream")
    assert not house.hub.wanted(PUBLIC, BOOK)
    house.say(session, "SUBSCRIBE", BOOK, "x@depth")
    assert house.hub.wanted(PUBLIC, BOOK)
    assert not house.hub.wanted(MARKET, BOOK)
    house.say(session, "SUBSCRIBE", BOOK)
    house.say(session, "LIST_SUBSCRIPTIONS")
    house.tell_market()
    house.say(session, "UNSUBSCRIBE", BOOK, "never@there")
    house.tell_market()
    ack = b'{"result":null,"id":1}'
    listed = b'{"result":["btcusdt@bookTicker","x@depth"],"id":1}'
    assert tape.sent == [ack, ack, listed, WRAPPED, ack]
    assert session.subscriptions == ("x@depth",)
    assert not house.hub.wanted(PUBLIC, BOOK)


def test_wrapping_can_be_switched(house: House) -> None:
    session, tape = house.open(f"/public/ws/{BOOK}")
    house.say(session, "GET_PROPERTY", "combined")
    house.say(session, "SET_PROPERTY", "combined", True)
    house.tell_market()
    house.say(session, "GET_PROPERTY", "combined")
    house.say(session, "SET_PROPERTY", "combined", False)
    house.tell_market()
    null, yes, no = (f'{{"result":{word},"id":1}}'.encode() for word in ("null", "true", "false"))
    assert tape.sent == [no, null, WRAPPED, yes, null, FRAME]


def test_many_sockets_hear_the_same(house: House) -> None:
    tapes = [house.open(url)[1] for url in (f"/public/ws/{BOOK}", f"/public/stream?streams={BOOK}") for _ in range(3)]
    house.hub.sessions[1].gone()
    house.tell_market()
    assert [tape.sent for tape in tapes] == [[FRAME], [], [FRAME], [WRAPPED], [WRAPPED], [WRAPPED]]


def test_names_beyond_ascii_travel_as_utf8(house: House) -> None:
    _, tape = house.open("/public/stream?streams=%E5%B8%81%E5%AE%89usdt@depth")
    house.hub.publish(PUBLIC, "币安usdt@depth", b"{}")
    assert tape.sent == ['{"stream":"币安usdt@depth","data":{}}'.encode()]


def test_at_most_so_many_streams() -> None:
    house = House(HubLimits(streams=2))
    session, tape = house.open("/public/ws/a")
    house.say(session, "SUBSCRIBE", "b", "c")
    assert tape.sent == [b'{"code":2,"msg":"Invalid request: at most 2 streams on one connection","id":1}']
    assert session.subscriptions == ("a",)
    refused, tape = house.open("/public/ws/a/b/c")
    assert refused.closed
    assert tape.ended == [(1008, "at most 2 streams on one connection")]
    assert house.hub.sessions == (session,)


KEYED = [
    "/private/ws/{key}",
    "/private/ws?listenKey={key}",
    "/private/stream?listenKey={key}",
    "/private/stream?streams={key}",
]


@pytest.mark.parametrize("url", KEYED)
def test_a_listen_key_brings_all_events(house: House, url: str) -> None:
    key = house.keys.create(NOW)
    tapes = [house.open(url.format(key=key))[1] for _ in range(2)]
    bogus = house.open(url.format(key="b" * 64))[1]
    wrong = house.open(f"/public/ws/{key}")[1]
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    wrapped = b'{"stream":"' + key.encode() + b'","data":' + ORDER + b"}"
    assert [tape.sent for tape in tapes] == [[wrapped if "stream" in url else ORDER]] * 2
    assert bogus.sent == wrong.sent == []
    assert [session.user_events for session in house.hub.sessions] == [1, 1, 0, 0]


def test_a_listen_key_can_be_subscribed(house: House) -> None:
    session, tape = house.open("/private/stream")
    house.say(session, "SUBSCRIBE", house.keys.create(NOW))
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    assert json.loads(tape.sent[1]) == {"stream": house.keys.live, "data": json.loads(ORDER)}


@pytest.mark.parametrize(
    ("query", "heard"),
    [
        ("listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE", "OA"),
        ("listenKey={key}&events=ACCOUNT_UPDATE", "A"),
        ("events=ACCOUNT_UPDATE&listenKey={key}", "A"),
        ("events=ACCOUNT_UPDATE&listenKey=other&listenKey={key}", "OAT"),
        ("listenKey={key}&events=", "OAT"),
        ("listenKey={key}&events=account_update", ""),
        ("listenKey={key}&events=ACCOUNT_UPDATE&listenKey=other&events=TRADE_LITE", "A"),
        ("listenKey=other&events=TRADE_LITE&listenKey={key}", "OAT"),
        ("listenKey={key}&events=ACCOUNT_UPDATE&listenKey={key}&events=TRADE_LITE", "AT"),
        ("listenKey={key}&events=ACCOUNT_UPDATE&listenKey={key}", "OAT"),
    ],
)
def test_events_narrow_a_listen_key(house: House, query: str, heard: str) -> None:
    _, tape = house.open("/private/ws?" + query.format(key=house.keys.create(NOW)))
    for name in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE"):
        house.hub.push_user(name, name[:1].encode())
    assert b"".join(tape.sent).decode() == heard


def test_the_end_of_a_key_is_told_once_and_then_nothing_comes(house: House) -> None:
    key = house.keys.create(NOW)
    raw, wrapped, bogus = (
        house.open(f"/private/ws/{key}")[1],
        house.open(f"/private/stream?listenKey={key}")[1],
        house.open("/private/ws/b")[1],
    )
    assert house.hub.due == NOW + 180_000
    house.hub.advance(NOW + LIFE_MS)
    house.hub.advance(NOW + LIFE_MS + 1)
    told = b'{"e":"listenKeyExpired","E":%d,"listenKey":"%s"}' % (NOW + LIFE_MS, key.encode())
    house.keys.create(NOW + LIFE_MS + 1)
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    assert raw.sent == [told]
    assert wrapped.sent == [b'{"stream":"' + key.encode() + b'","data":' + told + b"}"]
    assert (bogus.sent, raw.ended, wrapped.ended) == ([], [], [])


def test_nobody_hears_events_while_no_key_lives(house: House) -> None:
    _, tape = house.open("/private/ws/k")
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    assert tape.sent == []


@pytest.mark.parametrize(("every", "told"), [(True, (2, 1)), (False, (1, 1))])
def test_two_sockets_of_one_key(every: bool, told: tuple[int, int]) -> None:
    house = House(switches=Switches(every_socket_of_key_hears=every))
    url = f"/private/ws?listenKey={house.keys.create(NOW)}"
    _, older = house.open(url)
    house.open("/private/ws?listenKey=another")
    newer, tape = house.open(url)
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    newer.gone()
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    assert (len(older.sent), len(tape.sent)) == told


@pytest.mark.parametrize(
    ("filtered", "events", "told"),
    [(True, "ACCOUNT_UPDATE", 0), (False, "ACCOUNT_UPDATE", 1), (True, "listenKeyExpired", 1)],
)
def test_a_filter_may_hide_the_end_of_the_key(filtered: bool, events: str, told: int) -> None:
    house = House(switches=Switches(events_filter_drops_key_expired=filtered))
    _, tape = house.open(f"/private/ws?listenKey={house.keys.create(NOW)}&events={events}")
    house.keys.expire_now(NOW)
    assert len(tape.sent) == told


def test_pings_every_three_minutes_and_no_pong_in_ten_ends_it(house: House) -> None:
    session, tape = house.open("/public/ws")
    answering, kept = house.open("/public/ws")
    for minute in range(1, 13):
        house.hub.advance(NOW + minute * 60_000)
        if minute % 3 == 0:
            answering.pong(NOW + minute * 60_000 + 5)
    assert tape.ended == []
    assert len(tape.pings) == 4
    assert house.hub.due == NOW + 13 * 60_000
    house.hub.advance(house.hub.due)
    assert tape.ended == [(1008, "Pong timeout")]
    assert session.closed
    assert (kept.ended, house.hub.sessions) == ([], (answering,))


def test_a_socket_lives_a_day(house: House) -> None:
    session, tape = house.open("/public/ws")
    while not session.closed:
        house.now = house.hub.due
        house.hub.advance(house.now)
        session.pong(house.now)
    assert tape.ended == [(1001, "Connection reached its maximum age")]
    assert session.age_ms(house.now) == 24 * 3_600_000
    assert len(tape.pings) == 24 * 20 - 1
    assert house.hub.due == NEVER
    house.hub.advance(house.now)


def test_the_eleventh_message_within_a_second_ends_it(house: House) -> None:
    session, tape = house.open("/public/ws")
    for turn in range(40):
        session.pong(NOW + turn * 100)
    assert tape.ended == []
    assert session.pinged(NOW + 4000)
    assert not session.pinged(NOW + 4001)
    assert tape.ended == [(1008, "Too many requests")]
    session.receive('{"method":"LIST_SUBSCRIPTIONS","id":1}', NOW + 9000)
    assert (tape.sent, session.received, house.hub.sessions) == ([], 42, ())


def test_muted_is_silent_and_looks_well(house: House) -> None:
    key = house.keys.create(NOW)
    session, tape = house.open(f"/public/ws/{BOOK}")
    user, events = house.open(f"/private/ws/{key}")
    session.mute()
    user.mute()
    house.say(session, "SUBSCRIBE", "other")
    house.say(session, "SET_PROPERTY", "combined", True)
    house.tell_market()
    house.hub.push_user("ORDER_TRADE_UPDATE", ORDER)
    house.keys.expire_now(NOW)
    house.hub.advance(NOW + 180_000)
    assert tape.sent == [b'{"result":null,"id":1}'] * 2
    assert (len(tape.pings), events.sent, session.muted) == (1, [], True)
    session.unmute()
    house.tell_market()
    session.unmute()
    house.hub.publish(PUBLIC, "other", b"{}")
    assert tape.sent[2:] == [WRAPPED, b'{"stream":"other","data":{}}']


def test_frozen_is_deaf_and_dumb_and_stays(house: House) -> None:
    session, tape = house.open(f"/public/ws/{BOOK}")
    session.freeze()
    session.unmute()
    house.say(session, "LIST_SUBSCRIPTIONS")
    house.tell_market()
    session.advance(NOW + 25 * 3_600_000)
    house.hub.advance(NOW + 25 * 3_600_000)
    house.hub.close_all(1001, "bye")
    assert not session.pinged(NOW)
    assert (tape.sent, tape.pings, tape.ended, house.hub.due) == ([], [], [], NEVER)
    assert house.hub.sessions == (session,)
    session.drop()
    assert tape.ended == [(0, "aborted")]
    assert not house.hub.sessions


def test_what_is_closed_is_over(house: House) -> None:
    session, tape = house.open(f"/public/ws/{BOOK}")
    house.hub.close_all(1012, "maintenance")
    session.drop()
    session.close(1000, "again")
    session.gone()
    session.unmute()
    session.advance(NOW + 10**9)
    house.tell_market()
    assert (tape.ended, tape.sent, house.hub.wanted(PUBLIC, BOOK)) == ([(1012, "maintenance")], [], False)


def test_sockets_can_be_told_apart(house: House) -> None:
    house.open("/public/ws/a")
    session, _ = house.open("/market/stream?streams=b")
    assert [(each.number, each.cls, each.path) for each in house.hub.sessions] == [
        (1, PUBLIC, "/public/ws/a"),
        (2, MARKET, "/market/stream"),
    ]
    assert (session.opened, session.age_ms(NOW + 5), session.closed, session.frozen) == (NOW, 5, False, False)


def test_the_private_class_has_no_market(house: House) -> None:
    _, tape = house.open("/private/ws/a")
    assert house.hub.wanted(PRIVATE, "a")
    house.hub.publish(PRIVATE, "a", b"{}")
    assert tape.sent == [b"{}"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_url_is_read_or_refused(path: str, query: str) -> None:
    for start in ("", "/ws/", "/private/ws", "/public/stream"):
        try:
            target = read_target(start + path, query)
        except NoSuchPath:
            continue
        assert all(wish.name for wish in target.wishes)


ACTS = st.one_of(
    st.tuples(st.just("SUBSCRIBE"), st.sampled_from("abc")),
    st.tuples(st.just("UNSUBSCRIBE"), st.sampled_from("abc")),
    st.tuples(st.just("mute"), st.just("")),
    st.tuples(st.just("unmute"), st.just("")),
    st.tuples(st.sampled_from(["wrap", "unwrap"]), st.just("")),
)


@given(st.lists(st.tuples(st.integers(0, 1), ACTS), max_size=20))
def test_each_socket_hears_exactly_what_it_asked_for(acts: list[tuple[int, tuple[str, str]]]) -> None:
    house = House()
    sockets = [house.open("/public/ws"), house.open("/public/stream")]
    asked: list[set[str]] = [set(), set()]
    muted, combined = [False, False], [False, True]
    for who, (act, name) in acts:
        session = sockets[who][0]
        if act in ("SUBSCRIBE", "UNSUBSCRIBE"):
            house.say(session, act, name)
            (asked[who].add if act == "SUBSCRIBE" else asked[who].discard)(name)
        elif act in ("wrap", "unwrap"):
            combined[who] = act == "wrap"
            house.say(session, "SET_PROPERTY", "combined", combined[who])
        else:
            muted[who] = act == "mute"
            (session.mute if muted[who] else session.unmute)()
    for who, (_, tape) in enumerate(sockets):
        tape.sent.clear()
        for name in "abc":
            heard = name in asked[who] and not muted[who]
            house.hub.publish(PUBLIC, name, b"{}")
            frame = b'{"stream":"%s","data":{}}' % name.encode() if combined[who] else b"{}"
            assert tape.sent == ([frame] if heard else [])
            tape.sent.clear()
    for name in "abc":
        assert house.hub.wanted(PUBLIC, name) == any(name in asked[who] and not muted[who] for who in (0, 1))
