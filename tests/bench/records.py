"""What is kept of a job: plain values, as the JSON file holds them and the tables show them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypedDict

from bench.growth import exponent
from bench.model import Entry, Goal, Growth, Job, Run


class EntryRecord(TypedDict):
    """A contender: its runs in order, and their medians (none where it did not run)."""

    label: str
    version: str
    runs: list[dict[str, float]]
    median: dict[str, float]
    agrees: str
    absent: str


class GoalRecord(TypedDict):
    """A goal, and what was measured: "wall" and "cpu", or "peak"; empty where nothing was.

    With ``of`` these are ratios to that contender's medians.
    """

    contender: str
    of: str | None
    what: str
    at_most: float
    measured: dict[str, float]


class GrowthRecord(TypedDict):
    """Exponents of time in the size, less the time of starting up, and as measured."""

    within: float
    measured: dict[str, float]
    with_start: dict[str, float]


class JobRecord(TypedDict):
    """A job as it was run. load: the system's average over a minute, before it began."""

    title: str
    command: str
    scale: float
    load: float
    entries: list[EntryRecord]
    goals: list[GoalRecord]
    growth: GrowthRecord | None


class Report(TypedDict):
    """The file: all jobs that were run on one machine, each as it was run last."""

    format: str
    version: int
    machine: dict[str, str | int]
    jobs: dict[str, JobRecord]


def job_record(
    job: Job, entries: Sequence[Entry], command: str, scale: float, load: float = 0.0
) -> JobRecord:
    medians = {entry.label: _median(entry.runs) for entry in entries if not entry.absent}
    return JobRecord(
        title=job.title,
        command=command,
        scale=scale,
        load=load,
        entries=[_entry(entry, medians.get(entry.label, {})) for entry in entries],
        goals=[_goal(goal, medians) for goal in job.goals],
        growth=_growth(job.growth, medians) if job.growth else None,
    )


def _entry(entry: Entry, median: dict[str, float]) -> EntryRecord:
    return EntryRecord(
        label=entry.label,
        version=entry.version,
        runs=[asdict(run) for run in entry.runs],
        median=median,
        agrees=entry.agrees,
        absent=entry.absent,
    )


def _median(runs: Iterable[Run]) -> dict[str, float]:
    columns = [asdict(run) for run in runs]
    return {name: statistics.median(run[name] for run in columns) for name in Run.__slots__}


def _goal(goal: Goal, medians: dict[str, dict[str, float]]) -> GoalRecord:
    figures = ("wall", "cpu") if goal.what == "time" else (goal.what,)
    ours = medians.get(goal.contender)
    base = medians.get(goal.of) if goal.of else dict.fromkeys(figures, 1.0)
    measured = {name: ours[name] / base[name] for name in figures} if ours and base else {}
    return GoalRecord(
        contender=goal.contender,
        of=goal.of,
        what=goal.what,
        at_most=goal.at_most,
        measured=measured,
    )


def _growth(growth: Growth, medians: dict[str, dict[str, float]]) -> GrowthRecord:
    start = medians.get(growth.start, {"wall": 0.0, "cpu": 0.0})
    return GrowthRecord(
        within=growth.within,
        measured=_exponents(growth, medians, start),
        with_start=_exponents(growth, medians, {"wall": 0.0, "cpu": 0.0}),
    )


def _exponents(
    growth: Growth, medians: dict[str, dict[str, float]], start: dict[str, float]
) -> dict[str, float]:
    """Empty where a size did not run, or took no longer than starting up."""
    found = {}
    for name in ("wall", "cpu"):
        times = [medians[label][name] - start[name] for label in growth.sizes if label in medians]
        if len(times) == len(growth.sizes) and min(times) > 0:
            found[name] = exponent(list(growth.sizes.values()), times)
    return found
