"""The verbs of bncli, the same from Python and from the shell.

Data is a path, a glob, a directory, several of them, ``-`` for standard input, a polars frame,
or an Arrow table. A standardizer is one that ``fit`` gave, or the path of its artifact.
"""

from __future__ import annotations

from bncli.api.applying import inverse, transform
from bncli.api.comparing import shift
from bncli.api.fitting import fit, merge
from bncli.api.fluent import Standardizer, convert, load
from bncli.api.rendering import render, write_reports

__all__ = [
    "Standardizer",
    "convert",
    "fit",
    "inverse",
    "load",
    "merge",
    "render",
    "shift",
    "transform",
    "write_reports",
]
