"""Numbers at the edge of their types: right within the bars, or refused by name.

Oracle: exact rationals over the very doubles (or integers) of the column. A ``RuntimeWarning`` is
an error, here as everywhere in the tests.
"""

from __future__ import annotations

import decimal
import math
from fractions import Fraction

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import bncli
from bncli.errors import DataError

# Constant columns and tiny spreads are told of; that is not what is looked at here.
pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")

TINY, MAX = 5e-324, 1.7976931348623157e308
VALUES = {
    "denormals": [TINY * k for k in (1, 2, 5, 9, 100)],
    "denormals beside one": [TINY, 1.0, 2 * TINY, 0.0],
    "smallest normals": [2.2250738585072014e-308, 4.5e-308, 3e-308],
    "squares that underflow": [1e-170, 2e-170, 3e-170, 7e-170],
    "neighbours of 2^53": [2.0**53, 2.0**53 + 2, 2.0**53 - 1, 2.0**53 + 4],
    "all the same and huge": [1e300] * 7,
    "all the same, no sum": [1.3e17 + 16] * 9,
    "alternating": [1e15, -1e15] * 50,
    "alternating about little": [1e15 + 1, -1e15] * 50,
    "huge and close": [1e150, 1e150 * (1 + 2**-52)] * 5,
    "a single row": [3.7],
    "a single present value": [None, 1e12 + 0.1, None, None],
    "zeros of both signs": [0.0, -0.0, 0.0],
    "near pi": [math.pi, math.nextafter(math.pi, 4), math.nextafter(math.pi, 3)],
    "offset": [1e12 + k for k in (-3, 1, 2, 2.5)],
}
WHOLE = {
    "int64 extremes": ([-(2**63), 2**63 - 1, 0, 5], pl.Int64),
    "int64 near the top": ([2**63 - 1, 2**63 - 3, 2**63 - 5], pl.Int64),
    "int64 near the bottom": ([-(2**63), -(2**63) + 2, None], pl.Int64),
    "uint64 near the top": ([2**64 - 1, 2**64 - 3, 2**64 - 5], pl.UInt64),
    "uint64 extremes": ([2**64 - 1, 0, 2**63, 2**53 + 1], pl.UInt64),
    "2^53 neighbours": ([2**53, 2**53 + 1, 2**53 + 2, 2**53 - 1], pl.Int64),
    "2^62 and a little": ([2**62, 2**62 + 2, 2**62 + 4], pl.Int64),
    "int8 extremes": ([-128, 127, None, 0], pl.Int8),
}


def exact(values) -> tuple[Fraction, Fraction]:
    """Mean and biased variance of what is present."""
    there = [Fraction(value) for value in values if value is not None]
    mean = sum(there) / len(there)
    return mean, sum((value - mean) ** 2 for value in there) / len(there)


def ulps(found: float, right: Fraction, scale: float | None = None) -> float:
    """How far apart, in units in the last place of the right value (or of ``scale``)."""
    nearest = float(right)
    unit = math.ulp(max(abs(nearest), abs(scale or 0.0)))
    return float(abs(Fraction(found) - right) / Fraction(unit))


def check(frame, values, batch_size):
    fitted = bncli.fit(frame, batch_size=batch_size)
    mean, variance = exact(values)
    moments = fitted.profile.moments
    assert moments.count.tolist() == [sum(value is not None for value in values)]
    spread = math.sqrt(float(variance))
    assert ulps(moments.value()[0], mean, spread) <= 2
    assert ulps(moments.variance()[0], variance) <= 2
    return fitted


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8192])
@pytest.mark.parametrize("name", VALUES)
def test_floats_are_right_within_two_units(name, batch_size, recwarn):
    check(pl.DataFrame({"x": VALUES[name]}, schema={"x": pl.Float64}), VALUES[name], batch_size)
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


@pytest.mark.parametrize("batch_size", [1, 2, 8192])
@pytest.mark.parametrize("name", WHOLE)
def test_integers_are_right_within_two_units(name, batch_size):
    values, kind = WHOLE[name]
    check(pl.DataFrame({"x": values}, schema={"x": kind}), values, batch_size)


@pytest.mark.parametrize(
    "values",
    [
        [MAX, -MAX],
        [1e200, 2e200],
        [MAX, MAX, -MAX],
        [1e308, 1.0],
        [-MAX, 0.0, None],
        [1e154, 1.2e154, -1e154],
    ],
)
@pytest.mark.parametrize("batch_size", [1, 2, 8192])
def test_a_variance_that_no_double_holds_is_refused_by_name(values, batch_size):
    with pytest.raises(DataError, match=r"'x'.*overflow"):
        bncli.fit(pl.DataFrame({"x": values}), batch_size=batch_size)


def test_half_floats_are_widened_before_any_arithmetic():
    values = np.array([65504, -65504, 6e-8, 1.5, 2048, 2049], np.float16)
    table = pa.table({"x": pa.array(values)})
    check(table, [float(value) for value in values], 8192)


def test_decimals_of_38_digits_are_taken_as_the_nearest_doubles():
    values = [decimal.Decimal("9" * 38), None, decimal.Decimal(7), decimal.Decimal(-(2**60) - 1)]
    table = pa.table({"x": pa.array(values, pa.decimal128(38, 0))})
    check(table, [None if value is None else float(value) for value in values], 8192)


def test_decimals_of_76_digits_are_refused_by_name():
    table = pa.table({"x": pa.array([decimal.Decimal("9" * 76)], pa.decimal256(76, 0))})
    with pytest.raises(DataError, match="'x' holds decimals of 76 digits"):
        bncli.fit(table)


@pytest.mark.parametrize("name", ["neighbours of 2^53", "alternating", "offset", "near pi"])
def test_what_was_standardized_comes_back(name, tmp_path):
    frame = pl.DataFrame({"x": VALUES[name]})
    fitted = bncli.fit(frame, eps=0.0)
    fitted.transform(frame, tmp_path / "z.parquet")
    fitted.inverse(tmp_path / "z.parquet", tmp_path / "x.parquet")
    back = pl.read_parquet(tmp_path / "x.parquet")["x"].to_list()
    mean, variance = exact(VALUES[name])
    scale = max(abs(float(mean)), math.sqrt(float(variance)))
    for found, value in zip(back, VALUES[name], strict=True):
        assert ulps(found, Fraction(value), scale) <= 4


def test_a_hundred_thousand_groups_are_right():
    groups = 100_000
    frame = pl.DataFrame(
        {"k": np.repeat(np.arange(groups), 2), "x": np.arange(2.0 * groups) * 3 + 1e12}
    )
    fitted = bncli.fit(frame, by="k", columns="x", profile=False)
    moments = fitted.profile.groups.moments
    assert moments.count.shape == (groups, 1)
    assert (moments.count == 2).all()
    assert (moments.variance() == 2.25).all()
