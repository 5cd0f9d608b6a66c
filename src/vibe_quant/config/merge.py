"""Deep merge of raw sections, before any validation: what a symbol says over what ``global:`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vibe_quant.config.problems import EMPTY


def merge(base: Any, over: Any) -> Any:
    """``over`` on top of ``base``: sections merge key by key, everything else replaces, lists whole.

    None (a written ``null``) replaces too and stands for the default; EMPTY (nothing written) leaves ``base``.
    """
    if over is EMPTY:
        return base
    if not (isinstance(base, Mapping) and isinstance(over, Mapping)):
        return over
    return {**base, **{key: merge(base.get(key, EMPTY), value) for key, value in over.items()}}
