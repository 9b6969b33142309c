"""A parent that waits for the run, and tells in words of an end that no code of the run can tell.

Decision. Where memory runs out, Rust and C++ end the process with SIGABRT; where a file shrinks
that is mapped into memory, the system does so with SIGBUS; and the system kills whom it likes when
the whole machine lacks memory. Nothing that runs inside the process can be relied upon then. So
the run is a child, forked before anything large is imported; the parent passes signals on, waits,
and ends as the child did. Where the child was ended, it removes what the child was writing, and
says what happened. It costs about a millisecond. The system kills the child with its parent, so
that SIGKILL means what it always means. A run that does not answer a signal, since a library spins
while it holds the interpreter, is killed. Only on Linux; elsewhere the run is the process itself.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))
PATIENCE_S = 1.7  # longer than that of ``Process``, which cleans up in better order
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# With somewhat less polars gets its threads started now and then, and waits for one for ever.
LEAST_BYTES = 3 << 29
_SAID_BYTES = 1 << 16
# What damaged files do to the libraries that read them: a stack overflows, an assertion fails.
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
_NOT_DATA = ("-o", "--output", "-s", "--standardizer", "--config", "--html", "--markdown")
_NO_MEMORY = re.compile(rb"memory allocation of|bad_alloc|out of memory|cannot allocate", re.I)


class Guard:
    """What parent and child share. said: where libraries' own words go, in place of stderr."""

    def __init__(self) -> None:
        self.said: int | None = None
        self._mask: set[int] | None = None

    def divide(self) -> None:
        """Become two processes where the system lets us, once it is known that there is room."""
        lacking = _lacks_room()
        if lacking:
            sys.stderr.write(lacking)
            raise SystemExit(3)
        self._fork()

    def _fork(self) -> None:
        """Become two processes: returns in the child, signals held back until ``release``."""
        if not sys.platform.startswith("linux"):
            return
        parent = os.getpid()
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        try:
            self.said = os.memfd_create("bncli-stderr")
            child = os.fork()
        except OSError:
            # No room for a second process: the run is the only one.
            return
        if child:
            self._wait(child)
        _end_with(parent)

    def release(self) -> None:
        """Let the signals come that were held back."""
        if self._mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _wait(self, child: int) -> NoReturn:
        passed: list[int] = []

        def pass_on(number: int, _: FrameType | None) -> None:
            passed.append(number)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
            _send(child, number)

        signal.signal(signal.SIGALRM, lambda *_: _send(child, signal.SIGKILL))
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, pass_on)
        self.release()
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            os._exit(os.WEXITSTATUS(status))
        _clear(child)
        if passed:
            os._exit(128 + passed[0])
        text, code = self._in_words(os.WTERMSIG(status))
        with suppress(OSError):
            os.write(2, text.encode())
        os._exit(code)

    def _in_words(self, number: int) -> tuple[str, int]:
        said = b"" if self.said is None else os.pread(self.said, _SAID_BYTES, 0)
        if number == signal.SIGKILL or (number == signal.SIGABRT and _NO_MEMORY.search(said)):
            head = "error: there is not enough memory" + (
                ": the system ended the run\n"
                if number == signal.SIGKILL
                else f"{_while_reading()}\n"
            )
            return head + "  take less with --threads 1, or raise the limit\n", 3
        if number == signal.SIGBUS:
            return (
                "error: a file could not be read any more: it was cut short meanwhile, "
                "or its disk fails\n  run again once nothing writes to it any more\n"
            ), 3
        if number in _CRASHES and (reading := _while_reading()):
            return (
                f"error: a library crashed{reading} ({_name(number)}): the file is damaged\n"
                "  read it with another program, or write it again\n"
            ), 3
        return (
            f"error: a fault in bncli itself: a library ended it ({_name(number)})\n"
            "  please report it with this command line; --debug shows what it said\n"
        ), 1


def _send(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def _lacks_room() -> str | None:
    """What to say where the limit of address space is too low to import what a run needs.

    OpenBLAS, which numpy and SciPy bring, tries again for ever where it gets no memory.
    """
    with suppress(ImportError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        if limit < LEAST_BYTES:
            return (
                f"error: there is not enough memory: {limit >> 20} MiB of address space are allowed"
                f"\n  bncli needs {LEAST_BYTES >> 20} MiB: ulimit -v {LEAST_BYTES >> 10}\n"
            )
    return None


def _while_reading() -> str:
    """The files that the command line names and that are read, in words; empty without any."""
    from bncli.report.escape import printable

    pairs = zip(sys.argv, sys.argv[1:], strict=False)
    paths = [Path(arg) for before, arg in pairs if before not in _NOT_DATA]
    names = []
    for path in paths:
        with suppress(OSError, ValueError):
            if path.exists() and not path.is_dir():
                names.append(printable(path.name, most=80))
    return f" while reading {' or '.join(names[:3])}" if names else ""


def _clear(child: int) -> None:
    """Remove the drafts of a process that ended: beside every file that the command line names."""
    named = [arg.rpartition("=")[2].rstrip("/") for arg in sys.argv[1:]]
    for folder in {Path(os.path.realpath(name)).parent for name in named}:
        with suppress(OSError):
            for draft in folder.glob(f".*.bncli-{child}-????????"):
                _remove(draft)


def _remove(draft: Path) -> None:
    if not draft.is_dir():
        draft.unlink()
        return
    import shutil

    shutil.rmtree(draft)


def _name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
