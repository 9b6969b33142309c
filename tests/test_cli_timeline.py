"""``shift --by-batch`` and ``--over ... --every`` as users call them: the program itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bncli(tmp_path) -> Run:
    """Run a command line in a folder of its own; keywords are variables of its environment."""

    def run(*args, stdin: str | None = None, **environment: str):
        return subprocess.run(
            [sys.executable, "-m", "bncli", *map(str, args)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"} | environment,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def flow(sample_data, tmp_path_factory) -> tuple[Path, Path]:
    """The water flow: its first 90 hours, and the rest."""
    folder = tmp_path_factory.mktemp("flow")
    rows = pl.read_parquet(sample_data / "water_flow_hourly.parquet")
    rows[:90].write_parquet(folder / "train.parquet")
    rows[90:].write_parquet(folder / "test.parquet")
    return folder / "train.parquet", folder / "test.parquet"


def slices(done: subprocess.CompletedProcess[str]) -> list[tuple[int, int]]:
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["timeline"]
    return [(cell["from"], cell["to"]) for cell in cells if cell["column"] == cells[0]["column"]]


def test_by_batch_takes_a_number_of_rows_and_stands_alone_for_8192(bncli, flow):
    expected = [(0, 499), (500, 999), (1000, 1177)]
    assert slices(bncli("shift", *flow, "--by-batch", 500, "--json")) == expected
    assert slices(bncli("shift", "--by-batch=500", *flow, "--json")) == expected
    assert slices(bncli("shift", "--by-batch", *flow, "--json")) == [(0, 1177)]


def test_a_file_of_defaults_can_ask_for_slices(bncli, flow, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.bncli.shift]\nby-batch = 600\n")
    assert slices(bncli("shift", *flow, "--json")) == [(0, 599), (600, 1177)]
    assert slices(bncli("shift", *flow, "--json", BNCLI_BY_BATCH="1000")) == [
        (0, 999),
        (1000, 1177),
    ]


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("colour", [{"NO_COLOR": "1"}, {}])
def test_the_map_fits_the_screen_and_reads_without_colour(bncli, flow, width, colour):
    done = bncli("shift", *flow, "--by-batch", 20, COLUMNS=str(width), **colour)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= width
    assert "\x1b" not in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("flow_l_s  █"))
    marks = row.split(maxsplit=1)[1].replace(" ", "")
    each = len(marks) // 59
    assert [at for at in range(59) if marks[at * each] == "█"] == [0, 6, 39]
    # The 20 rows from 440 on have a KS of 0.29, which chance brings once in ten times.
    since = "flow_l_s: major from row 460 on, major in rows 0-439; worst in rows 0-19\n"
    assert since in done.stdout


def test_where_blocks_cannot_be_written_letters_stand_for_them(bncli, flow):
    done = bncli("shift", *flow, "--by-batch", 20, COLUMNS="80", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "flow_l_s  #xxxxx#xx" in done.stdout


def test_the_gate_looks_at_the_whole_test_side_alone(bncli, sample_data):
    winter = sample_data / "weather_winter.parquet"
    options = ("--over", "time_hour", "--every", "1mo", "--columns", "temp", "--json", "-q")
    done = bncli("shift", winter, winter, *options, "--fail-on", "minor")
    record = json.loads(done.stdout)
    assert (done.returncode, record["verdict"]) == (0, "none")
    assert [cell["severity"] for cell in record["timeline"]] != ["none"] * 3


def test_text_that_holds_dates_is_a_time_in_csv_and_from_a_pipe(bncli, sample_data, tmp_path):
    rows = (sample_data / "employment_monthly.csv").read_text().splitlines(keepends=True)
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("".join(rows[:25]))
    test.write_text("".join([rows[0], *rows[25:]]))
    options = ("--over", "month", "--every", "1q", "--columns", "nonfarm*,construction", "--json")
    done = bncli("shift", train, test, *options)
    record = json.loads(done.stdout)
    assert len({cell["label"] for cell in record["timeline"]}) == 32
    onset = next(one for one in record["onsets"] if one["column"] == "construction")
    assert (onset["severity"], onset["label"], onset["to"]) == ("major", "2008-01", None)
    piped = bncli("shift", train, "-", "--format", "csv", *options, stdin=test.read_text())
    other = json.loads(piped.stdout)
    assert other["onsets"] == record["onsets"]
    for one, same in zip(record["timeline"], other["timeline"], strict=True):
        # Whole numbers of a pipe are read as floats: the last bits of a sum may differ.
        assert same.pop("measures") == pytest.approx(one.pop("measures"), rel=1e-9)
        assert same == one


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_column_that_is_no_time_is_bad_data_with_advice(bncli, sample_data):
    year = sample_data / "weather_year.parquet"
    assert told(bncli("shift", year, year, "--over", "origin", "--every", "1d", "-q")) == (
        3,
        "error: weather_year.parquet: column 'origin' holds text, such as 'EWR': "
        "no time to cut by\n"
        "  --over takes a date, a datetime, ISO text or whole numbers; it has 'time_hour'\n",
    )


def test_a_time_column_without_a_time_is_bad_data_with_advice(bncli, tmp_path):
    rows = pl.DataFrame({"x": [1.0, 2.5], "t": pl.Series([None, None], dtype=pl.Date)})
    rows.write_parquet(tmp_path / "empty.parquet")
    done = bncli("shift", "empty.parquet", "empty.parquet", "--over", "t", "--every", "1d")
    code, text = told(done)
    assert (code, text.splitlines()[0]) == (
        3,
        "error: empty.parquet: column 't' has no time in any row",
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--over", "time", "--every", "fortnight"), "--every fortnight is no length of time"),
        (("--over", "time", "--every", "1m"), "every 1m makes more than 1,000 slices"),
        (("--over", "time"), "--every is missing"),
        (("--every", "1d"), "--over is missing"),
        (("--by-batch", "0"), "'--by-batch': it should be greater than or equal to 1"),
        (("--by-batch", "1"), "1,178 rows make 1,178 slices of 1; at most 1,000 are compared"),
        (("--by-batch", "9", "--over", "time", "--every", "1d"), "in two ways"),
    ],
)
def test_wrong_usage_says_what_and_how_to_mend_it(bncli, flow, options, words):
    code, text = told(bncli("shift", *flow, *options))
    assert code == 2
    assert words in text
    assert text.count("\n") == 2


def test_an_artifact_has_no_rows_to_cut(bncli, flow):
    train, test = flow
    assert bncli("fit", train, "-q", "-o", "train.json").returncode == 0
    assert len(slices(bncli("shift", "train.json", test, "--by-batch", 600, "--json"))) == 2
    code, text = told(bncli("shift", test, "train.json", "--by-batch", 600))
    assert code == 2
    assert text.startswith("error: 'train.json' is an artifact: it holds no rows to cut")
