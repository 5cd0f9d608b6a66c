"""A PostgreSQL server of the tests' own, on a Unix socket, under a user who may run one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

USER, PASSWORD = "vq", "canary-password"
NOBODY = 65534


def programs() -> Path | None:
    """The folder of initdb and postgres."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("postgres"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return installed[-1].parent if installed else None


class PostgresServer:
    """Made by ``create``, started and stopped at will."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._frozen: list[int] = []

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self.folder}"

    def create(self) -> None:
        words = self.folder / "words"
        words.write_text(PASSWORD, encoding="utf-8")
        if os.geteuid() == 0:
            self.folder.chmod(0o700)
            shutil.chown(self.folder, NOBODY, NOBODY)
            shutil.chown(words, NOBODY, NOBODY)
        line = ["initdb", "-D", str(self.folder / "data"), "-U", USER, "-A", "scram-sha-256", "--pwfile", str(words)]
        subprocess.run([*self._as(), *line, "--no-sync"], check=True, capture_output=True, cwd="/", env=self._environ())

    def start(self) -> None:
        line = ["postgres", "-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses="]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._as(), *line, "-c", "fsync=off"], stdout=log, stderr=log, cwd="/", env=self._environ()
        )
        log.close()
        ready = [str(self._binaries / "pg_isready"), "-h", str(self.folder), "-q"]
        for _ in range(200):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    @property
    def runs(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    def freeze(self) -> None:
        """Let it and all its processes hang: connections stay and nothing is answered."""
        self._frozen = self._family()
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        for pid in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._frozen = []

    def _family(self) -> list[int]:
        assert self._process is not None
        leader = self._process.pid
        children = Path(f"/proc/{leader}/task/{leader}/children").read_text(encoding="ascii")
        return [leader, *map(int, children.split())]

    def _environ(self) -> dict[str, str]:
        return {"PATH": f"{self._binaries}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}

    def _as(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
