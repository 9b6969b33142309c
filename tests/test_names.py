"""Columns may be called anything: no name is a pattern, markup or code."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import bncli

NAMES = ["*", "^a.*$", "^.*$", "a", "a,b", "", " ", "é", "x" * 500]


@pytest.fixture(params=["parquet", "csv", "ndjson", "arrow"])
def path(request, tmp_path):
    """Columns of numbers, and one of text, under hostile names, in each format."""
    rng = np.random.default_rng(4)
    frame = pl.DataFrame({name: rng.normal(at, 1 + at, 60) for at, name in enumerate(NAMES)})
    frame = frame.with_columns(pl.Series("^t$", ["u", "v", None] * 20))
    file = tmp_path / f"data.{request.param}"
    write = {"parquet": frame.write_parquet, "csv": frame.write_csv, "ndjson": frame.write_ndjson}
    write.get(request.param, frame.write_ipc)(file)
    return file


def test_every_verb_takes_names_literally(path, tmp_path):
    fitted = bncli.fit(path, eps=0.0)
    assert [channel.feature for channel in fitted.channels] == NAMES
    assert list(fitted.profile.categories) == ["^t$"]
    there, back = tmp_path / "there.parquet", tmp_path / "back.parquet"
    fitted.transform(path, there)
    standardized = pl.read_parquet(there)
    assert standardized.columns == [*NAMES, "^t$"]
    for name in NAMES:
        assert standardized[name].mean() == pytest.approx(0.0, abs=1e-12)
        assert standardized[name].std(ddof=0) == pytest.approx(1.0)
    bncli.inverse(there, output=back)
    assert pl.read_parquet(back)["*"].mean() == pytest.approx(fitted.mean[0])
    fitted.transform(path, tmp_path / "batch.parquet", statistics="batch", batch_size=20)
    report = bncli.shift(fitted, path)
    assert report.verdict == "none"
    assert {column.label for column in report.columns} == {*NAMES, "^t$"}
