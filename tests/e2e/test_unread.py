"""A run whose standard error and output nobody reads: it works to the end all the same."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.process import ROOT

LEAST = 4096
"""A pipe of one page: full with the first lines."""
CONFIG = """
global:
  venue: sim
  sim:
    wallet: 300
    positions:
      - {{symbol: "BTC/USDT:USDT", side: LONG, qty: 0.02}}
      - {{symbol: "ETH/USDT:USDT", side: SHORT, qty: 0.5}}
  log: {{folder: "{folder}/logs", level: debug}}
  web: {{enabled: false}}
  strategy:
    names: [patient]
    patient: {{horizon_s: 4, child_s: 0.5, endgame_s: 1, max_child_notional: 5000}}
symbols: {{"BTC/USDT:USDT": {{sides: [LONG]}}, "ETH/USDT:USDT": {{sides: [SHORT]}}}}
"""


def small_pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, LEAST)
    return reader, writer


@pytest.mark.timeout(240)
def test_it_works_to_the_end_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    (out_reader, out), (err_reader, err) = small_pipe(), small_pipe()
    arguments = ("--config", str(config), "--until-flat", "--state", str(tmp_path / "state"))
    with subprocess.Popen(
        [sys.executable, "-m", "vibe_quant", "run", *arguments],
        stdout=out,
        stderr=err,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
    ) as process:
        try:
            assert process.wait(150) == 0
        finally:
            process.kill()
    heard = os.read(err_reader, 1 << 20)
    for end in (out_reader, out, err_reader, err):
        os.close(end)
    assert 0 < len(heard) <= LEAST
    log = (tmp_path / "logs" / "vibe-quant.log").read_text(encoding="utf-8")
    assert "position_closed | symbol=BTC/USDT:USDT side=LONG" in log
    assert "stopped | " in log
    assert len(log) > LEAST  # more than the pipe holds
