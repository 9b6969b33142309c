"""Every format: read as written, and damaged files told in our words."""

from __future__ import annotations

import gzip
import random

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.errors import BadValue, DataError, Unreadable, UsageError

FRAME = pl.DataFrame({"a": [1.5, None, 3.0] * 50, "t": ["x", "é", None] * 50, "i": range(150)})
WRITERS = {
    "t.parquet": lambda path: FRAME.write_parquet(path, row_group_size=40),
    "t.arrow": FRAME.write_ipc,
    "t.feather": lambda path: FRAME.write_ipc(path, compression="zstd"),
    "stream.arrow": FRAME.write_ipc_stream,
    "t.csv": FRAME.write_csv,
    "t.ndjson": FRAME.write_ndjson,
    "t.jsonl": FRAME.write_ndjson,
    "t.ndjson.gz": lambda path: path.write_bytes(gzip.compress(FRAME.write_ndjson().encode())),
    "t.ndjson.zst": lambda path: path.write_bytes(
        pa.compress(FRAME.write_ndjson().encode(), codec="zstd", asbytes=True)
    ),
}


def read(path, **options) -> pl.DataFrame:
    def work(data):
        frames = [chunk.frame for chunk in data.chunks(32)]
        return pl.concat(frames) if frames else pl.DataFrame(schema=data.schema)

    return with_retyping(open_dataset(path, ReadOptions(**options)), work)


def problem_of(path) -> str | None:
    try:
        read(path)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_rows_that_were_written(tmp_path, name):
    WRITERS[name](tmp_path / name)
    assert read(tmp_path / name).equals(FRAME)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_reads_more_than_once(tmp_path, name):
    WRITERS[name](tmp_path / name)
    data = open_dataset(tmp_path / name)
    assert data.rewindable
    assert data.peek(5).equals(FRAME.head(5))
    assert data.scan().collect().equals(data.scan().collect())


@pytest.mark.parametrize("name", WRITERS)
def test_an_empty_file_is_told(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(Unreadable, match="is empty"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["t.parquet", "t.arrow", "t.feather", "t.ndjson.gz", "t.ndjson.zst"]
)
def test_a_file_cut_short_is_told(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Unreadable, match=f"{name}: "):
        read(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.ndjson", "t.csv.gz"])
def test_noise_under_any_suffix_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(random.Random(1).randbytes(5000))
    with pytest.raises(DataError, match=name) as caught:
        read(tmp_path / name)
    assert len(str(caught.value).splitlines()) <= 4


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "stream.arrow"])
def test_flipped_bytes_give_rows_or_an_error_of_ours(tmp_path, name, seed):
    path, chance = tmp_path / name, random.Random(seed)
    WRITERS[name](path)
    data = bytearray(path.read_bytes())
    for _ in range(4):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    told = problem_of(path)
    assert told is None or (name in told and "panicked" not in told)


def test_damage_within_one_of_several_files_names_that_file(tmp_path):
    noise = random.Random(3)
    for name in ("a.parquet", "b.parquet"):
        frame = pl.DataFrame({"a": [noise.random() for _ in range(5000)]})
        frame.write_parquet(tmp_path / name)
    damaged = bytearray((tmp_path / "b.parquet").read_bytes())
    damaged[4:40] = bytes(36)
    (tmp_path / "b.parquet").write_bytes(damaged)
    with pytest.raises(Unreadable, match=r"^b\.parquet: "):
        read([tmp_path / "a.parquet", tmp_path / "b.parquet"])


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "stream.arrow"])
def test_no_rows_under_a_schema_is_a_valid_table(tmp_path, name):
    empty = FRAME.head(0)
    {"t.parquet": empty.write_parquet, "t.arrow": empty.write_ipc}.get(
        name, empty.write_ipc_stream
    )(tmp_path / name)
    data = open_dataset(tmp_path / name)
    assert dict(data.schema) == dict(FRAME.schema)
    assert list(data.chunks(10)) == []


def test_a_name_that_two_columns_share_is_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(DataError, match="the same name"):
        read(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="the same name"):
        open_dataset(table)


def test_json_numbers_widen_late_and_late_text_is_told(tmp_path):
    path = tmp_path / "t.ndjson"
    path.write_text('{"a":7,"b":"x"}\n' * 5000 + '{"a":6.998,"b":"x"}\n')
    assert read(path)["a"][-1] == 6.998
    path.write_text('{"a":7,"b":"x"}\n' * 5000 + '{"a":"foo","b":"x"}\n')
    with pytest.raises(BadValue, match=r"row 5001: column 'a' holds 'foo'"):
        read(path)


def test_numbers_in_quotes_among_json_numbers_are_numbers(tmp_path):
    path = tmp_path / "t.ndjson"
    path.write_text('{"a":7}\n' * 5000 + '{"a":"8"}\n')
    assert read(path)["a"][-1] == 8


def test_a_string_among_json_numbers_is_told_unless_it_means_missing(tmp_path):
    path = tmp_path / "t.ndjson"
    path.write_text('{"a":7.5}\n{"a":"n/a"}\n{"a":9}\n{"a":null}\n')
    with pytest.raises(BadValue, match="'n/a'"):
        read(path)
    assert read(path, null_values=("n/a",))["a"].to_list() == [7.5, None, 9.0, None]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"a":5,', "row 3: is no JSON object"),
        ("[1,2]", "row 3: is no JSON object: a list instead"),
        ("null", "row 3: is no JSON object"),
        ('{"a":NaN}', "row 3: is no JSON object: NaN"),
        ('{"a":' + "[" * 50_000 + "]" * 50_000 + "}", "row 3: is no JSON object: nested too deep"),
    ],
)
def test_a_broken_json_line_is_told_by_its_row(tmp_path, line, told):
    path = tmp_path / "t.ndjson"
    path.write_text('{"a":1}\n{"a":2}\n' + line + "\n")
    with pytest.raises(Unreadable, match=told.replace("[", r"\[")):
        read(path)


def test_tables_in_memory_are_datasets():
    lazy = FRAME.lazy().filter(pl.col("i") < 100)
    assert open_dataset(FRAME).rows == 150
    assert open_dataset(lazy).scan().collect().height == 100
    assert open_dataset(FRAME.to_arrow()).scan().collect().equals(FRAME)
    with pytest.raises(UsageError):
        open_dataset(7)


def test_a_record_batch_reader_reads_once():
    data = open_dataset(FRAME.to_arrow().to_reader(max_chunksize=64))
    assert not data.rewindable
    assert data.peek().equals(FRAME.head(64))
    assert pl.concat(chunk.frame for chunk in data.chunks(7)).equals(FRAME)
    with pytest.raises(UsageError, match="only once"):
        list(data.chunks(7))


def test_tensor_columns_keep_their_type(sample_data):
    data = open_dataset(sample_data / "digits_train.parquet")
    assert isinstance(data.schema["image"], pl.Extension | pl.BaseExtension)
    assert data.peek(2).height == 2
