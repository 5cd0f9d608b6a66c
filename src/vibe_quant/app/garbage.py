"""How often Python looks for garbage while the program trades: rarely, and never among what the start has made.

A look at all objects takes tens of milliseconds, which an order would wait for; most of them are modules and live on.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = (5_000, 40, 50)
"""Objects more than before for a look at the newest, and how many of these for one at the older."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """For a whole run: what is there now is not looked at any more, what comes is looked at ``RARELY``."""
    before = gc.get_threshold()
    spare()
    gc.set_threshold(*RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def spare() -> None:
    """Leave out of all looks to come what is there now; what is garbage of it goes first."""
    gc.collect()
    gc.freeze()
