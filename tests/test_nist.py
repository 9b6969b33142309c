"""NIST's univariate sets, and harder ones: fits against exact rational arithmetic.

The bar of SEMANTICS: the variance within 2 units in the last place of the exact result on the
same doubles, the mean within 2 units in the last place of max(|mean|, sd).
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

import bncli

NIST = Path(__file__).parent / "data" / "nist"
CERTIFIED = json.loads((NIST / "certified.json").read_text(encoding="utf-8"))["datasets"]
SMALLEST = ("NumAcc1", "Michelso")
ULPS = 2


def read(name: str) -> list[float]:
    column = pl.read_csv(NIST / f"{name}.csv", schema={"x": pl.Float64})["x"]
    assert len(column) == CERTIFIED[name]["n"]
    return column.to_list()


def exact(values) -> tuple[Fraction, Fraction]:
    """Mean and biased variance of the numbers as they are, without rounding."""
    numbers = [Fraction(value) for value in values]
    mean = sum(numbers) / len(numbers)
    return mean, sum((number - mean) ** 2 for number in numbers) / len(numbers)


def check(column: pl.Series, batch_size: int, truth: tuple[Fraction, Fraction]) -> None:
    fitted = bncli.fit(pl.DataFrame({"x": column}), batch_size=batch_size)
    mean, variance = truth
    ulp_of_mean = math.ulp(max(abs(float(mean)), math.sqrt(variance)))
    off = (
        float(abs(Fraction(float(fitted.mean[0])) - mean) / Fraction(ulp_of_mean)),
        float(
            abs(Fraction(float(fitted.variance[0])) - variance)
            / Fraction(math.ulp(float(variance)))
        ),
    )
    assert max(off) <= ULPS, f"mean, variance are {off} ulp off at mini-batches of {batch_size}"


@pytest.mark.parametrize("name", CERTIFIED)
def test_every_mini_batch_size_gives_the_exact_statistics(name):
    values = read(name)
    truth = exact(values)
    for batch_size in (1, 2, 7, 64, len(values)):
        check(pl.Series(values), batch_size, truth)


@pytest.mark.parametrize("name", SMALLEST)
def test_all_mini_batch_sizes_agree_on_the_smallest_sets(name):
    values = read(name)
    truth = exact(values)
    for batch_size in range(1, len(values) + 1):
        check(pl.Series(values), batch_size, truth)


@pytest.mark.parametrize("name", CERTIFIED)
def test_the_exact_statistics_are_those_that_nist_certifies(name):
    # Guards the reading of the files: twelve digits, where the doubles themselves carry them.
    mean, variance = exact(read(name))
    n = CERTIFIED[name]["n"]
    sd = math.sqrt(variance * n / (n - 1))
    assert float(mean) == pytest.approx(float(CERTIFIED[name]["mean"]), rel=1e-12)
    assert sd == pytest.approx(float(CERTIFIED[name]["sd"]), rel=1e-9)


@pytest.mark.parametrize("sigmas", [1e8, 1e10, 1e12])
@pytest.mark.parametrize("name", CERTIFIED)
def test_an_offset_of_many_standard_deviations_loses_nothing(name, sigmas):
    values = read(name)
    shift = sigmas * math.sqrt(exact(values)[1])
    moved = [value + shift for value in values]
    truth = exact(moved)
    for batch_size in (7, 64):
        check(pl.Series(moved), batch_size, truth)


@pytest.mark.filterwarnings("ignore:column 'x' has spread below 4 units")
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_integers_beyond_float64_keep_their_variance(batch_size):
    values = [2**62, 2**62 + 2, 2**62 + 4]
    check(pl.Series(values, dtype=pl.Int64), batch_size, exact(values))
    fitted = bncli.fit(pl.DataFrame({"x": values}), batch_size=batch_size)
    assert fitted.variance[0] == 8 / 3
