"""What bncli says: results on standard output; warnings, errors, progress on standard error."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

from bncli.cli.config import ORIGINS

Progress: TypeAlias = Callable[[int, int | None], None]

_MOST_LINES = 12
_LONGEST_LINE = 600
_NOTHING_CUT = 10_000
_REDRAW_S = 0.1
_LONGEST_STAGE = 40
# What pydantic, which converts values for typer, adds to every message.
_TYPER_SAYS = {
    ": Value error, ": ": ",
    ": Input should be ": ": it should be ",
    ", unable to parse string as an integer": "",
    ", unable to parse string as a number": "",
}


def say(text: str) -> None:
    """Print to standard error, at most twelve lines, nothing a terminal would obey."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        rest = len(lines) - _MOST_LINES + 1
        lines = [*lines[: _MOST_LINES - 1], f"  ... and {rest} more lines"]
    for line in lines:
        # A name of a megabyte is cut before each of its letters is looked at.
        print(printable(line[: _LONGEST_LINE + 1], _LONGEST_LINE), file=sys.stderr, flush=True)


def printable(text: str, most: int | None = None) -> str:
    """The text with everything that a terminal would obey written out, cut to ``most``."""
    # Imported here for all of cli/, which starts without the layers below.
    from bncli.report.escape import printable as escaped

    return str(escaped(text, most=most))


class Warnings:
    """``warnings.showwarning`` of the command line: each distinct text once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, message: Warning | str, *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in self._told:
            self._told.add(text)
            say(f"warning: {text}")


def usage_words(error: Any) -> str:
    """typer's usage error in the tone of bncli's own: what, where it came from, how to mend it."""
    text = error.format_message()
    for theirs, ours in _TYPER_SAYS.items():
        text = text.replace(theirs, ours)
    message, _, guess = text.partition(". Did you mean ")
    message = f"{message[:1].lower()}{message[1:]}".rstrip(".")
    near = [f"'{name}'" for name in getattr(error, "possibilities", None) or ()]
    if near:
        message = message.partition(" (Possible")[0]
        guess = " or ".join(near) + "?"
    context, param = getattr(error, "ctx", None), getattr(error, "param", None)
    if context is None:
        return message
    origin = context.meta.get(ORIGINS, {}).get(getattr(param, "name", None))
    head = f"{origin}: {message}" if origin else message
    fix = f"did you mean {guess}" if guess else f"see {context.command_path} --help"
    return f"{head}\n  {fix}"


def results(pipe_width: int = 160) -> Any:
    """A rich console on standard output: plain where it is a pipe, which has no width itself."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=pipe_width if piped else None, highlight=False)


def show_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], texts: Container[str]
) -> None:
    """Print a table on standard output. texts: headers over text; the rest are numbers."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        justify: Literal["left", "right"] = "left" if header in texts else "right"
        table.add_column(header, justify=justify, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    results(pipe_width=_NOTHING_CUT).print(table)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """A progress line on a terminal (rows, rate, time left), gone at the end; else None."""
    with _line(quiet) as line:
        if line is None:
            yield None
        else:
            line.begin("", "rows")
            yield line.update


@contextmanager
def descent(quiet: bool) -> Iterator[Callable[[int, int, float], None] | None]:
    """A progress line with the loss of the last mini-batch."""
    with _line(quiet) as line:
        if line is None:
            yield None
        else:
            line.begin("looking at the rows", "rows")
            yield lambda done, total, loss: line.update(done, total, f"loss {loss:.4g}")


@contextmanager
def stages(quiet: bool) -> Iterator[Callable[[str, str], Progress] | None]:
    """A progress line for each stage of some work, named, in the unit that it counts in."""
    with _line(quiet) as line:
        if line is None:
            yield None
        else:

            def begin(what: str, unit: str) -> Progress:
                line.begin(printable(what, _LONGEST_STAGE), unit)
                return line.update

            yield begin


class _Line:
    """The line that shows how far the work is."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task = bars.add_task("", visible=False, total=None, rate=0.0, unit="", said="")
        self._started = self._last = 0.0

    def begin(self, said: str, unit: str) -> None:
        """said: what stands at the end of the line."""
        self._started, self._last = time.monotonic(), -math.inf
        self._bars.reset(self._task, visible=True, total=None, rate=0.0, unit=unit, said=said)
        self._bars.refresh()  # or a short stage would never show

    def update(self, done: int, total: int | None, said: str | None = None) -> None:
        now = time.monotonic()
        # Thousands of small steps a second must not wait for the terminal.
        if now - self._last < _REDRAW_S and done != total:
            return
        self._last = now
        rate = done / max(now - self._started, _REDRAW_S)
        words = {} if said is None else {"said": said}
        self._bars.update(self._task, completed=done, total=total, rate=rate, **words)


@contextmanager
def _line(quiet: bool) -> Iterator[_Line | None]:
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.completed:,.0f} {task.fields[unit]}"),
        BarColumn(),
        TextColumn("{task.fields[rate]:,.0f} {task.fields[unit]}/s"),
        TimeRemainingColumn(),
        # What a name holds is no markup.
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(file=sys.stderr),
        transient=True,
        redirect_stdout=False,
    )
    with bars:
        yield _Line(bars)
