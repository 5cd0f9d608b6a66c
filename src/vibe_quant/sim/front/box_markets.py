"""Opens the markets of a box and seats its account: opening prices, positions, leverage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import assert_never

from vibe_quant.domain.events import Candle, Depth, Mark, Quote, Trade
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box_options import BoxError, BoxOptions, MarketSource
from vibe_quant.sim.market.generator import endless
from vibe_quant.sim.market.news import ForcedTrade, FundingAt, StatusChange
from vibe_quant.sim.market.scenarios import scenario_params


def open_markets(options: BoxOptions, now: int) -> dict[str, Iterable[FeedEvent]]:
    """The events of each symbol.

    Raises:
        BoxError: no symbol, a symbol twice, a position in a symbol that is not there, or no such scenario.
    """
    symbols = [source.instrument.symbol for source in options.markets]
    if not symbols:
        raise BoxError("the exchange needs at least one symbol")
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise BoxError(f"{symbol} is named twice; give each symbol one market")
    for position in options.positions:
        if position.symbol not in symbols:
            raise BoxError(f"a position in {position.symbol}, which is not among {', '.join(symbols)}")
    return {source.instrument.symbol: _events(source, options, now) for source in options.markets}


def _events(source: MarketSource, options: BoxOptions, now: int) -> Iterable[FeedEvent]:
    if source.events is not None:
        return source.events
    rules = source.instrument.rules
    price = rules.floor_price(opening_price(source, options))
    try:
        params = scenario_params(source.scenario, source.side).on_instrument(price, rules.tick, rules.step)
    except ValueError as error:
        raise BoxError(f"{rules.symbol}: {error}") from None
    seed = Random(f"{options.seed}/{rules.symbol}").getrandbits(48)
    return endless(source.scenario, seed, rules.symbol, side=source.side, params=params, start_ms=now)


def opening_price(source: MarketSource, options: BoxOptions) -> Decimal:
    """Where a generated market opens: at the first entry price given for its symbol, else at the instrument's own."""
    entries = [p.entry for p in options.positions if p.symbol == source.instrument.symbol and p.entry is not None]
    return entries[0] if entries else source.instrument.price


def seat(options: BoxOptions, exchange: SimExchange, now: int) -> None:
    """Give the account its leverage and positions, and every symbol its funding times, unless its market has told them.

    Entries left out are the market's own price.  Wallets and legs bear the time ``now``: clients skip those without.

    Raises:
        BoxError: a position is not on the symbol's grid, or stands in one-way mode.
    """
    if options.positions and not options.hedge_mode:
        raise BoxError("an account in one-way mode holds no legs; leave the positions out, or the mode")
    exchange.account.dual = options.hedge_mode
    exchange.account.leverage.update(dict.fromkeys(exchange.venue.markets, options.leverage))
    exchange.account.wallet_ms.update(dict.fromkeys(options.wallets, now))
    for symbol in exchange.venue.markets:
        if not exchange.funding.next_ms(symbol):
            exchange.funding.start(symbol, now)
    for position in options.positions:
        market = exchange.venue.market(position.symbol)
        quote = market.quote
        entry = position.entry or (quote.bid if quote is not None else None)
        if entry is None:
            raise BoxError(f"{position.symbol} has no price yet; give the position of it an entry, QTY@PRICE")
        if position.qty % market.rules.step:
            raise BoxError(f"{position.symbol}: {position.qty} is not a multiple of the lot step {market.rules.step}")
        exchange.seed_position(position.symbol, position.side, position.qty, entry)
        exchange.account.leg(position.symbol, position.side).updated_ms = now


def play(exchange: SimExchange, event: FeedEvent) -> None:
    """Show the exchange one event of a market; quotes first, for they are most."""
    if type(event) is Quote:
        exchange.on_quote(event)
    else:
        _play_other(exchange, event)


def _play_other(exchange: SimExchange, event: FeedEvent) -> None:
    match event:
        case Quote():
            exchange.on_quote(event)
        case Trade():
            exchange.on_trade(event)
        case Mark():
            exchange.on_mark(event)
        case Depth():
            exchange.on_depth(event)
        case StatusChange(symbol, at, status):
            exchange.settlement.set_status(symbol, status, at)
        case FundingAt(symbol, at, next_ms, rate):
            exchange.venue.market(symbol).funding_rate = rate
            exchange.funding.start(symbol, at, next_ms=next_ms)
        case Candle() | ForcedTrade():  # of the market's telling alone
            pass
        case _:
            assert_never(event)
