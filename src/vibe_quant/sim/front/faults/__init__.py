"""Faults of the simulated exchange: declared as plain data, each once, at a rate or at a moment, all from a seed."""

from vibe_quant.sim.front.faults.catalogue import catalogue
from vibe_quant.sim.front.faults.deck import Deck
from vibe_quant.sim.front.faults.fate import RequestFate
from vibe_quant.sim.front.faults.plan import FaultPlan, Strike
from vibe_quant.sim.front.faults.reading import FaultError, read_faults

__all__ = ["Deck", "FaultError", "FaultPlan", "RequestFate", "Strike", "catalogue", "read_faults"]
