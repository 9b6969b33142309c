"""The command line: its commands, and the one place where an error is printed and ends bncli.

0    done                                  129  hang-up
1    a fault in bncli itself               130  interrupted
2    wrong usage                           141  broken pipe, silent
3    bad or unreadable data or artifact    143  terminated
4    the shift gate was reached
"""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from bncli.cli import console, verbs
from bncli.cli.command import Program
from bncli.cli.options import CONFIG
from bncli.cli.process import Process, Stopped
from bncli.errors import BncliError, BncliWarning, place

NO_MEMORY = "there is not enough memory\n  take less with --threads 1, or raise the limit"
# ENOMEM as Python and Rust have it, a library that cannot be loaded, threads that cannot be had.
_NO_MEMORY = re.compile(
    r"cannot allocate memory|os error 1[12]\b|code: 1[12]\b|failed to map segment"
    r"|can't start new thread|ThreadPoolBuildError",
    re.IGNORECASE,
)
BROKEN_PIPE = 128 + signal.SIGPIPE


def _version(asked: bool) -> None:
    if asked:
        from bncli import __version__

        print(f"bncli {__version__}")
        raise typer.Exit


def program(words: Sequence[str] = ()) -> typer.Typer:
    """The program with the verbs that a command line names, or with all of them."""
    app = typer.Typer(
        name="bncli",
        cls=Program,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(bncli)
    return verbs.register(app, verbs.among(words))


def bncli(
    context: typer.Context,
    config: CONFIG = None,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Show the version."),
    ] = False,
) -> None:
    """Batch normalization for tables: fit, standardize, and report covariate shift.

    \b
    Example:
      bncli fit sample_data/weather_winter.parquet -o winter.json
      bncli transform sample_data/weather_summer.parquet -s winter.json -o summer.parquet
      bncli shift winter.json sample_data/weather_summer.parquet
    """
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)


def run(process: Process, args: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code.

    Whatever goes wrong is told here, in plain words; only ``Stopped`` passes through.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", BncliWarning)
            warnings.showwarning = console.Warnings()
            app = program(sys.argv[1:] if args is None else args)
            code = app(args, prog_name="bncli", standalone_mode=False, obj=process)
        sys.stdout.flush()
    except Stopped:
        raise
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        return _silently()
    except SystemExit as end:
        # How typer and rich end on a broken pipe; any other comes from shell completion.
        return _silently() if isinstance(end.__context__, BrokenPipeError) else int(end.code or 0)
    except BaseException as error:
        return _tell(error, process)
    return int(code or 0)


def _tell(error: BaseException, process: Process) -> int:
    try:
        text, code = _in_words(error)
    except (MemoryError, ImportError):
        text, code = NO_MEMORY, 3
    with suppress(OSError, MemoryError):
        if process.debug:
            traceback.print_exception(error, file=sys.stderr)
        console.say(f"error: {text}")
    return code


def _in_words(error: BaseException) -> tuple[str, int]:
    """What to tell of an error, and the exit code."""
    match error:
        case _ if _lacks_memory(error):
            return NO_MEMORY, 3
        case typer.TyperException():
            return console.usage_words(error), 2
        case BncliError() if error.exit_code != 1:
            return str(error), error.exit_code
        case OSError() if told := _system_words(error):
            return told, 3
    head = (str(error).splitlines() or [""])[0]
    return (
        f"a fault in bncli itself: {type(error).__name__}: {head}\n"
        "  please report it with this command line; --debug shows the trace to send along"
    ), 1


def _lacks_memory(error: BaseException) -> bool:
    """Whether memory ran out, whichever library tells it, and how."""
    # What bncli says itself may hold names of the user's.
    own = () if isinstance(error, BncliError | typer.TyperException) else (error,)
    return any(
        isinstance(each, MemoryError) or _NO_MEMORY.search(str(each))
        for each in (*own, error.__cause__)
        if each is not None
    )


def _system_words(error: OSError) -> str | None:
    """What the operating system said, and of which file; None where it said nothing."""
    from bncli.data.system import number_of, path_of, reason_of

    if number_of(error) is None:
        return None
    path = path_of(error)
    return f"'{place(str(path))}': {reason_of(error)}" if path else reason_of(error)


def _silently() -> int:
    """The reader of standard output is gone: nobody is left to tell, then or at the exit."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
    return BROKEN_PIPE
