"""CSV: types that never fail late, and cells that are told by row and value."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.guess import guess, plainly_numeric
from bncli.data.retyping import with_retyping
from bncli.errors import BadValue, DataError, Unreadable, UsageError


@pytest.fixture
def write(tmp_path):
    def written(text, name="t.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return written


def read(path, columns=None, **options) -> pl.DataFrame:
    dataset = open_dataset(path, ReadOptions(**options))

    def work(data):
        frames = [chunk.frame for chunk in data.chunks(1000, columns=columns)]
        return pl.concat(frames) if frames else pl.DataFrame(schema=data.schema)

    return with_retyping(dataset, work, columns or ())


def test_a_fraction_after_a_hundred_thousand_whole_numbers_makes_a_float_column(write):
    frame = read(write("a,b\n" + "7,x\n" * 120_000 + "6.998,y\n"))
    assert frame.schema == {"a": pl.Float64, "b": pl.String}
    assert frame["a"][-1] == 6.998
    assert frame.height == 120_001


def test_all_late_fractions_are_found_in_one_restart(write):
    path = write("a,b,c\n" + "7,7,7\n" * 6000 + "6.5,7,7\n" + "7,7,1e3\n")
    starts = []

    def work(data):
        starts.append(dict(data.schema))
        return [chunk.frame for chunk in data.chunks(1000)]

    with_retyping(open_dataset(path), work)
    assert len(starts) == 2
    assert starts[-1] == {"a": pl.Float64, "b": pl.Int64, "c": pl.Float64}


def test_late_text_is_told_with_file_row_and_value(write):
    path = write("a,b\n" + "7,x\n" * 120_000 + "foo,y\n")
    with pytest.raises(BadValue) as caught:
        read(path)
    assert caught.value.where == "t.csv, row 120001"
    assert caught.value.message == "column 'a' holds 'foo', which is no number"
    assert caught.value.fix == "read it as missing with --null-values foo"


def test_bad_cells_of_several_columns_are_told_together(write):
    path = write("a,b,c\n" + "1,2,3\n" * 5000 + "foo,2,3\n1,2,bar baz\n")
    with pytest.raises(BadValue) as caught:
        read(path)
    assert "row 5001: column 'a' holds 'foo'" in str(caught.value)
    assert "row 5002: column 'c' holds 'bar baz'" in str(caught.value)
    assert "--null-values foo --null-values 'bar baz'" in str(caught.value)


def test_a_bad_cell_in_a_column_that_is_not_read_does_no_harm(write):
    path = write("a,b\n" + "7,1\n" * 5000 + "foo,2.5\n")
    assert read(path, columns=["b"])["b"][-1] == 2.5


def test_one_stray_spelling_among_numbers_is_told_and_not_taken_for_text(write):
    path = write("temp,b\n1.5,x\n2,y\nn/a,z\n")
    with pytest.raises(BadValue, match="row 3: column 'temp' holds 'n/a'"):
        read(path)
    assert read(path, null_values=("n/a",))["temp"].to_list() == [1.5, 2.0, None]
    assert read(path, null_values=("n/a", "y"))["b"].to_list() == ["x", None, "z"]


def test_what_programs_write_for_missing_is_missing_in_numeric_columns_only(write):
    frame = read(write("a,b\n1,x\nNA,NA\nNULL,y\n,z\nNaN,w\n"))
    assert frame["a"].to_list()[:4] == [1.0, None, None, None]
    assert frame["a"].is_nan().sum() == 1
    assert frame["b"].to_list() == ["x", "NA", "y", "z", "w"]


def test_a_late_spelling_of_missing_and_a_late_blank_are_no_fault(write):
    frame = read(write("a,b\n" + "7,8\n" * 5000 + "NULL,8\n7,9 \n"))
    assert frame["a"].null_count() == 1
    assert frame["b"][-1] == 9


def test_a_late_fault_in_a_column_that_is_converted_after_parsing_is_told(write):
    head = "a,b,c\n" + "NULL,7 ,True \n" + "NA,7,False\n" + "1,7,True\n" * 5000
    with pytest.raises(BadValue, match="row 5003: column 'a' holds 'foo'"):
        read(write(head + "foo,7,True\n"))
    frame = read(write(head + "1,6.5,maybe\n"))
    assert frame.row(-1) == (1, 6.5, "maybe")


def test_integers_beyond_2_to_the_53_are_not_rounded(write):
    values = [2**62, 2**62 + 2, 2**62 + 4]
    frame = read(write("a\n" + "".join(f"{value}\n" for value in values)))
    assert frame["a"].to_list() == values


def test_integers_beyond_64_bits_are_floats(write):
    assert read(write("a\n1\n18446744073709551616\n"))["a"].to_list() == [1.0, 2.0**64]


def test_codes_with_leading_zeros_are_text(write):
    assert read(write("zip,x\n00501,1\n10001,2\n"))["zip"].to_list() == ["00501", "10001"]


def test_verbatim_columns_keep_every_character(write):
    path = write("zip,m,x\n501,1.50,3\n601,NA,4\n")
    frame = open_dataset(path).verbatim(["zip", "m"]).scan().collect()
    assert frame.rows() == [("501", "1.50", 3), ("601", "NA", 4)]


def test_a_column_that_is_empty_at_first_may_turn_out_as_anything(write):
    assert read(write("a,b\n" + ",1\n" * 5000 + "abc,2\n"))["a"][-1] == "abc"
    assert read(write("a,b\n" + ",1\n" * 5000 + "2.5,2\n"))["a"][-1] == 2.5


def test_truth_values_are_truth_values_until_something_else_turns_up(write):
    assert read(write("a\nTRUE\nfalse\nNA\n"))["a"].to_list() == [True, False, None]
    assert read(write("a\n" + "true\n" * 5000 + "maybe\n")).schema["a"] == pl.String


def test_a_header_without_rows_is_an_empty_table(write):
    assert read(write("a,b\n")).shape == (0, 2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "t.csv: is empty"),
        ("a,b,a\n1,2,3\n", "two columns have the same name: 'a'"),
        ("a,b\n1,2\n1,2,3\n", "row 2: has 3 fields where there are 2 columns"),
        ("a,b\n" + "1,2\n" * 5000 + "1,2,3\n", "row 5001: has 3 fields where there are 2 columns"),
        ('a,b\n1,"x\n2,y\n', "a quote is opened and never closed"),
        ("a,b\r1,2\r", "carriage returns"),
        ("a,b\n1,é\n".encode("latin-1"), "line 2: is not UTF-8"),
        (b"a,b\n" + b"1,x\n" * 5000 + b"1,\xe9\n", "line 5002: is not UTF-8"),
    ],
)
def test_damage_is_told_by_what_and_where(write, text, told):
    with pytest.raises(DataError) as caught:
        read(write(text))
    assert told in str(caught.value)
    assert caught.value.exit_code == 3


def test_other_encodings_are_read_when_named_and_widen_like_any(write):
    path = write("a,b\n" + "1,x\n" * 5000 + "1.5,é\n", encoding="latin-1")
    frame = read(path, encoding="latin-1")
    assert frame.row(-1) == (1.5, "é")
    with pytest.raises(UsageError, match="no encoding named"):
        ReadOptions(encoding="latin-99")


def test_dialects(write):
    assert read(write("a;b\n1,5;x\n"), separator=";", decimal_comma=True).row(0) == (1.5, "x")
    assert read(write("a\tb\n1\t2\n", "t.tsv")).row(0) == (1, 2)
    assert read(write("1,2\n3,4\n"), header=False).columns == ["column_1", "column_2"]
    assert read(write('a,b\n1,"x\n'), quote="").row(0) == (1, '"x')
    assert read(write("a\n" + "1\n" * 3000), limit=2500).height == 2500
    assert read(write("﻿a,b\r\n1,2\r\n")).columns == ["a", "b"]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (zstd, ".zst")])
def test_packed_files_are_read_whole_and_cut_ones_refused(write, pack, suffix):
    text = ("a,b\n" + "".join(f"{i},{i * i}\n" for i in range(50_000))).encode()
    head, rest = text[: text.index(b"\n30000,") + 1], text[text.index(b"\n30000,") + 1 :]
    whole = write(pack(head) + pack(rest), f"t.csv{suffix}")
    assert read(whole)["a"].to_list() == list(range(50_000))
    with pytest.raises(Unreadable, match="cut short"):
        read(write(pack(text)[:-9], f"cut.csv{suffix}"))


def test_the_sample_set_of_penguins(sample_data: Path):
    frame = read(sample_data / "penguins.csv")
    stored = pl.read_parquet(sample_data / "penguins.parquet")
    numeric = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    assert frame.select(numeric).equals(stored.select(pl.col(numeric).cast(pl.Float64)))


def test_a_column_mostly_of_text_is_text_and_shows_why():
    seen = guess(pl.Series(["12", "B7", "C9", "13", "D4"]))
    assert seen.type == pl.String()
    assert seen.example == (2, "B7")


CELLS = st.sampled_from(
    [None, "", "0", "1", "-3", "007", "1.5", "1e3", " 2", "2 ", "x", "NA", "true", "inf", "9" * 25]
)


@given(st.lists(CELLS, max_size=6))
def test_what_is_plainly_numeric_is_what_a_second_look_would_say(cells):
    column = pl.Series("c", cells, dtype=pl.String)
    plain = plainly_numeric(column.to_frame())
    assert not plain or plain["c"] == guess(column)
    assert bool(plain) or not cells or not set(cells) <= {"0", "1", "1.5"}
