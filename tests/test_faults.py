"""Call after call of the system fails; the old file or a whole new one is there afterwards.

Not a mock: the calls of Python, of Arrow and of polars go through a preloaded library that makes
the n-th of them fail (``faults/shim.c``). ``python tests/bench/faults.py`` makes every call of
every case fail; here a sample of them does.
"""

from __future__ import annotations

import os

import pytest
from faults.cases import make_inputs
from faults.running import tallies
from faults.shim import built

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(built() is None and "CI" not in os.environ, reason="no C compiler here"),
]

# Primes, so that another call of every kind fails in every case.
GROUPS = {
    "fit": (29, ("fit json", "fit --batch-stats", "merge", "convert")),
    "transform": (23, ("transform parquet", "inverse csv")),
    "folder": (17, ("transform folder",)),
    "shift": (31, ("shift reports",)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample_data):
    path = tmp_path_factory.mktemp("faults")
    make_inputs(path, sample_data)
    return path


@pytest.mark.parametrize(("step", "names"), GROUPS.values(), ids=list(GROUPS))
def test_a_failing_call_leaves_the_old_file_or_the_new_one(folder, step, names):
    found = list(tallies(folder, step, names))
    assert [tally["name"] for tally in found] == list(names)
    assert [tally["broken"] for tally in found] == [[]] * len(found)
    # The faults are real ones: many of them stop the run.
    injected = sum(tally["faults"] for tally in found)
    assert sum(tally["refused"] for tally in found) > injected / 3 > 2
