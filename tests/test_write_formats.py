"""Every output format gives back what was put into it, streamed, in order."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import math
import os
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from bncli.data.encoding import SINKS, encoding_of
from bncli.data.write import WriteOptions, write_frame
from bncli.errors import DataError, OutputExists, UsageError

FRAME = pl.DataFrame(
    {
        "x": [1.5, None, 1 / 3, 1e300, 5e-324, -0.0, 0.1],
        "n": [2**62 + 2, None, 1, 2, 3, 4, 5],
        "text": ["a", "", None, 'quote " comma ,', "line\nbreak", "é", "00501"],
        "day": [dt.date(2020, 2, 29)] * 6 + [None],
        "yes": [True, None, False, True, True, True, True],
    }
)
RICH = FRAME.with_columns(
    kind=pl.col("text").cast(pl.Categorical),
    level=pl.Series(list("aabbaab")).cast(pl.Enum(["a", "b"])),
    list=pl.concat_list("x", "x"),
    struct=pl.struct("n", "yes"),
    bytes=pl.col("text").cast(pl.Binary),
    took=pl.duration(seconds=3),
)


def read(path: Path) -> pl.DataFrame:
    name = path.name
    if name.endswith(".parquet"):
        return pl.read_parquet(path)
    if name.endswith((".arrow", ".feather")):
        return pl.read_ipc(path)
    if ".csv" in name or ".tsv" in name:
        separator = "\t" if ".tsv" in name else ","
        return pl.read_csv(path, schema=FRAME.schema, separator=separator)
    return pl.read_ndjson(path, schema=FRAME.schema)


PLAIN = ["o.csv", "o.tsv", "o.csv.gz", "o.csv.zst", "o.ndjson", "o.jsonl", "o.ndjson.gz"]


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.feather", *PLAIN, "o.ndjson.zst"])
def test_every_format_gives_back_the_same_values(tmp_path, name):
    write_frame(FRAME.lazy(), tmp_path / name)
    assert_frame_equal(read(tmp_path / name), FRAME, check_exact=True)


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow"])
def test_binary_formats_keep_every_type(tmp_path, name):
    write_frame(RICH.lazy(), tmp_path / name)
    assert_frame_equal(read(tmp_path / name), RICH, check_exact=True)


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", *PLAIN])
def test_zero_rows_keep_their_columns(tmp_path, name):
    write_frame(FRAME.head(0).lazy(), tmp_path / name)
    assert read(tmp_path / name).height == 0
    if "json" not in name:
        assert read(tmp_path / name).columns == FRAME.columns


def test_compressed_text_is_what_its_suffix_says(tmp_path):
    write_frame(FRAME.lazy(), tmp_path / "o.csv.gz")
    assert gzip.decompress((tmp_path / "o.csv.gz").read_bytes()).startswith(b"x,n,text")


def test_nan_is_kept_where_the_format_has_a_word_for_it(tmp_path):
    frame = pl.LazyFrame({"x": [math.nan, None, 1.0]})
    for name in ("o.parquet", "o.arrow"):
        write_frame(frame, tmp_path / name)
        assert_frame_equal(read(tmp_path / name), frame.collect())
    write_frame(frame, tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text().split("\n")[1] == "NaN"
    write_frame(frame, tmp_path / "o.ndjson")
    lines = (tmp_path / "o.ndjson").read_text().splitlines()
    assert [json.loads(line)["x"] for line in lines] == [None, None, 1.0]


def test_parquet_carries_metadata_and_row_groups_of_the_size_asked_for(tmp_path):
    frame = pl.LazyFrame({"x": range(1000)})
    options = WriteOptions(row_group_size=300, compression="zstd:7")
    write_frame(frame, tmp_path / "o.parquet", options, {"bncli": "é"})
    file = pq.ParquetFile(tmp_path / "o.parquet")
    assert file.metadata.metadata[b"bncli"].decode() == "é"
    groups = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
    assert [group.num_rows for group in groups] == [300, 300, 300, 100]
    assert groups[0].column(0).compression == "ZSTD"


@pytest.mark.parametrize("codec", ["snappy", "lz4", "none"])
def test_parquet_codecs(tmp_path, codec):
    write_frame(FRAME.lazy(), tmp_path / "o.parquet", WriteOptions(compression=codec))
    assert_frame_equal(read(tmp_path / "o.parquet"), FRAME)


@pytest.mark.parametrize("text", ["brotli", "zstd:99", "zstd:", "zstd:x", "snappy:3", ""])
def test_a_compression_that_cannot_be_meant_is_refused(tmp_path, text):
    with pytest.raises(UsageError, match="--compression"):
        write_frame(FRAME.lazy(), tmp_path / "o.parquet", WriteOptions(compression=text))


def test_compression_of_csv_is_said_by_the_suffix(tmp_path):
    with pytest.raises(UsageError, match=r"\.csv\.gz"):
        write_frame(FRAME.lazy(), tmp_path / "o.csv", WriteOptions(compression="zstd"))


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_a_folder_holds_parts_in_order(tmp_path, rows, monkeypatch):
    monkeypatch.setattr("bncli.data.write._PART_VALUES", 1)  # at least 1024 rows a part
    frame = pl.LazyFrame({"x": list(range(rows))}, schema={"x": pl.Int64})
    write_frame(frame, f"{tmp_path}/out/", WriteOptions(to="parquet"), {"bncli": "{}"})
    parts = sorted((tmp_path / "out").iterdir())
    assert len(parts) == max(1, -(-rows // 1024))
    assert parts[0].name == "part-00000.parquet"
    assert pl.concat(map(pl.read_parquet, parts))["x"].to_list() == list(range(rows))
    assert all(pl.read_parquet_metadata(path)["bncli"] == "{}" for path in parts)


def captured(monkeypatch, **options) -> bytes:
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream))
    write_frame(FRAME.lazy(), "-", WriteOptions(**options))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("to", "parse"),
    [
        ("csv", lambda b: pl.read_csv(b, schema=FRAME.schema)),
        ("ndjson", lambda b: pl.read_ndjson(b, schema=FRAME.schema)),
        ("parquet", pl.read_parquet),
        ("arrow", pl.read_ipc_stream),
    ],
)
def test_standard_output_takes_every_format(monkeypatch, to, parse):
    assert_frame_equal(parse(captured(monkeypatch, to=to)), FRAME, check_exact=True)


def test_standard_output_has_the_format_of_the_input_unless_told(monkeypatch):
    assert captured(monkeypatch, fallback="csv").startswith(b"x,n,text")


def test_an_arrow_stream_can_be_compressed_and_have_no_rows(monkeypatch):
    stream = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream))
    write_frame(FRAME.head(0).lazy(), "-", WriteOptions(to="arrow", compression="zstd"))
    table = pa.ipc.open_stream(stream.getvalue()).read_all()
    assert (table.num_rows, table.column_names) == (0, FRAME.columns)


@pytest.mark.parametrize("to", list(SINKS))
def test_devices_take_every_format_and_tell_that_they_are_full(to):
    write_frame(FRAME.lazy(), "/dev/null", WriteOptions(to=to))
    if Path("/dev/full").exists():
        with pytest.raises(DataError, match="'/dev/full': the disk is full"):
            write_frame(FRAME.lazy(), "/dev/full", WriteOptions(to=to))


@pytest.mark.parametrize("to", list(SINKS))
def test_a_closed_reader_is_a_broken_pipe(monkeypatch, to):
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0)) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(BrokenPipeError):
            write_frame(FRAME.lazy(), "-", WriteOptions(to=to))


@pytest.mark.parametrize(("name", "held"), [("o.csv", "'list'.*'took'"), ("o.ndjson", "'bytes'")])
def test_a_type_that_the_format_cannot_hold_is_named_and_nothing_is_written(tmp_path, name, held):
    with pytest.raises(UsageError, match=held):
        write_frame(RICH.lazy(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_source_leaves_the_old_file(tmp_path):
    def fail(_frame):
        raise ValueError("broken in the middle")

    write_frame(FRAME.lazy(), tmp_path / "o.parquet")
    before = (tmp_path / "o.parquet").read_bytes()
    broken = pl.concat([FRAME.lazy()] * 3).map_batches(fail, schema=FRAME.schema)
    with pytest.raises(Exception, match="broken in the middle"):
        write_frame(broken, tmp_path / "o.parquet", WriteOptions(overwrite=True))
    assert (tmp_path / "o.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["o.parquet"]


def test_a_file_that_is_there_is_replaced_only_with_overwrite(tmp_path):
    write_frame(FRAME.lazy(), tmp_path / "o.csv")
    with pytest.raises(OutputExists):
        write_frame(FRAME.head(1).lazy(), tmp_path / "o.csv")
    write_frame(FRAME.head(1).lazy(), tmp_path / "o.csv", WriteOptions(overwrite=True))
    assert read(tmp_path / "o.csv").height == 1


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("o", {}),
        ("o.xlsx", {}),
        ("o.parquet.gz", {}),
        ("-", {}),
        ("out/", {}),
        ("o.csv", {"to": "parquet"}),
        ("o", {"to": "parket"}),
        ("o.parquet", {"row_group_size": 0}),
    ],
)
def test_a_target_that_says_no_format_or_two_is_refused(target, options):
    with pytest.raises(UsageError):
        encoding_of(target, WriteOptions(**options))
