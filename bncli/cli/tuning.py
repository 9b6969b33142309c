"""How the libraries below ask for memory and threads; settled before any is imported.

Decisions, each measured as a share of a whole ``fit``. Python looks for cycles among the objects
of polars' modules ten times while they are imported, in vain: it now looks after every 100,000 new
objects. polars' allocator takes pages of 2 MiB where the kernel has them, since faulting in pages
of 4 KiB costs as much as decoding into them. numpy's linear algebra gets one thread: blocks of
rows are measured beside each other already, and its idle threads spin. What the user's own
environment says wins.
"""

from __future__ import annotations

import gc
import os


def prepare() -> None:
    """Before polars and numpy are imported: they read the environment once."""
    gc.set_threshold(100_000, 20, 100)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("_RJEM_MALLOC_CONF", "thp:always")
