"""The charts show what was measured: every path stands where its axis says."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from profiles import side_of

from bncli.report.html import bars, canvas
from bncli.report.html.axis import Axis, labels, line, nice_step
from bncli.report.html.functions import distribution_functions, quantile_pairs
from bncli.report.html.histogram import histogram_of
from bncli.report.html.times import clock, time_ticks
from bncli.shift.compare import compare
from bncli.shift.model import Measured, Span

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def measured(train, test) -> Measured:
    (column,) = compare(side_of({"x": train}), side_of({"x": test})).columns
    return column.measured


def corners(path: str) -> list[tuple[int, int]]:
    """The points of a path of M, H, V, h, v and l."""
    found, x, y = [], 0, 0
    for letter, numbers in re.findall(r"([MHVhvlL])([-\d ]*)", path):
        given_ = [int(number) for number in numbers.split()]
        if letter in "ML":
            x, y = given_
        elif letter == "l":
            x, y = x + given_[0], y + given_[1]
        else:
            by = given_[0]
            x = {"H": by, "h": x + by}.get(letter, x)
            y = {"V": by, "v": y + by}.get(letter, y)
        found.append((x, y))
    return found


def areas(path: str) -> float:
    """The area under steps that begin and end on the base."""
    total, last = 0.0, None
    for x, y in corners(path):
        if last is not None and last[1] != canvas.BASE:
            total += (x - last[0]) * (canvas.BASE - last[1])
        last = (x, y)
    return total


@given(FINITE, FINITE, FINITE)
def test_a_value_is_drawn_within_the_axis_and_in_order(low, high, value):
    assume(low < high)
    axis = Axis.over(low, high, 36, 312)
    assert axis.at(low) == 36
    assert axis.at(high) == 312
    assert 36 <= axis.at(value) <= 312
    assert axis.at(min(value, high)) <= axis.at(high)


@given(FINITE, FINITE)
def test_marks_stand_at_their_value_each_with_a_text_of_its_own(low, high):
    assume(low < high and math.isfinite(high - low) and high - low > 1e-300)
    assume(high - low > 1e-12 * max(abs(low), abs(high)))
    ticks = Axis(low, high, 36, 312).ticks()
    texts = [tick.text for tick in ticks]
    assert len(set(texts)) == len(texts)
    for tick in ticks:
        assert abs(Axis(low, high, 36, 312).at(float(tick.text)) - tick.at) <= 1
    places = [tick.at for tick in ticks]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (10.94, 100.04, ["20", "40", "60", "80", "100"]),
        (-0.003, 0.011, ["0.000", "0.005", "0.010"]),
        (1e9, 1e9 + 4, ["1000000000", "1000000002", "1000000004"]),
        (-2e12, 3e12, ["-2e12", "0", "2e12"]),
        (1e-9, 5e-9, ["1e-9", "2e-9", "3e-9", "4e-9", "5e-9"]),
    ],
)
def test_marks_are_round_numbers(low, high, texts):
    found = [tick.text for tick in Axis(low, high, 0, 276).ticks()]
    assert [float(text) for text in found] == [float(text) for text in texts]
    assert max(map(len, found)) <= 12


@given(st.floats(1e-300, 1e300))
def test_a_step_is_one_two_or_five_times_a_power_of_ten(least):
    step = nice_step(least)
    assert least <= step * (1 + 1e-12)
    assert step <= 2.5 * least * (1 + 1e-9)
    assert f"{step:.6e}"[0] in "125"


def test_one_value_has_room_around_it():
    assert Axis.over(3.0, 3.0, 0, 100).at(3.0) == 50
    assert labels([3.0], 1.0) == ["3"]


def test_a_line_does_not_draw_a_point_twice():
    assert line(iter([(0, 5), (0, 5), (3, 5), (3, 1), (4, 0)])) == "M0 5h3v-4l1 -1"


def test_areas_of_a_histogram_are_in_proportion():
    rng = np.random.default_rng(0)
    drawn = histogram_of(measured(rng.normal(size=4000), rng.normal(1, 0.5, size=4000)))
    assert drawn is not None
    # Both sides have the same rows, so the same area, to the rounding of heights.
    assert areas(drawn.train) == pytest.approx(areas(drawn.test), rel=0.03)
    assert min(y for _, y in corners(drawn.test)) == canvas.TOP  # the highest cell is a test cell


def test_few_values_have_a_pair_of_bars_each():
    drawn = histogram_of(measured(np.repeat([1.0, 2.0, 5.0], 40), np.repeat([1.0, 5.0], 60)))
    assert drawn is not None
    assert (drawn.train.count("M"), drawn.test.count("M")) == (3, 2)
    assert [tick.text for tick in drawn.ticks] == ["1", "2", "5"]
    assert drawn.top == "50%"


def test_a_cell_that_holds_anything_is_seen():
    train = np.concatenate((np.zeros(9999), np.linspace(1, 24, 200)))
    drawn = histogram_of(measured(train, train))
    assert drawn is not None
    assert any(y == canvas.BASE - 1 for _, y in corners(drawn.train))


def test_the_gap_stands_between_the_two_functions():
    rng = np.random.default_rng(0)
    found = measured(rng.normal(size=900), rng.normal(1.5, size=700))
    drawn = distribution_functions(found)
    assert drawn is not None
    x, first, second = drawn.gap
    height = canvas.BASE - canvas.TOP
    assert abs(first - second) == pytest.approx(found.measures["ks"] * height, abs=1)
    for path, y in ((drawn.train, first), (drawn.test, second)):
        near = [py for px, py in corners(path) if abs(px - x) <= 6]
        assert min(near) - 4 <= y <= max(near) + 4
    assert drawn.words.startswith(f"KS {found.measures['ks']:.2f} at ")


@pytest.mark.parametrize("values", [[1.0, 2.0, 5.0], np.random.default_rng(1).normal(size=500)])
def test_a_distribution_function_rises_from_left_to_right(values):
    drawn = distribution_functions(measured(np.array(values), np.array(values) + 0.5))
    assert drawn is not None
    for path in (drawn.train, drawn.test):
        points = corners(path)
        assert points[0][0] == canvas.LEFT
        assert points[-1][0] == canvas.RIGHT
        assert all(a[0] <= b[0] and a[1] >= b[1] for a, b in pairwise(points))


def test_the_function_of_few_values_has_their_steps():
    drawn = distribution_functions(measured(np.repeat([0.0, 1.0], [75, 25]), np.array([0.0, 1.0])))
    assert drawn is not None
    height = canvas.BASE - canvas.TOP
    levels = {y for _, y in corners(drawn.train)}
    assert levels == {canvas.BASE, round(canvas.BASE - 0.75 * height), canvas.TOP}


def test_equal_sides_lie_on_the_diagonal_and_so_does_the_fitted_line():
    x = np.random.default_rng(0).normal(size=800)
    drawn = quantile_pairs(measured(x, x))
    assert drawn is not None
    slope = (canvas.BASE - canvas.TOP) / (canvas.RIGHT - canvas.LEFT)
    for right, down in corners(drawn.dots):
        assert down == pytest.approx(canvas.BASE - slope * (right - canvas.LEFT), abs=1)
    assert corners(drawn.fitted) == corners(drawn.same)


def test_a_shift_of_location_and_scale_lies_on_the_fitted_line():
    x = np.random.default_rng(0).normal(size=3000)
    drawn = quantile_pairs(measured(x, 0.5 * x + 1))
    (left, low), (right, high) = corners(drawn.fitted)
    for across, down in corners(drawn.dots):
        expected = low + (high - low) * (across - left) / (right - left)
        assert down == pytest.approx(expected, abs=2)


def test_a_constant_side_has_no_fitted_line():
    drawn = quantile_pairs(measured(np.ones(50), np.arange(50.0)))
    assert drawn is not None
    assert drawn.fitted is None


@given(
    st.lists(FINITE, min_size=1, max_size=40),
    st.lists(FINITE, min_size=1, max_size=40),
)
def test_any_finite_column_can_be_drawn(train, test):
    assume(len({*train, *test}) > 1)  # else there is nothing to compare
    with np.errstate(all="ignore"):
        found = measured(np.array(train), np.array(test))
    for draw in (histogram_of, distribution_functions, quantile_pairs):
        drawn = draw(found)
        for path in (drawn.train, drawn.test) if hasattr(drawn, "train") else ():
            assert all(
                canvas.LEFT <= x <= canvas.RIGHT and canvas.TOP <= y <= canvas.BASE
                for x, y in corners(path)
            )


def test_parts_fill_the_bar():
    found = bars.parts({"location": 3.0, "scale": 1.0, "shape": 0.0})
    assert [(one.start, one.width, one.text) for one in found] == [
        (0.0, 75.0, "75%"),
        (75.0, 25.0, "25%"),
        (100.0, 0.0, "0%"),
    ]
    assert bars.parts({"location": 0.0}) == ()


def test_values_that_moved_most_come_first_each_once():
    train = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    test = ["a"] * 60 + ["b"] * 10 + ["d"] * 30
    (column,) = compare(side_of({"v": train}), side_of({"v": test})).columns
    found = bars.values(column.measured)
    assert [one.label for one in found] == ["d", "b", "c", "a"]
    assert found[0].texts == ("0%", "30%")
    assert (found[-1].train, found[0].test) == (100.0, 50.0)  # out of the largest share


def test_missing_values_are_drawn_where_there_are_any_to_see():
    train, test = np.arange(100.0), np.arange(100.0)
    test[:30] = np.nan
    (column,) = compare(side_of({"x": train}), side_of({"x": test})).columns
    assert bars.missing(column) == bars.PairedBars("missing", 0.0, 30.0, ("0%", "30%"))
    (column,) = compare(side_of({"x": train}), side_of({"x": train})).columns
    assert bars.missing(column) is None


def timed(first: str) -> Measured:
    span = Span(first, first)
    return Measured("t", 0, "t", "temporal", 1, 1, {}, {}, {}, spans=(span, span))


@pytest.mark.parametrize(
    ("first", "days", "texts"),
    [
        ("2013-01-01T06:00:00", 100, ["2013-01-16", "2013-02-20", "2013-03-27"]),
        ("2013-01-01T06:00:00", 1, ["01-01 03:36", "01-01 12:00", "01-01 20:24"]),
        ("06:00:00", 1, ["03:36", "12:00", "20:24"]),
        ("2013-01-01", 1e9, []),
    ],
)
def test_times_are_marked_as_such(first, days, texts):
    start = 15_706 * 86_400.0  # 2013-01-01
    axis = Axis(start, start + days * 86_400, 0, 276)
    assert [tick.text for tick in time_ticks(axis, timed(first))] == texts
    assert clock(86_400.0, timed(first))(1e20) == ""
