"""The quantile sketch keeps the rank error it states, whatever the order and the cut."""

from __future__ import annotations

import numpy as np
import pytest
from folds import fold

from bncli.stats.compactor import SAMPLING_STARTS, grain_rows
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
