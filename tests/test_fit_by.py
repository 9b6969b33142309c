"""``fit --by``: from files of every kind to statistics per group, also from the shell."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from folds import bits

import bncli
from bncli.data.dataset import open_dataset
from bncli.data.keys import Key, Numbers
from bncli.errors import BncliWarning, ColumnMissing, DataError, UsageError
from bncli.stats import groups as limits


def cli(*arguments, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bncli", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, **more
    )


def alone(frame: pl.DataFrame, column: str, key, **options):
    """A fit on the rows of one group, of the same columns."""
    return bncli.fit(frame.filter(pl.col(column) == key), exclude=column, **options)


def assert_same(groups, at: int, fitted, policy) -> None:
    ours, theirs = groups.moments[at], fitted.profile.moments
    assert groups.rows[at] == fitted.profile.rows
    assert groups.batches[at] == fitted.profile.batches
    assert bits(groups.missing[at]) == bits(fitted.profile.missing)
    assert ours.count.tolist() == theirs.count.tolist()
    assert ours.min.tolist() == theirs.min.tolist()
    assert ours.max.tolist() == theirs.max.tolist()
    np.testing.assert_allclose(ours.value(), theirs.value(), rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(ours.variance(), theirs.variance(), rtol=1e-14)
    means, variances = policy.read(groups.running[at], ours)
    np.testing.assert_allclose(means, fitted.mean, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(variances, fitted.variance, rtol=1e-13)


# --- real data: every group as a fit on its rows alone --------------------------------------


@pytest.mark.parametrize("tail", ["keep", "merge", "drop"])
@pytest.mark.parametrize("running", ["pooled", "exponential", "cumulative", "algorithm2"])
@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_every_airport_has_the_statistics_of_its_own_file(sample_data, running, tail):
    path = sample_data / "weather_winter.parquet"
    options = {"running": running, "tail": tail, "batch_size": 500}
    fitted = bncli.fit(path, by="origin", **options)
    groups = fitted.profile.groups
    assert groups.keys == ("EWR", "JFK", "LGA")
    frame = pl.read_parquet(path)
    for at, key in enumerate(groups.keys):
        assert_same(groups, at, alone(frame, "origin", key, **options), fitted.policy)


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_carriers_with_few_flights_beside_those_with_many(sample_data):
    path = sample_data / "flights_january.parquet"
    fitted = bncli.fit(path, by="carrier", batch_size=64, running="cumulative")
    groups, frame = fitted.profile.groups, pl.read_parquet(path)
    counts = dict(frame["carrier"].value_counts().iter_rows())
    assert dict(zip(groups.keys, groups.rows.tolist(), strict=True)) == counts
    assert min(counts.values()) < 64 < max(counts.values())
    for key in (min(counts, key=counts.get), "UA", "HA"):
        at = groups.keys.index(key)
        one = alone(frame, "carrier", key, batch_size=64, running="cumulative")
        assert one.channels == fitted.channels
        assert_same(groups, at, one, fitted.policy)


def test_the_statistics_of_all_rows_stay_what_they_are_without_groups(sample_data):
    path = sample_data / "weather_winter.parquet"
    plain, grouped = bncli.fit(path), bncli.fit(path, by="origin")
    for state in ("moments", "missing", "running"):
        assert bits(getattr(plain.profile, state)) == bits(getattr(grouped.profile, state))
    assert plain.profile.categories == grouped.profile.categories
    assert plain.fit == grouped.fit


def test_channels_of_images_have_statistics_per_label(sample_data):
    path = sample_data / "digits_train.parquet"
    fitted = bncli.fit(path, by="label", batch_size=100)
    groups = fitted.profile.groups
    assert groups.keys == tuple(map(str, range(10)))
    images = pl.read_parquet(path)
    pixels = images["image"].ext.storage().explode().to_numpy().reshape(-1, 64).astype(float)
    for label in range(10):
        own = pixels[images["label"].to_numpy() == label]
        assert groups.moments.count[label].tolist() == [own.size]
        assert groups.moments.value()[label] == pytest.approx(own.mean(), rel=1e-15)
        assert groups.moments.variance()[label] == pytest.approx(own.var(), rel=1e-14)


def test_missing_pixels_and_rows_of_images_are_counted_by_group():
    rows = [[1.0, None, 3.0, 4.0], None, [float("nan"), 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.0]]
    image = pl.Series("image", rows, dtype=pl.Array(pl.Float64, 4)).reshape((4, 1, 2, 2))
    groups = bncli.fit(pl.DataFrame({"image": image, "k": ["a", "a", "b", None]}), by="k")
    groups = groups.profile.groups
    assert groups.missing.nulls.tolist() == [[5], [0]]
    assert groups.missing.nans.tolist() == [[0], [1]]
    assert groups.moments.value().tolist() == [[8 / 3], [7.0]]


def test_more_rows_than_are_measured_at_once_are_measured_in_order():
    """A group whose mini-batches span blocks of rows, under a policy that knows the order."""
    random = np.random.default_rng(5)
    rows = 300_000
    keys = random.choice(["a", "b", "c"], rows, p=[0.9, 0.0999, 0.0001])
    columns = {f"x{at}": random.normal(at, 1 + np.arange(rows) / rows) for at in range(30)}
    frame = pl.DataFrame({"k": keys, **columns})
    fitted = bncli.fit(frame, by="k", running="exponential", momentum=0.01, profile=False)
    groups = fitted.profile.groups
    for at, key in enumerate(groups.keys):
        one = alone(frame, "k", key, running="exponential", momentum=0.01, profile=False)
        assert_same(groups, at, one, fitted.policy)


# --- keys -----------------------------------------------------------------------------------


def texts(values, dtype=None, kind=None) -> list:
    series = pl.Series("k", values, dtype=dtype)
    return Key("k", kind or str(series.dtype)).texts(series).to_list()


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["b", None, ""], pl.String, ["b", None, ""]),
        (["b", None, "a"], pl.Categorical, ["b", None, "a"]),
        (["b", None, "a"], pl.Enum(["a", "b"]), ["b", None, "a"]),
        ([7, None, -3], pl.Int8, ["7", None, "-3"]),
        ([2**64 - 1], pl.UInt64, [str(2**64 - 1)]),
        ([True, False, None], pl.Boolean, ["true", "false", None]),
        ([datetime.date(2013, 1, 31), None], pl.Date, ["2013-01-31", None]),
        ([7.0, None, float("nan"), -0.0, 2.0**53], pl.Float64, ["7", None, None, "0", str(2**53)]),
        (["7", "-3"], pl.Decimal(10, 0), ["7", "-3"]),
        ([None, None], pl.Null, [None, None]),
    ],
    ids=str,
)
def test_a_key_is_the_text_of_its_value(values, dtype, expected):
    assert texts(values, dtype) == expected


def test_text_in_place_of_a_number_is_the_same_key():
    """As of a CSV file that is copied cell by cell. Codes with leading zeros are no numbers."""
    cells = ["7", " 8 ", "7.0", "007", "NA", "", None, "x", "-1", "1e3", "7.5"]
    expected = ["7", "8", "7", "007", None, None, None, "x", "-1", "1000", "7.5"]
    assert texts(cells, pl.String, "Int64") == expected
    assert texts(["TRUE", " false", "no", None], pl.String, "Boolean") == [
        "true",
        "false",
        "no",
        None,
    ]
    assert texts(cells, pl.String, "String") == cells


def test_keys_are_numbered_as_they_turn_up():
    numbers = Numbers(("b",))
    assert numbers.of(pl.Series(["a", "b", None, "a"])).tolist() == [1, 0, -1, 1]
    assert numbers.of(pl.Series(["c", "a"])).tolist() == [2, 1]
    assert numbers.of(pl.Series(["d", "a", None]), grow=False).tolist() == [-1, 1, -1]
    assert numbers.of(pl.Series([None, None], dtype=pl.String)).tolist() == [-1, -1]
    assert list(numbers.known) == ["b", "a", "c"]


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "arrow", "parquet"])
def test_every_format_names_the_same_groups(suffix, tmp_path):
    frame = pl.DataFrame({"store": [7, 12, 7, None, 3], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    path = tmp_path / f"data.{suffix}"
    write = {"csv": "write_csv", "ndjson": "write_ndjson", "arrow": "write_ipc"}
    getattr(frame, write.get(suffix, "write_parquet"))(path)
    with pytest.warns(BncliWarning, match="2 of 3 groups have a single row"):
        groups = bncli.fit(path, by="store").profile.groups
    assert groups.keys == ("3", "7", "12")
    assert groups.rows.tolist() == [1, 2, 1]
    assert groups.moments.value().ravel().tolist() == [5.0, 2.0, 2.0]


def test_a_piped_csv_names_the_same_groups():
    """Whole numbers of a pipe are read as floats, since it cannot be read again."""
    text = "store,x\n7,1\n12,2\n7,4\n12,8\n"
    done = cli("fit", "-", "--format", "csv", "--by", "store", "--json", input=text)
    assert done.returncode == 0, done.stderr
    by = json.loads(done.stdout)["by"]
    assert by["groups"] == ["7", "12"]
    assert by["rows"] == "2"
    assert by["channels"][0]["mean"] == "2.5 5.0"


def test_rows_without_a_key_are_in_no_group_but_in_the_whole(sample_data):
    path = sample_data / "penguins.parquet"
    frame = pl.read_parquet(path)
    assert frame["sex"].null_count() == 11
    fitted = bncli.fit(path, by="sex")
    assert fitted.profile.groups.keys == ("female", "male")
    assert fitted.profile.groups.rows.sum() == frame.height - 11
    assert fitted.profile.rows == frame.height


def test_the_key_is_never_a_feature(sample_data):
    path = sample_data / "weather_winter.parquet"
    fitted = bncli.fit(path, by="month")
    assert "month" not in fitted.features
    assert "month" in bncli.fit(path).features
    with pytest.raises(DataError, match="no numeric column to standardize but 'month'"):
        bncli.fit(path, by="month", columns="month")


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("k", [1.0, 2.5, 3.0], "row 2: column 'k' holds 2.5"),
        ("k", [1.0, float("inf"), 3.0], "row 2: column 'k' holds inf"),
        ("k", [datetime.datetime(2013, 1, 1)] * 3, r"column 'k' is Datetime.*, and groups are"),
        ("k", [[1], [2], [3]], r"column 'k' is List\(Int64\), and groups are named by text"),
    ],
)
def test_a_column_that_names_no_groups_is_refused(column, values, told):
    frame = pl.DataFrame({column: values, "x": [1.0, 2.0, 3.0]}, strict=False)
    with pytest.raises(DataError, match=told):
        bncli.fit(frame, by=column)


def test_a_key_that_is_not_there_is_named_with_what_is_meant(sample_data):
    with pytest.raises(ColumnMissing, match="no column is named 'orign'") as caught:
        bncli.fit(sample_data / "weather_winter.parquet", by="orign")
    assert "did you mean 'origin'?" in str(caught.value)


def test_a_row_number_as_key_is_told_before_memory_is_full(monkeypatch):
    monkeypatch.setattr("bncli.engine.grouping.MOST_CELLS", 100)
    assert limits.MOST_CELLS >= 10_000 * 20
    frame = pl.DataFrame({"id": np.arange(200), "x": np.arange(200.0), "y": np.ones(200)})
    with pytest.raises(DataError, match="'id' has more than 50 different values, too many groups"):
        bncli.fit(frame, by="id", columns="x,y")


def test_a_group_whose_variance_overflows_is_refused():
    frame = pl.DataFrame({"k": ["a", "a", "b"], "x": [1e200, -1e200, 1.0]})
    with pytest.raises(DataError, match="overflows"):
        bncli.fit(frame, by="k")


def test_infinities_that_count_as_missing_are_counted_in_their_group():
    values = [1.0, float("inf"), float("-inf"), None, 5.0, float("nan"), 1.0, 5.0]
    frame = pl.DataFrame({"k": ["a", "a", "b", "b", "b", "a", "a", "b"], "x": values})
    with pytest.raises(DataError, match="row 2: column 'x' holds inf"):
        bncli.fit(frame, by="k")
    groups = bncli.fit(frame, by="k", nonfinite="missing").profile.groups
    assert groups.missing.infinite.ravel().tolist() == [1, 1]
    assert groups.missing.nulls.ravel().tolist() == [0, 1]
    assert groups.missing.nans.ravel().tolist() == [1, 0]
    assert groups.moments.value().ravel().tolist() == [1.0, 5.0]


def test_dropped_tails_are_those_of_the_groups_not_of_the_file():
    """The last three rows are dropped of the whole, and are half of a mini-batch of group b."""
    frame = pl.DataFrame({"k": list("aaaaabbbbbb"), "x": np.arange(11.0)})
    fitted = bncli.fit(frame, by="k", batch_size=4, tail="drop", columns="x")
    assert fitted.profile.rows == 8
    assert fitted.profile.groups.rows.tolist() == [4, 4]
    assert fitted.profile.groups.moments.value().ravel().tolist() == [1.5, 6.5]


def test_what_groups_cannot_tell_is_said():
    frame = pl.DataFrame(
        {"k": ["a", "a", "b", "b", "c"], "x": [1.0, 2.0, None, None, 5.0], "y": [1.0] * 4 + [2.0]}
    )
    with pytest.warns(BncliWarning) as caught:
        bncli.fit(frame, by="k")
    assert [str(one.message) for one in caught] == [
        "1 of 3 groups has a single row, which comes out as beta\n"
        "  group by a column with fewer values",
        "1 of 3 groups has no present value in 'x': there the statistics of all rows hold",
    ]
    with pytest.warns(BncliWarning, match="no row has a value of 'k': there are no groups"):
        bncli.fit(frame.with_columns(k=pl.lit(None, pl.String)), by="k")


# --- merging and going on -------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_merged_parts_have_the_groups_of_the_whole(sample_data, tmp_path):
    frame = pl.read_parquet(sample_data / "flights_january.parquet")
    parts = [frame.head(6000), frame.slice(6000)]
    fits = [bncli.fit(part, by="carrier") for part in parts]
    merged, whole = bncli.merge(fits).profile.groups, bncli.fit(frame, by="carrier").profile.groups
    assert merged.keys == whole.keys
    assert merged.rows.tolist() == whole.rows.tolist()
    assert bits(merged.missing) == bits(whole.missing)
    np.testing.assert_allclose(merged.moments.value(), whole.moments.value(), rtol=1e-14)
    np.testing.assert_allclose(merged.moments.variance(), whole.moments.variance(), rtol=1e-13)
    updated = bncli.fit(parts[1], by="carrier", update=fits[0]).profile.groups
    assert bits(updated.moments) == bits(merged.moments)


@pytest.mark.filterwarnings("ignore:not all parts have 'k'")
def test_parts_with_other_groups_have_the_groups_of_both():
    first = bncli.fit(pl.DataFrame({"k": [1, 1, 2, 2], "x": [1.0, 2.0, 3.0, 4.0]}), by="k")
    frame = pl.DataFrame({"k": ["2", "2", "x", "x"], "x": [5.0, 6.0, 7.0, 8.0]})
    groups = bncli.merge([first, bncli.fit(frame, by="k")]).profile.groups
    assert (groups.keys, groups.type) == (("1", "2", "x"), "String")
    assert groups.moments.value().ravel().tolist() == [1.5, 4.5, 7.5]
    assert groups.rows.tolist() == [2, 4, 2]


def test_parts_merge_whatever_the_order_of_their_columns():
    frame = pl.DataFrame({"k": ["a", "a"], "x": [1.0, 2.0], "y": [30.0, 40.0]})
    merged = bncli.merge([bncli.fit(f, by="k") for f in (frame, frame.select("y", "k", "x"))])
    assert merged.profile.groups.moments.value().tolist() == [[1.5, 35.0]]


def test_parts_by_other_columns_or_by_none_do_not_merge():
    frame = pl.DataFrame({"k": ["a", "a"], "j": ["b", "b"], "x": [1.0, 2.0]})
    by_k, by_j, plain = (bncli.fit(frame, by=by) for by in ("k", "j", None))
    with pytest.raises(UsageError, match=r"names groups is 'k' in part 1 and 'j' in part 2"):
        bncli.merge([by_k, by_j])
    with pytest.raises(UsageError, match=r"names groups is 'k' in part 1 and none in part 2"):
        bncli.merge([by_k, plain])


def test_groups_that_go_on_after_a_ragged_mini_batch_are_told():
    frame = pl.DataFrame({"k": ["a"] * 4 + ["b"] * 4, "x": np.arange(8.0)})
    parts = [bncli.fit(frame, by="k", batch_size=3, running="cumulative", columns="x")] * 2
    with pytest.warns(BncliWarning) as caught:
        bncli.merge(parts)
    told = [str(one.message) for one in caught]
    assert told[0].startswith("1 of 2 parts do not end on a mini-batch boundary")
    assert told[1].startswith("2 groups go on after a mini-batch that was not full")


# --- the command line -----------------------------------------------------------------------


def test_fit_by_and_inspect_from_the_shell(sample_data, tmp_path):
    artifact = tmp_path / "winter.json"
    done = cli("fit", sample_data / "weather_winter.parquet", "--by", "origin", "-o", artifact)
    assert done.returncode == 0
    assert "11 channels on 6463 rows and in 3 groups" in done.stderr
    shown = cli("inspect", artifact).stdout
    assert "groups    3 by origin: JFK (2155 rows), EWR (2154 rows), LGA (2154 rows)" in shown
    record = json.loads(cli("inspect", artifact, "--json").stdout)
    assert record["by"]["groups"] == ["EWR", "JFK", "LGA"]
    other = tmp_path / "winter.parquet"
    assert cli("convert", artifact, other).returncode == 0
    again = tmp_path / "again.json"
    assert cli("convert", other, again).returncode == 0
    assert again.read_bytes() == artifact.read_bytes()


def test_the_largest_groups_are_shown_of_many_and_names_are_made_printable(tmp_path):
    keys = ["\x1b[31mred"] * 9 + [str(at) for at in range(20) for _ in range(2)]
    frame = pl.DataFrame({"k": keys, "x": np.arange(49.0)})
    path = tmp_path / "many.json"
    bncli.fit(frame, by="k", columns="x").save(path)
    shown = cli("inspect", path).stdout
    assert "\x1b" not in shown
    assert "21 by k, the largest" in shown
    assert "red (9 rows), 0 (2 rows), 1 (2 rows)" in shown


def test_the_same_data_give_the_same_bytes(sample_data, tmp_path):
    path = sample_data / "flights_january.parquet"
    texts = []
    for threads in (1, 4):
        out = tmp_path / f"{threads}.json"
        arguments = ["--by", "dest", "--threads", threads, "--running", "exponential", "-q"]
        assert cli("fit", path, *arguments, "-o", out).returncode == 0
        texts.append(out.read_bytes())
    assert texts[0] == texts[1]


def test_no_such_key_ends_with_three(sample_data):
    done = cli("fit", sample_data / "weather_winter.parquet", "--by", "orign")
    assert done.returncode == 3
    assert "did you mean 'origin'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_rows_are_located_in_their_own_file(tmp_path):
    for at, keys in enumerate([[1.0, 2.0], [3.0, 4.5]]):
        pl.DataFrame({"k": keys, "x": [1.0, 2.0]}).write_parquet(tmp_path / f"{at}.parquet")
    dataset = open_dataset(tmp_path)
    assert dataset.rows == 4
    with pytest.raises(DataError, match=r"1.parquet: row 2: column 'k' holds 4.5"):
        bncli.fit(tmp_path, by="k")
