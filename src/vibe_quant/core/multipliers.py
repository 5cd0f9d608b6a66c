"""How many times the base slice: by the last seconds' return, and by the return on margin."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from vibe_quant.core.market import MarketView
from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import AccelSettings, RoiSettings


def accel_mult(view: MarketView, side: PositionSide, settings: AccelSettings, now: int) -> int:
    """Multiplier of the highest tier that the return over the window has reached in the side's favour, else 1.

    ret = last / p0 - 1, p0 the last trade at or before now - window_ms (the oldest known if none); LONG ret >= tier,
    SHORT ret <= -tier.  ``mult_percent`` scales the tier's multiplier, rounded up, at least 1.
    """
    if not settings.tiers or view.last is None:
        return 1
    p0 = view.reference_price(now, settings.window_ms)
    if not p0:
        return 1
    ret = view.last / p0 - 1
    gain = ret if side is PositionSide.LONG else -ret
    reached = [tier for tier in settings.tiers if gain >= tier.ret]
    if not reached:
        return 1
    mult = max(reached, key=lambda tier: tier.ret).mult
    if settings.mult_percent is None:
        return mult
    return max(1, int((mult * settings.mult_percent).to_integral_value(ROUND_CEILING)))


def roi_mult(
    side: PositionSide, qty: Decimal, entry: Decimal, leverage: int | None, mark: Decimal | None, settings: RoiSettings
) -> int:
    """Multiplier of the highest tier with roi >= tier.roi, else 1, as where margin or mark cannot be told.

    roi = unrealised PnL at ``mark`` / (|qty| x entry / leverage), ``qty`` absolute; leverage None or nil counts as 1.
    """
    margin = qty * entry / (leverage or 1)
    if not settings.tiers or mark is None or margin <= 0:
        return 1
    roi = unrealized_pnl(side, qty, entry, mark) / margin
    reached = [tier for tier in settings.tiers if roi >= tier.roi]
    return max(reached, key=lambda tier: tier.roi).mult if reached else 1
