"""Pieces of Python source: literals that read back as they were, whatever a name holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from bncli.standardize.standardizer import Standardizer
from bncli.version import __version__


def header(standardizer: Standardizer, title: str) -> str:
    """The docstring of a module: what it is and where it comes from, in plain ASCII."""
    rows = standardizer.profile.rows
    return f'"""{title}. Made by bncli {__version__} from a fit of {rows} rows."""'


def literal(value: float) -> str:
    """A float that reads back bit for bit."""
    if math.isfinite(value):
        return repr(value)
    return "nan" if math.isnan(value) else repr(value)


def names(values: Iterable[str], indent: int = 0) -> str:
    """A list of texts, one a line."""
    space = " " * indent
    inner = "".join(f"{space}    {value!r},\n" for value in values)
    return f"[\n{inner}{space}]" if inner else "[]"


def table(name: str, rows: Mapping[str, str]) -> str:
    """An assignment of a dictionary. rows: source of the values by key."""
    inner = "".join(f"    {key!r}: {value},\n" for key, value in rows.items())
    return f"{name} = {{\n{inner}}}\n" if inner else f"{name} = {{}}\n"
