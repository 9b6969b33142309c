"""From names to files, and from files to one schema."""

from __future__ import annotations

import os

import polars as pl
import pytest

from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.locate import natural
from bncli.errors import BadValue, BncliWarning, ColumnMissing, DataError, Unreadable, UsageError


def put(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(path)
    return path


def rows(data, **options):
    return open_dataset(data, ReadOptions(**options)).scan().collect().rows()


def test_numbers_in_names_count_as_numbers():
    assert sorted(["p10", "p2", "p1b", "p1"], key=natural) == ["p1", "p1b", "p2", "p10"]


def test_a_directory_is_read_in_natural_order_without_its_side_files(tmp_path):
    for part in (10, 2, 1):
        put(tmp_path / "d" / f"part-{part}.parquet", a=[part])
    (tmp_path / "d" / "_SUCCESS").touch()
    (tmp_path / "d" / ".part-1.parquet.crc").write_text("x")
    assert rows(tmp_path / "d") == [(1,), (2,), (10,)]


def test_a_glob_a_list_and_a_name_that_looks_like_a_glob(tmp_path):
    one, two = put(tmp_path / "a1.parquet", a=[1]), put(tmp_path / "a2.parquet", a=[2])
    odd = put(tmp_path / "a[1]*.parquet", a=[3])
    assert rows(str(tmp_path / "a?.parquet")) == [(1,), (2,)]
    assert rows([two, one]) == [(2,), (1,)]
    assert rows(odd) == [(3,)]
    put(tmp_path / "deep" / "er" / "b.parquet", a=[4])
    assert rows(str(tmp_path / "deep" / "**")) == [(4,)]


def test_hive_partitions_become_columns(tmp_path):
    put(tmp_path / "y=2023" / "k=a b" / "0.parquet", v=[1.0])
    put(tmp_path / "y=2024" / "k=__HIVE_DEFAULT_PARTITION__" / "0.parquet", v=[2.0, 3.0])
    data = open_dataset(tmp_path)
    assert data.schema == {"v": pl.Float64, "y": pl.Int64, "k": pl.String}
    assert data.scan().collect().rows() == [
        (1.0, 2023, "a b"),
        (2.0, 2024, None),
        (3.0, 2024, None),
    ]
    assert data.locate(2) == (
        "y=2024/k=__HIVE_DEFAULT_PARTITION__/0.parquet",
        2,
    )


def test_what_is_not_there_is_told_together(tmp_path):
    here = put(tmp_path / "june.parquet", a=[1])
    with pytest.raises(Unreadable, match="no file matches"):
        rows(str(tmp_path / "*.csv"))
    with pytest.raises(Unreadable, match=r"did you mean '.*june\.parquet'"):
        rows(tmp_path / "jun.parquet")
    with pytest.raises(Unreadable) as caught:
        rows([here, tmp_path / "x.csv", tmp_path / "y.csv"])
    assert "2 inputs" in str(caught.value)
    assert "x.csv" in str(caught.value)
    assert "y.csv" in str(caught.value)


def test_a_directory_without_data_is_refused(tmp_path):
    with pytest.raises(Unreadable, match="holds no data file"):
        rows(tmp_path)


def test_files_of_other_kinds_in_a_directory_are_left_out_with_a_warning(tmp_path):
    put(tmp_path / "a.parquet", a=[1])
    (tmp_path / "README.md").write_text("hello")
    with pytest.warns(BncliWarning, match=r"README\.md"):
        assert rows(tmp_path) == [(1,)]


def test_a_directory_of_several_formats_must_be_told_which(tmp_path):
    put(tmp_path / "a.parquet", a=[1])
    (tmp_path / "a.csv").write_text("a\n2\n")
    with pytest.raises(DataError, match="several formats: csv, parquet"):
        rows(tmp_path)
    with pytest.warns(BncliWarning):
        assert rows(tmp_path, format="csv") == [(2,)]


def test_link_loops_pipes_and_dead_links_in_a_directory_are_refused(tmp_path):
    loop = tmp_path / "loop"
    put(loop / "a.parquet", a=[1])
    (loop / "again").symlink_to(loop)
    with pytest.raises(DataError, match="link loop"):
        rows(loop)
    put(tmp_path / "fifo" / "a.parquet", a=[1])
    os.mkfifo(tmp_path / "fifo" / "b.parquet")
    with pytest.raises(DataError, match="pipe or device"):
        rows(tmp_path / "fifo")
    put(tmp_path / "dead" / "a.parquet", a=[1])
    (tmp_path / "dead" / "b.parquet").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Unreadable, match="leads nowhere"):
        rows(tmp_path / "dead")


def test_table_formats_with_a_log_of_their_own_are_not_read_as_plain_files(tmp_path):
    put(tmp_path / "a.parquet", a=[1])
    (tmp_path / "_delta_log").mkdir()
    with pytest.raises(DataError, match="Delta"):
        rows(tmp_path)


@pytest.mark.parametrize("name", ["t.json", "t.zip", "t", "t.csv.bz2"])
def test_a_suffix_that_says_no_format_is_told_how_to_go_on(tmp_path, name):
    (tmp_path / name).write_text("a\n1\n")
    with pytest.raises(Unreadable) as caught:
        rows(tmp_path / name)
    assert caught.value.fix


