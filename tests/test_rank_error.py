"""A smaller run of tests/bench/rank_error.py: the stated rank error is honoured."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.thorough

SPEC = importlib.util.spec_from_file_location("rank_error", ROOT / "tests/bench/rank_error.py")
rank_error = importlib.util.module_from_spec(SPEC)
sys.modules["rank_error"] = rank_error
SPEC.loader.exec_module(rank_error)


@pytest.mark.parametrize("shards", rank_error.SHARDS)
def test_the_stated_rank_error_is_honoured_in_every_order_and_merged(shards):
    found = [one for kind in rank_error.KINDS for one in rank_error.trials(kind, shards, range(4))]
    honoured = sum(one.honoured for one in found)
    assert honoured >= len(found) - 1  # of 32; 99 % are promised
    assert all(0 < one.stated < 0.004 for one in found)


def test_a_sketch_that_is_off_is_noticed():
    values = np.random.default_rng(0).normal(size=200_000)
    sketch = rank_error.sketch_of(values, 1)
    assert rank_error.observed(sketch, values) <= sketch.rank_error
    assert rank_error.observed(sketch, values + 0.01) > sketch.rank_error
    assert rank_error.observed(rank_error.sketch_of(np.ones(9), 0), np.ones(9)) == 0.0
