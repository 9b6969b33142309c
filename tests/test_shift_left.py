"""What a shift report says beforehand of what adapting will leave: a shift in shape."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

import bncli
from bncli.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")

NAMES = ("temp", "dewp", "humid", "pressure", "wind_speed")


@pytest.fixture(scope="module")
def winter(sample_data) -> pl.DataFrame:
    return pl.read_parquet(sample_data / "weather_winter.parquet").select(NAMES)


@pytest.fixture(scope="module")
def summer(sample_data) -> pl.DataFrame:
    return pl.read_parquet(sample_data / "weather_summer.parquet").select(NAMES)


def told(report: bncli.ShiftReport) -> set[str]:
    """The columns of which it is said that standardizing again leaves something."""
    notes = ((one.label, note) for one in report.columns for note in one.notes)
    return {label for label, note in notes if note.startswith("standardizing again leaves")}


def test_it_is_the_ks_distance_of_the_standardized_samples(winter, summer):
    found = {one.label: one.measures for one in bncli.shift(winter, summer).columns}
    for name in NAMES:
        ours, theirs = (side[name].drop_nulls().to_numpy() for side in (winter, summer))
        mapped = (theirs - theirs.mean()) * (ours.std() / theirs.std()) + ours.mean()
        if "removable" in found[name]:
            expected = stats.ks_2samp(ours, mapped).statistic
            assert found[name]["ks_left"] == pytest.approx(expected, abs=1e-12)
        else:
            assert "ks_left" not in found[name]
    assert sum("ks_left" in measures for measures in found.values()) >= 4


def test_of_a_shift_in_location_and_scale_nothing_is_left_before_and_after(winter):
    moved = winter.with_columns(pl.col("temp") * 3 + 100, pl.col("dewp") - 40, pl.col("humid") / 2)
    fitted = bncli.fit(winter)
    report = bncli.shift(fitted, moved)
    assert report.verdict == "major"
    assert told(report) == set()
    adaptation = bncli.adaptation(fitted, fitted.adapt(moved))
    assert (adaptation.before, adaptation.after) == ("major", "none")
    # The copy in training units, as adapt brings it there, against the training rows themselves.
    back = moved.with_columns(
        (pl.col(n) - pl.col(n).mean()) * winter[n].std() / pl.col(n).std() + winter[n].mean()
        for n in ("temp", "dewp", "humid")
    )
    assert bncli.shift(winter, back).verdict == "none"


def test_of_a_shift_in_shape_something_is_left_and_the_report_says_so_beforehand(winter):
    """Squared, or clipped: nearly all of W2 goes, and the columns stay shifted all the same."""
    shaped = winter.with_columns(
        (pl.col("temp") - 36).abs() ** 2,
        pl.when(pl.col("dewp") > 20).then(80.0).otherwise(pl.col("dewp")).alias("dewp"),
    )
    fitted = bncli.fit(winter)
    report = bncli.shift(fitted, shaped)
    assert told(report) == {"temp", "dewp"}
    found = {one.label: one.measures for one in report.columns}
    assert found["temp"]["removable"] > 0.98
    assert found["temp"]["ks_left"] > 0.2
    adaptation = bncli.adaptation(fitted, fitted.adapt(shaped))
    after = {move.label: move.after for move in adaptation.moves}
    assert (after["temp"], after["dewp"], after["humid"]) == ("major", "major", "none")
    assert adaptation.after == "major"


def test_chance_alone_leaves_nothing():
    rng = np.random.default_rng(0)
    sides = [pl.DataFrame({f"x{at}": rng.normal(size=60) for at in range(30)}) for _ in range(2)]
    report = bncli.shift(*sides)
    assert max(one.measures.get("ks_left", 0.0) for one in report.columns) > 0.1
    assert told(report) == set()


def test_lists_of_varying_length_are_refused_by_name(tmp_path):
    rows = pl.DataFrame({"image": [[1, 2], [3]], "x": [1.0, 2.0]})
    with pytest.raises(DataError, match="lists of varying length have no channels: 'image'"):
        bncli.fit(rows, columns="image")
