"""How a command ends: exit codes, and one sentence on stderr instead of a traceback."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

from hybrid_index.errors import HybridIndexError, InputError, WavelengthError

FAULT, USAGE, NOT_FOUND, INTERRUPTED = 1, 2, 3, 130
"""Exit codes besides 0: a file at fault, the command to be changed, no trusted cell, Ctrl-C."""

P = ParamSpec("P")
R = TypeVar("R")


def reports_faults(command: Callable[P, R]) -> Callable[P, R]:
    """Decorate a command: errors end it with one sentence on stderr and the right exit code.

    With ``HYBRID_INDEX_DEBUG=1`` in the environment the traceback is shown instead.
    """

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if os.environ.get("HYBRID_INDEX_DEBUG"):
            return command(*args, **kwargs)
        try:
            return command(*args, **kwargs)
        except HybridIndexError as error:
            complain(str(error))
            raise typer.Exit(exit_code_of(error)) from error
        except KeyboardInterrupt as error:
            complain("interrupted")
            raise typer.Exit(INTERRUPTED) from error
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:  # the last line of defence: a user is not to read a traceback
            complain(f"internal error ({type(error).__name__}: {error}); HYBRID_INDEX_DEBUG=1 shows where")
            raise typer.Exit(FAULT) from error

    return guarded


def complain(message: str) -> None:
    """Print one sentence on stderr."""
    print(f"hybrid-index: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201


def exit_code_of(error: HybridIndexError) -> int:
    """Return 2 where the command must be changed (an option, the wavelength), 1 where a file is at fault."""
    if isinstance(error, WavelengthError):
        return USAGE
    return USAGE if isinstance(error, InputError) and (error.source or "").startswith("--") else FAULT
