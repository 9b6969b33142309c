"""The first look at the rows to learn from: what the target holds, what is missing, what is kept
aside.

One pass. It finds every class before the first step, stops at infinities with file, row and
column, and collects the held-out rows, which are drawn by a hash of their row number: the same
ones for any file format and any chunking.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.batches import exact_frames
from bncli.engine.samples import Samples, drawn
from bncli.errors import DataError, NonFinite, listed
from bncli.standardize.network import Batch
from bncli.standardize.target import MAX_CLASSES, Kind, Value
from bncli.stats.exact import FloatArray

Gaps = Literal["drop", "mean"]
BoolArray = NDArray[np.bool_]

_HELD_ROWS, _HELD_VALUES = 65_536, 1 << 23
_KINDS: tuple[tuple[tuple[type[pl.DataType], ...], Kind], ...] = (
    ((pl.Boolean,), "boolean"),
    ((pl.String, pl.Categorical, pl.Enum, pl.Null), "text"),
)


@dataclass(frozen=True, slots=True)
class Aside:
    """Which rows are kept aside. share: of all rows, at most so many as fit into memory;
    in_training: they are learned from all the same, since none are held out."""

    share: float
    seed: int
    in_training: bool

    @classmethod
    def of(cls, validation: float, rows: int, features: int, seed: int) -> Aside:
        room = min(_HELD_ROWS, _HELD_VALUES // (features + 1))
        most = min(1.0, room / max(1, rows))
        return cls(min(validation or 1.0, most), seed, not validation)

    def of_rows(self, first: int, rows: int) -> BoolArray:
        return drawn(first, rows, self.share, self.seed)


@dataclass(slots=True)
class Survey:
    """What one pass over the samples found. gaps: what becomes of rows that lack a feature.

    counts: the target's values among the rows to learn from, and 0 for those seen only elsewhere;
    None where they are more than ``MAX_CLASSES``. rows: to learn from. aside: kept aside.
    """

    samples: Samples
    kind: Kind
    gaps: Gaps
    centre: FloatArray
    aside: Aside
    counts: dict[Value, int] | None = field(default_factory=dict)
    rows: int = 0
    without_target: int = 0
    incomplete: int = 0
    lacking: NDArray[np.int64] = field(init=False)
    mean: float = 0.0
    squares: float = 0.0
    kept: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lacking = np.zeros(len(self.samples.features), dtype=np.int64)

    @property
    def held_rows(self) -> int:
        return sum(frame.height for frame in self.kept)

    @property
    def spread(self) -> float:
        """Standard deviation of a numeric target; 1 where it has none."""
        sd = math.sqrt(self.squares / self.rows) if self.rows else 0.0
        return sd if math.isfinite(sd) and sd > 0 else 1.0

    @property
    def held_out(self) -> int:
        """How many rows are not learned from, to tell losses of."""
        return 0 if self.aside.in_training else self.held_rows

    @property
    def handling(self) -> tuple[bool, bool]:
        """Whether rows are to be left out for a gap, and whether gaps are left in rows."""
        return self.gaps == "drop" and self.incomplete > 0, self.gaps == "mean"

    def run(self) -> Survey:
        """Look at every row. Raises NonFinite."""
        first = 0
        for frame in self._frames():
            self._add(first, frame)
            first += frame.height
        return self

    def held(self, y: pl.Expr) -> Batch:
        """The rows kept aside. y: the target, computed from the column ``y``."""
        frame = pl.concat(self.kept).with_columns(y.cast(pl.Float64).alias("y"))
        x = self.samples.features_of(frame, self.centre)
        gaps = bool(np.isnan(x).any())
        return Batch(x[:, None, :], self.samples.target_of(frame), gaps=gaps)

    def _frames(self) -> Iterator[pl.DataFrame]:
        infinite = pl.any_horizontal(pl.col(self.samples.columns).is_infinite())
        looked = self.samples.frame.with_columns(self.samples.gap, infinite.alias("infinite"))
        return exact_frames(looked, self.samples.read_rows)

    def _add(self, first: int, frame: pl.DataFrame) -> None:
        self._refuse_infinite(first, frame)
        present = _present(frame["y"])
        gap = frame["gap"].to_numpy()
        self.without_target += frame.height - int(present.sum())
        if gap.any():
            incomplete = present & gap
            self.incomplete += int(incomplete.sum())
            self._count_lacking(frame.filter(incomplete))
        usable = present & ~gap if self.gaps == "drop" else present
        aside = self.aside.of_rows(first, frame.height)
        self.kept.append(frame.filter(usable & aside).drop("gap", "infinite"))
        training = usable if self.aside.in_training else usable & ~aside
        self._summarize(frame["y"].filter(present & ~training), learned=False)
        self._summarize(frame["y"].filter(training), learned=True)

    def _summarize(self, y: pl.Series, learned: bool) -> None:
        if self.counts is not None:
            for value, count in y.value_counts(sort=False, name="count").iter_rows():
                self.counts[value] = self.counts.get(value, 0) + (count if learned else 0)
            if len(self.counts) > MAX_CLASSES:
                self.counts = None
        if learned and self.kind != "text":
            self._add_moments(y.cast(pl.Float64).to_numpy())
        self.rows += len(y) if learned else 0

    def _add_moments(self, y: FloatArray) -> None:
        """Source: Chan, Golub & LeVeque 1983. ``rows`` still counts the rows before."""
        if not len(y):
            return
        mean = float(y.mean())
        step, total = mean - self.mean, self.rows + len(y)
        self.squares += float(((y - mean) ** 2).sum()) + step**2 * self.rows * len(y) / total
        self.mean += step * len(y) / total

    def _count_lacking(self, frame: pl.DataFrame) -> None:
        for at, column in enumerate(self.samples.columns):
            self.lacking[at] += int(frame.get_column(column).is_nan().sum())

    def _refuse_infinite(self, first: int, frame: pl.DataFrame) -> None:
        y = frame["y"]
        bad = frame["infinite"].to_numpy()
        if not bad.any() and not (y.dtype.is_float() and y.is_infinite().any()):
            return
        columns = dict(zip(self.samples.columns, self.samples.features, strict=True))
        found = []
        for column, name in {**columns, "y": "the target"}.items():
            series = frame.get_column(column)
            if series.dtype.is_float() and series.is_infinite().any():
                place = int(series.is_infinite().arg_max() or 0)
                file, row = self.samples.dataset.locate(first + place)
                shown = name if column == "y" else f"column '{name}'"
                found.append(f"{file}, row {row}: {shown} holds {series[place]}")
        raise NonFinite(listed(found), fix="read infinities as missing with --nonfinite missing")

    def check(self) -> None:
        """Raises DataError where too little is left to learn from."""
        if self.rows >= 2 and self.held_rows:
            return
        read = self.samples.rows
        reasons = []
        if self.without_target:
            reasons.append(f"{self.without_target} of {read} rows have no target")
        if self.incomplete and self.gaps == "drop":
            worst = self.samples.features[int(self.lacking.argmax())]
            reasons.append(
                f"{self.incomplete} of {read} rows lack a feature, most of them '{worst}'"
            )
        raise DataError(
            listed(["there are too few rows to learn from", *reasons]),
            where=self.samples.dataset.name,
            fix="keep rows with --missing mean" if self.incomplete else None,
        )


def kind_of(dtype: pl.DataType) -> Kind | None:
    """What a target column holds; None where it can be no target."""
    for kinds, kind in _KINDS:
        if isinstance(dtype, kinds):
            return kind
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_numeric() else None


def _present(y: pl.Series) -> BoolArray:
    present = y.is_not_null() & y.is_not_nan() if y.dtype.is_float() else y.is_not_null()
    return present.to_numpy()
