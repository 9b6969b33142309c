"""The Kolmogorov-Smirnov distribution on many rows, against SciPy's."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bncli.shift.kolmogorov import FEWEST_ROWS, kolmogorov_sf


@settings(max_examples=25)
@given(st.integers(FEWEST_ROWS, 10_000_000), st.floats(0.5, 6.0))
def test_the_chance_of_a_distance_is_scipys(rows, scaled):
    distance = scaled / np.sqrt(rows)
    ours, theirs = kolmogorov_sf(distance, rows), stats.kstwo.sf(distance, rows)
    assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-300)
    # Where SciPy inverts a matrix instead, the expansion is as good as what it leaves out.
    if rows * distance**1.5 > 1.4:
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-300)


def test_no_distance_is_sure_and_the_largest_impossible():
    assert kolmogorov_sf(0.0, 5000) == 1.0
    assert kolmogorov_sf(1e-4, 5000) == 1.0
    assert kolmogorov_sf(1.0, 5000) == 0.0


def test_a_comparison_of_many_rows_never_imports_scipy_stats(tmp_path):
    script = (
        "import sys, numpy as np, polars as pl, bncli\n"
        "rng = np.random.default_rng(0)\n"
        "one, two = (pl.DataFrame({'a': rng.normal(size=20_000)}) for _ in range(2))\n"
        "report = bncli.shift(one, two)\n"
        "assert 'scipy.stats' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
