"""The start's objects are left out of all looks for garbage, as long as the run lasts."""

from __future__ import annotations

import gc

from vibe_quant.app.garbage import RARELY, seldom_collected, spare


def test_what_is_there_is_spared_and_what_comes_is_looked_at_rarely_until_the_end() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with seldom_collected():
        assert gc.get_threshold() == RARELY
        known = gc.get_freeze_count()
        assert known > frozen
        more = [[number] for number in range(1000)]
        assert gc.get_freeze_count() == known
        spare()
        assert gc.get_freeze_count() > known + len(more) // 2
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
