"""``shift`` shows how far it is, on a terminal only: each side, the blocks, and the columns."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from test_cli_verbs import on_a_terminal

import bncli

pytestmark = pytest.mark.thorough


def plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)


@pytest.fixture
def sides(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("train", "test"):
        columns = {f"x{at}": rng.normal(size=300) for at in range(4)}
        pl.DataFrame(columns).write_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_a_terminal_sees_each_side_the_blocks_and_the_columns(sides):
    code, shown = on_a_terminal(("shift", "train.csv", "test.csv", "--block", "20"), sides)
    assert code == 0
    text = plain(shown)
    for said in ("train.csv", "test.csv", "blocks of train.csv", "blocks of test.csv"):
        assert re.search(rf"0 rows\W[^\r\n]*rows/s[^\r\n]* {said}", text), said
    assert re.search(r"[0-4] columns\W[^\r\n]*columns/s[^\r\n]* comparing", text)
    # The line goes before the report comes.
    assert text.rindex("comparing") < text.index("no shift: 4 columns compared")


def test_quiet_and_pipes_see_none_of_it(sides):
    assert "rows/s" not in on_a_terminal(("shift", "train.csv", "test.csv", "-q"), sides)[1]


def told(*args, **options) -> dict[tuple[str, str], list[tuple[int, int | None]]]:
    stages: dict[tuple[str, str], list[tuple[int, int | None]]] = {}

    def begin(what: str, unit: str):
        seen = stages.setdefault((what, unit), [])
        return lambda done, total: seen.append((done, total))

    bncli.shift(*args, stages=begin, **options)
    return stages


def test_five_thousand_columns_are_told_one_by_one(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        values = np.ones((400, 5000))  # the same on both sides, so that the test is quick
        values[:, :20] = rng.normal(size=(400, 20))
        table = pl.DataFrame(values, [f"c{at}" for at in range(5000)])
        table.write_parquet(tmp_path / f"{name}.parquet")
    stages = told(tmp_path / "a.parquet", tmp_path / "b.parquet", joint=0)
    assert list(stages) == [("a.parquet", "rows"), ("b.parquet", "rows"), ("comparing", "columns")]
    assert stages["comparing", "columns"] == [(at, 5000) for at in range(1, 5001)]
    assert stages["a.parquet", "rows"][-1] == (400, 400)


def test_an_artifact_is_not_read_so_nothing_is_told_of_it(sides):
    bncli.fit(sides / "train.csv").save(sides / "train.json")
    stages = told(sides / "train.json", sides / "test.csv")
    assert list(stages) == [("test.csv", "rows"), ("comparing", "columns")]
