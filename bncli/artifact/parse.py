"""Strict JSON of untrusted origin: bounded, without duplicate keys, NaN or Infinity.

The bounds hold for writing as well, so that whatever was saved can be loaded.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable
from typing import Any, BinaryIO, NoReturn

from bncli.errors import ArtifactError, UsageError

MAX_BYTES = 256 * 2**20
"""Size of an artifact's JSON, in bytes, unless ``BNCLI_MAX_ARTIFACT`` says otherwise, in MiB."""

MAX_PARTS = 20_000_000
"""Commas and opening brackets, a bound on the number of values and so on memory; raised with it."""

_RAISED = "BNCLI_MAX_ARTIFACT"

_MAX_DIGITS = 40  # an int64 has 19, the repr of a float at most 24

_IN_NUMBERS = bytes(ord("0") if chr(byte) in "-+.0123456789eE" else 32 for byte in range(256))
_TOO_LONG = b"0" * (_MAX_DIGITS + 1)
_EXPONENTS = bytes.maketrans(b"123456789E", b"000000000e")
_FAR_EXPONENT = re.compile(rb"[eE]\+?[0-9]{3,}\s*(?:[,\]}]|$)")  # 1e308 has three digits


class _RefusedError(ValueError):
    """Well-formed for Python's parser, but not for an artifact."""


def parsed(text: bytes, name: str, what: str = "an artifact") -> Any:
    """The value of a JSON text; ``name`` and ``what`` it should be stand in messages.

    Raises ArtifactError when it is no UTF-8, no JSON, too large, nested too deeply, has a key
    twice in one object, or a number that is not finite or has too many digits.
    """
    refuse_large(text, name)
    hooks = {"parse_int": _integer, "parse_float": _float} if _has_odd_number(text) else {}
    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_constant,
            **hooks,  # type: ignore[arg-type]
        )
    except RecursionError:
        problem = "it is nested too deeply"
    except json.JSONDecodeError as error:
        problem = f"it is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        problem = f"it is no UTF-8 text (byte {error.start})"
    except _RefusedError as error:
        problem = str(error)
    raise ArtifactError(f"this cannot be read as {what}: {problem}", where=name)


def most_bytes() -> int:
    """The bound on the size of an artifact. Raises UsageError where the variable is no number."""
    text = os.environ.get(_RAISED, "")
    if not text:
        return MAX_BYTES
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise UsageError(f"{_RAISED}={text}: no size in MiB", fix=f"for example {_RAISED}=1024")
    return int(text) << 20


def read_bounded(file: BinaryIO, name: str) -> bytes:
    """All of a file, or of a pipe, which may have no end. Raises ArtifactError when too large."""
    most, size = most_bytes(), os.fstat(file.fileno()).st_size
    if size > most:
        raise _too_large(f"{size:,} bytes", f"{most:,} bytes", name)
    # One byte more than allowed tells that it is too large.
    return file.read(most + 1)


def _has_odd_number(text: bytes) -> bool:
    """Whether a number may be too long, or beyond the range of a float64: only then are numbers
    read one by one in Python, which takes twice as long."""
    if _TOO_LONG in text.translate(_IN_NUMBERS):
        return True
    # A digest in hexadecimal may look like an exponent: then a closer look tells.
    digits = text.translate(_EXPONENTS)
    suspicious = b"e000" in digits or b"e+000" in digits
    return suspicious and _FAR_EXPONENT.search(text) is not None


def refuse_large(text: bytes, name: str) -> None:
    """Raises ArtifactError when a JSON text is beyond the bounds."""
    most = most_bytes()
    most_parts = max(MAX_PARTS, MAX_PARTS * most // MAX_BYTES)
    parts = sum(text.count(mark) for mark in (b",", b"[", b"{"))
    if len(text) > most or parts > most_parts:
        told = f"{len(text):,} bytes and {parts:,} parts"
        raise _too_large(told, f"{most:,} and {most_parts:,}", name)


def _too_large(size: str, bounds: str, name: str) -> ArtifactError:
    return ArtifactError(
        f"an artifact of {size} is too large: at most {bounds}",
        where=name,
        fix="choose fewer columns with --columns, keep no sketches with --no-profile, "
        f"or allow more MiB with {_RAISED}=1024",
    )


def _without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    pairs = list(pairs)
    record = dict(pairs)
    if len(record) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RefusedError(f"the key {shortened(twice)} stands twice in one object")
    return record


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _RefusedError(f"an integer of {len(text):,} digits")
    return int(text)


def _float(text: str) -> float:
    if len(text) > _MAX_DIGITS:
        raise _RefusedError(f"a number of {len(text):,} digits")
    value = float(text)
    if not math.isfinite(value):
        raise _RefusedError(f"{text} is beyond the range of a float64")
    return value


def _constant(text: str) -> NoReturn:
    raise _RefusedError(f"{text} is not allowed as a number")


def shortened(value: object, most: int = 40) -> str:
    """A value as one short printable line, whatever a stranger put there."""
    if isinstance(value, dict | list):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a very long integer"
    shown = repr(value[: most + 1] if isinstance(value, str) else value)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."
