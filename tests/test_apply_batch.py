"""Batch mode: each mini-batch by its own statistics, as BN does in training."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from applying import Statistics, standardizer
from polars.testing import assert_frame_equal

from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.engine import apply
from bncli.errors import DataError, NonFinite


def batch(tmp_path, frame, fitted, **options) -> pl.DataFrame:
    dataset = open_dataset(frame, ReadOptions())
    out = tmp_path / "out.parquet"
    given = {"statistics": "batch", "overwrite": True, **options}
    apply.transform(dataset, fitted, out, **given)
    return pl.read_parquet(out)


def training_mode(values: np.ndarray, size: int, gamma=1.0, beta=0.0, eps=0.0) -> np.ndarray:
    """torch.nn.BatchNorm1d in training mode, missing values left out."""
    parts = []
    for at in range(0, len(values), size):
        part = values[at : at + size]
        centred = part - np.nanmean(part)
        parts.append(centred / np.sqrt(np.nanmean(centred**2) + eps) * gamma + beta)
    return np.concatenate(parts)


@pytest.mark.parametrize("size", [2, 7, 64, 1000, 5000])
def test_batch_mode_is_batch_normalization_in_training(tmp_path, size):
    random = np.random.default_rng(1)
    frame = pl.DataFrame({"x": random.normal(50, 9, 1000), "i": random.integers(0, 99, 1000)})
    fitted = standardizer(
        {"x": Statistics(gamma=2.0, beta=-1.0), "i": Statistics()}, eps=1e-5, batch_size=size
    )
    found = batch(tmp_path, frame, fitted)
    expected = training_mode(frame["x"].to_numpy(), size, 2.0, -1.0, 1e-5)
    np.testing.assert_allclose(found["x"], expected, rtol=1e-12, atol=1e-12)
    integers = training_mode(frame["i"].to_numpy().astype(float), size, eps=1e-5)
    np.testing.assert_allclose(found["i"], integers, rtol=1e-12, atol=1e-12)


def test_the_running_statistics_and_the_constant_of_the_fit_do_not_matter(tmp_path):
    frame = pl.DataFrame({"x": [1.0, 3.0], "y": [1.0, 3.0]})
    fitted = standardizer({"x": Statistics(99.0, constant=True), "y": Statistics(seen=False)})
    assert batch(tmp_path, frame, fitted).rows() == [(-1.0, -1.0), (1.0, 1.0)]


def test_a_mini_batch_of_one_row_or_one_value_becomes_beta(tmp_path):
    frame = pl.DataFrame({"x": [1.0, 5.0, None, 7.0, 7.0, 7.0, 9.0]})
    fitted = standardizer({"x": Statistics(beta=0.5)})
    found = batch(tmp_path, frame, fitted, batch_size=3)["x"].to_list()
    assert found == [-0.5, 1.5, None, 0.5, 0.5, 0.5, 0.5]


def test_missing_stays_as_it_was_and_counts_for_nothing(tmp_path):
    frame = pl.DataFrame({"x": [1.0, None, float("nan"), 3.0], "i": [1, None, None, 3]})
    fitted = standardizer({"x": Statistics(), "i": Statistics()})
    found = batch(tmp_path, frame, fitted)
    expected = pl.DataFrame({"x": [-1.0, None, float("nan"), 1.0], "i": [-1.0, None, None, 1.0]})
    assert_frame_equal(found, expected)
    filled = batch(tmp_path, frame, fitted, fill_missing=9.0, dtype="float32")
    assert filled.rows() == [(-1.0, -1.0), (9.0, 9.0), (9.0, 9.0), (1.0, 1.0)]
    assert set(filled.dtypes) == {pl.Float32}


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("keep", [-1.0, 1.0, -1.0, 1.0, 0.0]),
        ("merge", [-1.0, 1.0, *training_mode(np.array([5.0, 7.0, 9.0]), 3)]),
        ("drop", [-1.0, 1.0, -1.0, 1.0]),
    ],
)
def test_a_ragged_tail_is_kept_merged_or_dropped(tmp_path, tail, expected):
    frame = pl.DataFrame({"x": [1.0, 3.0, 5.0, 7.0, 9.0]})
    found = batch(tmp_path, frame, standardizer({"x": Statistics()}), batch_size=2, tail=tail)
    np.testing.assert_allclose(found["x"], expected, rtol=1e-15, atol=1e-15)


def test_mini_batches_run_on_over_reads_and_files(tmp_path):
    values = np.random.default_rng(2).normal(0, 1, 150_000)
    frames = [pl.DataFrame({"x": values[:70_001]}), pl.DataFrame({"x": values[70_001:]})]
    for number, frame in enumerate(frames):
        frame.write_parquet(tmp_path / f"{number}.parquet")
    fitted = standardizer({"x": Statistics()}, batch_size=1024)
    found = batch(tmp_path, [tmp_path / "0.parquet", tmp_path / "1.parquet"], fitted)
    np.testing.assert_allclose(found["x"], training_mode(values, 1024), rtol=1e-11, atol=1e-12)


def test_integers_that_no_float64_holds_are_told_apart(tmp_path):
    frame = pl.DataFrame({"x": [2**62, None, 2**62 + 2, 2**62 + 4]})
    found = batch(tmp_path, frame, standardizer({"x": Statistics()}))["x"]
    assert found[1] is None
    np.testing.assert_allclose(found.drop_nulls(), np.array([-1, 0, 1]) * np.sqrt(1.5), rtol=1e-15)


def test_infinities_are_told_or_missing(tmp_path):
    frame = pl.DataFrame({"x": [1.0, float("inf"), 3.0]})
    fitted = standardizer({"x": Statistics()})
    with pytest.raises(NonFinite, match="row 2: column 'x' holds inf"):
        batch(tmp_path, frame, fitted)
    assert list(tmp_path.iterdir()) == []
    assert batch(tmp_path, frame, fitted, nonfinite="missing")["x"].to_list() == [-1.0, None, 1.0]


def test_values_too_far_apart_for_a_variance_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match="column 'x'"):
        batch(tmp_path, pl.DataFrame({"x": [1e200, -1e200]}), standardizer({"x": Statistics()}))


def test_zero_rows_and_untouched_columns(tmp_path):
    frame = pl.DataFrame({"a": ["u", "v"], "x": [1.0, 3.0]})
    fitted = standardizer({"x": Statistics()})
    assert batch(tmp_path, frame.head(0), fitted).schema == frame.schema
    found = batch(tmp_path, frame, fitted, suffix="_z")
    assert_frame_equal(found, frame.with_columns(x_z=pl.Series([-1.0, 1.0])))


def test_what_batch_mode_wrote_carries_no_standardizer(tmp_path):
    # Its mini-batches' statistics are gone, so nothing could bring it back.
    frame = pl.DataFrame({"x": [1.0, 3.0]})
    batch(tmp_path, frame, standardizer({"x": Statistics()}), embed={"bncli": "{}"})
    assert "bncli" not in pl.read_parquet_metadata(tmp_path / "out.parquet")
