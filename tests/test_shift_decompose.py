"""W2 and its parts, and that the removable share really goes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from profiles import side_of

from bncli.shift import decompose
from bncli.shift.compare import compare
from bncli.stats.quantiles import Quantiles

COLUMNS = arrays(np.float64, st.integers(1, 40), elements=st.floats(-100, 100, width=32))


def w2_squared(x: np.ndarray, y: np.ndarray) -> float:
    """The integral of the squared difference, on the common refinement of both grids."""
    n, k = x.size, y.size
    ours, theirs = np.repeat(np.sort(x), k), np.repeat(np.sort(y), n)
    return float(np.mean((ours - theirs) ** 2))


def parts_of(x: np.ndarray, y: np.ndarray) -> decompose.Parts:
    rest = decompose.one_minus_rho(Quantiles.of(x), Quantiles.of(y))
    return decompose.decompose(float(y.mean() - x.mean()), float(x.std()), float(y.std()), rest)


def measures(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    (column,) = compare(side_of({"x": x}), side_of({"x": y})).columns
    return dict(column.measures)


@given(COLUMNS, COLUMNS)
def test_parts_add_up_to_the_integral(x, y):
    parts = parts_of(x, y)
    expected = w2_squared(x, y)
    scale = max(1.0, float(np.abs(x).max()), float(np.abs(y).max())) ** 2
    assert parts.location + parts.scale + parts.shape == pytest.approx(
        expected, rel=1e-12, abs=1e-12 * scale
    )
    assert min(parts.location, parts.scale, parts.shape) >= 0.0


def test_identical_sides_have_no_part_at_all():
    x = np.random.default_rng(0).normal(1e6, 3.0, 500)
    assert parts_of(x, x) == decompose.Parts(0.0, 0.0, 0.0, 0.0)


def test_an_affine_map_has_no_shape_and_is_wholly_removable():
    x = np.random.default_rng(0).lognormal(size=1000)
    found = measures(x, 3.0 * x - 7.0)
    assert found["w2_shape"] == pytest.approx(0.0, abs=1e-20)
    assert found["removable"] == pytest.approx(1.0, abs=1e-12)


def test_a_huge_offset_costs_no_digits():
    rng = np.random.default_rng(3)
    x, y = np.round(rng.normal(size=800) * 64) / 64, np.round(rng.gamma(2, size=900) * 64) / 64
    near, far = measures(x, y), measures(x + 2.0**33, y + 2.0**33)
    assert far["w2"] == pytest.approx(near["w2"], rel=1e-9)
    assert far["removable"] == pytest.approx(near["removable"], rel=1e-6)


def adapted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The test side standardized with its own statistics and mapped to training units."""
    return (y - y.mean()) / y.std() * x.std() + x.mean()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(lambda r: r.normal(size=700), lambda r: r.gamma(2, 2, 900), id="mostly"),
        pytest.param(lambda r: r.normal(size=700), lambda r: r.uniform(-2, 2, 500), id="little"),
        pytest.param(
            lambda r: r.normal(size=999),
            lambda r: 0.2 + 0.02 * r.exponential(size=400),
            id="below 0",
        ),
    ],
)
def test_the_removable_share_really_goes(x, y):
    rng = np.random.default_rng(7)
    x, y = x(rng), y(rng)
    before, after = measures(x, y)["w2"] ** 2, w2_squared(x, adapted(x, y))
    assert measures(x, y)["removable"] == pytest.approx(1 - after / before, abs=1e-9)


def test_stretching_a_narrow_test_side_magnifies_its_shape():
    # A mean as it was and a spread nearly so: all that is left to remove is less than is added.
    quantiles = (np.arange(2000) + 0.5) / 2000
    x = np.where(quantiles < 0.5, -1.0, 1.0) + 0.3 * quantiles
    y = 0.95 * np.sort(np.random.default_rng(0).normal(size=2000))
    found = measures(x - x.mean(), y - y.mean())["removable"]
    after = w2_squared(x - x.mean(), adapted(x - x.mean(), y))
    assert found == pytest.approx(1 - after / w2_squared(x - x.mean(), y - y.mean()), abs=1e-9)
    assert found < 0.0


def test_the_removable_share_really_goes_on_the_weather(sample_data):
    winter, summer = (
        pl.read_parquet(sample_data / f"weather_{season}.parquet")
        for season in ("winter", "summer")
    )
    for name in ("temp", "dewp", "humid", "pressure", "precip"):
        x, y = (frame[name].drop_nulls().to_numpy() for frame in (winter, summer))
        (column,) = compare(side_of({name: x}), side_of({name: y})).columns
        (after,) = compare(side_of({name: x}), side_of({name: adapted(x, y)})).columns
        gone = 1 - after.measures["w2"] ** 2 / column.measures["w2"] ** 2
        assert column.measures["removable"] == pytest.approx(gone, abs=1e-9), name


def test_no_removable_share_for_a_discrete_column():
    rng = np.random.default_rng(0)
    assert "removable" not in measures(rng.integers(0, 20, 500), rng.normal(5, 2, 500))
    assert "removable" in measures(rng.integers(0, 60, 500), rng.normal(5, 2, 500))


def test_no_removable_share_where_nothing_moved_to_speak_of():
    x = np.random.default_rng(0).normal(size=1000)
    assert "removable" not in measures(x, x + 0.009)
    assert measures(x, x + 0.011)["removable"] == pytest.approx(1.0)


def test_a_constant_side_has_location_and_scale_only():
    parts = parts_of(np.full(5, 2.0), np.array([1.0, 2.0, 6.0]))
    assert parts.shape == 0.0
    assert parts.w2**2 == pytest.approx(w2_squared(np.full(5, 2.0), np.array([1.0, 2.0, 6.0])))


@given(
    arrays(np.float64, 6, elements=st.floats(-9, 9)),
    arrays(np.int64, 6, elements=st.integers(1, 5)),
)
def test_weighted_points_correlate_as_so_many_rows(values, weights):
    order = np.argsort(values)
    sketch = Quantiles(
        values[order],
        weights[order].astype(np.float64),
        int(weights.sum()),
        float(values.min()),
        float(values.max()),
    )
    other = Quantiles.of(np.array([0.0, 1.0, 5.0]))
    whole = Quantiles.of(np.repeat(values, weights))
    expected = decompose.one_minus_rho(whole, other)
    assert decompose.one_minus_rho(sketch, other) == pytest.approx(expected, rel=1e-6, abs=1e-9)
