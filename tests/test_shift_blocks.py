"""``--block``: chance from permutations of whole blocks, where rows depend on their neighbours."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from conftest import ROOT
from scipy import signal

import bncli
from bncli.api.blocking import MOST_BLOCKS
from bncli.data.dataset import open_dataset
from bncli.engine.blocking import RowBlocks, count_blocks, time_blocks
from bncli.errors import DataError, UsageError
from bncli.report.html.provenance import provenance
from bncli.report.words import why_too_few
from bncli.shift import blocks
from bncli.shift.dealing import ROUND, Deals, dealt
from bncli.shift.distances import psi
from bncli.shift.model import Side
from bncli.shift.options import ShiftOptions
from bncli.stats.blocks import Cells
from bncli.stats.profile import Channel

pytestmark = pytest.mark.thorough


def autoregressive(rng: np.random.Generator, rows: int, keep: float = 0.9) -> np.ndarray:
    """A stationary series of mean 0 and sd 1 that keeps so much of each value in the next one."""
    steps = rng.normal(size=rows + 500) * np.sqrt(1 - keep**2)
    return signal.lfilter([1], [1, -keep], steps)[500:]


def series(seed: int, rows: int, moved: float = 0.0, columns: int = 5) -> pl.DataFrame:
    rng = np.random.default_rng([seed, rows])
    found = {f"x{at}": autoregressive(rng, rows) for at in range(columns)}
    return pl.DataFrame(found | {"x0": found["x0"] + moved})


SEEDS = range(20)


def both_ways(seed: int, moved: float = 0.0):
    """The report that takes rows for independent, and the one with blocks of 100 rows."""
    sides = series(seed, 2000), series(seed + 900, 2001, moved)
    return bncli.shift(*sides, joint=0), bncli.shift(*sides, block=100, joint=0)


@pytest.fixture(scope="module")
def stationary():
    return [both_ways(seed) for seed in SEEDS]


def test_where_nothing_moved_rows_cry_shift_and_blocks_do_not(stationary):
    by_rows = sum(report.verdict == "none" for report, _ in stationary)
    by_blocks = sum(report.verdict == "none" for _, report in stationary)
    assert by_rows <= 4  # of 20 runs over 5 columns each
    assert by_blocks >= 18


@pytest.mark.parametrize("name", ["ks_block_p", "psi_block_p"])
def test_p_values_of_blocks_hold_their_level(stationary, name):
    p = np.array([one.measures[name] for _, report in stationary for one in report.columns])
    # Of 100 columns: three standard errors above the stated levels.
    assert (p <= 0.05).sum() <= 11
    assert (p <= 0.2).sum() <= 32
    assert p.mean() > 0.4
    by_row = np.array([one.measures["ks_p"] for report, _ in stationary for one in report.columns])
    assert (by_row <= 0.05).mean() > 0.5


def test_a_series_that_really_moved_is_found_by_blocks_too():
    found = [both_ways(seed, moved=1.0)[1] for seed in range(8)]
    moved = [{one.name for one in report.columns if one.severity != "none"} for report in found]
    assert sum("x0" in names for names in moved) >= 7
    assert sum(map(len, moved)) <= 10


def test_missing_rows_that_come_in_runs_are_judged_by_blocks():
    rng = np.random.default_rng(4)

    def outages(rows: int) -> pl.DataFrame:
        gone = np.repeat(rng.random(rows // 50) < 0.2, 50)
        return pl.DataFrame({"x": np.where(gone, np.nan, rng.normal(size=rows))})

    verdicts = []
    for _ in range(10):
        sides = outages(2000), outages(1500)
        reports = bncli.shift(*sides, joint=0), bncli.shift(*sides, block=50, joint=0)
        verdicts.append([report.columns[0].severity for report in reports])
    by_rows, by_blocks = zip(*verdicts, strict=True)
    assert sum(one != "none" for one in by_rows) >= 4
    assert sum(one != "none" for one in by_blocks) <= 1


# What is counted


@pytest.fixture
def table() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    rows = 1001
    return pl.DataFrame(
        {
            "float": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "null": pl.Series(rng.normal(size=rows)).set(pl.Series(rng.random(rows) < 0.1), None),
            "int": rng.integers(2**62, 2**62 + 5000, rows),
            "word": pl.Series(rng.choice(["a", "b", "c"], rows)).set(
                pl.Series(rng.random(rows) < 0.2), None
            ),
            "flag": rng.random(rows) < 0.3,
            "image": pl.Series(rng.normal(size=(rows, 2, 3)), dtype=pl.Array(pl.Float64, (2, 3))),
            "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2022, 9, 27), eager=True),
        }
    )


def counted(table: pl.DataFrame, one: Cells, size: int = 64) -> np.ndarray:
    cut = RowBlocks(size, table.height)
    (found,) = count_blocks(open_dataset(table), cut, [one], table.height)
    assert found.shape == (-(-table.height // size), one.width + 1)
    return found


@pytest.mark.parametrize("name", ["float", "null"])
def test_values_are_counted_by_block_and_cell_and_missing_ones_last(table, name):
    edges = np.array([-1.0, 0.0, 0.5])
    found = counted(table, Cells(name, name, Channel(name), edges))
    values = table[name].fill_null(np.nan).to_numpy()
    for block, rows in enumerate(found):
        own = values[block * 64 : block * 64 + 64]
        expected = np.histogram(own[~np.isnan(own)], [-np.inf, *np.nextafter(edges, 9), np.inf])[0]
        assert [*rows] == [*expected, np.isnan(own).sum()]


def test_large_whole_numbers_texts_truth_values_and_times_are_counted(table):
    edges = np.array([2.0**62 + 1024, 2.0**62 + 3072])
    number = counted(table, Cells("int", "int", Channel("int", type="Int64"), edges))
    values = table["int"].cast(pl.Float64)  # as sketches have them
    below = [int((values <= edge).sum()) for edge in edges]
    assert number.sum(axis=0).tolist() == [below[0], below[1] - below[0], 1001 - below[1], 0]
    words = counted(table, Cells("word", "word", values=("a", "c"))).sum(axis=0)
    assert words.tolist() == [
        *((table["word"] == word).sum() for word in ("a", "c", "b")),
        table["word"].null_count(),
    ]
    flags = counted(table, Cells("flag", "flag", values=("false", "true"))).sum(axis=0)
    assert flags.tolist() == [(~table["flag"]).sum(), table["flag"].sum(), 0, 0]
    assert counted(table, Cells("day", "day"))[0].tolist() == [64, 0]


def test_a_tensors_channel_is_counted_by_value(table):
    first = Channel("image", 0, layout="CHW:2x3x1")
    found = counted(table, Cells("image[0]", "image", first, np.zeros(1)))
    values = table["image"].to_numpy()[:64, 0].reshape(-1)
    assert found[0].tolist() == [(values <= 0).sum(), (values > 0).sum(), 0]


def test_data_that_grew_in_between_is_told(table):
    cells = [Cells("day", "day")]
    with pytest.raises(DataError, match="had 900 rows when it was read first, and has 1,001"):
        count_blocks(open_dataset(table), RowBlocks(64, 900), cells, 900)


def test_blocks_of_time_need_no_order_and_leave_out_rows_without_a_time(table):
    cells = [Cells("flag", "flag", values=("false", "true"))]
    shuffled = table.sample(fraction=1.0, shuffle=True, seed=3)
    found = []
    for frame in (table, shuffled):
        cut = time_blocks(open_dataset(frame), "day", "1mo")
        assert cut.count == 33
        (counts,) = count_blocks(open_dataset(frame), cut, cells, frame.height)
        found.append(counts)
    assert (found[0] == found[1]).all()
    assert found[0].sum(axis=1)[:3].tolist() == [31, 29, 31]
    holes = table.with_columns(pl.when(pl.col("flag")).then(None).otherwise("day").alias("day"))
    cut = time_blocks(open_dataset(holes), "day", "1mo")
    (counts,) = count_blocks(open_dataset(holes), cut, cells, holes.height)
    assert cut.outside == table["flag"].sum() == table.height - counts.sum()
    joined = cut.joined(4)
    assert joined.count == 9
    (fewer,) = count_blocks(open_dataset(holes), joined, cells, holes.height)
    assert (fewer[0] == counts[:4].sum(axis=0)).all()


# The statistics, and their p


def profile_side(frame: pl.DataFrame) -> Side:
    fitted = bncli.fit(frame, joint=0)
    return Side("side", fitted.profile.rows, fitted.profile)


def observed(column: blocks.Ruled, sides: tuple[pl.DataFrame, pl.DataFrame]) -> dict[str, float]:
    """Every statistic as dealing sees it, of the sides as they are."""
    sums = [
        count_blocks(open_dataset(side), RowBlocks(50, side.height), [column.cells], side.height)[0]
        .sum(axis=0, keepdims=True)
        .astype(float)
        for side in sides
    ]
    found = blocks._statistics(column, 1e-4)(*sums)
    return {name: float(one[0]) for name, one in found.items()}


def test_the_statistics_are_those_of_the_report():
    rng = np.random.default_rng(8)
    words = [f"w{at}" for at in range(30)]
    sides = tuple(
        pl.DataFrame(
            {
                "few": rng.integers(0, 40 + at, 900 + at),
                "many": rng.normal(at / 5, size=900 + at),
                "word": rng.choice(words[at:], 900 + at, p=None),
            }
        )
        for at in (0, 1)
    )
    pair = tuple(map(profile_side, sides))
    report = bncli.shift(*sides, joint=0)
    measures = {one.name: one.measures for one in report.columns}
    for column in blocks.ruled(*pair, ShiftOptions()):
        found, name = observed(column, sides), column.cells.label
        assert found["binned"] == pytest.approx(measures[name]["psi"], rel=1e-12)
        assert found["missing"] == 0.0
        if name == "word":
            assert found["distribution"] == pytest.approx(measures[name]["cramers_v"], rel=1e-12)
            expected = measures[name]["unseen"] - measures[name]["unseen_expected"]
            assert found["unseen"] == pytest.approx(max(0.0, expected))
        elif name == "few":  # every value has a cell of its own
            assert found["distribution"] == pytest.approx(measures[name]["ks"], rel=1e-12)
        else:  # at the edges of some 137 cells
            assert found["distribution"] <= measures[name]["ks"] + 1e-12
            assert found["distribution"] == pytest.approx(measures[name]["ks"], abs=2 / 128)


def test_the_p_value_is_the_share_of_all_ways_to_deal_the_blocks():
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 30, (7, 5)).astype(float)
    deals = Deals((3, 4), seed=0)

    def statistics(ours, theirs):
        p, q = (side / side.sum(axis=1, keepdims=True) for side in (ours, theirs))
        return {"psi": np.array([psi(*pair) for pair in zip(p, q, strict=True)])}

    every = [
        statistics(counts[[*own]].sum(0, keepdims=True), np.delete(counts, own, 0).sum(0)[None])
        for own in itertools.combinations(range(7), 3)
    ]
    values = np.array([one["psi"][0] for one in every])
    exact = np.mean(values >= values[0] * (1 - 1e-9))
    found = dealt(counts, statistics, deals, 20_000)["psi"]
    error = 4 * np.sqrt(exact * (1 - exact) / found.drawn.size)
    assert found.p == pytest.approx(exact, abs=error + 1 / found.drawn.size)
    assert set(np.round(found.drawn, 9)) <= set(np.round(values, 9))
    assert deals.smallest_p == pytest.approx(1 / 35)


def test_drawing_stops_once_chance_plainly_explains_it():
    counts = np.ones((40, 2))
    flat = dealt(counts, lambda ours, _: {"same": np.ones(len(ours))}, Deals((20, 20), 0), 5000)
    assert (flat["same"].p, flat["same"].drawn.size) == (1.0, 2 * ROUND)


def test_rounding_is_no_shift_for_blocks_either():
    rng = np.random.default_rng(0)
    celsius = np.round(rng.normal(20, 5, 4000), 1)
    back = ((celsius * 9 / 5 + 32) - 32) * 5 / 9
    report = bncli.shift(
        pl.DataFrame({"t": celsius[:2000]}), pl.DataFrame({"t": back[2000:]}), block=50
    )
    assert report.columns[0].measures["ks_block_p"] > 0.05


def test_blocks_that_are_too_short_are_told():
    sides = series(3, 3000, columns=1), series(4, 3000, columns=1)
    (short,) = bncli.shift(*sides, block=5).columns
    (long,) = bncli.shift(*sides, block=150).columns
    assert "neighbouring blocks are alike" in " ".join(short.measured.cautions)
    assert long.measured.cautions == ()


def test_so_few_blocks_that_nothing_can_be_told_are_called_too_few():
    sides = series(3, 400, columns=2), series(4, 400, moved=9.0, columns=2)
    report = bncli.shift(*sides, block=200)
    assert report.verdict == "none"
    assert all(one.too_few_rows for one in report.columns)
    assert {one.measured.min_detectable["ks"] for one in report.columns} == {1.0}
    assert why_too_few(report.columns[0], report).startswith("the smallest that 2 and 2 blocks can")
    enough = bncli.shift(*sides, block=40)
    assert enough.verdict == "major"
    (found,) = (one for one in enough.columns if one.name == "x0")
    assert 0.2 < found.measured.min_detectable["ks"] < 0.9


def test_more_blocks_than_are_kept_are_joined_on_both_sides_alike():
    rows = 3 * MOST_BLOCKS + 1
    report = bncli.shift(series(0, rows, columns=1), series(1, 1000, columns=1), block=1)
    assert report.blocks.joined == 4
    assert report.blocks.blocks == (-(-rows // 4), 250)


# As users call it


def run(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bncli", "shift", *map(str, args)],
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=ROOT / "sample_data",
    )


SEASONS = ("weather_winter.parquet", "weather_summer.parquet")


def test_the_report_says_where_its_p_values_come_from_the_same_on_any_threads(tmp_path):
    args = (*SEASONS, "--block", "1w", "--over", "time_hour", "--columns", "temp,humid,origin")
    files = "--html", tmp_path / "a.html", "--markdown", tmp_path / "a.md"
    one = run(*args, "--threads", 1, "--json", *files)
    assert (one.returncode, one.stderr) == (0, f"report kept in {files[1]}, {files[3]}\n")
    assert run(*args, "--threads", 2, "--json").stdout == one.stdout
    said = json.loads(one.stdout)
    assert said["options"]["block"] == {
        "asked": "1w",
        "over": "time_hour",
        "joined": 1,
        "blocks": [14, 14],
        "rows_outside": [0, 0],
        "permutations": 2000,
    }
    temp = next(column for column in said["columns"] if column["name"] == "temp")
    assert temp["severity"] == "major"
    assert temp["measures"]["ks_p"] == 0.0  # rows taken for independent
    assert temp["measures"]["ks_block_p"] == pytest.approx(1 / 2001)
    words = "permutations of whole blocks of 1w of 'time_hour', 14 in training and 14 in test"
    for file in ("a.html", "a.md"):
        text = (tmp_path / file).read_text(encoding="utf-8").replace("&#39;", "'")
        assert words in text
    shown = " ".join(run(*args).stdout.split())
    assert words in shown
    assert "independent rows" not in shown


def test_without_blocks_nothing_is_said_of_them():
    report = bncli.shift(*(ROOT / "sample_data" / name for name in SEASONS), columns="temp")
    assert report.blocks is None
    assert "ks_block_p" not in report.columns[0].measures
    assert "p-values assume independent rows" in dict(provenance(report))["chance"]


def test_odd_against_even_days_of_weather_moved_by_no_block():
    """A negative control of the sample data: without blocks its p-values are too small."""
    winter = pl.read_parquet(ROOT / "sample_data" / SEASONS[0]).drop("month", "hour")
    odd = pl.col("time_hour").dt.day() % 2 == 1
    sides = winter.filter(odd), winter.filter(~odd)
    assert bncli.shift(*sides).verdict == "minor"
    assert bncli.shift(*sides, block="1d", over="time_hour").verdict == "none"


@pytest.mark.parametrize("place", [0, 1])
def test_an_artifact_has_no_rows_to_permute_and_is_refused_by_name(tmp_path, sample_data, place):
    bncli.fit(sample_data / "penguins.parquet").save(tmp_path / "stats.json")
    sides = [sample_data / "penguins.parquet"] * 2
    sides[place] = tmp_path / "stats.json"
    done = run(*sides, "--block", 10)
    assert done.returncode == 2
    assert done.stderr == (
        "error: 'stats.json' is an artifact: it holds no rows whose blocks could be permuted\n"
        "  give the data of both sides\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--block", "0"], "blocks of 0 rows are none"),
        (["--block", "weekly"], "is neither a number of rows nor a length of time"),
        (["--block", "1w"], "is a length of time: of which column?"),
        (["--block", "100", "--over", "time_hour"], "--every is missing"),
        (["--block", "1x", "--over", "time_hour"], "is no length of time"),
        (["--block", "1w", "--over", "origin"], "no time to cut by"),
    ],
)
def test_a_block_that_cannot_be_meant_is_refused(options, said):
    done = run(*SEASONS, *options)
    assert done.returncode in (2, 3)
    assert said in done.stderr


def test_a_pipe_that_can_be_read_once_only_is_refused(sample_data):
    options = ["-", "penguins.csv", "--format", "csv", "--block", "9"]
    done = subprocess.run(
        [sys.executable, "-m", "bncli", "shift", *options],
        input=b"a\n1\n",
        capture_output=True,
        cwd=sample_data,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 2
    assert b"standard input can be read only once, and --block reads the data twice" in done.stderr


def test_slices_and_groups_say_that_theirs_are_p_values_of_rows(sample_data):
    frame = pl.read_parquet(sample_data / "water_flow_hourly.parquet")
    sides = [
        part.with_columns(half=pl.int_range(pl.len()) % 2) for part in (frame[:90], frame[90:])
    ]
    by_batch = bncli.shift(*sides, block=6, by_batch=300).timeline
    by_group = bncli.shift(*sides, block=6, by="half").groups
    for part in (by_batch, by_group):
        assert "--block is for the whole" in " ".join(part.notes)


def test_the_verb_checks_a_block_before_it_reads():
    with pytest.raises(UsageError, match="neither a number"):
        bncli.shift("nothing.csv", "nothing.csv", block="1.5")


def test_a_constant_and_an_emptied_column_stay_what_they_were():
    rng = np.random.default_rng(0)
    train = pl.DataFrame({"same": np.ones(400), "gone": rng.normal(size=400)})
    test = pl.DataFrame(
        {"same": np.ones(400) + (rng.random(400) < 0.5), "gone": np.full(400, np.nan)}
    )
    found = {one.name: one for one in bncli.shift(train, test, block=20).columns}
    assert found["same"].severity == "major"
    assert found["gone"].severity == "major"
    assert found["gone"].measures["missing_block_p"] < 0.01
