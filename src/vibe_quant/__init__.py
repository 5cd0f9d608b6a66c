"""vibe-quant: works leveraged USDⓈ-M perpetual positions down to zero, cheaply and reduce-only."""

__version__ = "0.1.0"
