"""Running statistics against the recurrences they stand for, written out one batch at a time."""

from __future__ import annotations

import numpy as np
import pytest
from folds import fold
from hypothesis import given
from hypothesis import strategies as st

from bncli.errors import UsageError
from bncli.stats.running import POLICIES, Algorithm2, Cumulative, Exponential, Pooled


def batches_of(values: np.ndarray, size: int) -> list[np.ndarray]:
    cut = [values[at : at + size] for at in range(0, values.size, size)]
    return [batch[~np.isnan(batch)] for batch in cut]


def recurrence(values: np.ndarray, size: int, momentum: float | None) -> tuple[float, float]:
    """torch.nn.BatchNorm1d's update of its buffers, one mini-batch after the other."""
    mean, variance, seen, varied = 0.0, 1.0, 0, 0
    for batch in batches_of(values, size):
        if batch.size:
            seen += 1
            share = 1 / seen if momentum is None else momentum
            mean = (1 - share) * mean + share * batch.mean()
        if batch.size > 1:
            varied += 1
            share = 1 / varied if momentum is None else momentum
            variance = (1 - share) * variance + share * batch.var(ddof=1)
    return mean, variance


cells = st.lists(st.one_of(st.floats(-100, 100), st.just(float("nan"))), min_size=1, max_size=80)


@given(cells, st.integers(1, 12), st.sampled_from([0.01, 0.1, 0.5, 1.0]))
def test_exponential_is_pytorchs_recurrence(values, size, momentum):
    column = np.array(values)
    profile = fold(column, size, Exponential(momentum)).profile()
    mean, variance = Exponential(momentum).read(profile.running, profile.moments)
    assert (mean[0], variance[0]) == pytest.approx(recurrence(column, size, momentum), abs=1e-11)


@given(cells, st.integers(1, 12))
def test_cumulative_is_pytorchs_recurrence_without_momentum(values, size):
    column = np.array(values)
    profile = fold(column, size, Cumulative()).profile()
    mean, variance = Cumulative().read(profile.running, profile.moments)
    truth = recurrence(column, size, None)
    if profile.moments.count[0]:
        assert mean[0] == pytest.approx(truth[0], abs=1e-11)
    if any(batch.size > 1 for batch in batches_of(column, size)):
        assert variance[0] == pytest.approx(truth[1], abs=1e-9)
    else:
        assert np.isnan(variance[0])


def test_before_any_variance_was_seen_it_is_the_initial_one_or_none():
    column = np.array([3.0, 5.0])
    for policy, variance in ((Exponential(0.5), 1.0), (Cumulative(), np.nan), (Pooled(), 1.0)):
        profile = fold(column, 1, policy).profile()
        got = policy.read(profile.running, profile.moments)[1]
        assert got[0] == pytest.approx(variance, nan_ok=True)


def test_on_sorted_data_algorithm2_leaves_out_the_variance_between_batches():
    column = np.arange(1000.0)
    profile = fold(column, 10, Algorithm2()).profile()
    _, variance = Algorithm2().read(profile.running, profile.moments)
    assert variance[0] == pytest.approx(np.arange(10).var(ddof=1))
    assert variance[0] < 0.01 * profile.moments.variance()[0]


def test_every_policy_is_registered_under_its_own_name():
    assert [POLICIES[name].name for name in POLICIES] == list(POLICIES)
    with pytest.raises(UsageError, match="did you mean 'pooled'"):
        POLICIES["poold"]
