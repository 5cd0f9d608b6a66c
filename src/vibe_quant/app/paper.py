"""Venue paper as one set of parts, and how its account begins: the configured legs, at the market's own marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.instance import IMAGINED, fingerprint
from vibe_quant.app.paper_exchange import PaperExchange
from vibe_quant.app.paper_feeds import PaperMarketFeed, PaperTap, PaperUserFeed
from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.app.patience import Patience
from vibe_quant.app.start_findings import UNKNOWN_SYMBOL, Check, Finding, refusal, remark
from vibe_quant.app.time_sync import why
from vibe_quant.app.wire import StreamTimes, Wire
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.market_ws import MarketWSClient
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.settings import GlobalSettings, PaperSettings, SeededPosition
from vibe_quant.ports import Accepted, Failure, Rejected, Sink
from vibe_quant.sim.latency import TapeLatency

ASSUMED = (
    "Venue paper: nothing is ever sent, and no API key is read. The market is real; orders are filled by the simulated "
    "exchange as the streams show it. Maintenance brackets are default ladders, for the exchange tells its own only to "
    "a key; fees are those of an ordinary account (maker 0.02 %, taker 0.05 %), funding is paid every 8 hours. The "
    "account begins anew at each start, as global.paper says: orders, positions and commands of earlier runs are not "
    "carried on."
)
EMPTY = (
    "global.paper.positions is empty, and nobody opens a position in an account that is imagined: there is nothing to "
    "do. Name the legs that it shall begin with."
)
NOTHING = "Nothing was started."


@dataclass(slots=True)
class PaperOpening:
    """What the account begins with; one a run."""

    venue: PaperVenue
    exchange: PaperExchange
    feed: PaperMarketFeed
    settings: PaperSettings
    found: list[Finding] = field(default_factory=list)

    async def run(self, patience: Patience) -> tuple[Finding, ...]:
        """Seat the configured legs at the market's mark; waits as long as the exchange does not answer."""
        self.found = [remark(Check.ACCOUNT, Severity.INFO, ASSUMED)]
        if not self.settings.positions:
            self.found.append(remark(Check.ACCOUNT, Severity.WARNING, EMPTY))
        for seat in self.settings.positions:
            await self._seat(seat, patience)
        self.feed.hold(seat.symbol for seat in self.settings.positions)
        return tuple(self.found)

    async def _seat(self, seat: SeededPosition, patience: Patience) -> None:
        symbol = seat.symbol
        read = await patience.ask(f"the rules of {symbol}", lambda: self.exchange.rules(symbol))
        if not isinstance(read, Accepted):
            self.found.append(_unlisted(seat, read))
            return
        mark = await patience.ask(f"the mark price of {symbol}", lambda: self.exchange.mark(symbol))
        if not isinstance(mark, Accepted):
            self.found.append(_markless(seat, mark))
            return
        self.found += self._misfits(seat)
        if not any(finding.refuses for finding in self.found):
            self.venue.seat(symbol, seat.side, seat.qty, seat.entry or mark.value.price)

    def _misfits(self, seat: SeededPosition) -> Iterator[Finding]:
        venue = self.venue.exchange.venue
        step = venue.market(seat.symbol).rules.step
        if seat.qty % step:
            text = (
                f"global.paper.positions: {seat.qty} of {seat.symbol} {seat.side} is no multiple of the lot step "
                f"{step}, so no account can hold it. {NOTHING} Correct the quantity."
            )
            yield refusal(Check.ACCOUNT, text, seat.symbol)
        leverage = venue.account.leverage_of(seat.symbol)
        if leverage < self.settings.leverage:
            text = (
                f"{seat.symbol}: its leverage is {leverage}, the most of its default brackets, not the configured one."
            )
            yield remark(Check.ACCOUNT, Severity.WARNING, text, seat.symbol)


def _unlisted(seat: SeededPosition, failure: Failure) -> Finding:
    if isinstance(failure, Rejected) and failure.code == UNKNOWN_SYMBOL:
        text = (
            f"global.paper.positions names {seat.symbol}, and the exchange has no such perpetual contract. {NOTHING} "
            "Correct the name (such as BTC/USDT:USDT), or take the position out."
        )
    else:
        text = (
            f"global.paper.positions: the rules of {seat.symbol} could not be read ({why(failure)}). {NOTHING} See "
            "what the exchange says about this code, then start again."
        )
    return refusal(Check.SYMBOL, text, seat.symbol)


def _markless(seat: SeededPosition, failure: Failure) -> Finding:
    text = (
        f"global.paper.positions: {seat.symbol} has no mark price ({why(failure)}), so its position cannot be valued. "
        f"{NOTHING} See whether the contract trades at the exchange, or take the position out."
    )
    return refusal(Check.SYMBOL, text, seat.symbol)


def open_paper(
    endpoints: Endpoints, clock: SystemClock, sink: Sink, settings: GlobalSettings, random: Random, times: StreamTimes
) -> Wire:
    """Nothing connects yet; no credentials are taken, so that nothing signed can leave."""
    names = SymbolNames()
    public = ExchangeAdapter(RestClient(endpoints, None, clock, sink), names, clock)
    venue = PaperVenue(clock, TapeLatency(random.getrandbits(32)), settings.paper)
    tap = PaperTap(venue, sink)
    streams = MarketWSClient(endpoints, names, clock, tap.take, settings.ws, random, times=times.market)
    exchange, market = PaperExchange(venue, public, clock), PaperMarketFeed(streams, tap)
    opening = PaperOpening(venue, exchange, market, settings.paper).run
    return Wire(
        names,
        exchange,
        market,
        PaperUserFeed(venue, clock, sink),
        opening,
        lambda: {"market": streams.codec.counters()},
    )


def paper_account(journal: Path) -> str:
    """What stands for an account that is imagined: the record of it, which two instances must not write."""
    return f"{IMAGINED}{fingerprint(str(journal.resolve()))}"
