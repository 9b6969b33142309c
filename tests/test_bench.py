"""The benchmark's harness: jobs that run, figures that are right, tables that can be read."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import runpy
import socket
import string
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bench import __main__ as command_line
from bench.checks import CHECKS
from bench.jobs import JOBS
from bench.machine import machine
from bench.markdown import failures, goals_table, job_table, replaced
from bench.model import Job, Run
from bench.programs import PEERS, PROGRAMS, Program
from bench.records import job_record
from bench.running import Settings, run_job
from markdown_cells import body

from bncli.cli import app
from bncli.cli.process import Process

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
# Every table has its fewest rows.
TINY = 1e-9


# --- the jobs --------------------------------------------------------------------------------


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_what_a_job_names_is_there(job):
    files = {*job.data, "tmp", "out"}
    for line in (*job.contenders.values(), *job.before):
        assert line.split()[0] in PROGRAMS
        assert {name for _, name, _, _ in string.Formatter().parse(line) if name} <= files
    asked = {label for goal in job.goals for label in (goal.contender, goal.of) if label}
    grown = {*job.growth.sizes, job.growth.start} if job.growth else set()
    assert asked | grown <= set(job.contenders)
    assert job.check in {None, *CHECKS}


@pytest.fixture
def in_process(monkeypatch, capfd):
    """Runs a command here instead of in a process of its own, which takes a tenth of the time."""
    monkeypatch.syspath_prepend(PEERS)

    def run(command, output, timeout_s):
        monkeypatch.chdir(command.folder)
        words = [word for word in command.words if word not in ("-m", sys.executable)]
        program, arguments = words[0], words[1:]
        if Path(program).name == "bncli":
            code = app.run(Process(), arguments)
            printed, said = capfd.readouterr()
            assert code == 0, said
        else:
            printed = script(program, arguments)
        output.write_text(printed)
        return Run(1.0, 1.0, 1.0)

    def script(path, arguments):
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
            runpy.run_path(path, run_name="__main__")
        return printed.getvalue()

    return run


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_every_job_runs_and_all_find_the_same(job, cache, in_process):
    entries = run_job(narrow(job), Settings(cache, scale=TINY, runs=0), in_process)
    absent = {entry.label: entry.absent for entry in entries if entry.absent}
    assert set(absent) == {label for label, line in job.contenders.items() if has_packages(line)}
    assert set(absent.values()) <= {"not installed (--peers installs it)"}
    record = job_record(job, entries, "the command", TINY)
    assert failures({job.name: record}) == []
    if job.check:
        assert "reference" in {entry.agrees for entry in entries}
    assert len(body(job_table(record).split("\n\n")[0])) == len(job.contenders)
    body(goals_table({job.name: record}))


def narrow(job):
    """With 30 columns at most: a width of 5,000 is for those who wait for a benchmark."""
    return replace(job, data={name: thin(each) for name, each in job.data.items()})


def thin(data):
    return replace(data, columns=min(30, data.columns))


def has_packages(line):
    return bool(PROGRAMS[line.split()[0]].packages)


@pytest.mark.skipif("BNCLI_BENCH_CACHE" not in os.environ, reason="takes minutes: see CONTRIBUTING")
@pytest.mark.parametrize("job", JOBS.values(), ids=list(JOBS))
def test_every_peer_that_is_installed_finds_the_same(job):
    settings = Settings(Path(os.environ["BNCLI_BENCH_CACHE"]), scale=0.002, runs=0)
    record = job_record(job, run_job(narrow(job), settings), "", settings.scale)
    assert {e["absent"] for e in record["entries"]} <= {"", "not installed (--peers installs it)"}
    assert failures({job.name: record}) == []


# --- from the command line, in processes of their own ------------------------------------------


@pytest.fixture
def bench(tmp_path, capfd):
    """The command line on tiny data; gives the exit code, standard output and standard error."""

    def run(*words):
        given = ["--cache", str(tmp_path / "cache"), "--json", str(tmp_path / "kept.json"), *words]
        return command_line.main(given), *capfd.readouterr()

    return run


def test_a_run_prints_tables_keeps_json_and_renews_a_page(bench, tmp_path):
    page = tmp_path / "page.md"
    places = "".join(f"<!-- bench: {name} -->old<!-- end -->\n" for name in places_of_a_page())
    page.write_text(f"Before.\n{places}After.\n")
    code, out, err = bench(
        "--only", "start", "--runs", "1", "--scale", "1e-9", "--write", str(page)
    )
    assert (code, err) == (0, "start: round 1 of 2\nstart: round 2 of 2\n")
    report = json.loads((tmp_path / "kept.json").read_text())
    assert (report["format"], report["version"]) == ("bncli.bench", 1)
    assert report["machine"].keys() == {"processor", "cores", "memory_gib", "system", "python"}
    (job,) = report["jobs"].values()
    assert job["command"] == "python3 dev bench --only start --runs 1 --scale 1e-09"
    for entry in job["entries"]:
        (run,) = entry["runs"]
        assert run == entry["median"]
        assert all(run[figure] > 0 for figure in ("wall", "cpu", "peak"))
    assert [goal["of"] for goal in job["goals"]] == [job["entries"][0]["label"]] * 2
    written = page.read_text()
    assert written.startswith("Before.\n")
    assert written.endswith("After.\n")
    assert job_table(job) in written
    assert job_table(job) in out
    assert "old" not in written
    assert socket.gethostname() not in written + out + (tmp_path / "kept.json").read_text()


def places_of_a_page():
    return ("machine", "goals", *JOBS)


def test_a_job_that_is_run_again_replaces_its_own_results_only(bench, tmp_path):
    store = tmp_path / "kept.json"
    other = {"title": "t", "command": "c", "scale": 1, "load": 0, "entries": [], "goals": []}
    other["growth"] = None
    jobs = {"fit": other, "start": other}
    store.write_text(json.dumps({"machine": machine(), "jobs": jobs}))
    bench("--only", "start", "--runs", "0", "--scale", "1e-9")
    kept = json.loads(store.read_text())["jobs"]
    assert kept["fit"] == other
    assert kept["start"] != other


def test_figures_of_another_machine_are_not_mixed_in(bench, tmp_path):
    store = tmp_path / "kept.json"
    store.write_text(json.dumps({"machine": {**machine(), "cores": 999}, "jobs": {"fit": {}}}))
    bench("--only", "start", "--runs", "0", "--scale", "1e-9")
    assert list(json.loads(store.read_text())["jobs"]) == ["start"]


def test_a_peer_that_cannot_run_is_named_with_the_reason_and_harms_nobody(bench, monkeypatch):
    monkeypatch.setitem(PROGRAMS, "typer", Program("no_such_script.py", shown=("typer",)))
    code, out, _ = bench("--only", "start", "--runs", "0", "--scale", "1e-9")
    assert code == 0
    assert re.search(r"\| typer: .* \| ended with 2: .*no_such_script.py.* \|", out)
    assert "| start | bncli --help | typer: --help of a hello-world application | 1.20 |" in out
    assert out.count("not measured |") == 2


def test_bncli_that_fails_fails_the_run(bench, monkeypatch):
    job = Job("broken", "Broken", {}, {"bncli": "bncli fit nowhere.parquet"})
    monkeypatch.setitem(JOBS, "broken", job)
    code, _, err = bench("--only", "broken", "--runs", "0")
    assert code == 1
    assert "broken: bncli ended with 3: error: " in err


def test_a_name_that_no_job_has_is_refused(bench):
    with pytest.raises(SystemExit, match="no job fitt; there are fit, "):
        bench("--only", "fit,fitt")


def test_the_page_of_the_docs_has_a_place_for_every_table():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    renewed = replaced(page, {name: f"new {name}" for name in places_of_a_page()})
    assert all(f"\nnew {name}\n" in renewed for name in places_of_a_page())
    assert renewed.count("<!-- bench: ") == len(places_of_a_page())


def test_a_page_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no <!-- bench: fit -->"):
        replaced("<!-- bench: fit -->\nno end", {"fit": "text"})
