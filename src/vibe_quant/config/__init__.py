"""Configuration: strict YAML, models derived from ``domain/settings.py``, checks, advice, what rules where."""

from vibe_quant.config.check import run_check
from vibe_quant.config.loader import ConfigLoader, Loaded
from vibe_quant.config.problems import ConfigError, FileProblem, Problem

__all__ = ["ConfigError", "ConfigLoader", "FileProblem", "Loaded", "Problem", "run_check"]
