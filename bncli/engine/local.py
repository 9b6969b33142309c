"""The engine of one process: segments one after another; polars decodes in its own threads.

Decision. An engine is an ordered map over segments, and the states merge in segment order, so
that clusters are this same thing with another ``map``. In one process the threads are inside a
segment (``pool.py``), where blocks wait for nothing but their decoding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

S = TypeVar("S")
R = TypeVar("R")


class Engine(Protocol):
    """Runs a task on every segment and gives the results in segment order."""

    def map(self, task: Callable[[S], R], segments: Iterable[S]) -> Iterator[R]: ...


class Local:
    """In this process, one segment at a time."""

    def map(self, task: Callable[[S], R], segments: Iterable[S]) -> Iterator[R]:
        return map(task, segments)
