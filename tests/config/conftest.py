"""A configuration from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vibe_quant.config import ConfigError, ConfigLoader, Loaded, Problem

Load = Callable[[str], Loaded]
Problems = Callable[[str], tuple[Problem, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def run(text: str) -> Loaded:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return ConfigLoader().load(path)

    return run


@pytest.fixture
def problems(load: Load) -> Problems:
    def run(text: str) -> tuple[Problem, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return caught.value.problems

    return run
