"""Which columns are chosen, and what becomes of their values."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from bncli.data.columns import select_columns
from bncli.data.dataset import open_dataset
from bncli.data.rownumber import row_number_columns
from bncli.data.values import Values, category_counts, numeric_values
from bncli.errors import ColumnMissing, DataError

SCHEMA = pl.Schema(
    {
        "id": pl.Int64,
        "temp": pl.Float64,
        "humid": pl.Float32,
        "hum,id*": pl.Decimal(10, 2),
        "city": pl.String,
        "wet": pl.Boolean,
        "day": pl.Date,
        "image": pl.Array(pl.UInt8, 4),
    }
)


def test_all_numeric_columns_are_chosen_when_none_is_named():
    chosen = select_columns(SCHEMA)
    assert chosen.numeric == ("id", "temp", "humid", "hum,id*")
    assert chosen.categorical == ("city", "wet")
    assert [name for name, _ in chosen.unsupported] == ["day", "image"]


def test_patterns_names_and_exclusions():
    assert select_columns(SCHEMA, ["temp,hum*"]).numeric == ("temp", "humid", "hum,id*")
    assert select_columns(SCHEMA, column=["hum,id*"]).numeric == ("hum,id*",)
    assert select_columns(SCHEMA, exclude=["id", "hum*"]).numeric == ("temp",)
    assert select_columns(SCHEMA, ["temp"]).categorical == ()


def test_the_target_is_never_standardized():
    chosen = select_columns(SCHEMA, target=["temp", "city"])
    assert "temp" not in chosen.used
    assert "city" not in chosen.used
    assert chosen.target == ("temp", "city")


def test_a_name_that_is_not_there_is_told_with_the_nearest_one():
    with pytest.raises(ColumnMissing, match="did you mean 'temp'"):
        select_columns(SCHEMA, ["Temp"], where="may.parquet")
    with pytest.raises(ColumnMissing, match=r"no column matches 'x\*'"):
        select_columns(SCHEMA, exclude=["x*"])
    with pytest.raises(ColumnMissing, match="2 columns are not there: 'p', 'q'"):
        select_columns(SCHEMA, ["p,q"])
    with pytest.raises(ColumnMissing):
        select_columns(SCHEMA, target=["price"])


def test_naming_a_text_column_or_leaving_no_number_is_an_error():
    with pytest.raises(DataError, match=r"'city' \(String\) holds no numbers"):
        select_columns(SCHEMA, ["city"])
    with pytest.raises(DataError, match="no numeric column"):
        select_columns(pl.Schema({"city": pl.String}))


def values_of(series: pl.Series) -> Values:
    (values,) = numeric_values(series.to_frame("x"), ["x"])
    return values


def test_floats_without_nulls_are_not_copied_and_nulls_become_nan():
    series = pl.Series([1.0, 2.0])
    assert np.shares_memory(values_of(series).values, series.to_numpy())
    seen = values_of(pl.Series([1.0, None, float("nan")]))
    assert seen.nulls == 1
    assert np.isnan(seen.values).tolist() == [False, True, True]


def test_wide_integers_stay_integers():
    seen = values_of(pl.Series([2**62 + 2, None, 1]))
    assert seen.values.dtype == np.int64
    assert seen.values[0] == 2**62 + 2
    assert seen.missing is not None
    assert seen.missing.tolist() == [False, True, False]
    assert values_of(pl.Series([2**63 + 1], dtype=pl.UInt64)).values[0] == 2**63 + 1


@pytest.mark.parametrize(
    ("series", "values"),
    [
        (pl.Series([1, 2], dtype=pl.UInt8), [1.0, 2.0]),
        (pl.Series([1.5], dtype=pl.Float32), [1.5]),
        (pl.Series([Decimal("1.25")]), [1.25]),
        (pl.Series([True, False]), [1.0, 0.0]),
    ],
)
def test_other_numbers_are_widened(series, values):
    seen = values_of(series).values
    assert seen.dtype == np.float64
    assert seen.tolist() == values


def test_categories_are_counted_as_text():
    assert category_counts(pl.Series(["b", "a", None, "b"])) == (["a", "b"], [1, 2], 1)
    assert category_counts(pl.Series([True, None, True])) == (["true"], [2], 1)
    cats = pl.Series(["y", "x", "y"], dtype=pl.Categorical)
    assert category_counts(cats) == (["x", "y"], [1, 2], 0)


def test_a_column_that_counts_the_rows_is_found():
    rows = 200_000
    data = open_dataset(
        pl.DataFrame(
            {
                "n": range(5, rows + 5),
                "breaks": [*range(rows - 1), 0],
                "constant": [1] * rows,
                "float": [float(i) for i in range(rows)],
            }
        )
    )
    assert row_number_columns(data, data.schema.names()) == ("n",)


def test_few_rows_or_nulls_number_nothing():
    assert row_number_columns(open_dataset(pl.DataFrame({"n": range(31)})), ["n"]) == ()
    holes = pl.DataFrame({"n": [*range(40), None]})
    assert row_number_columns(open_dataset(holes), ["n"]) == ()


def test_the_real_sets_have_no_row_number(sample_data):
    for name in ("weather_winter.parquet", "penguins.csv", "employment_monthly.csv"):
        data = open_dataset(sample_data / name)
        assert row_number_columns(data, select_columns(data.schema).numeric) == ()
