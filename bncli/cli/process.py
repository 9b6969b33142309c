"""The process around a command: signals, standard streams, and how it ends.

Decisions. A stop signal raises ``Stopped`` through the command, so that its context managers
clean up. Python delivers it only between bytecodes of the main thread, and one call into a
library may take minutes; so a watcher thread sees every signal at once and, when the main
thread has not ended by itself after ``PATIENCE_S``, removes the drafts and ends the process.
Signals after the first change nothing: the end is certain by then, and an impatient second
one must not cut the cleaning short. A signal that was ignored at the start (``nohup``,
background jobs) stays ignored.

Rust libraries print the text of a panic to descriptor 2 themselves. It is closed to them,
while bncli's own messages go to a copy of it; ``--debug`` opens it again. What they say is kept
for the parent process (``guard.py``), which is asked when a library ends this one.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import NoReturn, Self

from bncli.cli.guard import Guard

PATIENCE_S = 1.2
_SHOW_CURSOR = b"\x1b[?25h"
_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Stopped(BaseException):
    """A signal asked the process to end."""


class Process:
    """What the command line needs of the process; a context in which signals raise ``Stopped``."""

    def __init__(self, guard: Guard | None = None) -> None:
        self.debug = False
        self._guard = guard or Guard()
        self.stopped_by: int | None = None
        self._handled: set[int] = set()
        self._leaving = False
        self._native_stderr: int | None = None

    def __enter__(self) -> Self:
        # First of all, so that no file of ours gets the number of a closed stream.
        _open_closed_streams()
        self._watch_signals()
        self._separate_stderr()
        _buffer_stdout()
        if hasattr(sys.stdout, "reconfigure"):
            # A name that the terminal's encoding lacks must not end in an exception.
            sys.stdout.reconfigure(errors="backslashreplace")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return isinstance(error, Stopped)

    @property
    def exit_code(self) -> int | None:
        """128 + the number of the signal that stopped this process; None where none did."""
        return None if self.stopped_by is None else 128 + self.stopped_by

    def show_faults(self) -> None:
        """``--debug``: libraries may print to standard error, and traces are shown."""
        self.debug = True
        if self._native_stderr is not None:
            sys.unraisablehook = sys.__unraisablehook__
            threading.excepthook = threading.__excepthook__
            os.dup2(self._native_stderr, 2)

    def leave(self, code: int) -> NoReturn:
        """End the process at once, without other threads' last words.

        Taking the interpreter apart, module by module, would take longer than a small fit; every
        file that matters is closed by now, and ``run`` has flushed standard output.
        """
        self._leaving = True
        if self.exit_code is not None:
            self._end_now(self.exit_code)
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)

    def _watch_signals(self) -> None:
        read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(read_end,), daemon=True).start()
        for name in _STOP_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._handled.add(number)
                signal.signal(number, self._stop)
        self._guard.release()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.stopped_by is None and not self._leaving:
            self.stopped_by = number
            raise Stopped

    def _watch(self, read_end: int) -> None:
        # Other signals that a library handles are told here, too.
        while (number := os.read(read_end, 1)[0]) not in self._handled:
            continue
        threading.Event().wait(PATIENCE_S)
        self._end_now(128 + (self.stopped_by or number))

    def _end_now(self, code: int) -> NoReturn:
        # Not through the interpreter's own end, where Rust threads that want Python abort.
        drafts = sys.modules.get("bncli.data.drafts")
        with suppress(Exception):
            if drafts is not None:
                drafts.remove_own()
            if "rich.progress" in sys.modules and sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\r\x1b[2K" + _SHOW_CURSOR)
        os._exit(code)

    def _separate_stderr(self) -> None:
        sys.unraisablehook = threading.excepthook = _say_nothing
        with suppress(OSError, AttributeError):
            self._native_stderr = os.dup(2)
            sys.stderr = os.fdopen(
                self._native_stderr, "w", 1, sys.stderr.encoding, "backslashreplace", closefd=False
            )
            elsewhere = self._guard.said
            if elsewhere is None:
                elsewhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(elsewhere, 2)
            os.close(elsewhere)


def _open_closed_streams() -> None:
    """Python has None for a stream that was closed at the start (``>&-``)."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115 (stays open)


def _buffer_stdout() -> None:
    """With PYTHONUNBUFFERED a write may end half-way, to a pipe for one, without an error."""
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        sys.stdout = open(  # noqa: SIM115 (stays open)
            sys.stdout.fileno(), "w", encoding=sys.stdout.encoding, closefd=False
        )


def _say_nothing(_: object) -> None:
    """In place of the traces that Python prints of threads and destructors."""
