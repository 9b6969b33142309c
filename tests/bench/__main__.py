"""Time bncli beside other programs, whole processes in turns, and print Markdown.

    python3 dev bench --quick
    python3 dev bench --peers all --runs 7 --write docs/benchmarks.md
    python3 dev bench --only fit,transform

Results are kept in a JSON file, job by job: a job that is run again replaces its own, and
--write puts all that the file holds into a page. Figures of another machine start a new file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.jobs import JOBS
from bench.machine import described, machine
from bench.markdown import caveats, failures, goals_table, job_table, replaced
from bench.model import Job
from bench.programs import Programs, peers
from bench.records import Report, job_record
from bench.running import Settings, run_job

NOT_YET = "Not measured yet."
SCALE, RUNS, PATIENCE_S = 1.0, 7, 300.0
QUICK_SCALE, QUICK_RUNS, QUICK_PATIENCE_S = 0.02, 1, 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    given = parser().parse_args(arguments)
    settings, jobs = settings_of(given), chosen(given)
    settings.cache.mkdir(parents=True, exist_ok=True)
    install(given.peers, Programs(settings.cache / "peers"))
    store = given.json or settings.cache / ("quick.json" if given.quick else "results.json")
    report = opened(store)
    for job in jobs:
        load, _, _ = os.getloadavg()
        entries = run_job(job, settings)
        record = job_record(job, entries, spelled(given, job), settings.scale, load)
        report["jobs"][job.name] = record
        store.write_text(json.dumps(report, indent=2), encoding="utf-8")
        print(f"\n### {job.name}: {job.title}\n\n{job_table(record)}", flush=True)
    blocks = blocks_of(report)
    print(f"\n{blocks['machine']}\n\n{blocks['goals']}")
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        given.write.write_text(replaced(text, blocks), encoding="utf-8")
    problems = failures({job.name: report["jobs"][job.name] for job in jobs})
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python3 dev bench",
        description=__doc__,
        epilog="jobs:\n" + "\n".join(f"  {job.name:16} {job.title}" for job in JOBS.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--only", metavar="JOBS", help="comma separated; none: show what is kept")
    add("--quick", action="store_true", help="3 minutes: 2 %% of the rows, one run that counts")
    add("--runs", type=int, metavar="N", help="that count, after one that does not [7]")
    add("--scale", type=float, metavar="SHARE", help="of the rows of every table [1]")
    add("--patience", type=float, metavar="S", help="seconds of a contender in all [300]")
    add("--peers", metavar="NAMES", help=f"install them first: all, or {', '.join(peers())}")
    add("--json", type=Path, metavar="FILE", help="where results are kept [in the cache]")
    add("--write", type=Path, metavar="PAGE", help="renew the tables of this Markdown page")
    add("--cache", type=Path, metavar="FOLDER", help="of data and peers [bncli-bench in /tmp]")
    return made


def settings_of(given: argparse.Namespace) -> Settings:
    """What the options say, and else the defaults of a quick or of a whole run."""
    quick = (QUICK_SCALE, QUICK_RUNS, QUICK_PATIENCE_S)
    scale, runs, patience_s = quick if given.quick else (SCALE, RUNS, PATIENCE_S)
    return Settings(
        cache=(given.cache or Path(tempfile.gettempdir()) / "bncli-bench").resolve(),
        scale=scale if given.scale is None else given.scale,
        runs=runs if given.runs is None else given.runs,
        patience_s=patience_s if given.patience is None else given.patience,
    )


def chosen(given: argparse.Namespace) -> list[Job]:
    """Raises SystemExit on a name that no job has."""
    if given.only is None:
        return [job for job in JOBS.values() if job.quick or not given.quick]
    names = [] if given.only == "none" else given.only.split(",")
    if unknown := [name for name in names if name not in JOBS]:
        raise SystemExit(f"no job {', '.join(unknown)}; there are {', '.join(JOBS)}")
    return [JOBS[name] for name in names]


def install(names: str | None, programs: Programs) -> None:
    """Make the environments of the peers that are not there yet."""
    wanted = [] if names is None else list(peers()) if names == "all" else names.split(",")
    for name in wanted:
        if not programs.has(name):
            print(f"installing {name}", file=sys.stderr, flush=True)
            programs.install(name)


def opened(store: Path) -> Report:
    """The results kept there, if they are of this machine; otherwise none yet."""
    fresh = Report(format="bncli.bench", version=1, machine=machine(), jobs={})
    kept = json.loads(store.read_text(encoding="utf-8")) if store.exists() else fresh
    return kept if kept["machine"] == fresh["machine"] else fresh


def spelled(given: argparse.Namespace, job: Job) -> str:
    """The command that measures this job again, without what is of this machine alone."""
    options = {"--runs": given.runs, "--scale": given.scale, "--patience": given.patience}
    words = [f"{name} {value:g}" for name, value in options.items() if value is not None]
    quick = ["--quick"] if given.quick else []
    return " ".join(["python3 dev bench", f"--only {job.name}", *quick, *words])


def blocks_of(report: Report) -> dict[str, str]:
    """Every text that a page may show, by the name of its place."""
    jobs = {name: report["jobs"][name] for name in JOBS if name in report["jobs"]}
    tables = {name: job_table(jobs[name]) if name in jobs else NOT_YET for name in JOBS}
    facts = "\n\n".join((described(report["machine"]), *caveats(jobs, os.cpu_count() or 1)))
    return {"machine": facts, "goals": goals_table(jobs), **tables}


if __name__ == "__main__":
    sys.exit(main())
