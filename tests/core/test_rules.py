"""The ends of the exchange's rules: no least notional, and a notional above the last bracket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from vibe_quant.domain.rules import bracket_for
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.tapes.brackets import default_brackets

D = Decimal


def test_without_a_least_notional_the_least_quantity_rules() -> None:
    rules = replace(scenario_params("calm").rules("X"), min_notional=D(0), min_qty=D("0.003"), step=D("0.001"))
    assert rules.lot(D("0.01")) == D("0.003")


def test_above_the_last_cap_the_last_bracket_holds() -> None:
    brackets = default_brackets("BTC/USDT:USDT")
    assert bracket_for(brackets, brackets[-1].cap + 1) is brackets[-1]
