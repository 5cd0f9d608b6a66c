"""How long things travel, and who may overtake whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.faults import RequestFate
from vibe_quant.sim.front.streams.user_frame import UserFrame
from vibe_quant.sim.front.travel import GENERATED_MS, Travel

MEAN = 40
EVENTS = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 60), st.integers(0, 3)), max_size=40)


def test_without_latency_nothing_is_changed() -> None:
    travel = Travel(0, 1)
    fate = RequestFate(delay_ms=3)
    assert travel.of_request(fate) is fate
    assert travel.arrival("A", 1234, 1234) == 1234


def test_requests_and_answers_travel_around_the_mean_and_add_to_faults() -> None:
    travel = Travel(MEAN, 1)
    fates = [travel.of_request(RequestFate(delay_ms=100, answer_delay_ms=200)) for _ in range(400)]
    there, back = [fate.delay_ms - 100 for fate in fates], [fate.answer_delay_ms - 200 for fate in fates]
    for ways in (there, back):
        assert min(ways) >= MEAN // 2
        assert max(ways) <= MEAN * 3 // 2
        assert abs(sum(ways) / len(ways) - MEAN) < 3
    assert there != back
    assert (
        fates
        == [Travel(MEAN, 1).of_request(RequestFate(delay_ms=100, answer_delay_ms=200)) for _ in range(1)] + fates[1:]
    )


@given(EVENTS)
def test_events_in_time_keep_their_order_and_late_ones_wait_behind_their_own_type_only(
    events: list[tuple[str, int, int]],
) -> None:
    travel, now = Travel(MEAN, 5), 1_000
    in_time: list[int] = []
    by_name: dict[str, list[int]] = {"A": [], "B": []}
    held = {"A": 0, "B": 0}
    for name, gap, late in events:
        now += gap
        told = held[name] = max(now + late * 500, held[name])
        arrives = travel.arrival(name, told, now)
        assert arrives >= told + MEAN // 2
        by_name[name].append(arrives)
        if told == now:
            in_time.append(arrives)
    assert in_time == sorted(in_time)
    assert all(times == sorted(times) for times in by_name.values())


def test_one_late_event_does_not_hold_up_the_others() -> None:
    travel = Travel(MEAN, 5)
    late = travel.arrival("A", 10_000, 1_000)
    other = travel.arrival("B", 1_001, 1_001)
    assert other <= 1_001 + MEAN * 3 // 2 < late


def test_events_are_generated_a_little_after_what_they_tell_of_and_in_order_within_a_type() -> None:
    travel, generated = Travel(MEAN, 5), list[int]()
    for at in range(1_000, 1_400):
        frame = UserFrame("A", at, {"e": "A", "E": at, "T": at, "o": 1})
        stamped = travel.stamped(frame, at + 2)
        assert isinstance(stamped.body, dict)
        assert stamped.body | {"E": at} == frame.body
        assert list(stamped.body) == ["e", "E", "T", "o"]
        generated.append(stamped.body["E"] - at)
        assert 0 <= generated[-1] <= 2 < GENERATED_MS
    assert set(generated) == {0, 1, 2}
    times = [at + more for at, more in zip(range(1_000, 1_400), generated, strict=True)]
    assert times == sorted(times)
    assert Travel(0, 5).stamped(frame, 5_000) is frame
