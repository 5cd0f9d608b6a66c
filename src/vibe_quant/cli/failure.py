"""Turns what is wrong with the input into a sentence on standard error and an exit code; never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

FAILED = 1
UNREADABLE = 2
BROKEN = 3
INVALID = 4
NOT_RUNNING = 5
DECLINED = 6
OUT_OF_REACH = 7
INTERRUPTED = 130
"""The shell's own for SIGINT, which click gives."""

CODES = """\b
Exit codes:
  0  done
  1  stopped or not confirmed by the user, a fault of the program, or something that doctor found wrong or could not
     ask
  2  a missing, unreadable or broken file, useless keys, or wrong options
  3  a start or a probe that was refused (another instance, the key, the account), or a journal that is not as it was
     written
  4  a configuration that does not hold, does not fit the options (live without --live), or cannot be applied while
     running; or faults that cannot be declared
  5  no service is running there
  6  the service has declined what it was asked
  7  the service cannot be asked: this user may not, or it does not answer as it should
  130  ended by Ctrl-C, such as logs -f; run stops in order by it, and gives 0"""


@contextmanager
def explained() -> Iterator[None]:
    """Ends the command with the exit code that fits, and what is wrong on standard error."""
    from vibe_quant.app.refusal import CredentialsError, RunRefusedError
    from vibe_quant.config.problems import ConfigError, FileProblem
    from vibe_quant.lab.request import ReplayError
    from vibe_quant.ports import JournalBroken
    from vibe_quant.sim.front.box_options import BoxError
    from vibe_quant.sim.front.faults import FaultError
    from vibe_quant.tapes.tape import TapeError

    try:
        yield
    except ConfigError as error:
        _end(str(error), INVALID)
    except (FaultError, RunRefusedError) as error:
        _end(str(error), INVALID)
    except (BoxError, CredentialsError, FileProblem, JournalBroken, ReplayError, TapeError) as error:
        _end(str(error), UNREADABLE)


def _end(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code) from None
