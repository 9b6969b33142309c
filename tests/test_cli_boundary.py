"""The one place where errors end a run: what is printed, what is not, and the exit code."""

from __future__ import annotations

import errno
import warnings

import pytest

from bncli import api
from bncli.cli import app
from bncli.cli.process import Process, Stopped
from bncli.errors import (
    ArtifactError,
    BadValue,
    BncliError,
    BncliWarning,
    DataError,
    UsageError,
    listed,
)


class Panic(BaseException):
    """Derives from BaseException, as the exception of a Rust panic does."""


@pytest.fixture
def inspect(monkeypatch, capfd):
    """Run ``bncli inspect x`` where loading does as told; gives exit code, stdout, stderr."""

    def run(load, *options):
        monkeypatch.setattr(api, "load", load, raising=False)
        code = app.run(Process(), ["inspect", "x", *options])
        return code, *capfd.readouterr()

    return run


def raising(error):
    def load(_):
        raise error

    return load


CODES = {
    "usage": (UsageError("no such policy"), 2),
    "data": (DataError("cannot be read"), 3),
    "bad value": (BadValue("holds 'n/a'"), 3),
    "artifact": (ArtifactError("is damaged"), 3),
    "own fault": (BncliError("cannot be"), 1),
    "any exception": (KeyError("lost"), 1),
    "a panic": (Panic("called unwrap on None"), 1),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device", "out.csv"), 3),
    "no memory": (MemoryError(), 3),
}


@pytest.mark.parametrize(("error", "expected"), CODES.values(), ids=list(CODES))
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(inspect, error, expected):
    code, out, err = inspect(raising(error))
    assert code == expected
    assert out == ""
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert err.count("\n") <= 4


def test_an_error_says_where_what_and_how_to_mend_it(inspect):
    error = BadValue(
        "column 'temp' holds 'n/a', which is no number",
        where="weather.csv, row 1043",
        fix="read it as missing with --null-values n/a",
    )
    assert inspect(raising(error))[2] == (
        "error: weather.csv, row 1043: column 'temp' holds 'n/a', which is no number\n"
        "  read it as missing with --null-values n/a\n"
    )


def test_a_fault_of_bncli_says_how_to_report_it(inspect):
    _, _, err = inspect(raising(ZeroDivisionError("float division by zero")))
    assert "a fault in bncli itself: ZeroDivisionError: float division by zero" in err
    assert "--debug" in err


def test_debug_shows_the_trace_and_the_error(inspect):
    _, _, err = inspect(raising(ZeroDivisionError("by zero")), "--debug")
    assert err.startswith("Traceback (most recent call last):")
    assert err.splitlines()[-2].startswith("error: a fault in bncli itself")


def test_a_closed_reader_ends_silently(inspect):
    assert inspect(raising(BrokenPipeError(errno.EPIPE, "Broken pipe"))) == (141, "", "")


def test_an_interrupt_that_a_library_raises_ends_silently(inspect):
    assert inspect(raising(KeyboardInterrupt())) == (130, "", "")


def test_a_stop_signal_passes_through(inspect):
    with pytest.raises(Stopped):
        inspect(raising(Stopped()))


def test_control_characters_of_names_never_reach_the_terminal(inspect):
    _, _, err = inspect(raising(DataError("no column 'a\x1b[31m\x07\u202eb\x9b'")))
    assert not set(err) & {"\x1b", "\x07", "\u202e", "\x9b"}
    assert "no column 'a" in err


def test_several_problems_are_told_together_within_twelve_lines(inspect):
    error = DataError(listed(f"column {n} is no number" for n in range(5000)), fix="--exclude them")
    _, _, err = inspect(raising(error))
    assert err.count("\n") == 12
    assert "... and 4990 more" in err


def test_an_enormous_name_is_cut(inspect):
    _, _, err = inspect(raising(DataError(f"no column '{'x' * 1_000_000}'")))
    assert len(err) < 1000


def test_each_warning_shows_once_even_when_quiet(inspect):
    def load(_):
        for _ in range(3):
            warnings.warn("'temp' is constant", BncliWarning, stacklevel=1)
        warnings.warn("a library's own", DeprecationWarning, stacklevel=1)
        raise DataError("enough")

    _, _, err = inspect(load, "--quiet")
    assert err == "warning: 'temp' is constant\nerror: enough\n"


USAGE = {
    "unknown command": (["fitt"], "error: no such command 'fitt'\n  did you mean 'fit'?\n"),
    "unknown option": (
        ["inspect", "x", "--jsn"],
        "error: no such option: --jsn\n  did you mean '--json'?\n",
    ),
    "missing argument": (
        ["inspect"],
        "error: missing argument 'ARTIFACT'\n  see bncli inspect --help\n",
    ),
    "missing option": (
        ["transform", "x.csv", "-s", "a.json"],
        "error: missing option '--output' / '-o'\n  see bncli transform --help\n",
    ),
    "no choice": (
        ["fit", "x.csv", "--tail", "kep"],
        "error: invalid value for '--tail': 'kep' is not one of 'keep', 'merge', 'drop'\n"
        "  see bncli fit --help\n",
    ),
    "no number": (
        ["fit", "x.csv", "--batch-size", "many"],
        "error: invalid value for '--batch-size': it should be a valid integer",
    ),
    "out of range": (
        ["fit", "x.csv", "--batch-size", "0"],
        "error: invalid value for '--batch-size': it should be greater than or equal to 1",
    ),
}


@pytest.mark.parametrize(("args", "expected"), USAGE.values(), ids=list(USAGE))
def test_usage_errors_speak_in_the_same_tone(capfd, args, expected):
    assert app.run(Process(), args) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(expected)
    assert err.count("\n") == 2
