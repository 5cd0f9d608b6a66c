"""Checks a configuration file for the command line: shows what rules, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from vibe_quant.config.effective import effective
from vibe_quant.config.lint_size import MarketFacts
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.config.problems import ConfigError, FileProblem, Problem
from vibe_quant.config.render import as_json as to_json
from vibe_quant.config.render import located, write_text

OK = 0
UNREADABLE = 2
INVALID = 4


def run_check(
    config: Path, as_json: bool, out: TextIO, err: TextIO, market: Mapping[str, MarketFacts] | None = None
) -> int:
    """Exit code 0 valid, 4 invalid, 2 missing or unreadable; ``market`` (symbol -> facts) makes advice on sizes exact.

    The result goes to ``out`` (JSON whatever the result), what is wrong in words to ``err``.
    """
    try:
        loaded = ConfigLoader().load(config, market)
    except FileProblem as error:
        return _failed(config, [Problem("", None, error.reason)], UNREADABLE, as_json, out, err)
    except ConfigError as error:
        return _failed(config, error.problems, INVALID, as_json, out, err)
    if as_json:
        out.write(to_json(config, (), loaded.warnings, effective(loaded)))
    else:
        write_text(out, config, loaded.warnings, effective(loaded))
    return OK


def _failed(
    config: Path, problems: list[Problem] | tuple[Problem, ...], code: int, as_json: bool, out: TextIO, err: TextIO
) -> int:
    if as_json:
        out.write(to_json(config, problems, (), ()))
    else:
        for problem in problems:
            err.write(located(config, problem) + "\n")
    return code
