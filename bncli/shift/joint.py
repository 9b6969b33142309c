"""All numeric columns jointly: which of them, over which rows, and how far they moved.

Decisions. The rows are those complete in the columns compared, so the columns are chosen first.
One that is missing in more than half of the rows of a side is left out, and named: it would make
the figures those of a minority. So is one that is constant in training, which has no unit. If
still too few rows are complete, the column missing most goes, and the next, until there are
enough. What is reported is always the number of complete rows, beside the columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bncli.shift import gaussian
from bncli.shift.correlation import moved_most
from bncli.shift.finding import finite
from bncli.shift.wholes import Joint
from bncli.stats.comoments import CoMoments
from bncli.stats.covariance import Covariance
from bncli.stats.exact import FloatArray
from bncli.stats.profile import Channel, Profile

Pair = tuple[Channel, int, int]
"""A channel of both sides, and its indices there."""

_MOST_MISSING = 0.5
_ROWS_PER_COLUMN = 2
_FEWEST_ROWS = 10
_OUTWEIGHS = 0.5
_BEYOND_CHANCE = 2.0
_TOO_FEW = "fewer than two numeric columns can be compared"


def measure_joint(
    train: Profile, test: Profile, pairs: Sequence[Pair], most: int | None = None
) -> Joint | str:
    """Compare the channels that both sides have; or why they cannot be compared jointly.

    most: how many channels at most, None for all whose covariance both sides keep.
    """
    if sum(channel.positions == 1 for channel, _, _ in pairs) < 2:
        return _TOO_FEW
    bare = [name for name, side in (("training", train), ("test", test)) if not side.covariance]
    if train.covariance is None or test.covariance is None:
        return f"no covariance is kept on the {' and '.join(bare)} side"
    choice = _Choice(train, test, train.covariance, test.covariance)
    for pair in pairs:
        choice.consider(pair, most)
    choice.settle()
    if len(choice.kept) < 2:
        return _TOO_FEW
    rows = choice.rows()
    if min(rows) < choice.needed():
        return f"too few complete rows for {len(choice.kept)} columns: {rows[0]} and {rows[1]}"
    return _measured(choice) or "the figures do not fit a float64"


@dataclass(slots=True)
class _Choice:
    """The channels compared so far, and those left out with the reason."""

    train: Profile
    test: Profile
    ours: Covariance
    theirs: Covariance
    kept: list[Pair] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def consider(self, pair: Pair, most: int | None) -> None:
        channel, at, there = pair
        reason = self._not_kept(channel, at, there)
        if reason is None and most is not None and len(self.kept) >= most:
            reason = f"not among the first {most} columns (--joint)"
        if reason is None:
            self.kept.append(pair)
        else:
            self.left_out.append((channel.label, reason))

    def _not_kept(self, channel: Channel, at: int, there: int) -> str | None:
        if channel.positions > 1:
            return "a tensor with several values in a row"
        for name, state, place in (("training", self.ours, at), ("test", self.theirs, there)):
            if place not in state.channels:
                told = f"the covariance of {len(state.channels)} columns"
                return f"the {name} side keeps {told}, not of this one (--joint)"
        shares = self.missing((channel, at, there))
        if max(shares) > _MOST_MISSING:
            return f"missing in {shares[0]:.1%} and {shares[1]:.1%} of the rows"
        if self.train.moments[at].constant:
            return "constant in training"
        return None

    def missing(self, pair: Pair) -> tuple[float, float]:
        """Share of the rows of either side that lack a channel; 1 where there is no row."""
        return _missing(self.train, pair[1]), _missing(self.test, pair[2])

    def settle(self) -> None:
        """Leave out what keeps the complete rows too few, or does not vary in them."""
        while len(self.kept) > 1:
            if min(self.rows()) < self.needed():
                worst = max(self.kept, key=lambda pair: max(self.missing(pair)))
                shares = self.missing(worst)
                if max(shares) == 0.0:
                    return
                told = f"missing in {shares[0]:.1%} and {shares[1]:.1%} of the rows"
                self._drop(worst, f"{told}, which left too few complete ones")
                continue
            flat = np.flatnonzero(np.diagonal(self.states()[0].m2) <= 0.0).tolist()
            if not flat:
                return
            self._drop(self.kept[flat[0]], "constant in the complete training rows")

    def _drop(self, pair: Pair, reason: str) -> None:
        self.kept.remove(pair)
        self.left_out.append((pair[0].label, reason))

    def states(self) -> tuple[CoMoments, CoMoments]:
        """Co-moments of both sides over the rows that are complete in the channels kept."""
        return (
            self.ours.complete([at for _, at, _ in self.kept]),
            self.theirs.complete([there for _, _, there in self.kept]),
        )

    def rows(self) -> tuple[int, int]:
        first, second = self.states()
        return first.count, second.count

    def needed(self) -> int:
        return max(_FEWEST_ROWS, _ROWS_PER_COLUMN * len(self.kept))


def _missing(profile: Profile, at: int) -> float:
    lacking, count = int(profile.missing.total[at]), int(profile.moments.count[at])
    return lacking / (lacking + count) if lacking + count else 1.0


def _measured(choice: _Choice) -> Joint | None:
    """Both sides in training units, and each in its own; None where figures overflow."""
    train, test = choice.states()
    n, k = train.count, test.count
    unit = gaussian.deviations(train.covariance())
    gap = ((test.pivot - train.pivot) + (test.mean - train.mean)) / unit
    ours, theirs = (_scaled(state.covariance(), unit) for state in (train, test))
    parts = gaussian.frechet_parts(gap, ours, theirs)
    again = _restandardized(choice, train, test)
    figures = {
        "frechet": gaussian.frechet(parts),
        "frechet_mean": parts.mean,
        "frechet_variance": parts.variance,
        "frechet_correlation": parts.correlation,
        "auc_linear": gaussian.auc_linear(gaussian.mahalanobis(gap, ours, theirs)),
        "auc_restandardized": gaussian.auc_linear_restandardized(gaussian.mahalanobis(*again)),
        "frechet_restandardized": gaussian.frechet_restandardized(gaussian.frechet_parts(*again)),
        "frechet_expected": gaussian.frechet_expected(ours, n, k),
        "auc_expected": gaussian.auc_expected(unit.size, n, k),
    }
    if len(finite(figures)) < len(figures):
        return None
    labels = tuple(channel.label for channel, _, _ in choice.kept)
    return Joint(
        rows=(n, k),
        columns=labels,
        left_out=tuple(choice.left_out),
        pairs=moved_most(labels, (ours, theirs), (n, k)),
        notes=(*_notes(choice, (n, k)), *_alone(labels, gap, theirs, figures)),
        **figures,
    )


def _restandardized(
    choice: _Choice, train: CoMoments, test: CoMoments
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gap and covariances once each side is standardized by its own statistics, as ``adapt`` does:
    of all values of a column, and not of the complete rows alone."""
    means, covariances = [], []
    for state, profile, side in ((train, choice.train, 1), (test, choice.test, 2)):
        own = profile.moments[[pair[side] for pair in choice.kept]]
        sd = np.sqrt(own.variance())
        # What is constant comes out as 0, in its mean and in its spread.
        sd = np.where(sd > 0.0, sd, math.inf)
        means.append(((state.pivot - own.pivot) + (state.mean - own.mean)) / sd)
        covariances.append(_scaled(state.covariance(), sd))
    return means[1] - means[0], covariances[0], covariances[1]


def _scaled(covariance: FloatArray, unit: FloatArray) -> FloatArray:
    scaled: FloatArray = covariance / unit / unit[:, None]
    return scaled


def _alone(
    labels: Sequence[str], gap: FloatArray, test: FloatArray, figures: Mapping[str, float]
) -> Iterator[str]:
    """A column that outweighs all others: a gross error in a few values can make one so."""
    square = figures["frechet"] ** 2
    if len(labels) < 3 or figures["frechet"] < _BEYOND_CHANCE * figures["frechet_expected"]:
        return
    own = gap * gap + np.square(gaussian.deviations(test) - 1.0)
    most = int(own.argmax())
    if own[most] > _OUTWEIGHS * square:
        share = own[most] / square
        yield f"{labels[most]} alone brings {share:.0%} of the distance squared"


def _notes(choice: _Choice, complete: tuple[int, int]) -> tuple[str, ...]:
    sides = (("training", choice.ours), ("test", choice.theirs))
    return tuple(
        f"only {count / state.rows:.1%} of the {name} rows are complete in these columns"
        for count, (name, state) in zip(complete, sides, strict=True)
        if count < _MOST_MISSING * state.rows
    )
