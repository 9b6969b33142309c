"""The loop of learning, on mini-batches made by hand: when it ends, and what it keeps."""

from __future__ import annotations

import math

import networks
import numpy as np
import pytest

from bncli.errors import DataError, UsageError
from bncli.standardize.learning import Limit, Run, Stop
from bncli.standardize.network import Batch
from bncli.standardize.optimizers import OPTIMIZERS, SGD, Adam
from bncli.standardize.options import LearnOptions
from bncli.standardize.schedules import SCHEDULES, Constant, Cosine, Staircase


def straight(rows: int, seed: int = 0) -> Batch:
    """A target that is a straight line of two features, and a little noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(2, rows))
    return Batch(x, 3 * x[0] - x[1] + 0.5 + 0.1 * random.normal(size=rows))


def run(rate=0.1, optimizer=None, held=None):
    net = networks.network("regression", 2)
    return Run(net, optimizer or SGD(), Constant(rate, 0), held or straight(200, seed=1))


def start(of):
    return of.network.start(np.zeros((1, 2)), np.zeros(1))


def epoch(batches):
    """An epoch that gives the same mini-batches each time, in memory of their own."""
    return lambda number: [networks.copied(batch) for batch in batches]


ROWS = 400
BATCHES = [straight(ROWS, seed) for seed in range(10, 15)]


def test_it_comes_down_to_the_noise():
    outcome = run().learn(start(run()), epoch(BATCHES), Stop(epochs=60))
    assert outcome.before > 5
    # The noise itself has 0.01; the rest is that each mini-batch has its own mean and spread.
    assert outcome.after < 0.15
    assert (outcome.steps, outcome.epochs, outcome.kept) == (300, 60, 300)
    assert outcome.reason == "epochs"


def test_steps_end_it_within_an_epoch_and_epochs_before_that():
    outcome = run().learn(start(run()), epoch(BATCHES), Stop(steps=7))
    assert (outcome.steps, outcome.epochs, outcome.reason) == (7, 2, "steps")
    outcome = run().learn(start(run()), epoch(BATCHES), Stop(epochs=1, steps=7))
    assert (outcome.steps, outcome.epochs, outcome.reason) == (5, 1, "epochs")


def test_a_mini_batch_of_one_row_is_no_step():
    seen = []
    ragged = [BATCHES[0], straight(1), BATCHES[1]]
    outcome = run().learn(
        start(run()),
        epoch(ragged),
        Stop(epochs=2),
        [lambda batch, descent: seen.append((len(batch.y), descent.steps))],
    )
    assert outcome.steps == 4
    assert seen == [(ROWS, step) for step in (1, 2, 3, 4)]


def test_epochs_without_a_step_are_an_error_and_no_endless_loop():
    with pytest.raises(DataError, match="no mini-batch has two rows"):
        run().learn(start(run()), epoch([straight(1)]), Stop(steps=5))


def test_patience_keeps_the_best_parameters_and_counts_from_them():
    # From the fourth epoch on the target is upside down, so the held-out loss only rises.
    def turning(number):
        sign = 1.0 if number < 3 else -1.0
        return [Batch(b.x.copy(), sign * b.y) for b in BATCHES]

    short = run().learn(start(run()), turning, Stop(epochs=3))
    outcome = run().learn(start(run()), turning, Stop(epochs=50, patience=4))
    assert (outcome.epochs, outcome.reason, outcome.kept) == (7, "patience", 15)
    assert outcome.after == short.after
    assert outcome.parameters.tolist() == short.parameters.tolist()


def test_without_patience_the_last_parameters_are_kept():
    def turning(number):
        return [Batch(b.x.copy(), b.y * (-1.0) ** number) for b in BATCHES]

    outcome = run().learn(start(run()), turning, Stop(epochs=2))
    assert outcome.kept == 10
    assert outcome.after > outcome.before / 2


def test_a_loss_that_is_not_finite_ends_it_with_the_best_parameters_so_far():
    def breaking(number):
        y = [b.y if number < 2 else np.full(ROWS, 1e200) for b in BATCHES]
        return [Batch(b.x.copy(), target) for b, target in zip(BATCHES, y, strict=True)]

    watched = []
    good = run().learn(start(run()), epoch(BATCHES), Stop(epochs=2))
    outcome = run().learn(
        start(run()), breaking, Stop(epochs=9), [lambda batch, descent: watched.append(descent)]
    )
    assert outcome.reason == "diverged"
    assert outcome.parameters.tolist() == good.parameters.tolist()
    assert (outcome.kept, outcome.after) == (10, good.after)
    # Nobody is told of a step that led nowhere.
    assert all(math.isfinite(descent.loss) for descent in watched)
    assert outcome.steps == len(watched) + 1


def test_a_run_that_breaks_in_its_first_epoch_keeps_what_it_began_with():
    outcome = run(rate=1e9).learn(start(run()), epoch(BATCHES * 20), Stop(epochs=5))
    assert outcome.reason == "diverged"
    assert outcome.parameters.tolist() == start(run()).tolist()
    assert outcome.after == outcome.before


def test_first_weights_whose_loss_is_not_finite_are_refused():
    with pytest.raises(DataError, match="first weights is not finite"):
        run().learn(np.full(7, 1e200), epoch(BATCHES), Stop(epochs=1))


def test_the_same_run_gives_the_same_bits():
    pair = [run().learn(start(run()), epoch(BATCHES), Stop(epochs=3)) for _ in range(2)]
    assert pair[0].parameters.tobytes() == pair[1].parameters.tobytes()


def test_steps_to_reach_counts_the_steps_until_the_goal_is_seen():
    of = run(rate=0.001)
    losses = [
        of.learn(start(of), epoch(BATCHES), Stop(steps=steps)).after for steps in range(1, 13)
    ]
    assert losses == sorted(losses, reverse=True)
    reached = of.steps_to_reach(start(of), epoch(BATCHES), Limit(losses[-1], 100, 1, 100))
    assert (reached.steps, reached.best) == (12, losses[-1])
    coarse = of.steps_to_reach(start(of), epoch(BATCHES), Limit(losses[-1], 100, 5, 100))
    assert coarse.steps == 15


def test_a_goal_out_of_reach_is_tried_for_the_whole_budget():
    of = run()
    reached = of.steps_to_reach(start(of), epoch(BATCHES), Limit(0.0, 33, 4, 33))
    assert (reached.steps, reached.tried, reached.hopeless) == (None, 33, False)
    assert 0 < reached.best < of.network.loss(start(of), of.held)


def test_a_run_is_hopeless_when_it_breaks_or_never_falls():
    for rate, batches in ((1e9, BATCHES * 20), (1e-300, BATCHES)):
        of = run(rate=rate)
        reached = of.steps_to_reach(start(of), epoch(batches), Limit(0.0, 1000, 5, 50))
        assert reached.hopeless
        assert reached.tried < 1000


def test_weight_decay_pulls_on_every_parameter():
    for optimizer in (SGD(weight_decay=0.1), Adam(weight_decay=0.1)):
        flat = np.array([2.0, -3.0])
        moved, _ = optimizer.step(flat, np.zeros(2), optimizer.start(2), 0.5)
        assert (np.abs(moved) < np.abs(flat)).all()


def test_a_step_changes_nothing_in_place():
    for name in OPTIMIZERS:
        optimizer = OPTIMIZERS[name]()
        flat, gradient = np.ones(3), np.full(3, 0.5)
        _, state = optimizer.step(flat, gradient, optimizer.start(3), 0.1)
        optimizer.step(flat, gradient, state, 0.1)
        assert flat.tolist() == [1.0] * 3
        assert gradient.tolist() == [0.5] * 3


def test_schedules_start_at_the_rate_and_fall_as_they_say():
    for name in SCHEDULES:
        assert SCHEDULES[name](0.4, 90).rate(0) == pytest.approx(0.4)
    assert [Constant(0.4, 90).rate(step) for step in (0, 89)] == [0.4, 0.4]
    cosine = Cosine(0.4, 90)
    assert cosine.rate(45) == pytest.approx(0.2)
    assert cosine.rate(90) == cosine.rate(200) == pytest.approx(0.0, abs=1e-15)
    stairs = [Staircase(0.4, 90).rate(step) for step in (29, 30, 59, 60, 500)]
    assert stairs == pytest.approx([0.4, 0.04, 0.04, 0.004, 0.004])


REFUSED = {
    "an unknown optimizer": {"optimizer": "adma"},
    "an unknown schedule": {"lr_schedule": "linear"},
    "a mini-batch of one row": {"batch_size": 1},
    "no epoch": {"epochs": 0},
    "a rate of 0": {"lr": 0.0},
    "a rate that is none": {"lr": math.nan},
    "a decay below 0": {"weight_decay": -0.1},
    "all held out": {"validation": 1.0},
    "momentum of adam": {"optimizer": "adam", "momentum_sgd": 0.9},
    "momentum of 1": {"optimizer": "sgd", "momentum_sgd": 1.0},
    "patience with nothing held out": {"patience": 3, "validation": 0.0},
    "patience in order": {"patience": 3, "shuffle": False},
}


@pytest.mark.parametrize("choices", REFUSED.values(), ids=list(REFUSED))
def test_options_that_cannot_be_meant_are_refused(choices):
    with pytest.raises(UsageError):
        LearnOptions(**choices)


def test_defaults_depend_on_what_is_chosen():
    assert LearnOptions().stop == Stop(epochs=30)
    assert LearnOptions(steps=9).stop == Stop(steps=9)
    assert LearnOptions(steps=9, epochs=2).stop == Stop(epochs=2, steps=9)
    assert (LearnOptions().rate, LearnOptions(optimizer="sgd").rate) == (0.03, 0.1)
    assert (LearnOptions().held_out, LearnOptions(shuffle=False).held_out) == (0.1, 0.0)
    assert LearnOptions(shuffle=False, validation=0.2).held_out == 0.2
    assert LearnOptions().scaled(False)
    assert not LearnOptions().scaled(True)
    assert LearnOptions(target_scale="sd").scaled(True)
    assert LearnOptions(steps=9, epochs=2).planned_steps(4) == 8
