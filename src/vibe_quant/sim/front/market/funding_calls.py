"""REST calls about mark price and funding: premiumIndex, fundingInfo, fundingRate."""

from __future__ import annotations

from collections.abc import Callable

from vibe_quant.sim.front.account.amounts import fixed
from vibe_quant.sim.front.endpoint import Call
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.market_query import by_symbol, read_limit, within
from vibe_quant.sim.front.market.symbol_board import ZERO, FundingPaid, SymbolBoard
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

INTEREST = "0.00010000"
RATE_BOUND = "0.02000000"
Handler = Callable[[Call], Json]


class FundingCalls:
    """Reads the board; fundingRate knows the payments since the exchange began, at most 1,000 a symbol."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def rows(self) -> list[tuple[str, Handler, int | Callable[..., int]]]:
        """(path, handler, weight); the last two have a limit of their own, 500 in 5 min, that nobody counts here."""
        return [
            ("/fapi/v1/premiumIndex", self.premium_index, by_symbol(1, 10)),
            ("/fapi/v1/fundingInfo", self.funding_info, 0),
            ("/fapi/v1/fundingRate", self.funding_rate, 0),
        ]

    def premium_index(self, call: Call) -> Json:
        """Mark, index and next funding of a symbol, or of all."""
        chosen = self._chosen(call.params)
        rows = [premium_row(state, call.now) for state in chosen]
        return rows if call.params.text("symbol") is None else rows[0]

    def funding_info(self, call: Call) -> Json:
        """Bounds and interval of every symbol's funding."""
        del call
        return [
            {
                "symbol": state.symbol,
                "adjustedFundingRateCap": RATE_BOUND,
                "adjustedFundingRateFloor": f"-{RATE_BOUND}",
                "fundingIntervalHours": state.funding_hours,
                "disclaimer": False,
            }
            for state in self._board.symbols.values()
        ]

    def funding_rate(self, call: Call) -> Json:
        """What was paid, oldest first."""
        most = read_limit(call.params, 100, 1000)
        paid = [(state, row) for state in self._chosen(call.params) for row in state.funding_paid]
        paid.sort(key=_paid_ms)
        return [
            {
                "symbol": state.symbol,
                "fundingTime": row.exch_ms,
                "fundingRate": fixed(row.rate),
                "markPrice": fixed(row.mark),
                "rateType": "Regular",
            }
            for state, row in within(paid, _paid_ms, call.params, most)
        ]

    def _chosen(self, params: Params) -> list[SymbolBoard]:
        symbol = params.text("symbol")
        if symbol is None:
            return list(self._board.symbols.values())
        if symbol not in self._board.symbols:
            raise Rejected(-1121, "Invalid symbol.")
        return [self._board.symbols[symbol]]


def _paid_ms(row: tuple[SymbolBoard, FundingPaid]) -> int:
    return row[1].exch_ms


def premium_row(state: SymbolBoard, now: int) -> Json:
    """A row of GET premiumIndex; zeros while no mark was told."""
    marks = state.marks
    return {
        "symbol": state.symbol,
        "markPrice": fixed(marks.mark or ZERO),
        "indexPrice": fixed(marks.index or ZERO),
        "estimatedSettlePrice": fixed(marks.settle),
        "lastFundingRate": fixed(state.funding_rate),
        "interestRate": INTEREST,
        "nextFundingTime": state.funding_ms,
        "time": marks.exch_ms or now,
    }
