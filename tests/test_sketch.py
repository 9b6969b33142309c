"""The quantile sketch keeps the rank error it states, whatever the order and the cut."""

from __future__ import annotations

import numpy as np
import pytest
from folds import fold

from bncli.stats.batches import Column
from bncli.stats.compactor import EXACT, SAMPLING_STARTS, Compactor, grain_rows
from bncli.stats.fold import Block, Fold, Plan
from bncli.stats.profile import Channel
from bncli.stats.quantiles import Quantiles

ROWS = 200_000


def worst_rank_error(sketch: Quantiles, values: np.ndarray) -> float:
    """Largest gap between the two distribution functions, over all values."""
    ordered = np.sort(values)
    at = np.unique(ordered[:: max(1, ordered.size // 5000)])
    truth = {side: np.searchsorted(ordered, at, side) / ordered.size for side in ("left", "right")}
    return max(np.abs(sketch.cdf(at, side) - truth[side]).max() for side in ("left", "right"))


def column(kind: str, rows: int = ROWS) -> np.ndarray:
    rng = np.random.default_rng(11)
    normal = rng.standard_normal(rows)
    return {
        "random": normal,
        "sorted": np.sort(normal),
        "reversed": np.sort(normal)[::-1].copy(),
        "constant": np.full(rows, 0.1),
        "two_valued": (normal > 1).astype(float),
        "heavy_tailed": rng.standard_cauchy(rows),
        "alternating": np.where(np.arange(rows) % 2, normal, normal + 100),
        "sparse": np.where(rng.random(rows) < 0.001, normal, np.nan),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["random", "sorted", "reversed", "constant", "two_valued", "heavy_tailed", "alternating"],
)
def test_the_stated_rank_error_holds(kind):
    values = column(kind)
    sketch = fold(values, 8192, sketches=True).profile().quantiles[0]
    assert 0 < sketch.rank_error < 0.002
    assert worst_rank_error(sketch, values) <= sketch.rank_error
    sealed = sketch.sealed(1024)
    assert sealed.rank_error < 0.002
    assert worst_rank_error(sealed, values) <= sealed.rank_error
    assert (sketch.minimum, sketch.maximum) == (values.min(), values.max())


def test_the_error_holds_where_only_a_draw_of_the_rows_is_looked_at():
    rows = SAMPLING_STARTS + (1 << 19)
    values = column("alternating", rows)
    sketch = fold(values, 1 << 17, sketches=True).profile().quantiles[0]
    assert worst_rank_error(sketch, values) <= sketch.rank_error < 0.002


@pytest.mark.parametrize("size", [100, 8192, 100_000])
def test_a_dataset_of_one_grain_is_kept_exactly(size):
    values = column("heavy_tailed", grain_rows((1,)))
    sketch = fold(values, size, sketches=True).profile().quantiles[0]
    assert sketch.exact
    assert sketch.rank_error == 0
    assert sketch.points.tobytes() == np.sort(values).tobytes()
    q = np.linspace(0, 1, 23)
    assert sketch.quantile(q) == pytest.approx(np.quantile(values, q), rel=1e-15)


def test_weights_add_up_to_the_rows_present():
    values = column("sparse")
    sketch = fold(values, 512, sketches=True).profile().quantiles[0]
    assert sketch.count == np.isfinite(values).sum()
    assert sketch.weights.sum() == pytest.approx(sketch.count)


def test_a_few_present_values_in_many_rows_are_not_lost():
    values = np.full(SAMPLING_STARTS + 70_000, np.nan)
    values[[5, SAMPLING_STARTS + 10]] = [1.0, 9.0]
    sketch = fold(values, 8192, sketches=True).profile().quantiles[0]
    assert (sketch.count, sketch.minimum, sketch.maximum) == (2, 1.0, 9.0)
    assert np.isfinite(sketch.quantile(np.array([0.1, 0.9]))).all()


def test_merged_sketches_state_and_keep_a_larger_error():
    values = column("random")
    parts = [
        fold(part, 8192, sketches=True).profile().quantiles[0].sealed(1024)
        for part in np.array_split(values, 3)
    ]
    merged = parts[0].merge(parts[1]).merge(parts[2]).sealed(1024)
    assert merged.count == ROWS
    assert worst_rank_error(merged, values) <= merged.rank_error


@pytest.mark.parametrize("present", [EXACT, EXACT // 3])
def test_a_column_with_few_present_values_loses_none_however_long(present):
    rows = SAMPLING_STARTS + 300_000
    rng = np.random.default_rng(present)
    values = np.full(rows, np.nan)
    values[rng.choice(rows, present, replace=False)] = rng.standard_cauchy(present)
    sketch = fold(values, 8192, sketches=True).profile().quantiles[0]
    assert sketch.exact
    assert sketch.points.tobytes() == np.sort(values[~np.isnan(values)]).tobytes()


def test_one_present_value_more_makes_it_a_sketch():
    values = np.full(4 * 65_536, np.nan)
    values[: 2 * (EXACT + 1) : 2] = np.arange(EXACT + 1.0)
    sketch = fold(values, 8192, sketches=True).profile().quantiles[0]
    assert not sketch.exact
    assert 0 < sketch.rank_error < 0.002
    assert worst_rank_error(sketch, values[~np.isnan(values)]) <= sketch.rank_error


@pytest.mark.parametrize("present", [0.02, 0.3, 0.9])
def test_a_column_with_holes_is_known_as_well_as_a_full_one(present):
    rng = np.random.default_rng(8)
    values = np.where(rng.random(2_000_000) < present, rng.standard_cauchy(2_000_000), np.nan)
    sketch = fold(values, 8192, sketches=True).profile().quantiles[0]
    assert 0 < sketch.rank_error < 0.0015
    assert worst_rank_error(sketch, values[~np.isnan(values)]) <= sketch.rank_error
    assert 0 < sketch.sealed(1024).rank_error < 0.002


@pytest.mark.parametrize(
    ("channels", "kept"), [(1, EXACT), (488, EXACT), (513, 16_352), (5000, 1677)]
)
def test_many_columns_keep_fewer_values_so_that_a_side_stays_small(channels, kept):
    compactor = Compactor.plan(8, 65_536, (1,) * channels)
    assert compactor.exact == kept
    assert compactor.exact * channels * 8 <= 64 << 20


def test_hundreds_of_columns_are_exact_although_a_grain_holds_fewer_rows():
    columns = np.random.default_rng(0).normal(size=(300, EXACT))
    assert grain_rows((1,) * 300) < EXACT
    plan = Plan(tuple(Channel(f"c{at}") for at in range(300)), 1000, sketches=True)
    whole = Fold.empty(plan)
    for first in range(0, 17, plan.group):
        rows = columns[:, first * 1000 : (first + plan.group) * 1000]
        sizes = [1000] * (rows.shape[1] // 1000) + [rows.shape[1] % 1000] * (
            rows.shape[1] % 1000 > 0
        )
        block = Block(first, tuple(sizes), [Column(row.copy()) for row in rows])
        whole = whole.merge(Fold.of(plan, block)[0])
    kept = whole.profile().quantiles
    assert all(sketch.exact for sketch in kept)
    assert kept[7].points.tobytes() == np.sort(columns[7]).tobytes()


def test_values_kept_whole_are_the_same_whatever_the_cut():
    rng = np.random.default_rng(1)
    values = np.where(rng.random(500_000) < 0.02, rng.normal(size=500_000), np.nan)
    records = [
        fold(values, 1000, cuts=cuts, sketches=True).profile().quantiles[0].to_record()
        for cuts in ((), (3, 77, 78, 300, 499))
    ]
    assert records[0] == records[1]
