"""The benchmark's figures: measured right, reckoned right, of equal work, on the data meant."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from bench.checks import CHECKS, Result
from bench.growth import exponent
from bench.jobs import JOBS
from bench.markdown import caveats, failures, goals_table, job_table
from bench.measuring import Command, Failed, measure
from bench.model import Entry, Goal, Growth, Job, Run
from bench.records import job_record
from bench.running import Settings, run_job
from bench.tables import DTYPES, Table
from markdown_cells import body
from scipy.stats import ks_2samp

ROOT = Path(__file__).resolve().parent.parent

# --- one process -----------------------------------------------------------------------------


def python(code, folder):
    return Command([sys.executable, "-c", code], os.environ, folder)


def test_the_peak_is_the_processes_own_and_not_of_who_started_it(tmp_path):
    ours = bytearray(300_000_000)
    small = measure(python("pass", tmp_path), tmp_path / "out", 60)
    large = measure(python("bytearray(b'x') * 100_000_000", tmp_path), tmp_path / "out", 60)
    assert small.peak < 60 < len(ours) / 1e6
    assert 100 < large.peak < 160


def test_cpu_time_counts_the_children_of_a_process(tmp_path):
    work = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    run = measure(python(code, tmp_path), tmp_path / "out", 60)
    assert run.cpu > 0.3


def test_what_a_process_prints_is_kept(tmp_path):
    measure(python("print('found')", tmp_path), tmp_path / "out", 60)
    assert (tmp_path / "out").read_text() == "found\n"


def test_a_failing_process_says_why(tmp_path):
    code = "import sys; sys.exit('ValueError: no such thing\\nbye')"
    with pytest.raises(Failed, match=r"^ended with 1: ValueError: no such thing$"):
        measure(python(code, tmp_path), tmp_path / "out", 60)


def test_a_stopwatch_that_is_ended_from_outside_is_told(tmp_path):
    with pytest.raises(Failed, match=r"^was cut short: its stopwatch ended with -9$"):
        measure(python("import os; os.kill(os.getppid(), 9)", tmp_path), tmp_path / "out", 60)


def test_a_process_that_takes_too_long_is_ended_with_its_children(tmp_path):
    child = "import pathlib, time; time.sleep(1.5); pathlib.Path('alive').touch()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(Failed, match=r"took longer than 0\.5 s"):
        measure(python(code, tmp_path), tmp_path / "out", 0.5)
    time.sleep(2)
    assert not (tmp_path / "alive").exists()


# --- turns -----------------------------------------------------------------------------------

TWO = Job("two", "Two", {}, {"bncli a": "bncli a", "polars b": "polars b"})


def taking(seconds, asked):
    """Instead of measuring: the figures come from a list for every program."""

    def run(command, output, timeout_s):
        name = Path(command.words[0]).name if "bncli" in command.words[0] else "polars"
        asked.append(name)
        output.touch()
        return Run(seconds[name].pop(0), 1.0, 1.0)

    return run


def test_contenders_take_turns_and_the_first_round_does_not_count(tmp_path):
    asked = []
    seconds = {"bncli": [9.0, 1.0, 2.0], "polars": [9.0, 3.0, 4.0]}
    entries = run_job(TWO, Settings(tmp_path, runs=2), taking(seconds, asked))
    assert asked == ["bncli", "polars"] * 3
    assert [[run.wall for run in entry.runs] for entry in entries] == [[1.0, 2.0], [3.0, 4.0]]


def test_who_has_taken_too_long_takes_no_further_turn(tmp_path):
    asked = []
    seconds = {"bncli": [1.0] * 4, "polars": [60.0, 50.0]}
    entries = run_job(TWO, Settings(tmp_path, runs=3, patience_s=100), taking(seconds, asked))
    assert [[run.wall for run in entry.runs] for entry in entries] == [[1.0] * 3, [50.0]]


def test_a_single_run_counts_where_it_is_the_only_one(tmp_path):
    seconds = {"bncli": [1.0], "polars": [60.0]}
    entries = run_job(replace(TWO, once=True), Settings(tmp_path), taking(seconds, []))
    assert [[run.wall for run in entry.runs] for entry in entries] == [[1.0], [60.0]]


# --- figures ---------------------------------------------------------------------------------


def entry(label, *walls):
    return Entry(label, "", [Run(wall, wall / 2, 100.0) for wall in walls])


@pytest.mark.parametrize("power", [0.5, 1.0, 1.07, 2.0])
def test_the_exponent_of_a_power_law_is_found(power):
    sizes = [2**k for k in range(7)]
    assert exponent(sizes, [0.3 * size**power for size in sizes]) == pytest.approx(power, rel=1e-12)


def test_the_exponent_is_that_of_the_least_squares_line():
    sizes, times = [1, 3, 10, 40], [1.0, 2.5, 11.0, 39.0]
    slope, _ = np.polyfit(np.log(sizes), np.log(times), 1)
    assert exponent(sizes, times) == pytest.approx(slope, rel=1e-12)


def test_growth_is_fitted_to_what_is_left_when_starting_up_is_taken_off():
    sizes = {f"of {size}": size for size in (1, 2, 4, 8)}
    job = Job("g", "G", {}, {}, growth=Growth(sizes, "start"))
    walls = [entry(label, 0.5 + 0.1 * size) for label, size in sizes.items()]
    growth = job_record(job, [entry("start", 0.5), *walls], "", 1.0)["growth"]
    assert growth["measured"] == pytest.approx({"wall": 1.0, "cpu": 1.0})
    assert growth["with_start"]["wall"] < 0.5


@pytest.mark.parametrize("missing", ["not run", "no slower than the start"])
def test_growth_without_all_its_sizes_is_not_measured(missing):
    job = Job("g", "G", {}, {}, growth=Growth({"a": 1, "b": 2, "c": 4}, "start"))
    entries = [entry("start", 0.5), entry("a", 0.4), entry("b", 1.0), entry("c", 2.0)]
    kept = entries[:-1] if missing == "not run" else entries
    record = job_record(job, kept, "", 1.0)
    assert record["growth"]["measured"] == {}
    assert body(goals_table({"g": record}))[0][-1] == "not measured"


def test_ratios_are_of_medians():
    job = Job("r", "R", {}, {}, goals=(Goal("ours", 1.1, "theirs"),))
    entries = [entry("theirs", 1.0, 2.0, 9.0), entry("ours", 0.5, 3.0, 100.0)]
    record = job_record(job, entries, "", 1.0)
    assert record["goals"][0]["measured"] == {"wall": 1.5, "cpu": 1.5}
    assert body(job_table(record).split("\n\n")[0])[1][1:5] == [
        *("3.00 (0.50 to 100.00)", "1.50", "1.50", "1.50"),
    ]


@pytest.mark.parametrize(
    ("wall", "cpu", "reached"),
    [(1.0, 1.1, "yes"), (1.0, 1.2, "wall only"), (1.2, 1.0, "CPU only"), (1.2, 1.2, "**no**")],
)
def test_a_goal_is_reached_by_both_times_or_by_one(wall, cpu, reached):
    job = Job("r", "R", {}, {}, goals=(Goal("ours", 1.1, "theirs"),))
    entries = [
        Entry("theirs", "", [Run(1.0, 1.0, 1.0)]),
        Entry("ours", "", [Run(wall, cpu, 1.0)]),
    ]
    (row,) = body(goals_table({"r": job_record(job, entries, "", 1.0)}))
    assert row[-1] == reached


@pytest.mark.parametrize(
    ("scale", "load", "told"),
    [(1.0, 2.0, []), (0.1, 2.0, ["fewer rows"]), (0.1, 9.0, ["fewer rows", "busy"])],
)
def test_figures_that_are_not_to_be_trusted_yet_say_so(scale, load, told):
    record = job_record(JOBS["fit"], [], "", scale, load)
    found = caveats({"fit": record}, cores=2)
    assert len(found) == len(told)
    assert all(word in text and "fit" in text for word, text in zip(told, found, strict=True))


# --- checks ----------------------------------------------------------------------------------


def printed(folder, **texts):
    """Results that were printed, by label; labels with _ for blanks."""
    for label, text in texts.items():
        (folder / label).write_text(text)
    return {label.replace("_", " "): Result(folder / label, None) for label in texts}


def test_other_moments_are_told(tmp_path):
    results = printed(
        tmp_path,
        polars='{"a": {"mean": 1.0, "variance": 4.0}}',
        bncli_fit='{"channels": [{"feature": "a", "mean": 1.0, "variance": 4.0}]}',
        decode="",
        close='{"a": {"mean": 1.0, "variance": 4.00000001}}',
        far='{"a": {"mean": 1.1, "variance": 4.0}}',
        elsewhere='{"b": {"mean": 1.0, "variance": 4.0}}',
    )
    assert CHECKS["moments"](results, 1e-6) == {
        "polars": "the same",
        "bncli fit": "reference",
        "close": "to 2e-09",
        "far": "DIFFERS by 5e-02",
        "elsewhere": "DIFFERS",
    }


def test_other_bytes_are_told(tmp_path):
    results = printed(tmp_path, bncli="1", bncli_again="1", bncli_odd="2")
    found = CHECKS["bytes"](results, 0)
    assert list(found.values()) == ["reference", "the same", "DIFFERS"]


def test_other_shifts_are_told(tmp_path):
    ours = {"name": "a", "severity": "major", "measures": {"ks": 0.25, "w1_sd": 0.5}}
    results = printed(
        tmp_path,
        bncli=json.dumps({"format": "bncli.shift", "columns": [ours]}),
        close='{"a": {"ks": 0.26, "shifted": true}}',
        far='{"a": {"w1_sd": 0.6, "shifted": true}}',
        missed='{"a": {"ks": 0.25, "shifted": false}}',
    )
    found = CHECKS["shift"](results, 0.02)
    assert list(found.values()) == ["reference", "to 1e-02", "DIFFERS by 1e-01", "DIFFERS"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, None, 3.0], "the same"),
        ([1.0, float("nan"), 3.0], "the same"),
        ([1.0, None, 3.5], "DIFFERS by 5e-01"),
        ([1.0, 2.0, 3.0], "DIFFERS"),
        ([1.0, None], "DIFFERS"),
    ],
)
def test_other_rows_are_told(tmp_path, values, said):
    results = {}
    for label, column in (("bncli", [1.0, None, 3.0]), ("other", values)):
        path = tmp_path / f"{label}.parquet"
        pl.DataFrame({"a": column}).write_parquet(path)
        results[label] = Result(path, path)
    assert CHECKS["rows"](results, 1e-9)["other"] == said


def test_a_contender_that_differs_fails_the_run(tmp_path):
    odd = Entry("polars", "", [Run(1.0, 1.0, 1.0)], agrees="DIFFERS by 5e-02")
    record = job_record(JOBS["fit"], [odd], "", 1.0)
    assert failures({"fit": record}) == ["fit: polars: its result DIFFERS by 5e-02"]


# --- data ------------------------------------------------------------------------------------


def test_a_table_is_made_of_its_name_alone_and_a_longer_one_begins_with_it(tmp_path):
    short, long = Table(1000, 6, row_group=400), Table(1500, 6, row_group=400)
    first, again = (short.written(tmp_path / name) for name in folders(tmp_path, "a", "b"))
    assert first.read_bytes() == again.read_bytes()
    assert pq.read_table(long.written(tmp_path / "a")).slice(0, 1000).equals(pq.read_table(first))
    assert first.name != long.name
    assert pq.ParquetFile(first).metadata.num_row_groups == 3


def folders(path, *names):
    for name in names:
        (path / name).mkdir()
    return names


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_have_the_type_that_is_asked_for_and_the_first_ones_miss_values(tmp_path, dtype):
    table = pq.read_table(Table(2000, 8, dtype, with_missing=3).written(tmp_path))
    types = [str(field.type).split("128")[0] for field in table.schema]
    assert set(types[1:]) == {{"float64": "double", "float32": "float"}.get(dtype, dtype)}
    shares = [column.null_count / 2000 for column in table.columns]
    assert all(0.03 < share < 0.07 for share in shares[:3])
    assert shares[3:] == [0.0] * 5


def test_a_moved_table_has_moved_where_it_says_so(tmp_path):
    before, after = (pl.read_parquet(Table(20_000, moved=m).written(tmp_path)) for m in (0, 1))
    distances = [ks_2samp(before[c].drop_nulls(), after[c].drop_nulls()) for c in before.columns]
    moved = {index for index, each in enumerate(distances) if each.statistic > 0.05}
    assert moved == {index for index in range(20) if index % 5 in (1, 3)}


def test_scaling_keeps_one_row_group_one():
    assert Table(1000, row_group=1000).scaled(0.5) == Table(500, row_group=500)
    assert Table(10_000_000).scaled(0.1) == Table(1_000_000)
