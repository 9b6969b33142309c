"""Runs a job: its contenders take turns (A B A B ...), so that a slow minute hits them all."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.checks import CHECKS, Result
from bench.measuring import Command, Failed, measure
from bench.model import Entry, Job, Run
from bench.programs import Absent, Programs

Measure = Callable[[Command, Path, float], Run]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much, and how long.

    cache: keeps data and environments. scale: of the rows of every table. runs: that count; one
    before them does not. patience_s: a contender that has taken as long in all takes no further
    turn. timeout_s: of one process.
    """

    cache: Path
    scale: float = 1.0
    runs: int = 7
    patience_s: float = 300.0
    timeout_s: float = 3600.0


def run_job(job: Job, settings: Settings, measure: Measure = measure) -> list[Entry]:
    """Every contender, measured and checked. Raises Failed where a command of ``before`` does."""
    data = settings.cache / "data"
    data.mkdir(parents=True, exist_ok=True)
    paths = {name: each.scaled(settings.scale).written(data) for name, each in job.data.items()}
    with tempfile.TemporaryDirectory(dir=settings.cache, prefix="job-") as folder:
        place = Place(paths, Path(folder), Programs(settings.cache / "peers"))
        for line in job.before:
            measure(place.command(line, "before"), place.printed("before"), settings.timeout_s)
        entries = [Entry(label, place.version(line)) for label, line in job.contenders.items()]
        rounds = 1 if job.once else 1 + settings.runs
        for number in range(rounds):
            print(f"{job.name}: round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            for entry in entries:
                take_turn(job, entry, place, settings, measure)
        check(job, entries, place)
    for entry in entries:
        # The first run warms up, and counts only where it is the only one.
        del entry.runs[: len(entry.runs) > 1]
    return entries


def take_turn(job: Job, entry: Entry, place: Place, settings: Settings, measure: Measure) -> None:
    """One more run of a contender, unless it cannot run or has taken too long already."""
    if entry.absent or sum(run.wall for run in entry.runs) > settings.patience_s:
        return
    try:
        place.clear(entry.label)
        command = place.command(job.contenders[entry.label], entry.label)
        entry.runs.append(measure(command, place.printed(entry.label), settings.timeout_s))
    except (Absent, Failed) as problem:
        entry.absent = str(problem)


def check(job: Job, entries: list[Entry], place: Place) -> None:
    """Say of every contender with a result whether it agrees with the first of bncli's."""
    if job.check is not None:
        results = {e.label: place.result(e.label) for e in entries if e.runs and not e.absent}
        found = CHECKS[job.check](results, job.tolerance)
        for entry in entries:
            entry.agrees = found.get(entry.label, "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the commands of a job find their files, and leave them."""

    paths: dict[str, Path]
    folder: Path
    programs: Programs

    def command(self, line: str, label: str) -> Command:
        """The process that a line of a job stands for; words with * become the files they match.

        Raises Absent where its program is not installed.
        """
        program, *words = shlex.split(line)
        start, variables = self.programs.start(program)
        names = {name: str(path) for name, path in self.paths.items()}
        filled = [word.format(**names, tmp=self.folder, out=self._out(label)) for word in words]
        expanded = [each for word in filled for each in _expanded(word)]
        return Command([*start, *expanded], variables, self.folder)

    def version(self, line: str) -> str:
        return self.programs.version(line.split(maxsplit=1)[0])

    def printed(self, label: str) -> Path:
        """Where the standard output of a contender goes."""
        return self._out(label).with_suffix(".printed")

    def result(self, label: str) -> Result:
        """What a contender wrote, or else printed."""
        printed = self.printed(label)
        written = (path for path in self._left(label) if not path.name.startswith(printed.name))
        return Result(printed, min(written, default=None))

    def clear(self, label: str) -> None:
        """Remove what an earlier run of a contender left, before the clock starts."""
        for path in self._left(label):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _left(self, label: str) -> list[Path]:
        return list(self.folder.glob(f"{self._out(label).name}.*"))

    def _out(self, label: str) -> Path:
        return self.folder / "".join(letter if letter.isalnum() else "_" for letter in label)


def _expanded(word: str) -> list[str]:
    path = Path(word)
    return sorted(str(each) for each in path.parent.glob(path.name)) if "*" in word else [word]
