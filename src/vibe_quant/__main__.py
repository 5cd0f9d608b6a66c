"""``python -m vibe_quant`` is the command ``vibe-quant``."""

from vibe_quant.cli import main

if __name__ == "__main__":
    main()
