"""What a column of text cells is: numbers, truth values or text; guessed from a sample.

Decisions:

- *Optimistic and widened.* Integers stay Int64 until a fraction turns up, wherever in the file;
  then the column is Float64 and reading starts again (``parts.Retyped``).
- *Never silently text.* A column that is mostly numbers (half of the cells, with at most two other
  spellings, or 95 %) is numeric, and what is no number in it is told with row and value.
- *Missing in numeric columns* are the empty cell and what programs write for it: NA, NULL, null,
  None, #N/A. (NaN is read as the number NaN, which is missing too.) What people write - n/a, a
  dash - is told, and read as missing with ``--null-values``. In text columns every spelling stays.
- *Codes stay text*: a column of integers with a leading zero (00501) is no number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import polars as pl

from bncli.data.naming import column as by_name

STANDARD_NULLS = ("NA", "NULL", "null", "None", "#N/A")
TRUTH: Mapping[str, bool] = {"true": True, "false": False}
_STRAY_SPELLINGS = 2
_STRAY_SHARE = 0.05
PADDED = r"^[+-]?0[0-9]+$"


class Example(NamedTuple):
    """A cell that shows why a column is text. row: 1-based, the header not counted."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class Guess:
    """What a column of text cells is taken to be.

    type: Int64, Float64, Boolean or String (or what JSON says). nulls: spellings of missing,
    beside the empty cell. firm: values were seen, so that text later on is a mistake. cleaned:
    read as text, stripped, then converted, since the parser takes no trailing blanks.
    padded: text only because of leading zeros.
    """

    type: pl.DataType
    nulls: tuple[str, ...] = ()
    firm: bool = True
    cleaned: bool = False
    padded: bool = False
    example: Example | None = None

    @property
    def numeric(self) -> bool:
        return self.type.is_numeric()

    @property
    def by_hand(self) -> bool:
        """Whether the cells must be converted after parsing (a parser takes one null spelling)."""
        return self.cleaned or len(self.nulls) > 1

    def widened(self, type: pl.DataType) -> Self:
        return replace(self, type=type)


VERBATIM = Guess(pl.String())


def guess(cells: pl.Series, nulls: Iterable[str] = (), decimal_comma: bool = False) -> Guess:
    """What ``cells`` (String, a sample from the head of a column) hold. nulls: the user's."""
    asked = tuple(dict.fromkeys(nulls))
    present = cells.is_not_null() & ~cells.is_in(list(asked)) & (cells.str.strip_chars() != "")
    seen = cells.filter(present)
    if seen.is_empty():
        return Guess(pl.Float64(), asked or STANDARD_NULLS[:1], firm=False)
    bare = seen.str.strip_chars()
    spelled = bare.is_in(STANDARD_NULLS)
    if spelled.all():
        return Guess(pl.Float64(), _null_spellings(asked, bare), firm=False)
    cleaned = bool((seen.str.contains(r"\s$") | (spelled & (seen != bare))).any())
    if bare.filter(~spelled).str.to_lowercase().is_in(list(TRUTH)).all():
        return Guess(pl.Boolean(), _null_spellings(asked, bare), cleaned=bool((seen != bare).any()))
    numbers = to_number(bare, decimal_comma)
    stray = bare.filter(numbers.is_null() & ~spelled)
    amount = len(bare) - int(spelled.sum()) - len(stray)
    if _is_text(stray, amount):
        return Guess(pl.String(), asked, example=_example(cells, present, numbers, spelled))
    if bare.str.contains(PADDED).any():
        return Guess(pl.String(), asked, padded=True)
    whole = bare.cast(pl.Int64, strict=False).is_not_null() | numbers.is_null()
    return Guess(
        pl.Int64() if whole.all() else pl.Float64(),
        _null_spellings(asked, bare.filter(spelled)),
        cleaned=cleaned,
    )


def plainly_numeric(sample: pl.DataFrame) -> dict[str, Guess]:
    """The columns that need no second look, as ``guess`` would guess them: every cell that is there
    is a number as it stands. One query for all, since thousands of columns are no rarity."""
    cells = [by_name(name) for name in sample.columns]
    present, numbers, whole, padded = (
        sample.select(question).row(0)
        for question in (
            [cell.count() for cell in cells],
            [cell.cast(pl.Float64, strict=False).count() for cell in cells],
            [cell.cast(pl.Int64, strict=False).count() for cell in cells],
            [cell.str.contains(PADDED).any() for cell in cells],
        )
    )
    plain = {}
    for at, name in enumerate(sample.columns):
        if present[at] and numbers[at] == present[at] and not padded[at]:
            kind = pl.Int64() if whole[at] == present[at] else pl.Float64()
            plain[name] = Guess(kind, STANDARD_NULLS[:1])
    return plain


def to_number(cells: pl.Series, decimal_comma: bool) -> pl.Series:
    """Float64 of each cell, null where it is no number."""
    dotted = cells.str.replace(",", ".", literal=True) if decimal_comma else cells
    return dotted.cast(pl.Float64, strict=False)


def agreed(guesses: Iterable[tuple[str, Guess]]) -> Guess | None:
    """One guess for the same column in several files; None where text meets numbers.

    guesses: (file name, guess) in file order.
    """
    every = [guess for _, guess in guesses]
    firm = [guess for guess in every if guess.firm] or every[:1]
    types = {guess.type for guess in firm}
    nulls = tuple(dict.fromkeys(spelling for guess in firm for spelling in guess.nulls))
    first = replace(firm[0], nulls=nulls, cleaned=any(guess.cleaned for guess in firm))
    if len(types) == 1:
        return first
    if types <= {pl.Int64(), pl.Float64()}:
        return first.widened(pl.Float64())
    text = [guess for guess in firm if guess.type == pl.String()]
    codes = all(guess.padded for guess in text) and types <= {pl.String(), pl.Int64()}
    if text and (codes or types <= {pl.String(), pl.Boolean()}):
        return text[0]
    return None


def converted(column: str, guess: Guess, decimal_comma: bool) -> pl.Expr:
    """The cells of a String column as its guessed type. Source of truth for ``by_hand``."""
    bare = by_name(column).str.strip_chars() if guess.type != pl.String() else by_name(column)
    cell = pl.when(bare.is_in([*guess.nulls, ""])).then(None).otherwise(bare)
    if guess.type == pl.Boolean():
        return cell.str.to_lowercase().replace_strict(TRUTH, return_dtype=pl.Boolean).alias(column)
    if decimal_comma and guess.numeric:
        cell = cell.str.replace(",", ".", literal=True)
    return cell.cast(guess.type).alias(column)


def _is_text(stray: pl.Series, amount: int) -> bool:
    """Whether so many cells that are no numbers make the column text. amount: of numbers."""
    if stray.is_empty():
        return amount == 0
    few = stray.n_unique() <= _STRAY_SPELLINGS and amount >= len(stray)
    return not few and len(stray) > _STRAY_SHARE * (amount + len(stray))


def _null_spellings(asked: tuple[str, ...], seen: pl.Series) -> tuple[str, ...]:
    kinds = set(seen)
    found = [name for name in STANDARD_NULLS if name in kinds]
    # NA costs nothing to look for, and often turns up later only.
    return tuple(dict.fromkeys((*asked, *found))) or STANDARD_NULLS[:1]


def _example(
    cells: pl.Series, present: pl.Series, numbers: pl.Series, spelled: pl.Series
) -> Example | None:
    rows = present.arg_true().filter(numbers.is_null() & ~spelled)
    return Example(int(rows[0]) + 1, str(cells[int(rows[0])])) if len(rows) else None
