"""The addresses: each class of streams its own, nothing of one venue in another's."""

from dataclasses import astuple

import pytest

from vibe_quant.binance.urls import endpoints_of, simulated
from vibe_quant.domain.settings import Venue


def test_live_routes_each_class_of_streams() -> None:
    found = endpoints_of(Venue.LIVE)
    assert found.rest == "https://fapi.binance.com"
    assert found.sapi == "https://api.binance.com"
    assert found.ws_public == "wss://fstream.binance.com/public"
    assert found.ws_market == "wss://fstream.binance.com/market"
    assert found.ws_private == "wss://fstream.binance.com/private"


def test_the_demo_environment_shares_no_host_with_the_live_one() -> None:
    found = endpoints_of(Venue.TESTNET)
    assert found.sapi is None
    assert all(url is None or "//demo-f" in url for url in astuple(found))


def test_the_exchange_in_a_box_serves_all_from_one_place() -> None:
    found = simulated("http://127.0.0.1:81/", "ws://127.0.0.1:81/")
    assert found.rest == found.sapi == "http://127.0.0.1:81"
    assert found.ws_private == "ws://127.0.0.1:81/private"


@pytest.mark.parametrize("venue", [Venue.SIM, Venue.PAPER])
def test_a_venue_without_a_fixed_address_is_named(venue: Venue) -> None:
    with pytest.raises(ValueError, match=venue.value):
        endpoints_of(venue)
