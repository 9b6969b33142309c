"""Whole comparisons of the real sets, from their files: SciPy's figures, controls, removal."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from scipy import stats

import bncli
from bncli.shift.model import ShiftReport

PAIRS = {
    "weather": ("weather_winter", "weather_summer"),
    "visits": ("visits_train", "visits_test"),
    "flights": ("flights_january", "flights_july"),
}


def pairs(sample_data) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    def read(name: str) -> pl.DataFrame:
        return pl.read_parquet(sample_data / f"{name}.parquet")

    found = {name: (read(one), read(other)) for name, (one, other) in PAIRS.items()}
    birds, jobs, water = map(read, ("penguins", "employment_monthly", "water_flow_hourly"))
    year = read("weather_year")
    islands = (birds.filter(island=island) for island in ("Torgersen", "Biscoe"))
    return found | {
        "penguins": tuple(islands),
        "employment": (jobs[:24], jobs[24:]),
        "water": (water[:90], water[90:]),
        "year": (year[:13_000], year[13_000:]),
    }


def numeric(frame: pl.DataFrame) -> list[str]:
    return [name for name, kind in frame.schema.items() if kind.is_numeric()]


@pytest.mark.parametrize("name", [*PAIRS, "penguins", "employment", "water", "year"])
def test_every_distance_equals_scipy_through_the_real_fold(sample_data, name):
    train, test = pairs(sample_data)[name]
    train, test = (side.select(numeric(train)) for side in (train, test))
    report = bncli.shift(train, test, columns=numeric(train))
    assert report.compared > 0
    for column in report.columns:
        if "ks" not in column.measures:
            continue
        x, y = (
            side[column.name].drop_nulls().cast(pl.Float64).to_numpy() for side in (train, test)
        )
        with warnings.catch_warnings(action="ignore"):
            ks = stats.ks_2samp(x, y)
        found = column.measures
        assert found["ks"] == pytest.approx(ks.statistic, abs=1e-12)
        assert found["ks_p"] == pytest.approx(ks.pvalue, rel=1e-12, abs=1e-300)
        w1 = stats.wasserstein_distance(x, y)
        assert found["w1"] == pytest.approx(w1, rel=1e-12, abs=1e-12 * x.std())
        parts = found["w2_location"] + found["w2_scale"] + found["w2_shape"]
        assert parts == pytest.approx(found["w2"] ** 2, rel=1e-12)
        assert column.measured.rank_error == 0.0


def removed(train: pl.DataFrame, test: pl.DataFrame, folder) -> tuple[ShiftReport, ShiftReport]:
    """Before and after the test side is brought to training units by transform and inverse."""
    ours, theirs = (bncli.fit(side, eps=0.0) for side in (train, test))
    theirs.transform(test, folder / "standardized.parquet")
    ours.inverse(folder / "standardized.parquet", folder / "adapted.parquet")
    return bncli.shift(train, test), bncli.shift(train, folder / "adapted.parquet")


def test_the_removable_share_is_what_transform_and_inverse_take_away(sample_data, tmp_path):
    train, test = pairs(sample_data)["weather"]
    chosen = ["temp", "dewp", "humid", "wind_speed", "pressure", "precip"]
    before, after = removed(train.select(chosen), test.select(chosen), tmp_path)
    left = {one.name: one.measures["w2"] ** 2 for one in after.columns}
    shares = {one.name: one.measures["removable"] for one in before.columns}
    for one in before.columns:
        gone = 1 - left[one.name] / one.measures["w2"] ** 2
        assert shares[one.name] == pytest.approx(gone, abs=1e-9), one.name
    assert shares["temp"] > 0.99
    assert shares["wind_speed"] < 0.0  # stretching a narrow side magnifies its shape


def test_odd_against_even_rows_are_no_shift_and_days_stay_below_major(sample_data):
    winter = pl.read_parquet(sample_data / "weather_winter.parquet")
    assert bncli.shift(winter[::2], winter[1::2]).verdict == "none"
    odd = winter["time_hour"].dt.ordinal_day() % 2 == 1
    assert bncli.shift(winter.filter(odd), winter.filter(~odd)).verdict != "major"


def test_the_weight_of_adelies_is_the_same_on_two_islands(sample_data):
    birds = pl.read_parquet(sample_data / "penguins.parquet").filter(species="Adelie")
    sides = (birds.filter(island=one).select("body_mass_g") for one in ("Torgersen", "Dream"))
    (column,) = bncli.shift(*sides).columns
    assert column.severity == "none"
    assert column.too_few_rows
    assert np.isfinite(column.measured.min_detectable["ks"])


def test_clean_digits_are_no_shift_and_corrupt_ones_are(sample_data):
    train = sample_data / "digits_train.parquet"
    reports = {
        kind: bncli.shift(train, sample_data / f"digits_test_{kind}.parquet", target="label")
        for kind in ("clean", "corrupt")
    }
    assert {kind: one.verdict for kind, one in reports.items()} == {
        "clean": "none",
        "corrupt": "major",
    }
