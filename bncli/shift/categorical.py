"""Everything measured on one categorical, boolean or string column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from bncli.shift import distances, exact, power, resampling, significance
from bncli.shift.distances import Binned
from bncli.shift.finding import Finding, missing, nothing_but_missing, same_share
from bncli.shift.model import Measured, Moved
from bncli.shift.options import ShiftOptions
from bncli.shift.picture import category_picture
from bncli.stats.categories import Categories
from bncli.stats.exact import FloatArray, IntArray

FAMILIES = 4  # distribution, binned, missing, unseen
MOST_MOVED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows per value on both sides, over the values of either, and what was not kept.

    values: shape (values,); train, test: rows, shape (values,); rest: rows of both sides whose
    value was dropped from the counts, (0, 0) when counts are exact.
    """

    values: tuple[str, ...]
    train: IntArray
    test: IntArray
    rest: tuple[int, int]

    @classmethod
    def of(cls, train: Categories, test: Categories) -> Self:
        values = tuple(sorted({*train.values, *test.values}))
        ours = np.array([train.values.get(value, 0) for value in values], dtype=np.int64)
        theirs = np.array([test.values.get(value, 0) for value in values], dtype=np.int64)
        rest = (train.count - int(ours.sum()), test.count - int(theirs.sum()))
        return cls(values, ours, theirs, rest)

    @property
    def rows(self) -> Binned:
        """With the dropped rows as one more value, where there are any."""
        ours, theirs = self.train.astype(np.float64), self.test.astype(np.float64)
        if not any(self.rest):
            return Binned(ours, theirs)
        return Binned(np.append(ours, self.rest[0]), np.append(theirs, self.rest[1]))

    @property
    def shares(self) -> tuple[FloatArray, FloatArray]:
        """Shares of the kept values among the present ones."""
        n, k = int(self.train.sum()) + self.rest[0], int(self.test.sum()) + self.rest[1]
        return self.train / n, self.test / k


def not_comparable(train: Categories, test: Categories) -> str | None:
    """Why the values of a column say nothing about a distribution, or None.

    Identifiers are judged by the training side: values that only the test side scatters are a
    shift.
    """
    rows = (train.count + train.missing, test.count + test.missing)
    if len(train.values) == 1 and train.values.keys() == test.values.keys() and all(rows):
        (value,) = train.values
        if same_share(train.missing, rows[0], test.missing, rows[1]):
            return f"constant on both sides: '{value[:40]}'"
    if len(train.values) > train.count / 2:
        return "looks like an identifier"
    kept = sum(train.values.values())
    if not train.exact and kept < train.count / 2:
        share = kept / train.count
        return (
            f"too many distinct values: the {len(train.values)} kept hold {share:.1%} of the rows"
        )
    return None


def measure_categorical(
    name: str,
    train: Categories,
    test: Categories,
    options: ShiftOptions,
    rng: np.random.Generator,
) -> Measured:
    """Compare one column by its counts; both sides must have rows."""
    rows = (train.count + train.missing, test.count + test.missing)
    alpha = options.alpha / FAMILIES
    found = missing(train.missing, rows[0], test.missing, rows[1], alpha)
    whole = Measured(name, 0, name, "categorical", train.count, test.count, {}, {}, {})
    if not (train.count and test.count):
        return (found + nothing_but_missing(train.count)).added_to(whole)
    table = Table.of(train, test)
    found += _distribution(table, options, rng) + _bound(train, test)
    if train.exact and test.exact:
        found += _appeared(table, options, rng)
    ours, theirs = (shares.tolist() for shares in table.shares)
    picture = category_picture(table.values, ours, theirs)
    return found.added_to(replace(whole, picture=picture, moved=_moved(table)))


def _distribution(table: Table, options: ShiftOptions, rng: np.random.Generator) -> Finding:
    rows = table.rows
    found = distances.share_distances(rows, options.psi_floor)
    chi2, degrees, _ = significance.pearson(rows)
    effects = {"psi": found["psi"], "js": found["js"]}
    draws = options.draws_for(rows.train.size, effects)
    binned_p = resampling.binned_p(rows, options.psi_floor, rng, draws)
    n, k = int(rows.train.sum()), int(rows.test.sum())
    measures = {
        **found,
        "psi_p": binned_p,
        "psi_expected": distances.psi_expected(degrees + 1, n, k),
        "chi2": chi2,
        "chi2_p": significance.chi2_p(chi2, degrees),
        "cramers_v": significance.cramers_v(chi2, n, k),
    }
    sizes, alpha = (n, k, degrees + 1), options.alpha / FAMILIES
    smallest = {
        "psi": power.smallest_psi(*sizes, alpha),
        "cramers_v": power.smallest_cramers_v(*sizes, alpha),
    }
    chances = {"distribution": exact.table_p(rows), "binned": binned_p}
    return Finding(measures, effects, chances, smallest=smallest)


def _appeared(table: Table, options: ShiftOptions, rng: np.random.Generator) -> Finding:
    """Values never seen in training, beyond what chance brings, and values that vanished."""
    effects = {"unseen": max(0.0, float(resampling.unseen_excess(table.train, table.test)))}
    draws = options.draws_for(table.train.size, effects)
    p = resampling.unseen_p(table.train, table.test, rng, draws)
    measures = {
        "unseen": unseen(table.train, table.test),
        "unseen_expected": unseen_expected(table.train),
        "unseen_p": p,
        "vanished": vanished(table.test),
    }
    return Finding(measures, effects, {"unseen": p})


def unseen(train: IntArray, test: IntArray) -> float:
    """Unseen values.

    Definition: the share of the present test rows that hold a value never seen in training.
    Range: 0 to 1; absent where counts are not exact (more than --max-categories values).
    Reading: a model knows nothing of these rows' value. The thresholds are held against what is
        beyond chance, unseen - unseen_expected.
    Source: plain counting.

    train, test: rows per value, shape (values,), over the values of both sides.
    """
    return int(test[train == 0].sum()) / int(test.sum())


def unseen_expected(train: IntArray) -> float:
    """Unseen values that chance brings.

    Definition: the training rows that hold a value seen once, over all present training rows.
    Range: 0 to 1.
    Reading: how many unseen rows to expect of one more batch of the same source.
    Source: Good 1953 (the Good-Turing estimate of the unseen mass).
    """
    return int((train == 1).sum()) / int(train.sum())


def vanished(test: IntArray) -> int:
    """Vanished values.

    Definition: how many values of the training side have no row on the test side.
    Range: 0 to the number of training values; absent where counts are not exact.
    Reading: told, never judged: rare values vanish from every small batch.
    Source: plain counting.
    """
    return int(np.count_nonzero(test == 0))


def _bound(train: Categories, test: Categories) -> Finding:
    """Say how far counts may be off, and what cannot be known then."""
    sides = (("training", train), ("test", test))
    off = [f"{side.bound} rows ({name})" for name, side in sides if not side.exact]
    if not off:
        return Finding()
    note = f"counts are low by at most {', '.join(off)}; unseen and vanished values unknown"
    return Finding(notes=(note,))


def _moved(table: Table) -> tuple[Moved, ...]:
    """The values whose share changed most, largest change first."""
    ours, theirs = table.shares
    order = np.argsort(-np.abs(theirs - ours), kind="stable")[:MOST_MOVED]
    return tuple(
        Moved(table.values[at], float(ours[at]), float(theirs[at]))
        for at in order
        if ours[at] != theirs[at]
    )
