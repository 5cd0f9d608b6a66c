"""``ports.Operations`` over the running application: what an operator asks and commands, by whichever way."""

from __future__ import annotations

from pathlib import Path

from vibe_quant.app.application import Application
from vibe_quant.config.loader import Loaded


class ControlRoom:
    """One a process; there before the application is, and after it has ended."""

    def __init__(self, loaded: Loaded, version: str, state: Path) -> None:
        self.loaded = loaded
        self.version = version
        self.state = state
        self.app: Application | None = None

    def began(self, app: Application) -> None:
        """The application is about to work."""
        self.app = app
