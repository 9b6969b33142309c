"""A run that is killed at any moment; ``python tests/bench/kills.py --rounds 200`` does more."""

from __future__ import annotations

import pytest
from faults.kills import Loop

pytestmark = pytest.mark.thorough


def test_the_old_file_is_intact_or_the_new_one_whole_whenever_a_run_is_killed(tmp_path):
    names = ("fit", "transform parquet", "transform folder", "merge")
    loop = Loop(tmp_path, seed=1, names=names, copies=1)
    loop.rounds(20)
    assert loop.broken == []
    assert sum(loop.found.values()) == 20
    assert loop.found["done before"] < 15
