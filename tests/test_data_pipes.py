"""Standard input: each format through a real pipe, once, in little memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress

import polars as pl
import pytest

from bncli.data.blocks import record_blocks
from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.errors import BncliError, Unreadable, UsageError

ROWS = 30_000
FRAME = pl.DataFrame(
    {
        "a": [i / 8 for i in range(ROWS)],
        "n": range(ROWS),
        "t": ["x, é\n" if i % 7 else None for i in range(ROWS)],
    }
)

# Prints the schema, the sum of column n, rows, and the sources, of what comes through the pipe.
READER = """
import sys, json
import polars as pl
from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.errors import BncliError
try:
    data = open_dataset("-", ReadOptions(format=sys.argv[1] or None))
    head = data.peek(3).height
    frames = [chunk.frame for chunk in data.chunks(1000)]
    whole = pl.concat(frames) if frames else pl.DataFrame(schema=data.schema)
    print(json.dumps({
        "schema": {name: str(kind) for name, kind in whole.schema.items()},
        "head": head, "rows": whole.height, "sum": float(whole.to_series(1).sum() or 0),
        "nulls": whole.null_count().row(0),
        "first": [str(value) for value in whole.row(0)] if frames else [],
        "bytes": [source.bytes for source in data.sources],
    }))
except BncliError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def piped(data: bytes, format_name: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-c", READER, format_name]
    return subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)


def written(name: str) -> bytes:
    out = io.BytesIO()
    if name == "parquet":
        FRAME.write_parquet(out)
    elif name == "arrow":
        FRAME.write_ipc_stream(out)
    elif name == "csv":
        FRAME.write_csv(out)
    else:
        FRAME.write_ndjson(out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["parquet", "arrow", "csv", "ndjson"])
def test_every_format_comes_through_a_pipe(name):
    data = written(name)
    done = piped(data, name)
    assert done.stderr == b""
    seen = json.loads(done.stdout)
    assert seen["rows"] == ROWS
    assert seen["head"] == 3
    assert seen["sum"] == sum(range(ROWS))
    assert seen["nulls"] == [0, 0, FRAME["t"].null_count()]
    assert seen["bytes"] == [len(data)]
    # Text that cannot be read twice has floats from the start; types that are stored stay.
    whole = "Float64" if name in ("csv", "ndjson") else "Int64"
    assert seen["schema"] == {"a": "Float64", "n": whole, "t": "String"}


@pytest.fixture
def pipe(monkeypatch):
    """Standard input replaced by a real pipe, filled from another thread."""
    threads = []

    def filled(data: bytes) -> None:
        reading, writing = os.pipe()

        def write() -> None:
            with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:
                sink.write(data)

        threads.append(threading.Thread(target=write))
        threads[-1].start()
        stream = io.TextIOWrapper(os.fdopen(reading, "rb"))
        monkeypatch.setattr(sys, "stdin", stream)
        opened.append(stream)

    opened: list[io.TextIOWrapper] = []
    yield filled
    for stream in opened:
        stream.close()
    for thread in threads:
        thread.join()


def read(format_name: str, **options) -> pl.DataFrame:
    data = open_dataset("-", ReadOptions(format=format_name or None, **options))
    return pl.concat(chunk.frame for chunk in data.chunks(1000))


@pytest.mark.parametrize("name", ["csv", "ndjson"])
def test_packed_text_comes_through_a_pipe_and_a_cut_one_is_refused(pipe, name):
    packed = gzip.compress(written(name))
    pipe(packed)
    assert read(name).height == ROWS
    pipe(packed[:-100])
    with pytest.raises(Unreadable, match="standard input: is cut short"):
        read(name)


@pytest.mark.parametrize(
    ("data", "format_name", "code", "told"),
    [
        (b"a\n1\n", "", 2, "--format"),
        (b"", "csv", 3, "standard input: is empty"),
        (b"", "ndjson", 3, "standard input: is empty"),
        (b"", "parquet", 3, "standard input: is empty"),
        (b"", "arrow", 3, "standard input"),
        (b"hello", "parquet", 3, "standard input: cannot be read as Parquet"),
        (b"hello there, this is text", "arrow", 3, "standard input: cannot be read as Arrow IPC"),
        (b"a,n\n" + b"1,2\n" * 9000 + b"1,foo\n", "csv", 3, "row 9001: column 'n' holds 'foo'"),
        (b'{"a":1}\n{"a":\n', "ndjson", 3, "row 2"),
    ],
)
def test_what_a_pipe_cannot_mean_is_told(pipe, data, format_name, code, told):
    pipe(data)
    with pytest.raises(BncliError) as caught:
        read(format_name)
    assert told in str(caught.value)
    assert caught.value.exit_code == code


def test_late_fractions_and_spellings_are_no_fault_in_a_pipe(pipe):
    pipe(("a,n\n" + "1,7\n" * 1_100_000 + "1.5,NULL\n1,6.998\n").encode())
    frame = read("csv")
    assert frame.height == 1_100_002
    assert frame.tail(2).rows() == [(1.5, None), (1.0, 6.998)]


def test_integers_beyond_2_to_the_53_stay_integers_in_a_pipe(pipe):
    pipe(b"a,n\n1,4611686018427387906\n")
    frame = read("csv")
    assert frame.schema == {"a": pl.Float64, "n": pl.Int64}
    assert frame.row(0) == (1.0, 4611686018427387906)


def test_a_pipe_reads_only_once_and_keeps_text_verbatim(pipe):
    pipe(b"zip,n\n501,1.50\n")
    data = open_dataset("-", ReadOptions(format="csv")).verbatim(["n"])
    assert data.peek().row(0) == (501.0, "1.50")
    assert data.scan().collect().row(0) == (501.0, "1.50")
    with pytest.raises(UsageError, match="only once"):
        data.scan().collect()


def test_an_arrow_file_through_a_pipe_is_read_by_way_of_disk(pipe):
    out = io.BytesIO()
    FRAME.write_ipc(out)
    pipe(out.getvalue())
    assert read("arrow").equals(FRAME)


def test_blocks_never_cut_a_record_in_two():
    text = b'a,b\n1,"x\ny ""z"", w"\n2,"\n\n"\n3,last'
    for size in range(1, len(text) + 1):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        blocks = list(record_blocks(iter(pieces), '"'))
        assert b"".join(blocks) == text
        for block in blocks[:-1]:
            assert block.endswith(b"\n")
            assert block.count(b'"') % 2 == 0
