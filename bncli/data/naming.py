"""A column by its name, taken literally.

polars takes ``*`` and ``^a.*$`` for patterns, in ``col`` and in many methods of a series that is
called so. So a column is chosen by ``column``, and a series that is worked on is ``unnamed`` first.
"""

from __future__ import annotations

import polars as pl
import polars.selectors as cs


def column(name: str) -> pl.Expr:
    """The column called so."""
    if name == "*" or (name.startswith("^") and name.endswith("$")):
        return cs.by_name(name).as_expr()
    return pl.col(name)


def unnamed(series: pl.Series) -> pl.Series:
    """The same values under a name that means nothing."""
    return series.alias("values")
