"""The command ``vibe-quant``."""

from vibe_quant.cli.app import main

__all__ = ["main"]
