"""Polars expressions, as a module of Python that needs bncli no more.

Code, not serialized expressions: those are bound to the version of polars that wrote them. The
results equal ``transform``'s bit for bit, also where integers are too large for a double. Null
stays null and NaN stays NaN.
"""

from __future__ import annotations

from bncli.export.columns import WIDE, Term, plain_terms
from bncli.export.grouped import Grouped, GroupedTerm, grouped
from bncli.export.model import Exported, Exporter
from bncli.export.python import header, literal, names, table
from bncli.standardize.standardizer import Standardizer

# As ``data/rewrite.py`` has it: above this an integer near the mean may be no float64.
_SAFE_MEAN = 2.0**44

_IMPORTS = """
import polars as pl
from polars.selectors import by_name
"""

_FUNCTIONS = '''
def expressions() -> list[pl.Expr]:
    """One expression per column; for with_columns or select."""
    return [
        *(_spread(name, *numbers) for name, numbers in SPREAD.items()),
        *(_wide(name, *numbers) for name, numbers in WIDE.items()),
        *(_number(name) * 0.0 + beta for name, beta in LEVEL.items()),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in ABSENT),
    ]


def standardize(frame):
    """The frame (DataFrame or LazyFrame) with these columns standardized, the others untouched."""
    return frame.with_columns(expressions())


def _number(name: str) -> pl.Expr:
    # by_name takes a name as it is; pl.col would take "^a.*$" as a pattern.
    return by_name(name).as_expr().cast(pl.Float64)


def _spread(name: str, mean: float, scale: float, beta: float) -> pl.Expr:
    scaled = (_number(name) - mean) * scale
    return scaled + beta if beta else scaled


def _wide(name: str, whole: int, rest: float, scale: float, beta: float) -> pl.Expr:
    near = by_name(name).as_expr().cast(pl.Int128) - pl.lit(whole, dtype=pl.Int128)
    scaled = (near.cast(pl.Float64) - rest) * scale
    return scaled + beta if beta else scaled
'''


_BY_GROUP = '''
def expressions() -> list[pl.Expr]:
    """One expression per column; for with_columns or select. They need the column KEY as well."""
    return [_by_group(name, *numbers) for name, numbers in BY_GROUP.items()]


def standardize(frame):
    """The frame (DataFrame or LazyFrame) with these columns standardized, the others untouched."""
    return frame.with_columns(expressions())


def _group() -> pl.Expr:
    """The place of each row's group; after the last one where it is no group of KEYS."""
    key = by_name(KEY).as_expr().cast(pl.String)
    if NUMBERS:
        key = key.str.replace(r"\\.0$", "")  # 7.0 of a column with nulls is 7
    places = pl.int_range(len(KEYS), eager=True)
    return key.replace_strict(pl.Series(KEYS), places, default=len(KEYS), return_dtype=pl.Int64)


def _by_group(name: str, means: list, scales: list, beta: float) -> pl.Expr:
    group = _group()
    mean, scale = (pl.lit(pl.Series(each, dtype=pl.Float64)) for each in (means, scales))
    scaled = (by_name(name).as_expr().cast(pl.Float64) - mean.gather(group)) * scale.gather(group)
    return scaled + beta if beta else scaled
'''


def export(standardizer: Standardizer, name: str) -> Exported:
    by = grouped(standardizer, "polars")
    return Exported((_plain(standardizer) if by is None else _grouped(standardizer, by)).encode())


def _grouped(standardizer: Standardizer, by: Grouped) -> str:
    return "\n".join(
        [
            header(standardizer, "Polars expressions that standardize columns by group"),
            _IMPORTS,
            f"KEY = {by.key!r}",
            f"KEYS = {names(by.keys)}",
            f"NUMBERS = {by.numbers}  # keys were whole numbers, not text",
            "# (x - mean) * scale + beta, as name: (means, scales, beta): of each of KEYS, then of",
            "# any other row; a scale of None makes a value missing",
            table("BY_GROUP", {term.name: _lists(term) for term in by.terms}),
            _BY_GROUP,
        ]
    )


def _lists(term: GroupedTerm) -> str:
    means = ", ".join(map(literal, term.mean))
    scales = ", ".join("None" if each is None else literal(each) for each in term.scale)
    return f"([{means}], [{scales}], {literal(term.beta)})"


def _plain(standardizer: Standardizer) -> str:
    every = plain_terms(standardizer, "polars")
    wide = [term for term in every if _is_wide(term)]
    return "\n".join(
        [
            header(standardizer, "Polars expressions that standardize columns"),
            _IMPORTS,
            "# (x - mean) * scale + beta, as name: (mean, scale, beta)",
            table("SPREAD", {t.name: _numbers(t) for t in every if _is_spread(t)}),
            "# The same for integers around a large mean: (whole, rest, scale, beta)",
            table("WIDE", {term.name: _wide_numbers(term) for term in wide}),
            "# Constant columns, which become beta",
            table("LEVEL", {t.name: literal(t.beta) for t in every if t.kind == "level"}),
            "# Columns without statistics, which become null",
            table("ABSENT", {t.name: "None" for t in every if t.kind == "absent"}),
            _FUNCTIONS,
        ]
    )


POLARS = Exporter(export)


def _is_spread(term: Term) -> bool:
    return term.kind == "spread" and not _is_wide(term)


def _is_wide(term: Term) -> bool:
    return term.kind == "spread" and term.channel.type in WIDE and abs(term.mean) >= _SAFE_MEAN


def _numbers(term: Term) -> str:
    return f"({literal(term.mean)}, {literal(term.scale)}, {literal(term.beta)})"


def _wide_numbers(term: Term) -> str:
    whole = round(term.mean)
    rest = literal(term.mean - whole)
    return f"({whole}, {rest}, {literal(term.scale)}, {literal(term.beta)})"
