"""Blocks are measured on several threads; what comes out depends on none of them."""

from __future__ import annotations

import threading
import time

import numpy as np
import polars as pl
import pytest

from bncli.data.dataset import open_dataset
from bncli.engine import fitting
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.engine.pool import ordered_map
from bncli.stats.running import Exponential


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_at_first(at: int) -> int:
        time.sleep(0.01 * (at == 0))
        return at * at

    assert list(ordered_map(slow_at_first, range(20), threads)) == [at * at for at in range(20)]


def test_no_more_than_one_item_more_than_threads_is_under_way():
    taken, most = 0, 0

    def items():
        nonlocal taken
        for at in range(30):
            taken += 1
            yield at

    for done, _ in enumerate(ordered_map(lambda at: at, items(), 3)):
        most = max(most, taken - done)
    assert most <= 3 + 1


def test_a_failure_is_raised_in_its_turn_and_ends_the_rest():
    started = []

    def fail_at_three(at: int) -> int:
        started.append(at)
        if at == 3:
            raise ValueError("three")
        return at

    results = ordered_map(fail_at_three, range(1000), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert max(started) < 10
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("bncli")]


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    rng = np.random.default_rng(8)
    frame = pl.DataFrame({f"c{at}": rng.normal(at, 1 + at, 200_000) for at in range(5)})
    frame = frame.with_columns(pl.when(pl.col("c0") > 0.5).then(pl.col("c1")).alias("c1"))
    dataset = open_dataset(frame)
    plan = plan_for(dataset, Choice(), 256, Exponential())
    profiles = []
    for threads in (1, 2, 7):
        monkeypatch.setattr(fitting, "decoding_threads", lambda count=threads: count)
        profiles.append(fold_dataset(FitTask(dataset, plan)))
    first, *others = profiles
    for other in others:
        assert other.moments.m2.tobytes() == first.moments.m2.tobytes()
        assert other.running.to_records() == first.running.to_records()
        assert other.covariance.to_record() == first.covariance.to_record()
        for mine, theirs in zip(first.quantiles, other.quantiles, strict=True):
            assert mine.points.tobytes() == theirs.points.tobytes()
