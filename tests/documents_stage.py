"""A folder with configurations and a tape, and commands in it that go on until they are told to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.documents import ROOT

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Stage:
    """A folder with the configurations, in which a service works."""

    folder: Path

    def beside(self, path: Path, *, mine: bool = True) -> Stage:
        """Another such folder, without a service."""
        config = path / "config"
        config.mkdir()
        for file in (self.folder / "config").iterdir():
            if mine or file.name not in ("my.yaml", "vibe-quant.env"):
                (config / file.name).write_bytes(file.read_bytes())
        (path / "btc.parquet").write_bytes((self.folder / "btc.parquet").read_bytes())
        return Stage(path)

    @property
    def environment(self) -> dict[str, str]:
        """As the README has it set."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VIBE_QUANT")}
        return {**kept, "VIBE_QUANT_CONFIG": "config/my.yaml", "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}

    @contextmanager
    def going(self, words: list[str], says: str) -> Iterator[None]:
        """A command that goes on until it is told to stop; it ends well."""
        told = self.folder / f"told-{words[0]}-{time.monotonic_ns()}"
        with told.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "vibe_quant", *words],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            end = time.monotonic() + PATIENCE_S
            while says not in told.read_text(encoding="utf-8"):
                assert process.poll() is None and time.monotonic() < end, told.read_text(encoding="utf-8")
                time.sleep(0.02)
            yield
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0, told.read_text(encoding="utf-8")
        finally:
            process.kill()
            process.wait()
