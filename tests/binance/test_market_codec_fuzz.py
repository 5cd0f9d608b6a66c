"""Frames bent at random: no exception, every frame counted once, only sane values, and the stream goes on."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.binance.frame_desk import FRAMES, QUOTE, RECV, market, packed, user, wrapped
from tests.binance.test_user_codec import account, config, order, stop

from vibe_quant.binance.frames import FrameReader
from vibe_quant.domain.events import Depth, Event, Mark, OrderUpdate, PositionUpdate, Quote, StopReport, Trade

USER: list[dict[str, Any]] = [order(), account(), stop(), json.loads(config(ac={"s": "BTCUSDT", "l": 5}))]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "Infinity", "-0", "1e999999", "BOTH", "x" * 300, "0", "-1"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a frame below the top."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, below in items for place in [(*path, key), *places(below, (*path, key))]]


@st.composite
def bent(draw: st.DrawFn, frames: list[dict[str, Any]]) -> bytes:
    """A good frame with some values replaced or gone."""
    body = copy.deepcopy(draw(st.sampled_from([wrapped_or_bare(frame, wrap) for frame in frames for wrap in (0, 1)])))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(body) or [("e",)]))
        holder = body
        for key in way:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(ODD)
        elif isinstance(holder, dict):
            holder.pop(last, None)
    return packed_loosely(body)


def wrapped_or_bare(frame: dict[str, Any], wrap: int) -> dict[str, Any]:
    return {"stream": "btcusdt@depth5", "data": frame} if wrap else frame


def packed_loosely(body: Any) -> bytes:
    """NaN and halves of surrogate pairs may be in it."""
    return json.dumps(body).encode()


@st.composite
def torn(draw: st.DrawFn, frames: list[bytes]) -> bytes:
    """A good frame with bytes cut out or put in."""
    frame = draw(st.sampled_from(frames))
    start = draw(st.integers(0, len(frame)))
    end = draw(st.integers(start, min(len(frame), start + 20)))
    return frame[:start] + draw(st.binary(max_size=6)) + frame[end:]


def sane(event: object) -> bool:
    """No number of it could break the arithmetic of whoever gets it."""
    match event:
        case Quote():
            numbers = [event.bid, event.bid_qty, event.ask, event.ask_qty]
        case Trade():
            numbers = [event.price, event.qty]
        case Mark():
            numbers = [event.price]
        case Depth():
            numbers = [number for level in (*event.bids, *event.asks) for number in level]
        case OrderUpdate():
            numbers = [event.qty, event.price, event.filled_qty, event.last_qty, event.last_price]
            numbers += [abs(event.fee), abs(event.realized_pnl), event.avg_price or event.qty]
        case PositionUpdate():
            numbers = [event.qty, event.entry_price]
        case StopReport():
            numbers = [event.trigger_price, event.qty, event.filled_qty]
        case _:
            return True
    return all(number.is_finite() and 0 <= number <= 10**20 for number in numbers)


def survives(codec: FrameReader[Any], frame: bytes, good: bytes) -> None:
    events = codec.decode(frame, RECV)
    assert all(sane(event) for event in events)
    counters = codec.counters()
    assert counters.frames == 1
    assert counters.events == len(events)
    assert counters.malformed in (0, 1) or frame.lstrip().startswith(b"[") or b'"data": [' in frame
    assert len(codec.decode(good, RECV)) > 0


@settings(max_examples=300, deadline=None)
@given(frame=bent(FRAMES))
def test_a_bent_market_frame(frame: bytes) -> None:
    survives(market(), frame, wrapped(QUOTE))


@settings(max_examples=300, deadline=None)
@given(frame=bent(USER))
def test_a_bent_user_frame(frame: bytes) -> None:
    survives(user(), frame, packed(order()))


@settings(max_examples=200, deadline=None)
@given(frame=st.one_of(torn([wrapped(frame) for frame in FRAMES]), st.binary(max_size=40)))
def test_a_torn_market_frame(frame: bytes) -> None:
    survives(market(), frame, wrapped(QUOTE))


@settings(max_examples=200, deadline=None)
@given(frame=torn([packed(frame) for frame in USER]))
def test_a_torn_user_frame(frame: bytes) -> None:
    survives(user(), frame, packed(order()))


@settings(max_examples=100, deadline=None)
@given(frames=st.lists(bent(FRAMES), max_size=20))
def test_what_becomes_of_each_frame_is_in_the_counts(frames: list[bytes]) -> None:
    codec = market()
    got: list[Event] = []
    for frame in frames:
        got += codec.decode(frame, RECV)
    counters = codec.counters()
    names = sum(count for name, count in counters.unknown.items() if "." not in name)
    accounted = counters.events + counters.malformed + names + sum(counters.ignored.values()) + len(codec.replies)
    assert counters.events == len(got)
    assert accounted >= len(frames) - sum(b'"data": []' in frame for frame in frames)