def test_what_is_not_on_this_machine_or_is_no_format_is_wrong_usage():
    with pytest.raises(UsageError, match="not on this machine"):
        rows("s3://bucket/key.parquet")
    with pytest.raises(UsageError, match="parquet"):
        ReadOptions(format="parqet")
    with pytest.raises(UsageError, match="no data"):
        rows([])


def test_integers_and_floats_together_are_floats_in_the_first_files_order(tmp_path):
    one = put(tmp_path / "a.parquet", a=[1, 2], b=["x", "y"])
    two = put(tmp_path / "b.parquet", b=["z"], a=[2.5])
    data = open_dataset([one, two])
    assert data.schema == {"a": pl.Float64, "b": pl.String}
    assert data.scan().collect().rows() == [(1.0, "x"), (2.0, "y"), (2.5, "z")]
    assert data.rows == 3


def test_narrow_types_widen_only_as_far_as_needed(tmp_path):
    one = tmp_path / "a.parquet"
    two = tmp_path / "b.parquet"
    pl.DataFrame({"i": [1], "f": [1.0]}, schema={"i": pl.Int8, "f": pl.Float32}).write_parquet(one)
    pl.DataFrame({"i": [300], "f": [1]}, schema={"i": pl.Int32, "f": pl.Int64}).write_parquet(two)
    assert open_dataset([one, two]).schema == {"i": pl.Int32, "f": pl.Float64}


def test_a_column_missing_in_one_file(tmp_path):
    one = put(tmp_path / "june.parquet", a=[1], b=[2])
    two = put(tmp_path / "july.parquet", a=[3])
    with pytest.raises(ColumnMissing) as caught:
        rows([one, two])
    assert "'july.parquet' lacks 1 column that 'june.parquet' has: 'b'" in str(caught.value)
    assert "--missing-columns null" in str(caught.value)
    assert rows([one, two], missing_columns="null") == [(1, 2), (3, None)]


def test_an_extra_column_in_a_later_file(tmp_path):
    one = put(tmp_path / "june.parquet", a=[1])
    two = put(tmp_path / "july.parquet", a=[3], q=[0])
    with pytest.raises(ColumnMissing, match="--extra-columns ignore"):
        rows([one, two])
    assert rows([one, two], extra_columns="ignore") == [(1,), (3,)]


def test_a_column_that_is_number_here_and_text_there_names_the_file(tmp_path):
    one = put(tmp_path / "june.parquet", a=[1])
    two = put(tmp_path / "july.parquet", a=["x"])
    with pytest.raises(DataError, match=r"july\.parquet: column 'a' holds text .* june\.parquet"):
        rows([one, two])
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\nx\ny\nz\n")
    with pytest.raises(BadValue, match=r"b\.csv, row 1: column 'a' holds 'x'"):
        rows([tmp_path / "a.csv", tmp_path / "b.csv"])


def test_csv_files_agree_on_a_type_before_reading(tmp_path):
    texts = {"a": "v,w\n1,\n", "b": "w,v\n2.5,1.5\n", "c": "v,w\nNA,3\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    assert rows(str(tmp_path / "*.csv")) == [(1.0, None), (1.5, 2.5), (None, 3.0)]


def test_formats_may_be_mixed_when_named(tmp_path):
    (tmp_path / "b.csv").write_text("a,t\n2,x\n")
    (tmp_path / "c.ndjson").write_text('{"a": 3.5, "t": "y"}\n')
    files = [put(tmp_path / "a.parquet", a=[1], t=["w"]), tmp_path / "b.csv", tmp_path / "c.ndjson"]
    assert rows(files) == [(1.0, "w"), (2.0, "x"), (3.5, "y")]


def test_sources_carry_size_rows_and_a_fingerprint_of_the_content(tmp_path):
    one, two = put(tmp_path / "a.parquet", a=[1, 2]), put(tmp_path / "b.parquet", a=[1, 2])
    three = put(tmp_path / "c.parquet", a=[1, 3])
    sources = open_dataset([one, two, three]).sources
    assert next((s.name, s.bytes, s.rows) for s in sources) == ("a.parquet", one.stat().st_size, 2)
    assert sources[0].fingerprint == sources[1].fingerprint != sources[2].fingerprint


def test_rows_of_text_files_are_filled_in_afterwards(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n2\n")
    (tmp_path / "b.csv").write_text("a\n3\n")
    both = open_dataset([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert both.rows is None
    assert [source.rows for source in both.sources_with_rows(3)] == [2, 1]
    assert [s.rows for s in open_dataset(tmp_path / "a.csv").sources_with_rows(2)] == [2]
    assert both.locate(2) == ("b.csv", 1)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path):
    path = put(tmp_path / "a.parquet", a=[1, 2])
    data = open_dataset(path)
    data.check_unchanged()
    put(path, a=[1, 2, 3])
    with pytest.raises(DataError, match="changed while it was being read"):
        data.check_unchanged()
