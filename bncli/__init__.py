"""bncli: batch normalization for tables. The verbs are those of ``bncli.api``, loaded when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bncli.api import (
        Standardizer,
        adapt,
        adaptation,
        convert,
        export,
        fit,
        inverse,
        learn,
        load,
        merge,
        predict,
        render,
        shift,
        transform,
    )
    from bncli.data.formats import ReadOptions
    from bncli.errors import BncliError, BncliWarning

__version__ = "0.1.0"

__all__ = [
    "BncliError",
    "BncliWarning",
    "ReadOptions",
    "Standardizer",
    "__version__",
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
]

_HOMES = {
    "BncliError": "bncli.errors",
    "BncliWarning": "bncli.errors",
    "ReadOptions": "bncli.data.formats",
}

# Two verbs are named as the packages behind them. Loaded later, a package would take its verb's
# place here; loaded now (it is a docstring), it leaves the name to the verb for good.
for _package in ("export", "shift"):
    import_module(f"bncli.{_package}")
    globals().pop(_package, None)


def __getattr__(name: str) -> Any:
    """Import a verb when it is first asked for, so that ``bncli --help`` loads no engine."""
    if name not in __all__:
        raise AttributeError(f"module 'bncli' has no attribute '{name}'")
    return getattr(import_module(_HOMES.get(name, "bncli.api")), name)
