"""Bins as policies: numpy's edges where every value is kept, the same from what a sketch knows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from profiles import side_of

from bncli.errors import UsageError
from bncli.shift.binning import BINNINGS, ByQuantile, binning_of
from bncli.shift.compare import ShiftOptions, compare
from bncli.shift.distances import binned
from bncli.stats.quantiles import Quantiles

COLUMNS = arrays(
    np.float64, st.integers(1, 300), elements=st.floats(-1e9, 1e9) | st.integers(0, 4).map(float)
)
NUMPYS = {"sturges": "sturges", "doane": "doane", "width": 10}


@pytest.mark.parametrize(("name", "numpys"), NUMPYS.items())
@given(COLUMNS)
def test_equal_widths_are_those_of_numpy(name, numpys, x):
    found = binning_of(name).edges(Quantiles.of(x))
    if x.min() == x.max():
        assert found.size == 0  # numpy makes up a range around a constant
        return
    assert found.tolist() == np.unique(np.histogram_bin_edges(x, numpys)[1:-1]).tolist()


@pytest.mark.parametrize(("name", "numpys"), NUMPYS.items())
@pytest.mark.parametrize("law", ["normal", "lognormal", "standard_cauchy", "uniform"])
def test_equal_widths_are_numpys_on_long_columns_too(name, numpys, law):
    x = getattr(np.random.default_rng(3), law)(size=20_000)
    expected = np.histogram_bin_edges(x, numpys)[1:-1]
    assert binning_of(name).edges(Quantiles.of(x)).tolist() == expected.tolist()


@pytest.mark.parametrize("name", list(BINNINGS))
def test_a_sketch_gives_nearly_the_same_edges(name):
    x = np.random.default_rng(0).gamma(2.0, size=50_000)
    exact, sketch = Quantiles.of(x), Quantiles.of(x).sealed(1024)
    ours, theirs = (binning_of(name).edges(side) for side in (exact, sketch))
    assert ours.size == theirs.size
    assert theirs == pytest.approx(ours, rel=0.01)
    if name in ("sturges", "width"):
        assert theirs.tolist() == ours.tolist()  # they need the count and the ends alone


def test_quantiles_are_numpys_linear_ones_each_once():
    x = np.array([0.0] * 50 + list(range(1, 51)))
    expected = np.unique(np.quantile(x, np.arange(1, 8) / 8))
    assert ByQuantile(8).edges(Quantiles.of(x)).tolist() == expected.tolist()


@pytest.mark.parametrize("name", list(BINNINGS))
@given(COLUMNS)
def test_no_row_is_lost_between_the_bins(name, x):
    train, test = Quantiles.of(x), Quantiles.of(x * 3 - 7)
    edges = binning_of(name).edges(train)
    rows = binned(train, test, edges)
    assert (np.diff(edges) > 0).all()
    assert rows.train.sum() == rows.test.sum() == x.size
    assert rows.train.size == edges.size + 1


@pytest.mark.parametrize("name", list(BINNINGS))
def test_a_range_beyond_float64_still_has_bins(name):
    x = np.array([-1.7e308, -1e308, 0.0, 1e308, 1.7e308])
    edges = binning_of(name).edges(Quantiles.of(x))
    assert np.isfinite(edges).all()


def test_one_gross_error_hides_a_shift_from_equal_widths_only():
    rng = np.random.default_rng(1)
    x, y = np.append(rng.normal(size=999), 1e6), rng.normal(0.5, size=1000)
    found = {
        name: compare(side_of({"x": x}), side_of({"x": y}), ShiftOptions(binning=name)).columns[0]
        for name in BINNINGS
    }
    assert found["quantile"].measures["psi"] > 0.1
    assert found["width"].measures["psi"] < 0.01


def figures(**options) -> dict[str, float]:
    rng = np.random.default_rng(5)
    sides = (
        side_of({"x": rng.lognormal(size=700), "c": rng.choice(["a", "b"], 700).tolist()}),
        side_of({"x": rng.gamma(2, size=200), "c": rng.choice(["a", "b"], 200).tolist()}),
    )
    (x,) = (one for one in compare(*sides, ShiftOptions(**options)).columns if one.name == "x")
    return dict(x.measures)


def test_every_binning_and_number_of_bins_changes_the_figures():
    options = [{"binning": name} for name in BINNINGS]
    options += [{"bins": 7}, {"bins": 20}, {"binning": "width", "bins": 20}]
    found = [figures(**each) for each in options]
    for measure in ("psi", "js", "hellinger", "tv"):
        assert len({one[measure] for one in found}) == len(options)
    for measure in ("ks", "w1", "w2"):
        assert len({one[measure] for one in found}) == 1  # these need no bins


def test_the_floor_changes_psi_alone():
    low, high = figures(psi_floor=1e-6), figures(psi_floor=0.05)
    assert low["psi"] > high["psi"]
    assert {name for name in low if low[name] != high[name]} <= {"psi", "psi_p"}


@pytest.mark.parametrize("name", ["sturges", "doane"])
def test_a_rule_that_counts_its_bins_takes_no_number(name):
    with pytest.raises(UsageError, match="has no meaning"):
        ShiftOptions(binning=name, bins=10)


@pytest.mark.parametrize("options", [{"bins": 1}, {"bins": 10_001}, {"binning": "quantil"}])
def test_what_is_no_binning_is_refused(options):
    with pytest.raises(UsageError):
        ShiftOptions(**options)
