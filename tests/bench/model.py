"""What a job is: data, command lines that take turns, and what is asked of their figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, Self


class Data(Protocol):
    """Something that can be made on disk, at its full size or smaller."""

    @property
    def name(self) -> str: ...

    def scaled(self, scale: float) -> Self: ...

    def written(self, folder: Path) -> Path: ...


@dataclass(frozen=True, slots=True)
class Goal:
    """What a contender's median may be at most: times another one's, or absolutely.

    time: of both the wall and the CPU time; wall: seconds; peak: megabytes.
    """

    contender: str
    at_most: float
    of: str | None = None
    what: Literal["time", "wall", "peak"] = "time"


@dataclass(frozen=True, slots=True)
class Growth:
    """Time is to grow as a power of the size, with an exponent of 1 give or take ``within``.

    sizes: contender -> what its time grows with. start: the contender whose time is that of
    starting up alone; it is taken off every other one's before the power is fitted.
    """

    sizes: Mapping[str, int]
    start: str
    within: float = 0.05


@dataclass(frozen=True, slots=True)
class Job:
    """One comparison.

    contenders: label -> command line. Its first word names a program of programs.py; {name}
    stands for the file of data["name"], {tmp} for the folder of the job, and {out} for the
    beginning of a name of the contender's own, which is free again before every run. What it
    writes there, or else its standard output, is its result.
    before: command lines that run once, untimed. check: what the results must agree in, see
    checks.py, and to what tolerance. once: a single run is enough. quick: whether --quick does it.
    """

    name: str
    title: str
    data: Mapping[str, Data]
    contenders: Mapping[str, str]
    before: tuple[str, ...] = ()
    check: str | None = None
    tolerance: float = 1e-9
    goals: tuple[Goal, ...] = ()
    growth: Growth | None = None
    once: bool = False
    quick: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and CPU time in seconds, peak resident memory in MB (10**6 bytes)."""

    wall: float
    cpu: float
    peak: float


@dataclass(slots=True)
class Entry:
    """What became of one contender. absent: why it did not run. agrees: see checks.py."""

    label: str
    version: str
    runs: list[Run] = field(default_factory=list)
    agrees: str = ""
    absent: str = ""
