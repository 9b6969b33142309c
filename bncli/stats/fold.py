"""The profile while rows are still coming in: every state, folded in the canonical order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Self

from bncli.stats.batches import Column, Measured, measure_batches
from bncli.stats.categories import Categories
from bncli.stats.compactor import Compactor, Grain, Points, grain_rows
from bncli.stats.covariance import Covariance, CovarianceGrowth, Rows
from bncli.stats.growth import MomentsGrowth, PairGrowth, merged
from bncli.stats.lag import Lag
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Channel, Profile
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Policy, Pooled
from bncli.stats.temporal import Temporal
from bncli.stats.tree import Forest, Loose, grown


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how: the same for every segment of one fit.

    channels: numeric channels in file order; categories, times: (name, type) of categorical
    columns and of dates and times; others: of what is not measured; sketches: whether quantiles
    and categories are kept; capacity: values counted per column; joint: indices of the channels
    whose covariance is kept, ascending; positions: values in a row, per channel.
    """

    channels: tuple[Channel, ...]
    batch_size: int
    policy: Policy = Pooled()  # noqa: RUF009 - a frozen value
    categories: tuple[tuple[str, str], ...] = ()
    sketches: bool = True
    capacity: int = 10_000
    joint: tuple[int, ...] = ()
    times: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    positions: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        positions = tuple(channel.positions for channel in self.channels)
        object.__setattr__(self, "positions", positions)

    @property
    def group(self) -> int:
        """Mini-batches per grain: what is read, and sorted, at a time."""
        return -(-grain_rows(self.positions) // self.batch_size)

    @property
    def compactor(self) -> Compactor:
        return Compactor.plan(self.group, self.group * self.batch_size, self.positions)

    @property
    def covariance(self) -> CovarianceGrowth:
        return CovarianceGrowth(self.group, self.joint)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive whole mini-batches inside one grain, as arrays.

    first: number of the first mini-batch; sizes: rows of each; columns: one per channel;
    categories: one count per categorical column, exact; times: one state per date or time.
    """

    first: int
    sizes: tuple[int, ...]
    columns: Sequence[Column]
    categories: Sequence[Categories] = ()
    times: Sequence[Temporal] = ()


@dataclass(frozen=True, slots=True)
class CategoryGrowth:
    """Counts are exact within a grain and reduced to the plan's capacity from then on."""

    group: int
    capacity: int

    def join(self, first: Categories, later: Categories) -> Categories:
        return first.merge(later)

    def seal(self, leaves: Categories, index: int) -> Categories:
        return leaves.limited(self.capacity)

    def merge(self, first: Categories, later: Categories, level: int, index: int) -> Categories:
        return first.merge(later)

    def lingers(self, start: int, leaves: Categories) -> bool:
        return False


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """All states over a contiguous run of mini-batches; merges with the run that follows."""

    plan: Plan
    rows: int
    batches: int
    missing: Missing
    moments: Forest[Moments, Moments]
    running: Forest[Any, Any]
    sketches: Forest[Grain, Points]
    categories: tuple[Forest[Categories, Categories], ...]
    covariance: Forest[Rows, Covariance] = Forest()  # noqa: RUF009 - a frozen value
    times: tuple[Temporal, ...] = ()

    @classmethod
    def empty(cls, plan: Plan) -> Self:
        none: tuple[Forest[Categories, Categories], ...] = tuple(Forest() for _ in plan.categories)
        missing = Missing.empty(len(plan.channels))
        times = tuple(Temporal.empty() for _ in plan.times)
        return cls(plan, 0, 0, missing, Forest(), Forest(), Forest(), none, times=times)

    @classmethod
    def of(cls, plan: Plan, block: Block) -> tuple[Self, Measured]:
        """The fold of one block, and the moments of its mini-batches."""
        measured = measure_batches(block.columns, block.sizes)
        last = block.first + len(block.sizes)
        running: Forest[Any, Any] = Forest()
        if not isinstance(plan.policy, Pooled):
            states = plan.policy.of_batches(measured.moments)
            running = PairGrowth().plant(block.first, states)
        sketches: Forest[Grain, Points] = Forest()
        if plan.sketches and plan.channels:
            present = [column.present() for column in measured.columns]
            sketches = plan.compactor.plant(block.first, len(block.sizes), present)
        growth = CategoryGrowth(plan.group, plan.capacity)
        categories = tuple(
            Forest((grown(Loose(block.first, last, counts), growth),))
            for counts in block.categories
        )
        moments = MomentsGrowth(plan.group).plant(block.first, measured.moments)
        fold = cls(
            plan,
            sum(block.sizes),
            len(block.sizes),
            measured.missing,
            moments,
            running,
            sketches,
            categories,
            plan.covariance.plant(block.first, len(block.sizes), measured.columns),
            tuple(block.times),
        )
        return fold, measured

    def merge(self, later: Self) -> Self:
        """Join with the fold of the mini-batches that come right after."""
        growth = CategoryGrowth(self.plan.group, self.plan.capacity)
        pairs = zip(self.categories, later.categories, strict=True)
        return replace(
            self,
            rows=self.rows + later.rows,
            batches=self.batches + later.batches,
            missing=self.missing.merge(later.missing),
            moments=self.moments.merge(later.moments, MomentsGrowth(self.plan.group)),
            running=self.running.merge(later.running, PairGrowth()),
            sketches=self.sketches.merge(later.sketches, self.plan.compactor),
            categories=tuple(mine.merge(theirs, growth) for mine, theirs in pairs),
            covariance=self.covariance.merge(later.covariance, self.plan.covariance),
            # Merged exactly in any order, so no tree is needed.
            times=tuple(map(Temporal.merge, self.times, later.times)),
        )

    def profile(self) -> Profile:
        """Read everything."""
        plan = self.plan
        width = len(plan.channels)
        growth = MomentsGrowth(plan.group)
        moments = merged(self.moments.sealed(growth), Moments.empty(width))
        running = merged(self.running.sealed(PairGrowth()), plan.policy.empty(width))
        quantiles: tuple[Quantiles, ...] = ()
        if plan.sketches:
            counts, low, high = moments.count, moments.min, moments.max
            quantiles = plan.compactor.finish(self.sketches, counts, low, high)
        return Profile(
            plan.channels,
            self.rows,
            self.batches,
            plan.batch_size,
            moments,
            self.missing,
            running,
            quantiles,
            self._categories(),
            dict(plan.categories),
            plan.covariance.finish(self.covariance),
            plan.compactor.lag(self.sketches) if plan.sketches else Lag.empty(width),
            {name: state for (name, _), state in zip(plan.times, self.times, strict=True)},
            dict((*plan.times, *plan.others)),
        )

    def _categories(self) -> dict[str, Categories]:
        growth = CategoryGrowth(self.plan.group, self.plan.capacity)
        empty = Categories(capacity=self.plan.capacity)
        return {
            name: reduce(Categories.merge, forest.sealed(growth), empty)
            for (name, _), forest in zip(self.plan.categories, self.categories, strict=True)
        }
