"""Configuration: strict YAML, models derived from ``domain/settings.py``, checks, advice, what rules where."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vibe_quant.config.check import run_check
    from vibe_quant.config.loader import ConfigLoader, Loaded
    from vibe_quant.config.problems import ConfigError, FileProblem, Problem

__all__ = ["ConfigError", "ConfigLoader", "FileProblem", "Loaded", "Problem", "run_check"]

_HOMES = {"run_check": "check", "ConfigLoader": "loader", "Loaded": "loader"}


def __getattr__(name: str) -> Any:
    """Read when it is asked for: the models take longer to build than a command that needs none of them may last."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'problems')}"), name)
