from __future__ import annotations

from pathlib import Path

from vibe_quant.config.loader import read_document
from vibe_quant.sim.front.faults import read_faults

EXAMPLE = Path(__file__).parents[3] / "config" / "faults.example.yaml"


def test_the_example_is_read_and_has_all_three_families() -> None:
    kinds = [spec.kind for spec in read_faults(read_document(EXAMPLE))]
    assert len(kinds) == 14
    assert {"ack_late", "event_late", "position_closed", "maintenance"} <= set(kinds)
