"""``--block``: chance from permutations of whole blocks, where rows depend on their neighbours.

Of every column it is counted how many values of each block fall into which cell. That is enough
to compute each family's statistic of any way to deal the blocks to the sides: the KS distance at
the edges of the cells, PSI over the bins of the report, chi-squared, the difference of the missing
shares, and the unseen values beyond chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bncli.shift.categorical import not_comparable
from bncli.shift.dealing import Deals, Dealt, Statistics, Sums, dealt
from bncli.shift.dependence import alike_blocks
from bncli.shift.distances import psi_rows
from bncli.shift.finding import finite
from bncli.shift.model import Kind, Measured, Side
from bncli.shift.options import ShiftOptions
from bncli.shift.resampling import unseen_excess
from bncli.shift.schema import pair
from bncli.shift.wholes import Blocking
from bncli.stats.blocks import Cells
from bncli.stats.exact import FloatArray, IntArray
from bncli.stats.quantiles import Quantiles

FINE = 128
"""Cells of a numeric column, beside those that the bins add: KS sees steps of 1/128."""

_NUDGE = 1e-3
_FAMILIES = {"numeric": 3, "categorical": 4, "temporal": 1}
_FIGURES = {
    "distribution of numeric": ("ks_block_p", "ks"),
    "distribution of categorical": ("chi2_block_p", "cramers_v"),
    "binned": ("psi_block_p", "psi"),
    "missing": ("missing_block_p", "missing"),
    "unseen": ("unseen_block_p", "unseen"),
}
"""Family -> what its p-value is called, and the figure whose chance it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Ruled:
    """Where a column's values are put, and the first cell of each bin: shape (bins,)."""

    cells: Cells
    bins: IntArray


@dataclass(frozen=True, slots=True)
class Chance:
    """What blocks say of one column. p, drawn: by family; caution: why p may still be too small."""

    found: Mapping[str, Dealt]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlockTest:
    """Of all columns, by label. smallest_p: that so few blocks can give."""

    about: Blocking
    chances: Mapping[str, Chance]
    smallest_p: float

    def applied(self, measured: Measured, options: ShiftOptions) -> Measured:
        """The column with these p-values in place of those that take its rows for independent."""
        chance = self.chances.get(measured.label)
        if chance is None:
            return measured
        alpha = options.alpha / _FAMILIES[measured.kind]
        p, measures, smallest = {}, {}, dict(measured.min_detectable)
        for family, one in chance.found.items():
            if family in measured.chances:
                name, figure = _figure(family, measured.kind)
                p[family] = measures[name] = one.p
                if figure in smallest:
                    smallest[figure] = self._smallest(one, alpha)
        return replace(
            measured,
            measures={**measured.measures, **measures},
            chances={**measured.chances, **p},
            min_detectable=finite(smallest),
            cautions=chance.cautions,
        )

    def _smallest(self, one: Dealt, alpha: float) -> float:
        """The figure that dealing anew passes with probability alpha; 1 where blocks are too few
        for any to be told."""
        return 1.0 if self.smallest_p > alpha else float(np.quantile(one.drawn, 1.0 - alpha))


def _figure(family: str, kind: Kind) -> tuple[str, str]:
    return _FIGURES.get(f"{family} of {kind}") or _FIGURES[family]


def block_p(chance: Dealt) -> float:
    """p-value from permutations of blocks.

    Definition: with --block: the share of seeded permutations of whole blocks between the sides
        in which the statistic is as large: KS at the edges of some 128 cells, PSI over the bins of
        the report, chi-squared, the missing difference, or unseen - unseen_expected.
    Range: 0 to 1, never below 1 over the permutations + 1. Assumes that blocks are independent
        of each other, not rows.
    Reading: takes the place of the row-wise p in the verdict. A caution says where neighbouring
        blocks are still alike: longer ones are needed then.
    Source: Fisher 1935 (the permutation test); Kunsch 1989 for blocks; Phipson & Smyth 2010 for
        counting the observed one in.
    """
    return chance.p


def ruled(train: Side, test: Side, options: ShiftOptions) -> list[Ruled]:
    """The cells of every column that both sides have and that is judged by chance at all."""
    ours, theirs = train.profile, test.profile
    pairing = pair(ours, theirs)
    found = []
    for channel, at, there in pairing.numeric:
        kept = ours.quantiles[at], theirs.quantiles[there]
        if all(side.count for side in kept):
            edges, bins = _edges(*kept, options)
            cells = Cells(channel.label, channel.feature, channel, edges)
            found.append(Ruled(cells, bins))
        else:
            found.append(_presence(channel.label, channel.feature))
    for name in pairing.categorical:
        sides = ours.categories[name], theirs.categories[name]
        values = tuple(sorted({*sides[0].values, *sides[1].values}))
        if values and all(side.count for side in sides) and not not_comparable(*sides):
            found.append(Ruled(Cells(name, name, values=values), np.arange(len(values) + 1)))
        else:
            found.append(_presence(name, name))
    found += [_presence(name, name) for name in (*pairing.temporal, *pairing.emptied)]
    return found


