"""Categorical columns: what is measured, what cannot be known, what is not compared."""

from __future__ import annotations

import numpy as np
import pytest
from profiles import side_of

from bncli.shift.compare import ShiftReport, Side, compare
from bncli.stats.categories import Categories


def compared(train: list, test: list) -> ShiftReport:
    return compare(side_of({"c": train}, "train"), side_of({"c": test}, "test"))


def with_categories(side: Side, categories: Categories) -> Side:
    side.profile.categories["c"] = categories  # the test's own, fresh profile
    return side


def test_values_that_came_and_went_are_counted():
    (column,) = compared(["a"] * 60 + ["b"] * 40, ["a"] * 70 + ["new"] * 30).columns
    assert column.measures["unseen"] == pytest.approx(0.3)
    assert column.measures["vanished"] == 1
    assert column.measures["tv"] == pytest.approx(0.4)
    assert column.severity == "major"
    assert "unseen beyond chance 0.3 >= 0.1" in column.reasons


def test_values_that_moved_most_come_first_with_both_shares():
    (column,) = compared(["a"] * 50 + ["b"] * 50, ["a"] * 80 + ["b"] * 15 + ["c"] * 5).columns
    moved = [(one.value, one.train, one.test) for one in column.measured.moved]
    assert moved == [("b", 0.5, 0.15), ("a", 0.5, 0.8), ("c", 0.0, 0.05)]


def test_nulls_are_left_out_of_the_shares_and_judged_as_missing():
    train, test = ["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["b"] * 50 + [None] * 50
    (column,) = compared(train, test).columns
    assert column.measures["tv"] == column.measures["chi2"] == 0.0
    assert column.measures["missing_test"] == pytest.approx(1 / 3)
    assert column.reasons == ("missing difference 0.333 >= 0.2",)


def test_identical_sides_are_at_distance_0():
    values = ["a", "b", "b", "c"] * 25
    (column,) = compared(values, list(values)).columns
    for name in ("psi", "js", "hellinger", "tv", "chi2", "cramers_v", "unseen", "vanished"):
        assert column.measures[name] == 0.0
    assert column.severity == "none"


def test_booleans_are_compared_as_categories():
    (column,) = compared([True] * 90 + [False] * 10, [True] * 50 + [False] * 50).columns
    assert column.kind == "categorical"
    assert column.measures["tv"] == pytest.approx(0.4)


def test_more_distinct_values_than_half_the_rows_look_like_an_identifier():
    names = [f"row {number}" for number in range(51)] + ["x"] * 49
    assert compared(names, names).not_compared[0].reason == "looks like an identifier"
    fewer = [f"row {number}" for number in range(49)] + ["x"] * 51
    assert compared(fewer, fewer).compared == 1


def test_identifiers_on_the_test_side_alone_are_a_shift():
    (column,) = compared(["a", "b"] * 50, [f"row {number}" for number in range(100)]).columns
    assert column.severity == "major"
    assert column.measures["unseen"] == 1.0


def test_dropped_counts_are_one_value_more_and_unseen_stays_unknown():
    values = {f"v{number}": 40 for number in range(25)}
    whole = Categories(1000, 0, values)
    cut = Categories(1000, 0, dict.fromkeys(list(values)[:20], 30), bound=10, capacity=20)
    train = with_categories(side_of({"c": ["a"]}), whole)
    test = with_categories(side_of({"c": ["a"]}), cut)
    (column,) = compare(train, test).columns
    assert column.measures["tv"] == pytest.approx(0.4)  # 200 rows of 5 values, and 200 of 20
    assert not {"unseen", "vanished"} & set(column.measures)
    assert "counts are low by at most 10 rows (test)" in column.notes[0]


def test_counts_that_hold_little_of_the_column_are_not_compared():
    cut = Categories(10_000, 0, {f"v{number}": 3 for number in range(50)}, bound=9, capacity=50)
    train = with_categories(side_of({"c": ["a"]}), cut)
    report = compare(train, train)
    assert report.compared == 0
    assert report.not_compared[0].reason.startswith("too many distinct values: the 50 kept")


def test_many_rare_values_are_no_shift_between_two_halves():
    rng = np.random.default_rng(4)
    values = [f"v{number}" for number in rng.zipf(1.7, 1200) % 3000]
    report = compared(values[:600], values[600:])
    assert report.verdict == "none"
    (column,) = report.columns
    assert column.measures["psi"] > 0.1  # the effect alone would have cried shift
    assert any(note.startswith("may be chance: ") for note in column.notes)
