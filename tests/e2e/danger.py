"""Settings and words for stories near liquidation: panic in three tiers, a stop, an exit that is easily overtaken."""

from __future__ import annotations

from decimal import Decimal

from tests.e2e.stage import BTC, CONFIG, LONG, Stage, settings

from vibe_quant.core.liquidation import Leg, liquidation_price
from vibe_quant.domain.enums import Severity, SignalReason
from vibe_quant.domain.intents import OrderIntent
from vibe_quant.domain.settings import Settings
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.records import SimAlgo

STOP = """
    protective_stop: {dist_to_liq: 0.004, loosen_cooldown_s: 0}"""
AMENDS = "  execution:\n    amend: true\n"
TIERS = """
    liq_distance_threshold: 0.035
    panic_close:
      enabled: true
      tiers:
        - {dist_to_liq: 0.030, slice_ratio: 0.34, maker_timeouts_to_escalate: 1}
        - {dist_to_liq: 0.020, slice_ratio: 0.5, maker_timeouts_to_escalate: 0}
        - {dist_to_liq: 0.012, slice_ratio: 1, maker_timeouts_to_escalate: 0}"""


def patient_text(*, panic: bool = True) -> str:
    """An exit of ten minutes in small orders."""
    text = CONFIG.replace("    reconcile_interval_s: 5", f"    reconcile_interval_s: 5{STOP}{TIERS if panic else ''}")
    text = text.replace("horizon_s: 12, endgame_s: 4", "horizon_s: 600, endgame_s: 2, min_child: 0.004")
    assert "min_child" in text and "dist_to_liq" in text
    return text


def patient(
    *, panic: bool = True, symbol: str = BTC, stop: str = "0.004", slice_ratio: str = "0.34", amend: bool = False
) -> Settings:
    """The same as settings; ``stop`` is its distance to liquidation, ``slice_ratio`` the first tier's."""
    text = patient_text(panic=panic).replace(BTC, symbol).replace("dist_to_liq: 0.004", f"dist_to_liq: {stop}")
    text = text.replace("slice_ratio: 0.34", f"slice_ratio: {slice_ratio}")
    return settings(text.replace("  execution:\n", AMENDS) if amend else text)


def by_queue() -> Settings:
    """Makers at a price of the exchange's choice, on signals."""
    text = patient_text(panic=False).replace("  execution:\n", "  execution:\n    maker_price_mode: queue\n")
    return settings(text.replace("names: [patient]", "names: [orderbook_price]"))


def sent(on: Stage, reason: SignalReason) -> list[OrderIntent]:
    """Orders that were sent for one reason."""
    return [intent for intent in on.intents if isinstance(intent, OrderIntent) and intent.reason is reason]


def alarms(on: Stage, words: str) -> list[str]:
    """What the operator was alarmed by."""
    return [n.text for n in on.notices if n.severity is Severity.ALARM and words in n.text]


def told(on: Stage, words: str) -> list[str]:
    """What the operator was told, whatever its weight."""
    return [n.text for n in on.notices if words in n.text]


def standing(on: Stage) -> list[SimAlgo]:
    """The program's conditional orders that rest."""
    return [a for a in on.server.box.exchange.algos.open if a.client_id.startswith(f"{on.truth.prefix}-ps-")]


def near_liquidation(on: Stage, dist: str) -> Decimal:
    """The price that is so far (a ratio of it) above what a lone LONG of BTCUSDT is liquidated at now."""
    account = on.server.box.exchange.account
    held = account.leg("BTCUSDT", LONG)
    leg = Leg(LONG, held.qty, held.entry)
    brackets = CATALOGUE["BTCUSDT"].brackets
    liquidation = liquidation_price([leg], account.wallets["USDT"], Decimal(0), Decimal(0), brackets)
    assert liquidation is not None
    return liquidation / (1 - Decimal(dist))


def only_panic_overlaps(on: Stage) -> None:
    """Two orders of a leg at a time only where panic did not wait for what became of the first (behaviour 9)."""
    panic = {order.client_id for order in sent(on, SignalReason.PANIC)}
    assert [pair for pair in on.truth.two_at_once() if pair.split(", ")[1].split(" from ")[0] not in panic] == []


def fired(on: Stage) -> list[str]:
    """Stops of ours whose order reached the book."""
    return [o.client_id for o in on.truth.orders if o.client_id.startswith(f"{on.truth.prefix}-ps-")]