def _presence(label: str, feature: str) -> Ruled:
    return Ruled(Cells(label, feature), np.zeros(1, np.int64))


def _edges(train: Quantiles, test: Quantiles, options: ShiftOptions) -> tuple[FloatArray, IntArray]:
    """Inner edges of the cells, and the first cell of each bin."""
    points = np.concatenate((train.points, test.points))
    order = np.argsort(points, kind="stable")
    below = np.cumsum(np.concatenate((train.weights, test.weights))[order])
    picks = np.searchsorted(below, below[-1] * np.arange(1, FINE) / FINE)
    # What differs from a training value by rounding alone falls into the cell of that value.
    fine = _nudged(np.unique(points[order][picks]), train.points)
    bins = _nudged(options.binning_policy.edges(train), train.points)
    edges = np.union1d(fine, bins)
    return edges, np.concatenate(([0], np.searchsorted(edges, bins) + 1))


def _nudged(edges: FloatArray, points: FloatArray) -> FloatArray:
    """Edges a thousandth of the way to the next of the points that lie above."""
    place = np.minimum(np.searchsorted(points, edges, side="right"), points.size - 1)
    gap = np.maximum(0.0, points[place] - edges)
    nudged: FloatArray = np.unique(edges + np.where(np.isfinite(gap), gap, 0.0) * _NUDGE)
    return nudged


def tested(
    columns: Sequence[Ruled],
    counts: Sequence[tuple[IntArray, IntArray]],
    deals: Deals,
    options: ShiftOptions,
    draws: int,
) -> Iterator[tuple[str, Chance]]:
    """The chance of every column. counts: of both sides, each of shape (blocks, cells + 1)."""
    for column, sides in zip(columns, counts, strict=True):
        together = np.concatenate(sides).astype(np.float64)
        with np.errstate(all="ignore"):
            found = dealt(together, _statistics(column, options.psi_floor), deals, draws)
            cautions = alike_blocks(*(side.astype(np.float64) for side in sides))
        yield column.cells.label, Chance(found, cautions)


def _statistics(column: Ruled, floor: float) -> Statistics:
    cells = column.cells
    parts: dict[str, Callable[[Sums, Sums], FloatArray]] = {"missing": _missing}
    if cells.channel is not None:
        parts["distribution"] = _ks
    elif cells.values:
        parts |= {"distribution": _cramers_v, "unseen": _unseen}
    if "distribution" in parts:
        parts["binned"] = lambda ours, theirs: _psi(ours, theirs, column.bins, floor)
    return lambda ours, theirs: {name: part(ours, theirs) for name, part in parts.items()}


def _missing(ours: Sums, theirs: Sums) -> FloatArray:
    gap: FloatArray = np.abs(ours[:, -1] / ours.sum(axis=1) - theirs[:, -1] / theirs.sum(axis=1))
    return gap


def _shares(sums: Sums) -> FloatArray:
    """Shares of the present values per cell: shape (draws, cells)."""
    present = sums[:, :-1]
    shares: FloatArray = present / present.sum(axis=1, keepdims=True)
    return shares


def _ks(ours: Sums, theirs: Sums) -> FloatArray:
    gaps = np.cumsum(_shares(ours) - _shares(theirs), axis=1)
    return np.asarray(np.abs(gaps).max(axis=1))


def _psi(ours: Sums, theirs: Sums, bins: IntArray, floor: float) -> FloatArray:
    p, q = (np.add.reduceat(_shares(side), bins, axis=1) for side in (ours, theirs))
    return psi_rows(np.asarray(p), np.asarray(q), floor)


def _cramers_v(ours: Sums, theirs: Sums) -> FloatArray:
    """The root of Pearson's chi-squared over all rows; values without a row add nothing."""
    p, q = _shares(ours), _shares(theirs)
    n, k = (side[:, :-1].sum(axis=1, keepdims=True) for side in (ours, theirs))
    together = (p * n + q * k) / (n + k)
    squares = np.divide(np.square(p - q), together, where=together > 0, out=np.zeros_like(p))
    return np.asarray(np.sqrt(squares.sum(axis=1) * (n * k)[:, 0]) / (n + k)[:, 0])


def _unseen(ours: Sums, theirs: Sums) -> FloatArray:
    """The last cell of values is any other one, of which it is not known how many there are."""
    return np.maximum(0.0, unseen_excess(ours[:, :-2], theirs[:, :-2]))
