"""Each outcome of a request is counted under its own word, and timed where the request left."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.metric_scene import OUTCOMES

from vibe_quant.app.round_trips import RoundTrips
from vibe_quant.domain.enums import RequestKind
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, RateLimited, Rejected, Unknown

ALL = [
    Accepted(None),
    Rejected(-2011, "", 0),
    Unknown(""),
    NotSent(""),
    RateLimited(1),
    Banned(1),
    AuthLost(-2015, "", 0),
]


@pytest.mark.parametrize(("outcome", "word"), list(zip(ALL, OUTCOMES, strict=True)))
def test_an_outcome_by_its_word(outcome: Any, word: str) -> None:
    trips = RoundTrips()
    for _ in range(2):
        trips.heard(RequestKind.SUBMIT, outcome, 30)
    trips.heard(RequestKind.CANCEL, outcome, 30)
    assert trips.outcomes == {(RequestKind.SUBMIT, word): 2, (RequestKind.CANCEL, word): 1}
    counted = {kind: (times.count, times.total) for kind, times in trips.times.items()}
    left = {RequestKind.SUBMIT: (2, 0.06), RequestKind.CANCEL: (1, 0.03)}
    assert counted == ({} if word == "not_sent" else left)
