"""The verbs of bncli, the same from Python and from the shell.

Data is a path, a glob, a directory, several of them, ``-`` for standard input, a polars frame,
or an Arrow table. A standardizer is one that ``fit`` gave, or the path of its artifact.

Each verb is imported when it is first asked for: ``inspect`` needs no polars.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bncli.api.adapting import adapt, adaptation
    from bncli.api.applying import inverse, transform
    from bncli.api.comparing import shift
    from bncli.api.exporting import export
    from bncli.api.fitting import fit, merge
    from bncli.api.fluent import Standardizer, convert, load
    from bncli.api.learning import learn, predict
    from bncli.api.rendering import render, write_reports

__all__ = [
    "Standardizer",
    "adapt",
    "adaptation",
    "convert",
    "export",
    "fit",
    "inverse",
    "learn",
    "load",
    "merge",
    "predict",
    "render",
    "shift",
    "transform",
    "write_reports",
]

_HOMES = {
    "Standardizer": "fluent",
    "adapt": "adapting",
    "adaptation": "adapting",
    "convert": "fluent",
    "export": "exporting",
    "fit": "fitting",
    "inverse": "applying",
    "learn": "learning",
    "load": "fluent",
    "merge": "fitting",
    "predict": "learning",
    "render": "rendering",
    "shift": "comparing",
    "transform": "applying",
    "write_reports": "rendering",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bncli.api' has no attribute '{name}'")
    return getattr(import_module(f"bncli.api.{_HOMES[name]}"), name)
