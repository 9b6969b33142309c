"""The first look at the rows to learn from: what the target holds, what is missing, what is kept
aside.

One pass. It finds every class before the first step, stops at infinities with file, row and
column, and collects the held-out rows, which are drawn by a hash of their row number: the same
ones for any file format and any chunking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bncli.data.inputs import centred, row_totals
from bncli.engine.samples import Samples, drawn
from bncli.errors import DataError, NonFinite, listed
from bncli.standardize.network import Batch
from bncli.standardize.target import MAX_CLASSES, Kind, Value
from bncli.stats.exact import FloatArray

Gaps = Literal["drop", "mean"]
BoolArray = NDArray[np.bool_]

_HELD_ROWS, _HELD_VALUES = 65_536, 1 << 23
_AS_MISSING = "read infinities as missing with --nonfinite missing"
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
    def of(cls, validation: float, rows: int, inputs: int, seed: int) -> Aside:
        room = min(_HELD_ROWS, _HELD_VALUES // (inputs + 1))
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
        self.lacking = np.zeros(len(self.samples.inputs.features), dtype=np.int64)

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
        for frame in self.samples.frames():
            self._add(first, frame)
            first += frame.height
        return self

    def held(self, samples: Samples) -> Batch:
        """The rows kept aside. samples: with what is learned of the target."""
        frame = pl.concat(self.kept)
        x = centred(samples.vectors(frame), self.centre, frame.height)
        return Batch(x, samples.learned(frame), gaps=bool(np.isnan(x).any()))

    def _add(self, first: int, frame: pl.DataFrame) -> None:
        y = frame[self.samples.target]
        vectors = self.samples.vectors(frame)
        self._refuse_infinite_target(first, y)
        present = _present(y)
        self.without_target += frame.height - int(present.sum())
        usable = present.copy()
        odd = np.flatnonzero(~np.isfinite(row_totals(vectors, frame.height)))
        if len(odd):
            gap = self._odd_rows(first, odd, np.stack([vector[odd] for vector in vectors]), present)
            if self.gaps == "drop":
                usable[odd[gap]] = False
        aside = self.aside.of_rows(first, frame.height)
        self.kept.append(frame.filter(usable & aside))
        training = usable if self.aside.in_training else usable & ~aside
        self._summarize(y.filter(present & ~training), learned=False)
        self._summarize(y.filter(training), learned=True)

    def _odd_rows(
        self, first: int, odd: NDArray[np.int64], x: FloatArray, present: BoolArray
    ) -> BoolArray:
        """Which of some rows lack a feature. odd: their places; x: (inputs, those rows)."""
        infinite, missing = np.isinf(x), np.isnan(x)
        if infinite.any():
            self._refuse_infinite(first, odd, x, infinite)
        gap = np.asarray(missing.any(axis=0))
        counted = missing & present[odd]
        self.incomplete += int((gap & present[odd]).sum())
        owners = self.samples.inputs.owners
        for place in range(len(self.lacking)):
            self.lacking[place] += int(counted[owners == place].any(axis=0).sum())
        return gap

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

    def _refuse_infinite(
        self, first: int, odd: NDArray[np.int64], x: FloatArray, infinite: BoolArray
    ) -> None:
        inputs, found = self.samples.inputs, []
        for place, name in enumerate(inputs.features):
            own = np.flatnonzero(inputs.owners == place)
            rows = np.flatnonzero(infinite[own].any(axis=0))
            if len(rows):
                value = x[own[infinite[own, rows[0]].argmax()], rows[0]]
                file, row = self.samples.dataset.locate(first + int(odd[rows[0]]))
                found.append(f"{file}, row {row}: column '{name}' holds {value}")
        raise NonFinite(listed(found), fix=_AS_MISSING)

    def _refuse_infinite_target(self, first: int, y: pl.Series) -> None:
        if y.dtype.is_float() and y.is_infinite().any():
            place = int(y.is_infinite().arg_max() or 0)
            file, row = self.samples.dataset.locate(first + place)
            told = f"{file}, row {row}: the target holds {y[place]}"
            raise NonFinite(told, fix=_AS_MISSING)

    def check(self) -> None:
        """Raises DataError where too little is left to learn from."""
        if self.rows >= 2 and self.held_rows:
            return
        read = self.samples.rows
        reasons = []
        if self.without_target:
            reasons.append(f"{self.without_target} of {read} rows have no target")
        if self.incomplete and self.gaps == "drop":
            worst = self.samples.inputs.features[int(self.lacking.argmax())]
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
