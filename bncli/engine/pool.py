"""An ordered map over threads: results come in the order of the items, whatever finishes first.

Decision. numpy gives the interpreter lock up while it works on an array, so blocks of rows (of
some 65,536 each) are measured beside each other; merging stays in one thread, in order, so the
number of threads changes no bit of a result. A pool over the columns of one block would not pay:
its pieces are too short.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
R = TypeVar("R")


def ordered_map(task: Callable[[S], R], items: Iterable[S], threads: int) -> Iterator[R]:
    """``map(task, items)`` on so many threads; at most one item more than that is under way.

    What a task raises is raised in its turn, and nothing more is started then.
    """
    if threads < 2:
        yield from map(task, items)
        return
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="bncli") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(task, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
