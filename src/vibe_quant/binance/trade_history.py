"""The account's own trades of a symbol since a moment, all of them: in windows of a week, each page by page."""

from __future__ import annotations

from vibe_quant.binance.asking import Asker, Params
from vibe_quant.binance.listing import Listing
from vibe_quant.binance.rest_codec import WireSide
from vibe_quant.binance.trade_codec import TradeRow, trade_rows, user_trade
from vibe_quant.ports import Accepted, Failure, Outcome, UserTrade

DAY_MS = 86_400_000
WINDOW_MS = 7 * DAY_MS
KEPT_MS = 89 * DAY_MS
"""The exchange keeps three months."""
PAGE = 1000


class TradeHistory:
    """userTrades."""

    def __init__(self, asker: Asker, listing: Listing, page: int = PAGE) -> None:
        """``page``: rows a request, the exchange's largest unless a test wants less."""
        self._asker = asker
        self._listing = listing
        self._page = page

    async def since(self, symbol: str, since_ms: int) -> Outcome[tuple[UserTrade, ...]]:
        """Every trade from ``since_ms`` (epoch ms, inclusive; at most 89 days back) on, oldest first, each once.

        Any request that fails fails the whole: a list with a gap would pass for the truth.
        """
        raw = await self._listing.raw_of(symbol)
        if not isinstance(raw, Accepted):
            return raw
        rows: dict[int, TradeRow] = {}
        now = self._asker.clock.server_ms()
        start = max(since_ms, now - KEPT_MS)
        while True:
            failure = await self._window(raw.value, start, now, rows)
            if failure is not None:
                return failure
            start += WINDOW_MS
            if start > now:
                break
        legs = [row for row in rows.values() if row.positionSide is not WireSide.BOTH and row.time >= since_ms]
        legs.sort(key=lambda row: (row.time, row.id))
        return Accepted(tuple(user_trade(row, symbol) for row in legs))

    async def _window(self, raw: str, start: int, now: int, rows: dict[int, TradeRow]) -> Failure | None:
        """One week into ``rows``; the last one has no end, so that a clock which lags cuts nothing off."""
        times: dict[str, int] = {"startTime": start}
        if start + WINDOW_MS <= now:
            times["endTime"] = start + WINDOW_MS - 1
        page = await self._read({"symbol": raw, "limit": self._page, **times})
        while isinstance(page, Accepted):
            news = {row.id: row for row in page.value if row.id not in rows}
            rows |= news
            if len(page.value) < self._page or not news:
                return None
            page = await self._read({"symbol": raw, "limit": self._page, "fromId": max(news) + 1})
        return page

    async def _read(self, params: Params) -> Outcome[list[TradeRow]]:
        return await self._asker.read("fapiPrivateGetUserTrades", params, lambda text, _: trade_rows(text))
