"""The three levels and their shares of time."""

from __future__ import annotations

from vibe_quant.app.levels import Level, Levels
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import StreamDown, StreamUp, Timer


def test_levels_follow_the_streams_and_the_breaker_and_their_time_is_counted() -> None:
    is_open = [False]
    levels = Levels(lambda _: is_open[0], 0)
    assert levels.shares(0) == dict.fromkeys(Level, 0.0)
    for stream in Stream:
        assert str(levels.level) == "rest"
        levels.see(StreamUp(stream, 100), 100)
    assert str(levels.level) == "stream"
    is_open[0] = True
    levels.see(Timer(500), 500)
    assert str(levels.level) == "breaker"
    is_open[0] = False
    levels.see(StreamDown(Stream.BOOK, 700), 700)
    assert str(levels.level) == "rest"
    assert levels.shares(1000) == {Level.STREAM: 0.4, Level.REST: 0.4, Level.BREAKER: 0.2}
    assert levels.entered == {Level.STREAM: 1, Level.REST: 1, Level.BREAKER: 1}
    assert levels.spent(1000) == {Level.STREAM: 400, Level.REST: 400, Level.BREAKER: 200}
