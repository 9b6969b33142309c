"""One process from start to end: its time, its memory, and what it printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.model import Run

STOPWATCH = Path(__file__).with_name("stopwatch.py")


class Failed(Exception):
    """A process that ended badly; the message is the last that it had to say."""


@dataclass(frozen=True, slots=True)
class Command:
    """argv and environment of a process, and the folder it works in."""

    words: Sequence[str]
    variables: Mapping[str, str]
    folder: Path


def measure(command: Command, output: Path, timeout_s: float) -> Run:
    """Run it to its end, its standard output going to a file.

    CPU time is that of the process and of the children that it waited for; the peak is that of
    the largest of them. Pages of files that are mapped into memory count.
    Raises Failed.
    """
    # -S and -E: nothing of the harness's own environment, for the smallest stopwatch.
    stopwatch = subprocess.Popen(
        [sys.executable, "-SE", str(STOPWATCH), str(output), *command.words],
        env=command.variables,
        cwd=command.folder,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        printed, _ = stopwatch.communicate(timeout=timeout_s)
    except BaseException as cut_short:
        _end(stopwatch)
        if isinstance(cut_short, subprocess.TimeoutExpired):
            raise Failed(f"took longer than {timeout_s:g} s") from None
        raise
    if stopwatch.returncode:
        raise Failed(f"was cut short: its stopwatch ended with {stopwatch.returncode}")
    figures = json.loads(printed)
    if status := figures.pop("status"):
        raise Failed(f"ended with {status}: {_last_words(Path(f'{output}.err'))}")
    return Run(**figures)


def _end(stopwatch: subprocess.Popen[bytes]) -> None:
    """End the stopwatch and all that came of it: they are a session of their own."""
    with suppress(ProcessLookupError):
        os.killpg(stopwatch.pid, signal.SIGKILL)
    stopwatch.communicate()


def _last_words(errors: Path) -> str:
    """The last line that names an error, else the last line."""
    lines = errors.read_text(errors="replace").strip().splitlines() or ["no message"]
    telling = [line for line in lines if "error" in line.lower()]
    return (telling or lines)[-1].strip()[:200]
