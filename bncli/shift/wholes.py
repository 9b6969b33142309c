"""What the report says beyond single columns: all columns jointly, and each of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bncli.shift.severity import Severity

NOTICEABLE = 0.1
"""Change of a correlation from which a pair is worth a line."""


@dataclass(frozen=True, slots=True)
class PairMoved:
    """Two columns, by their labels, and their correlation on both sides.

    p_adjusted: how likely so large a change is by chance, among all pairs.
    """

    first: str
    second: str
    train: float
    test: float
    p_adjusted: float = 0.0

    @property
    def noticeable(self) -> bool:
        """The change is large enough, and chance does not explain it."""
        return abs(self.test - self.train) >= NOTICEABLE and self.p_adjusted <= 0.05


@dataclass(frozen=True, slots=True)
class Joint:
    """Gaussian distances over rows complete in ``columns``, after standardizing by training.

    rows: complete ones on both sides. columns: labels, in the training side's order; left_out:
    label and reason of numeric columns that stayed out. frechet squared is the sum of the other
    three (``frechet_mean`` and so on are parts of the square). auc_linear: area under the ROC
    curve of the best linear classifier were both sides Gaussian with one covariance;
    auc_restandardized, frechet_restandardized: the same once each side is standardized by its own
    statistics; auc_expected, frechet_expected: about what chance brings without any shift.
    pairs: those whose correlation moved most, largest change first.
    """

    rows: tuple[int, int]
    columns: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    frechet: float
    frechet_mean: float
    frechet_variance: float
    frechet_correlation: float
    auc_linear: float
    auc_restandardized: float
    pairs: tuple[PairMoved, ...] = ()
    notes: tuple[str, ...] = ()
    frechet_restandardized: float | None = None
    frechet_expected: float | None = None
    auc_expected: float | None = None


@dataclass(frozen=True, slots=True)
class Blocking:
    """Blocks of rows whose permutations the p-values come from. asked: as the user did; over: the
    column of times, None where blocks are so many rows; joined: how many neighbours were joined to
    one, so that a side has no more than the most; blocks: of training and test; outside: rows of
    both that are in no block; draws: permutations at most.
    """

    asked: str
    over: str | None
    joined: int
    blocks: tuple[int, int]
    outside: tuple[int, int]
    draws: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of the test side. label: as people call it; start, stop: 0-based rows, stop
    exclusive, of its first and last row (a slice of time need not be contiguous); rows: how many.
    """

    label: str
    start: int
    stop: int
    rows: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One column in one slice, compared with the whole training side.

    at: the slice's place; score: largest effect over its major threshold; too_few_rows: so few
    that even two sides without a value in common could be chance, so that nothing is said.
    """

    column: str
    at: int
    severity: Severity
    measures: Mapping[str, float]
    p_adjusted: float
    score: float
    reasons: tuple[str, ...] = ()
    too_few_rows: bool = False


@dataclass(frozen=True, slots=True)
class Onset:
    """An unbroken run of slices in all of which a column is shifted, at least as ``severity``.

    at: the place of its first slice; until: the place after its last one; lasts: whether it goes
    on to the end of the test side. Where a column is major in a part of a run only, the run is a
    minor one, and that part an onset of its own.
    """

    column: str
    severity: Severity
    at: int
    until: int
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The test side slice by slice. by: how it was cut, for people; columns: labels, worst first;
    cells: every column in every slice where it could be compared, in the order of ``columns``;
    onsets: in that order too, a column's own as time goes; over: the column it was cut over, None
    where it was cut by rows.
    """

    by: str
    slices: tuple[Slice, ...]
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    onsets: tuple[Onset, ...] = ()
    notes: tuple[str, ...] = ()
    over: str | None = None

    @property
    def first(self) -> int | None:
        """The place of the first slice in which any column is shifted."""
        return min((onset.at for onset in self.onsets), default=None)
