"""Mini-batches of exactly the size asked for, whatever the files look like."""

from __future__ import annotations

import threading

import polars as pl
import pytest
from corpus import CASES
from hypothesis import given, settings
from hypothesis import strategies as st

from bncli.data.batches import batch_sizes, chunks, exact_frames
from bncli.data.dataset import open_dataset
from bncli.data.segments import Segment, segments
from bncli.data.streaming import THREAD, frames_of
from bncli.errors import UsageError


def expected_sizes(rows: int, size: int, tail: str) -> list[int]:
    whole, ragged = divmod(rows, size)
    sizes = [size] * whole + [ragged] * (ragged > 0)
    if ragged and tail == "drop":
        return sizes[:-1]
    if ragged and tail == "merge" and whole:
        return [*sizes[:-2], size + ragged]
    return sizes


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4),
    st.integers(1, 30),
    st.sampled_from(["keep", "merge", "drop"]),
    st.integers(1, 50),
)
def test_sizes_order_and_numbers_hold_for_any_cut_of_the_rows(pieces, size, tail, read_rows):
    total = sum(pieces)
    starts = [sum(pieces[:place]) for place in range(len(pieces))]
    frames = [
        pl.LazyFrame({"i": range(start, start + rows)}, schema={"i": pl.Int64})
        for start, rows in zip(starts, pieces, strict=True)
    ]
    got = list(chunks(pl.concat(frames), size, tail, read_rows=read_rows))
    sizes = [rows for chunk in got for rows in chunk.sizes]
    assert sizes == expected_sizes(total, size, tail)
    seen = [value for chunk in got for value in chunk.frame["i"].to_list()]
    assert seen == list(range(sum(sizes)))
    batch = row = 0
    for chunk in got:
        assert (chunk.first_row, chunk.first_batch) == (row, batch)
        assert sum(chunk.sizes) == chunk.frame.height
        row, batch = row + chunk.frame.height, batch + len(chunk.sizes)


@pytest.mark.parametrize("tail", ["keep", "merge", "drop"])
def test_batches_cross_row_groups_and_files(tmp_path, tail):
    frame = pl.DataFrame({"i": range(1000), "x": [0.5] * 1000})
    frame.head(333).write_parquet(tmp_path / "a.parquet", row_group_size=50)
    frame.slice(333, 600).write_parquet(tmp_path / "b.parquet", row_group_size=77)
    frame.slice(933).write_csv(tmp_path / "c.csv")
    data = open_dataset([tmp_path / name for name in ("a.parquet", "b.parquet", "c.csv")])
    got = list(data.chunks(64, tail, columns=["i"], read_rows=200))
    assert [rows for chunk in got for rows in chunk.sizes] == expected_sizes(1000, 64, tail)
    assert got[0].frame.columns == ["i"]
    assert got[1].first_row == 192


def test_many_small_batches_come_in_one_read():
    first = next(chunks(pl.LazyFrame({"i": range(1000)}), 10, read_rows=205))
    assert first.sizes == (10,) * 20


def test_a_batch_larger_than_a_read_is_one_chunk():
    got = list(chunks(pl.LazyFrame({"i": range(1000)}), 400, read_rows=10))
    assert [chunk.sizes for chunk in got] == [(400,), (400,), (200,)]


def test_a_dataset_smaller_than_one_batch_stays_one_batch_when_merged():
    assert next(chunks(pl.LazyFrame({"i": range(3)}), 10, "merge")).sizes == (3,)
    assert list(chunks(pl.LazyFrame({"i": range(3)}), 10, "drop")) == []


def test_part_of_the_rows_is_numbered_from_the_datasets_start():
    got = list(chunks(pl.LazyFrame({"i": range(100)}), 10, start=30, stop=60, read_rows=20))
    assert [(chunk.first_row, chunk.first_batch) for chunk in got] == [(30, 3), (50, 5)]
    assert got[0].frame["i"][0] == 30
    assert got[-1].frame["i"][-1] == 59


def test_a_batch_size_below_one_is_wrong_usage():
    with pytest.raises(UsageError, match="--batch-size"):
        list(chunks(pl.LazyFrame({"i": [1]}), 0))


def test_a_reader_may_stop_early():
    frames = exact_frames(pl.LazyFrame({"i": range(100_000)}), 10)
    assert next(frames)["i"].to_list() == list(range(10))
    frames.close()


def test_polars_still_hands_out_batches_as_this_relies_on():
    frame = pl.concat([pl.LazyFrame({"i": range(0, 700)}), pl.LazyFrame({"i": range(700, 1000)})])
    batches = list(frames_of(frame, 300))
    assert [batch.height for batch in batches] == [300, 300, 300, 100]
    assert pl.concat(batches)["i"].to_list() == list(range(1000))


def test_what_ends_a_query_half_way_is_raised_and_never_taken_for_its_end():
    def fail(column):
        raise ValueError("half-way")

    whole = pl.LazyFrame({"i": range(100)})
    broken = whole.with_columns(pl.col("i").map_batches(fail, return_dtype=pl.Int64))
    with pytest.raises(ValueError, match="half-way"):
        list(frames_of(pl.concat([whole, broken]), 100))


def test_a_panic_of_the_reader_is_no_end_of_the_file(tmp_path):
    CASES["parquet: page: an unknown encoding"].make(tmp_path)
    with pytest.raises(pl.exceptions.PanicException):
        list(frames_of(pl.scan_parquet(tmp_path / "t.parquet"), 100))


def test_a_query_ends_soon_after_its_reader(tmp_path):
    frames = frames_of(pl.LazyFrame({"i": range(10**6)}), 100)
    next(frames)
    before = [thread for thread in threading.enumerate() if thread.name == THREAD]
    frames.close()
    for thread in before:
        thread.join(10)
    assert not any(thread.is_alive() for thread in before)


@given(st.integers(0, 5000), st.integers(1, 40), st.integers(1, 500))
def test_segments_cover_all_rows_at_batch_boundaries(rows, size, per_segment):
    data = open_dataset(pl.DataFrame({"i": range(rows)}))
    cut = segments(data, size, per_segment)
    assert cut[0].start == 0
    assert cut[-1].stop is None
    assert [segment.stop for segment in cut[:-1]] == [segment.start for segment in cut[1:]]
    assert all(segment.start % size == 0 for segment in cut)
    assert len(cut) == 1 or rows - cut[-1].start >= size


@pytest.mark.parametrize("tail", ["keep", "merge", "drop"])
def test_segment_by_segment_gives_the_batches_of_the_whole(tail):
    data = open_dataset(pl.DataFrame({"i": range(1003)}))
    whole = [rows for chunk in data.chunks(10, tail) for rows in chunk.sizes]
    apart = [
        rows
        for segment in segments(data, 10, 130)
        for chunk in data.chunks(10, tail, start=segment.start, stop=segment.stop)
        for rows in chunk.sizes
    ]
    assert apart == whole


def test_data_of_unknown_length_is_one_segment(tmp_path):
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 100)
    assert segments(open_dataset(tmp_path / "a.csv"), 10, 10) == (Segment(),)


def test_sizes_of_batches():
    assert batch_sizes(10, 4) == (4, 4, 2)
    assert batch_sizes(0, 4) == ()
