"""Errors of the operating system, whichever library tells of them."""

from __future__ import annotations

import os
import re

# Rust libraries leave ``errno`` empty, and put the number and perhaps the path in the message.
_RUST = re.compile(r"\(os error (\d+)\)(?:: (.+))?")


def number_of(error: BaseException) -> int | None:
    """The ``errno`` of an error; None where it has none."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = _RUST.search(str(error))
    return int(found[1]) if found else None


def path_of(error: BaseException) -> str | None:
    """The file that an error is about, where it says so."""
    if isinstance(error, OSError) and error.filename is not None:
        return os.fsdecode(error.filename)
    found = _RUST.search(str(error))
    return found[2] if found else None


def reason_of(error: BaseException) -> str:
    """What went wrong, in the system's own words, to stand within a sentence."""
    number = number_of(error)
    if number is not None:
        text = os.strerror(number)
    else:
        text = next(iter(str(error).splitlines()), "") or type(error).__name__
    return text[:1].lower() + text[1:]
