"""Whose past a journal holds."""

from __future__ import annotations

import pytest

from vibe_quant.app.memory import OF_ANOTHER_KEY, heritage
from vibe_quant.domain.settings import Venue
from vibe_quant.journal.reader import LastStart


def started(venue: Venue, account: str) -> LastStart:
    return LastStart("r1", 0, "1", "0", venue.value, account, {})


def test_a_first_start_and_one_of_the_same_account_inherit() -> None:
    assert heritage(None, "a", Venue.LIVE) == (True, "")
    assert heritage(started(Venue.LIVE, "a"), "a", Venue.LIVE) == (True, "")


def test_another_key_of_the_venue_inherits_and_is_said() -> None:
    assert heritage(started(Venue.LIVE, "a"), "b", Venue.LIVE) == (True, OF_ANOTHER_KEY)


def test_another_simulated_exchange_is_another_account() -> None:
    assert heritage(started(Venue.SIM, "a"), "b", Venue.SIM) == (False, "")


@pytest.mark.parametrize("before", [Venue.PAPER, Venue.SIM, Venue.TESTNET])
def test_the_past_of_another_venue_is_left_and_said(before: Venue) -> None:
    inherits, said = heritage(started(before, "a"), "b", Venue.LIVE)
    assert not inherits
    assert f"venue {before.value}" in said
