"""Whole comparisons: negative controls, what cannot be compared, and what stays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import simulated
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from profiles import frame_side, side_of

import bncli
from bncli.report.machine import to_text
from bncli.shift import compare as module
from bncli.shift.compare import ShiftOptions, Side, compare
from bncli.shift.model import NotCompared
from bncli.stats.profile import Channel

FEW = ShiftOptions(draws=300)
DISTANCES = ("ks", "psi", "js", "hellinger", "tv", "w1", "w2")


def normal(n: int, location: float = 0.0, sd: float = 1.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(location, sd, n)


def test_odd_against_even_rows_of_the_weather_are_no_shift(sample_data):
    winter = pl.read_parquet(sample_data / "weather_winter.parquet")
    report = compare(frame_side(winter[::2]), frame_side(winter[1::2]))
    assert report.verdict == "none"
    assert report.compared == 12


def test_adelie_penguins_of_two_islands_are_no_shift_in_mass(sample_data):
    birds = pl.read_parquet(sample_data / "penguins.parquet").filter(species="Adelie")
    train, test = (
        frame_side(birds.filter(island=island).select("body_mass_g"))
        for island in ("Torgersen", "Dream")
    )
    assert compare(train, test).verdict == "none"


def test_winter_against_summer_is_a_major_shift_led_by_temperature(sample_data):
    names = ["temp", "dewp", "humid", "pressure", "origin"]
    train, test = (
        frame_side(pl.read_parquet(sample_data / f"weather_{season}.parquet").select(names))
        for season in ("winter", "summer")
    )
    report = compare(train, test)
    assert report.verdict == "major"
    assert [column.name for column in report.columns][:2] == ["temp", "dewp"]
    (origin,) = (column for column in report.columns if column.name == "origin")
    assert origin.severity == "none"


def unshifted(rng: np.random.Generator, n: int) -> dict[str, object]:
    """Columns of every kind from one and the same source."""
    lost = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    return {
        "normal": rng.normal(size=n),
        "heavy tails": rng.standard_t(1.5, size=n),
        "ties": rng.poisson(1.0, size=n).astype(np.float64),
        "missing": lost,
        "few": rng.choice(["a", "b", "c"], p=[0.7, 0.25, 0.05], size=n).tolist(),
        "rare": [f"v{value}" for value in np.minimum(rng.zipf(2.2, size=n), 400)],
    }


@pytest.mark.thorough
def test_two_samples_of_one_source_are_no_shift_in_95_of_100():
    cried = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        n, k = ((20, 30), (60, 300), (400, 80), (1500, 1000))[seed % 4]
        train, test = side_of(unshifted(rng, n)), side_of(unshifted(rng, k))
        cried += compare(train, test, FEW).verdict != "none"
    assert cried <= 10


@pytest.mark.thorough
@pytest.mark.parametrize("sizes", [(30, 30), (50, 2000), (1200, 1200)])
def test_twenty_columns_of_one_source_are_no_shift_in_95_of_100(sizes):
    """The light part of tests/bench/simulate.py, through the real fold."""
    runs, cried = 20, 0
    for seed in range(runs):
        rng = np.random.default_rng([seed, *sizes])
        train, test = (simulated.table(rng, rows) for rows in sizes)
        cried += bncli.shift(train, test).verdict != "none"
    assert cried <= runs // 20


def test_real_shifts_are_found_in_small_data():
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        train, test = side_of({"x": rng.normal(size=60)}), side_of({"x": rng.normal(1.5, 1, 60)})
        found += compare(train, test, FEW).verdict == "major"
    assert found >= 38


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e9, 1e9)))
def test_identical_sides_have_every_distance_0(values):
    report = compare(side_of({"x": values}), side_of({"x": values}), FEW)
    assert report.verdict == "none"
    if values.min() == values.max():
        assert report.not_compared[0].reason.startswith("constant on both sides: ")
        return
    (column,) = report.columns
    assert all(column.measures[name] == 0.0 for name in DISTANCES)
    assert column.measures["out_of_range"] == 0.0


@given(
    arrays(
        np.float64, st.integers(1, 30), elements=st.floats(allow_nan=False, allow_infinity=False)
    ),
    arrays(
        np.float64, st.integers(1, 30), elements=st.floats(allow_nan=False, allow_infinity=False)
    ),
)
def test_no_figure_is_ever_nan_or_infinite(x, y):
    with np.errstate(all="ignore"):  # the helper's moments overflow as well
        train, test = side_of({"x": x}), side_of({"x": y})
    to_text(compare(train, test, FEW))  # refuses NaN and infinities


def test_the_same_profiles_give_the_same_report_whatever_stands_beside():
    columns = {"a": normal(40), "c": ["x", "y", "z", "x"] * 10}
    other = {"a": normal(30, 0.3, seed=1), "c": ["x", "y", "q"] * 10}
    alone = compare(side_of({"c": columns["c"]}), side_of({"c": other["c"]}))
    first, again = (compare(side_of(columns), side_of(other)) for _ in range(2))
    assert to_text(first) == to_text(again)
    (beside,) = (column for column in first.columns if column.name == "c")
    assert beside.measures == alone.columns[0].measures


def test_a_side_without_rows_is_told_and_nothing_compared():
    report = compare(side_of({"x": normal(5), "c": ["a"] * 5}), side_of({"x": normal(0), "c": []}))
    assert report.compared == 0
    assert {one.reason for one in report.not_compared} == {"no rows on the test side"}
    assert report.verdict == "none"


def test_two_sides_of_missing_values_alone_are_not_compared():
    lost = {"x": np.full(5, np.nan), "c": [None] * 5}
    report = compare(side_of(lost), side_of(lost))
    assert {one.reason for one in report.not_compared} == {"all values are missing on both sides"}


@pytest.mark.parametrize("swapped", [False, True])
def test_a_column_that_went_missing_is_judged_by_that_alone(swapped):
    there = {"x": normal(200), "c": ["a", "b"] * 100}
    gone = {"x": np.full(200, np.nan), "c": [None] * 200}
    sides = [side_of(there), side_of(gone)]
    report = compare(*(sides[::-1] if swapped else sides))
    assert report.verdict == "major"
    for column in report.columns:
        assert column.reasons == ("missing difference 1 >= 0.2",)
        assert set(column.measures) == {"missing_train", "missing_test", "missing_p"}
        side = "training" if swapped else "test"
        assert column.notes == (f"no value on the {side} side: missing shares only",)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_column_without_values_has_no_type_to_change(swapped):
    # A reader takes an empty column of a CSV for text.
    sides = [side_of({"x": normal(90)}), side_of({"x": [None] * 90})]
    report = compare(*(sides[::-1] if swapped else sides))
    assert not report.schema
    (column,) = report.columns
    assert (column.kind, column.severity) == ("numeric", "major")
    assert column.reasons == ("missing difference 1 >= 0.2",)


def test_a_constant_training_side_is_judged_by_ks_and_range():
    (column,) = compare(side_of({"x": np.full(100, 3.0)}), side_of({"x": normal(100)})).columns
    assert not {"location", "scale", "w1_sd", "removable"} & set(column.measures)
    assert column.measures["out_of_range"] == 1.0
    assert {effect.measure for effect in column.effects} == {"ks", "missing", "out_of_range"}
    assert column.severity == "major"
    assert column.notes == ("constant in training",)


def test_equal_constants_leave_nothing_to_compare():
    train = side_of({"x": np.full(50, 3.0), "c": ["on"] * 50, "y": normal(50)})
    test = side_of({"x": np.full(9, 3.0), "c": ["on"] * 9, "y": normal(9)})
    report = compare(train, test)
    assert report.verdict == "none"
    assert [one.name for one in report.columns] == ["y"]
    assert report.not_compared == (
        NotCompared("x", "constant on both sides: 3"),
        NotCompared("c", "constant on both sides: 'on'"),
    )


def test_a_constant_that_goes_missing_is_still_judged():
    gone = np.where(np.arange(200) < 100, 3.0, np.nan)
    train = side_of({"x": np.full(200, 3.0), "c": ["on"] * 200})
    test = side_of({"x": gone, "c": ["on", None] * 100})
    report = compare(train, test)
    assert not report.not_compared
    for column in report.columns:
        assert column.reasons == ("missing difference 0.5 >= 0.2",)
        distances = [column.measures[name] for name in DISTANCES if name in column.measures]
        assert set(distances) == {0.0}


def test_two_different_constants_are_a_shift():
    train = side_of({"x": np.full(50, 3.0), "c": ["on"] * 50})
    report = compare(train, side_of({"x": np.full(50, 4.0), "c": ["off"] * 50}))
    assert [column.severity for column in report.columns] == ["major", "major"]


def test_without_quantiles_moments_tell_what_they_can():
    bare = side_of({"x": normal(500)}, profile=False)
    (column,) = compare(bare, side_of({"x": normal(500, 1.0, seed=1)})).columns
    assert not {"ks", "psi", "w1", "w2", "removable"} & set(column.measures)
    assert column.measures["location"] == pytest.approx(1.0, abs=0.2)
    assert column.reasons[0].startswith("location ")
    assert column.severity == "major"
    assert column.notes == ("no quantiles on the training side: moments only",)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_side_of_moments_alone_lacks_no_categorical_column(swapped):
    sides = [
        side_of({"x": normal(50), "c": ["a", "b"] * 25}, profile=kept) for kept in (False, True)
    ]
    report = compare(*(sides[::-1] if swapped else sides))
    reason = f"no counts on the {'test' if swapped else 'training'} side: moments only"
    assert report.not_compared == (NotCompared("c", reason),)
    assert not report.schema


def test_without_quantiles_the_means_of_two_samples_are_no_shift():
    train, test = (side_of({"x": normal(40, seed=seed)}, profile=False) for seed in (0, 1))
    (column,) = compare(train, test).columns
    assert column.severity == "none"
    assert column.notes[0] == "no quantiles on the training and test side: moments only"


def test_the_mean_of_a_side_without_quantiles_never_exceeds_w1():
    x, y = normal(300), normal(300, 0.4, 1.7, seed=3)
    (bare,) = compare(side_of({"x": x}, profile=False), side_of({"x": y})).columns
    (full,) = compare(side_of({"x": x}), side_of({"x": y})).columns
    assert abs(bare.measures["location"]) <= full.measures["w1_sd"]


def test_a_sketch_changes_little_and_states_its_error():
    x, y = normal(9000), normal(9000, 0.3, seed=1)
    (exact,) = compare(side_of({"x": x}), side_of({"x": y})).columns
    (column,) = compare(side_of({"x": x}, sketch=1024), side_of({"x": y})).columns
    error = column.measured.rank_error
    assert exact.measured.rank_error == 0.0 < error < 0.001
    assert column.measures["ks"] == pytest.approx(exact.measures["ks"], abs=error)
    assert column.measures["psi"] == pytest.approx(exact.measures["psi"], rel=0.05)
    assert column.severity == exact.severity


def test_columns_of_one_side_and_of_another_type_are_told():
    train = side_of({"a": normal(20), "gone": normal(20), "t": ["x", "y"] * 10})
    test = side_of({"a": normal(20), "new": ["x", "y"] * 10, "t": normal(20)})
    schema = compare(train, test).schema
    assert schema.only_train == ("gone",)
    assert schema.only_test == ("new",)
    assert [(one.name, one.train, one.test) for one in schema.type_changed] == [
        ("t", "String", "Float64")
    ]


def test_whole_numbers_against_decimals_are_no_change_of_type():
    train = side_of({"x": np.arange(50)})
    test = side_of({"x": np.arange(50) + 0.5})
    report = compare(train, test)
    assert not report.schema
    assert report.compared == 1


def test_channels_of_a_tensor_are_compared_one_by_one():
    def image(location: float) -> Side:
        side = side_of({"c0": normal(200), "c1": normal(200, location, seed=1)})
        channels = tuple(Channel("image", at, "Array", "CHW:2x1x2") for at in range(2))
        return replace(side, profile=replace(side.profile, channels=channels))

    report = compare(image(0.0), image(2.0))
    labels = [(column.label, column.measured.channel) for column in report.columns]
    assert labels == [("image[1]", 1), ("image[0]", 0)]
    assert [column.severity for column in report.columns] == ["major", "none"]


def test_a_column_of_a_kind_that_is_not_compared_is_told():
    train = side_of({"x": normal(5)})
    types = {"when": "Datetime"}
    side = replace(train, profile=replace(train.profile, category_types=types))
    assert compare(side, side).not_compared == (
        NotCompared("when", "type Datetime is not compared"),
    )


def test_a_column_that_fails_leaves_the_rest_of_the_report(monkeypatch):
    measure = module.measure_numeric

    def failing(channel, *rest):
        if channel.feature == "bad":
            raise ArithmeticError("no luck")
        return measure(channel, *rest)

    monkeypatch.setattr(module, "measure_numeric", failing)
    side = side_of({"good": normal(9), "bad": normal(9)})
    report = compare(side, side)
    assert [column.name for column in report.columns] == ["good"]
    assert report.not_compared == (NotCompared("bad", "failed: ArithmeticError: no luck"),)


def test_no_column_at_all_is_a_report_too():
    report = compare(side_of({}), side_of({}))
    assert (report.verdict, report.compared, report.shifted) == ("none", 0, 0)
