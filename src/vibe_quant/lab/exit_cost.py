"""What a meter has of an exit, as the operator's side tells it and the journal keeps it."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.status import ExitCost
from vibe_quant.lab.cost import CostMeter

ZERO = Decimal(0)


def exit_cost(meter: CostMeter, now: int, offset_ms: int, *, finished: bool, lacking: bool = False) -> ExitCost:
    """The exit until ``now`` (monotonic ms; epoch ms = monotonic + ``offset_ms``).

    ``fee`` is in the quote asset, or in another where all that was paid is in one other: bps hold only the former.
    """
    cost = meter.cost(now)
    paid = {asset: fee for asset, fee in sorted(meter.fees.items()) if fee and asset}
    asset = meter.quote_asset if meter.quote_asset in paid or len(paid) != 1 else next(iter(paid))
    end = now if cost.flat_ms is None else cost.flat_ms
    return ExitCost(
        symbol=cost.symbol,
        side=cost.side,
        begun_ms=offset_ms + (end if cost.began_ms is None else cost.began_ms),
        ended_ms=offset_ms + end,
        finished=finished,
        start_qty=cost.qty,
        closed_qty=cost.filled_qty,
        arrival=cost.arrival_mid,
        average=cost.avg_price,
        cost_bps=cost.all_in_bps,
        slippage_bps=cost.slippage_bps,
        fee=paid.pop(asset, ZERO),
        fee_asset=asset,
        realized_pnl=meter.realized_pnl,
        maker_share=cost.maker_share,
        orders=cost.orders,
        fills=meter.fills,
        other_fees=tuple(paid.items()),
        lacking=lacking,
    )
