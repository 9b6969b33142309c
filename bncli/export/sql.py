"""A SELECT that standardizes the columns of a table, in the dialect of a database.

Numbers stand as texts that are cast to a double, which every database but SQLite reads as the
nearest double: a bare ``0.1`` would be a decimal in some of them. SQLite's own reading may be off
by a unit in the last place, so there a number is an integer divided by a power of two, which no
rounding touches. Null stays null, and NaN stays NaN where a database has it. Statistics per group
are CASE expressions over the key, so that a query needs no second table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bncli.errors import UsageError
from bncli.export.columns import Term, plain_terms, quoted
from bncli.export.grouped import Grouped, GroupedTerm, grouped
from bncli.export.model import Exported, Exporter, needed
from bncli.standardize.standardizer import Standardizer

if TYPE_CHECKING:
    from collections.abc import Sequence

DIALECTS = ("duckdb", "postgres", "spark", "bigquery", "snowflake", "sqlite")
BIGQUERY_HAS_NOT = frozenset('!"$()*,./;?@[\\]^`{}~\n\r\t')
"""What no name of a column holds there, quoted or not. Source: its manual on flexible names."""

_LARGEST_POWER = 62  # of two, that a 64-bit integer holds


def export(
    standardizer: Standardizer,
    name: str,
    *,
    dialect: str = "duckdb",
    table: str = "data",
    keep: Sequence[str] = (),
) -> Exported:
    """dialect: of ``DIALECTS``; table: as it is written there; keep: columns passed through.

    Raises UsageError for what the database could not take.
    """
    if dialect not in DIALECTS:
        raise UsageError(f"no dialect named '{dialect}'", fix=f"known: {', '.join(DIALECTS)}")
    by = grouped(standardizer, "sql")
    every = by.terms if by else plain_terms(standardizer, "sql")
    _check_names([*keep, *(term.name for term in every)], dialect)
    _check_names([by.key] if by else [], dialect)
    sqlglot = needed("sqlglot", "sql", "sql")
    write = _Writer(sqlglot.exp, dialect, by)
    columns = [*map(write.column, keep), *map(write.term, every)]
    select = sqlglot.exp.select(*columns, copy=False).from_(_table(sqlglot, table, dialect))
    return Exported(f"{select.sql(dialect=dialect, pretty=True)};\n".encode())


SQL = Exporter(export, ("dialect", "table", "keep"))


class _Writer:
    """Terms as expressions of sqlglot, built node by node: its helpers parse every piece again."""

    def __init__(self, exp: Any, dialect: str, by: Grouped | None = None) -> None:
        self._exp = exp
        self._by = by
        self._double = exp.DataType.build("double")
        self._number = self._divided if dialect == "sqlite" else self._cast_text

    def column(self, name: str) -> Any:
        return self._exp.Column(this=self._identifier(name))

    def term(self, term: Term | GroupedTerm) -> Any:
        """The column as it comes out, under its own name."""
        found = self._by_group(term) if isinstance(term, GroupedTerm) else self._result(term)
        return self._exp.Alias(this=found, alias=self._identifier(term.name))

    def _result(self, term: Term) -> Any:
        exp = self._exp
        if term.kind == "absent":
            return self._cast(exp.Null())
        x = self._cast(self.column(term.name))
        if term.kind == "level":
            # Not beta alone: null and NaN stay what they are.
            result = exp.Mul(this=x, expression=self._number(0.0))
        else:
            gap = exp.Paren(this=exp.Sub(this=x, expression=self._number(term.mean)))
            result = exp.Mul(this=gap, expression=self._number(term.scale))
        if not term.beta and term.kind == "spread":
            return result
        return exp.Add(this=result, expression=self._number(term.beta))

    def _by_group(self, term: GroupedTerm) -> Any:
        """The same with a mean and a scale for every key; a scale of null makes all missing."""
        exp = self._exp
        x = self._cast(self.column(term.name))
        gap = exp.Paren(this=exp.Sub(this=x, expression=self._chosen(term.mean)))
        result = exp.Mul(this=gap, expression=self._chosen(term.scale))
        return exp.Add(this=result, expression=self._number(term.beta)) if term.beta else result

    def _chosen(self, numbers: Sequence[float | None]) -> Any:
        """The number of each row's group; the last one, of all rows, for any other."""
        exp, by = self._exp, self._by
        assert by is not None
        *own, rest = numbers
        pairs = zip(by.keys, own, strict=True)
        cases = [
            exp.If(this=self._key(key), true=self._perhaps(number))
            for key, number in pairs
            if number != rest
        ]
        if not cases:
            return self._perhaps(rest)
        column = self.column(by.key)
        if by.type == "Date":
            column = exp.Cast(this=column, to=exp.DataType.build("text"))
        return exp.Case(this=column, ifs=cases, default=self._perhaps(rest))

    def _perhaps(self, number: float | None) -> Any:
        return self._cast(self._exp.Null()) if number is None else self._number(number)

    def _key(self, key: str) -> Any:
        """A key as a value of its column."""
        exp, by = self._exp, self._by
        assert by is not None
        if by.type == "Boolean":
            return exp.Boolean(this=key == "true")
        return exp.Literal.number(key) if by.numbers else exp.Literal.string(key)

    def _identifier(self, name: str) -> Any:
        return self._exp.Identifier(this=name, quoted=True)

    def _cast(self, value: Any) -> Any:
        return self._exp.Cast(this=value, to=self._double.copy())

    def _cast_text(self, value: float) -> Any:
        return self._cast(self._exp.Literal.string(repr(value)))

    def _divided(self, value: float) -> Any:
        """An integer divided by a power of two, or times one: exact at every step."""
        exp = self._exp
        top, bottom = value.as_integer_ratio()
        raised = 0
        while abs(top) >= 2**63:
            # A number of 53 bits, so that as large as this it is even.
            top, raised = top // 2, raised + 1
        result = self._cast(exp.Literal.number(top))
        for step in _steps(bottom.bit_length() - 1):
            divisor = exp.Literal.number(2**step)
            result = exp.Div(this=result, expression=divisor, typed=True, safe=True)
        for step in _steps(raised):
            result = exp.Mul(this=result, expression=exp.Literal.number(2**step))
        return exp.Paren(this=result)


def _steps(power: int) -> list[int]:
    """``power`` in pieces of at most ``_LARGEST_POWER``."""
    whole, rest = divmod(power, _LARGEST_POWER)
    return [_LARGEST_POWER] * whole + [rest] * (rest > 0)


def _table(sqlglot: Any, table: str, dialect: str) -> Any:
    """The table as the user wrote it, and nothing else than a table."""
    try:
        found = sqlglot.parse_one(table, into=sqlglot.exp.Table, read=dialect)
    except sqlglot.errors.SqlglotError:
        found = None
    if not isinstance(found, sqlglot.exp.Table):
        raise UsageError(
            f"'{table}' is no name of a table in {dialect}",
            fix="write it as in a query of that database, quoted where it must be",
        )
    return found


def _check_names(names: Sequence[str], dialect: str) -> None:
    if dialect == "bigquery":
        odd = [name for name in names if BIGQUERY_HAS_NOT & set(name)]
        if odd:
            raise UsageError(f"bigquery has no columns named {quoted(odd)}", fix="rename them")
    if "" in names:
        raise UsageError("a column without a name cannot be asked for in SQL", fix="rename it")
    if any("\0" in name for name in names):
        raise UsageError("no database takes a name with a NUL in it", fix="rename the column")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UsageError(f"column '{name}' would come out twice", fix="leave it out of --keep")
        seen.add(name)
