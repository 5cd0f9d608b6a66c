"""What the embedded exchange shall hold, from the settings: a market for each symbol that is worked, and the legs."""

from __future__ import annotations

from vibe_quant.domain.settings import Settings
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxError, BoxOptions, MarketSource, Seat
from vibe_quant.sim.instruments import exchange_name
from vibe_quant.sim.market.scenarios import SCENARIOS

DEFAULT_SYMBOLS = ("BTCUSDT", "ETHUSDT")


def box_options(settings: Settings) -> BoxOptions:
    """Options of the exchange in a box for venue sim.

    Raises:
        BoxError: a symbol that it does not list, or no such scenario; the message says what there is.
    """
    sim = settings.shared.sim
    seats = tuple(Seat(exchange_name(leg.symbol), leg.side, leg.qty, leg.entry) for leg in sim.positions)
    named = [exchange_name(symbol) for symbol, _ in settings.symbols] + [seat.symbol for seat in seats]
    symbols = tuple(dict.fromkeys(named)) or DEFAULT_SYMBOLS
    for symbol in symbols:
        if symbol not in CATALOGUE:
            raise BoxError(
                f"the embedded exchange lists no {symbol}; it has {', '.join(CATALOGUE)}. Work one of those under "
                "venue sim, or serve a tape of it with vibe-quant sim serve and name that with --exchange-rest"
            )
    if sim.scenario not in SCENARIOS:
        raise BoxError(f"global.sim.scenario: no scenario {sim.scenario!r}; there are {', '.join(SCENARIOS)}")
    assets = dict.fromkeys(CATALOGUE[symbol].rules.margin_asset for symbol in symbols)
    return BoxOptions(
        markets=tuple(MarketSource(CATALOGUE[symbol], sim.scenario) for symbol in symbols),
        seed=sim.seed,
        speed=sim.speed,
        wallets=dict.fromkeys(assets, sim.wallet),
        positions=seats,
        leverage=sim.leverage,
        latency_ms=sim.latency_ms,
    )
