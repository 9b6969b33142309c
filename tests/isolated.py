"""Command lines of bncli run one after the other in a process of their own.

A crash of the interpreter, a hang, or memory without bound ends that process and not the test
run; it is told as an ``Outcome``, and the next line starts a fresh one. Starting costs a second,
each line only its own work.

    with Worker() as worker:
        outcome = worker.run(["fit", "odd.parquet"], folder)
        assert outcome.faults() == []
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PATIENCE_S = 20.0
MEMORY_BYTES = 6 << 30
"""Address space beyond what the worker has when it is ready: libraries reserve, and do not use."""

ALLOWED = (0, 2, 3)
_LEAKS = re.compile(
    r"Traceback|panicked|PanicException|RUST_BACKTRACE|called `|stack backtrace|\.rs:\d+"
    r"|\.py\b.*line|core::|0x[0-9a-f]{8}",
)
_MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command line ended.

    died: why there is no exit code; None where there is one. hung: it had to be ended. crashed:
    the command's own process was lost, and the one that waited for it told so.
    """

    args: tuple[str, ...]
    code: int | None
    out: str = ""
    err: str = ""
    died: str | None = None
    hung: bool = False
    crashed: bool = False

    def faults(self) -> list[str]:
        """What no input, however broken, may bring about."""
        if self.died is not None:
            return [self.died]
        found = []
        if self.code not in ALLOWED:
            found.append(f"exit code {self.code}: {self.err.strip()}")
        if leak := _LEAKS.search(self.err):
            found.append(f"the message shows {leak[0]!r}: {self.err.strip()}")
        if self.err.count("\n") > _MOST_LINES:
            found.append(f"{self.err.count(chr(10))} lines of messages")
        if self.code and "error: " not in self.err:
            found.append(f"exit code {self.code} without a message")
        if not self.code and "error: " in self.err:
            found.append(f"an error and exit code 0: {self.err.strip()}")
        return found


class Worker:
    """A context in which command lines run in one process, started again when it was lost."""

    def __init__(self, memory: int = MEMORY_BYTES, patience_s: float = PATIENCE_S) -> None:
        self._memory, self._patience_s = memory, patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self.crashes: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self, args: Sequence[str], folder: Path) -> Outcome:
        """One command line, in a working folder.

        Where it takes the process with it, the real command has the last word: what it says of a
        crash is told by the parent that it leaves waiting (``bncli/cli/guard.py``).
        """
        outcome = self._within(args, folder)
        if outcome.died is None or outcome.hung:
            return outcome
        self.crashes.append(f"{' '.join(args)}: {outcome.died}")
        return self.alone(args, folder)

    def alone(self, args: Sequence[str], folder: Path) -> Outcome:
        """The real command line, in a process for it alone."""
        told = tuple(args)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bncli", *args],
                cwd=folder,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=self._patience_s,
                check=False,
                preexec_fn=lambda: _limit(self._memory),
            )
        except subprocess.TimeoutExpired:
            return Outcome(told, None, died=f"no end within {self._patience_s:g} s", hung=True)
        out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Outcome(told, done.returncode, out, err, crashed=True)

    def _within(self, args: Sequence[str], folder: Path) -> Outcome:
        process = self._process or self._started()
        assert process.stdin is not None
        told = tuple(args)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps([told, str(folder)]).encode() + b"\n")
            process.stdin.flush()
        line = _line(process, self._patience_s)
        if line is None:
            self.close()
            died = f"no end within {self._patience_s:g} s"
            return Outcome(told, None, died=died, hung=True)
        if not line.endswith(b"\n"):
            process.wait()
            died = _ending(process.returncode)
            self.close()
            return Outcome(told, None, died=died)
        return Outcome(told, *json.loads(line))

    def _started(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # ready
        return self._process


def _line(process: subprocess.Popen[bytes], patience_s: float) -> bytes | None:
    """The worker's answer; without a line end when it is gone, None when none came in time."""
    assert process.stdout is not None
    pipe, found, end = process.stdout.fileno(), b"", time.monotonic() + patience_s
    while not found.endswith(b"\n"):
        if not select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            return None
        piece = os.read(pipe, 1 << 20)
        if not piece:
            break
        found += piece
    return found


def _ending(code: int) -> str:
    if code < 0:
        return f"the process died of {signal.Signals(-code).name}"
    return f"the process ended itself with {code}"


def _serve() -> None:
    """Read command lines from standard input until it ends; the worker's side."""
    from bncli.cli import app
    from bncli.cli.process import Process

    # Whatever a command or a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    lines = os.fdopen(os.dup(0), "rb")
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    import bncli
    import bncli.artifact.store
    import bncli.data.dataset
    import bncli.engine.fitting
    import bncli.shift.compare  # noqa: F401

    _limit(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    answers.write(b"ready\n")
    answers.flush()
    while line := lines.readline():
        args, folder = json.loads(line)
        os.chdir(folder)
        answers.write(json.dumps(_one(app, Process(), args)).encode() + b"\n")
        answers.flush()


def _limit(memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _one(app: Any, process: Any, args: list[str]) -> tuple[int, str, str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = app.run(process, args)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))  # type: ignore[attr-defined]
    return code, texts[0], texts[1]


if __name__ == "__main__":
    _serve()
