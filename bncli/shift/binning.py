"""Where the bins of PSI, JS, Hellinger and total variation end: policies behind one protocol.

A policy looks at the training side alone, so that every new batch is measured on one ruler. It
gives the *inner* edges; bins are open left, closed right, and the outer two are open-ended: what
lies beyond the training side's ends falls into them and is never lost.

Equal widths (``width``, ``sturges``, ``doane``) are offered for comparison with other tools. One
gross error stretches them until all other values share a bin, which is why quantiles are the
default: with the 1048 mph of a winter's wind speed, PSI against the summer is 6e-9 over ten
equal widths and 0.08 over deciles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from bncli.errors import UsageError
from bncli.registry import Registry
from bncli.stats.exact import FloatArray
from bncli.stats.quantiles import Quantiles

BINNINGS = Registry(
    "binning",
    quantile="bncli.shift.binning:ByQuantile",
    sturges="bncli.shift.binning:Sturges",
    doane="bncli.shift.binning:Doane",
    width="bncli.shift.binning:ByWidth",
)
DEFAULT_BINS = 10


class Binning(Protocol):
    """How values are put into bins."""

    name: ClassVar[str]

    @property
    def words(self) -> str:
        """What it does, as a report says it."""

    def edges(self, train: Quantiles) -> FloatArray:
        """Inner edges, ascending, each once: shape (bins - 1,). ``train`` is not empty."""


@dataclass(frozen=True, slots=True)
class ByQuantile:
    """Edges at the training side's quantiles at 1/bins, 2/bins, ... (numpy's "linear" method).

    A column with few different values has fewer edges, as each is kept once.
    """

    bins: int = DEFAULT_BINS
    name: ClassVar[str] = "quantile"

    @property
    def words(self) -> str:
        return f"{self.bins} bins at training quantiles"

    def edges(self, train: Quantiles) -> FloatArray:
        return np.unique(train.quantile(np.arange(1, self.bins) / self.bins))


@dataclass(frozen=True, slots=True)
class ByWidth:
    """Bins of equal width between the training minimum and maximum.

    The edges are those of ``numpy.histogram_bin_edges(train, bins)``; the ends are exact even in
    a sketch, so these are too.
    """

    bins: int = DEFAULT_BINS
    name: ClassVar[str] = "width"

    @property
    def words(self) -> str:
        return f"{self.bins} bins of equal width over the training range"

    def edges(self, train: Quantiles) -> FloatArray:
        return _equal(train, self.bins)


@dataclass(frozen=True, slots=True)
class Sturges:
    """Bins of equal width, log2(n) + 1 of them, rounded up.

    The edges of ``numpy.histogram_bin_edges(train, "sturges")``. They need n and the ends alone,
    which a sketch has exactly. Source: Sturges 1926.
    """

    name: ClassVar[str] = "sturges"

    @property
    def words(self) -> str:
        return "bins of equal width over the training range, as many as Sturges' rule says"

    def edges(self, train: Quantiles) -> FloatArray:
        return _equal(train, _rounded_up(math.log2(train.count) + 1.0, train))


@dataclass(frozen=True, slots=True)
class Doane:
    """Bins of equal width, more of them the more skewed the training side is.

    1 + log2(n) + log2(1 + abs(g1) / sd(g1)), rounded up: the edges of
    ``numpy.histogram_bin_edges(train, "doane")`` where every value is kept. Of a sketch, n and
    the ends are exact, and the skewness g1 is that of its weighted points. Source: Doane 1976.
    """

    name: ClassVar[str] = "doane"

    @property
    def words(self) -> str:
        return "bins of equal width over the training range, as many as Doane's rule says"

    def edges(self, train: Quantiles) -> FloatArray:
        n = train.count
        if n <= 2:
            return _equal(train, 1)
        error = math.sqrt(6.0 * (n - 2) / ((n + 1.0) * (n + 3)))
        more = math.log2(1.0 + abs(_skewness(train)) / error)
        return _equal(train, _rounded_up(1.0 + math.log2(n) + more, train))


def binning_of(name: str, bins: int | None = None) -> Binning:
    """The policy of a name. bins: how many, for those that do not say themselves; None: 10.

    Raises UsageError for an unknown name, or where bins were given to a rule that counts them.
    """
    kind = BINNINGS[name]
    counted = "bins" in kind.__slots__
    if bins is None:
        return kind()  # type: ignore[no-any-return]
    if not counted:
        raise UsageError(
            f"--binning {name} says itself how many bins there are, so --bins has no meaning",
            fix="leave out --bins, or choose --binning quantile or width",
        )
    if not 2 <= bins <= 10_000:
        raise UsageError(f"--bins {bins} is out of range", fix="give 2 to 10000 bins")
    return kind(bins)  # type: ignore[no-any-return]


def _rounded_up(bins: float, train: Quantiles) -> int:
    """As numpy rounds: through the width of a bin, so that its edges come out the same."""
    extent = train.maximum - train.minimum
    if not 0.0 < extent < math.inf:
        return math.ceil(bins) if extent else 1
    return max(1, math.ceil(extent / (extent / bins)))


def _equal(train: Quantiles, bins: int) -> FloatArray:
    """The inner edges of ``bins`` equal widths; none where all values are the same."""
    low, high = train.minimum, train.maximum
    if low == high:
        return np.zeros(0)
    if not math.isfinite(high - low):  # the ends are further apart than a float64 can say
        at = np.arange(1, bins) / bins
        return np.unique(low * (1.0 - at) + high * at)
    return np.unique(np.linspace(low, high, bins + 1)[1:-1])


def _skewness(side: Quantiles) -> float:
    """Population skewness of the weighted points; 0 where they do not vary."""
    shares = side.weights / side.weights.sum()
    with np.errstate(over="ignore", invalid="ignore"):
        centred = side.points - np.sum(shares * side.points)
        sd = math.sqrt(float(np.sum(shares * centred * centred)))
        skewness = float(np.sum(shares * (centred / sd) ** 3)) if sd > 0.0 else 0.0
    return skewness if math.isfinite(skewness) else 0.0
