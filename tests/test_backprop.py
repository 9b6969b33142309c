"""Batch normalization in training mode: the definition, and every gradient by differences."""

from __future__ import annotations

import math

import networks
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bncli.standardize.backprop import (
    Epsilon,
    input_gradient,
    normalize,
    parameter_gradients,
    scale_and_shift,
)
from bncli.standardize.heads import HEADS
from bncli.standardize.network import Batch
from bncli.standardize.products import back_to_inputs, logits_of, weight_gradient

TASKS = tuple(HEADS)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(2, 9))
seeds = st.integers(0, 2**32 - 1)
epsilons = st.sampled_from([Epsilon(1e-5), Epsilon(0.3), Epsilon(0.3, relative=True)])
shares = st.sampled_from([0.0, 0.3])


@given(shape=shapes, seed=seeds, eps=epsilons)
def test_a_channel_pools_its_rows_and_positions(shape, seed, eps):
    x = networks.values(shape, seed)
    found = normalize(x.copy(), eps)
    for channel, values in zip(found.xhat, x, strict=True):
        added = values.var() * (1 + eps.value) if eps.relative else values.var() + eps.value
        np.testing.assert_allclose(
            channel, (values - values.mean()) / math.sqrt(added), rtol=1e-9, atol=1e-12
        )
    assert (found.count == shape[1] * shape[2]).all()


def test_it_works_in_place():
    x = networks.values((2, 1, 5), 0)
    assert normalize(x, Epsilon(1e-5)).xhat is x


@given(shape=shapes, seed=seeds)
def test_missing_values_are_left_out_and_take_the_place_of_the_mean(shape, seed):
    x = networks.values(shape, seed, missing=0.4)
    missing = np.isnan(x)
    found = normalize(x.copy(), Epsilon(1e-5), gaps=True)
    assert (found.xhat[missing] == 0).all()
    assert (found.count == (~missing).sum(axis=(1, 2))).all()
    for channel, values, gap in zip(found.xhat, x, missing, strict=True):
        if gap.all():
            continue
        present = values[~gap]
        expected = (present - present.mean()) / math.sqrt(present.var() + 1e-5)
        np.testing.assert_allclose(channel[~gap], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("eps", [0.0, 1e-8])
@pytest.mark.parametrize("value", [0.1, 1e12 / 3, -7.3])
def test_what_is_constant_in_a_mini_batch_becomes_0_for_all_practical_purposes(value, eps):
    # The mean of 0.1 a hundred times is not 0.1, and 1e-17 / sqrt(1e-8) is not 0.
    found = normalize(np.full((1, 1, 100), value), Epsilon(eps))
    assert np.abs(found.xhat).max() <= 1e-20


def test_a_variance_that_overflows_never_passes_for_a_small_number():
    found = normalize(np.array([[[1e200, -1e200, 0.0]]]), Epsilon(1e-8))
    assert np.isnan(found.xhat).all()


def test_rows_that_do_not_lie_side_by_side_are_refused():
    with pytest.raises(ValueError, match="copy"):
        normalize(np.zeros((2, 3, 8))[:, :, :5], Epsilon(1e-8))


@given(shape=shapes, seed=seeds, eps=epsilons, missing=shares)
def test_gradients_of_the_layer_equal_differences(shape, seed, eps, missing):
    x = networks.values(shape, seed, missing)
    random = np.random.default_rng(seed)
    gamma, beta = random.normal(size=(2, shape[0]))
    g = random.normal(size=shape)
    present = ~np.isnan(x)

    def loss(inputs, gamma, beta):
        xhat = normalize(inputs.copy(), eps, missing > 0).xhat
        return float((g * scale_and_shift(xhat, gamma, beta)).sum())

    found = normalize(x.copy(), eps, missing > 0)
    by_gamma, by_beta = parameter_gradients(found, g)
    close = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(
        by_gamma, networks.slopes(lambda v: loss(x, v, beta), gamma), **close
    )
    np.testing.assert_allclose(by_beta, networks.slopes(lambda v: loss(x, gamma, v), beta), **close)
    # In units of each channel's spread, so that one tolerance fits all scales.
    spread = np.where(present, x, 0).std(axis=(1, 2), keepdims=True) + 1e-3

    def moved(steps):
        return loss(np.where(present, x + steps * spread, np.nan), gamma, beta)

    by_steps = networks.slopes(moved, np.zeros(shape))
    by_x = input_gradient(found, gamma, g, eps) * spread
    np.testing.assert_allclose(by_x, by_steps, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("task", TASKS)
@given(shape=shapes, seed=seeds, eps=epsilons, missing=shares)
def test_the_gradient_by_every_parameter_equals_differences(task, shape, seed, eps, missing):
    channels, positions, _ = shape
    net = networks.network(task, channels, positions, eps)
    flat = networks.parameters(net, seed)
    given_batch = networks.batch(task, shape, seed, missing)

    def loss(values):
        return net.loss_and_gradient(values, networks.copied(given_batch))[0]

    _, gradient = net.loss_and_gradient(flat, networks.copied(given_batch))
    np.testing.assert_allclose(gradient, networks.slopes(loss, flat), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_plain_columns_and_tensors_go_through_one_network(task):
    """Channels of 1, 1, 3, 3 and 2 positions: each pools its own."""
    net = networks.mixed(task, [1, 1, 3, 3, 2])
    assert (net.shape.channels, net.shape.inputs, len(net.shape.blocks)) == (5, 10, 3)
    flat = networks.parameters(net, 3)
    given_batch = networks.batch(task, (10, 1, 8), 4)

    def loss(values):
        return net.loss_and_gradient(values, networks.copied(given_batch))[0]

    measured, gradient = net.loss_and_gradient(flat, networks.copied(given_batch))
    np.testing.assert_allclose(gradient, networks.slopes(loss, flat), rtol=1e-5, atol=1e-6)
    gamma, beta, weight, bias = net.parameters(flat)
    y = []
    for channel, (start, stop) in enumerate([(0, 1), (1, 2), (2, 5), (5, 8), (8, 10)]):
        part = given_batch.x[start:stop]
        xhat = (part - part.mean()) / np.sqrt(part.var() + 1e-5)
        y.append(gamma[channel] * xhat + beta[channel])
    logits = weight @ np.concatenate(y) + bias[:, None]
    assert measured == pytest.approx(net.head.measure(logits, given_batch.y)[0].mean(), rel=1e-9)


@pytest.mark.parametrize("task", TASKS)
@given(seed=seeds, missing=shares)
def test_the_gradient_on_raw_columns_equals_differences(task, seed, missing):
    net = networks.raw_network(task, np.array([0.5, -1.0, 2.0]))
    flat = networks.parameters(net, seed)
    given_batch = networks.batch(task, (3, 1, 7), seed, missing)
    scaled = Batch(np.clip(given_batch.x, -2, 2), given_batch.y, gaps=given_batch.gaps)

    def loss(values):
        return net.loss_and_gradient(values, networks.copied(scaled))[0]

    _, gradient = net.loss_and_gradient(flat, networks.copied(scaled))
    np.testing.assert_allclose(gradient, networks.slopes(loss, flat), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_inference_normalizes_by_the_running_statistics(task):
    net = networks.network(task, 3)
    flat = networks.parameters(net, 1)
    found = networks.batch(task, (3, 1, 20_000), 2)
    gamma, beta, weight, bias = net.parameters(flat)
    x = np.clip(found.x, -3, 3)
    logits = weight @ (gamma[:, None] * x + beta[:, None]) + bias[:, None]
    expected = net.head.measure(logits, found.y)[0].mean()
    assert net.loss(flat, Batch(x, found.y)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_probabilities_add_up_to_1_and_give_the_loss(task):
    head = HEADS[task]()
    logits = np.random.default_rng(0).normal(size=(head.outputs(4), 50)) * 5
    y = np.random.default_rng(1).integers(0, 2, 50).astype(np.float64)
    scores = head.scores(logits)
    np.testing.assert_allclose(scores.sum(axis=0), 1.0, rtol=1e-12)
    losses, _ = head.measure(logits, y)
    chosen = scores[y.astype(int), np.arange(50)]
    np.testing.assert_allclose(losses, -np.log(chosen), rtol=1e-9)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_extreme_logits_overflow_nowhere(task):
    head = HEADS[task]()
    logits = np.tile([1e4, -1e4], (head.outputs(4), 1)) * np.arange(1, head.outputs(4) + 1)[:, None]
    losses, g = head.measure(logits, np.array([0.0, 1.0]))
    assert np.isfinite(losses).all()
    assert np.isfinite(g).all()
    assert np.isfinite(head.scores(logits)).all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_prior_answers_with_the_shares_of_the_classes(task):
    head = HEADS[task]()
    counts = np.array([30.0, 10.0] if task == "binary" else [30.0, 10.0, 0.0, 60.0])
    scores = head.scores(head.prior(counts)[:, None])[:, 0]
    np.testing.assert_allclose(scores, (counts + 1) / (counts.sum() + len(counts)), rtol=1e-12)


@given(
    outputs=st.sampled_from([1, 3]), inputs=st.integers(1, 40), rows=st.integers(1, 700), seed=seeds
)
def test_products_in_pieces_are_the_products(outputs, inputs, rows, seed):
    random = np.random.default_rng(seed)
    weight, y = random.normal(size=(outputs, inputs)), random.normal(size=(inputs, rows))
    g = random.normal(size=(outputs, rows))
    close = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(logits_of(weight, y), weight @ y, **close)
    np.testing.assert_allclose(weight_gradient(g, y), g @ y.T, **close)
    out = np.empty((inputs, rows))
    np.testing.assert_allclose(back_to_inputs(weight, g, out), weight.T @ g, **close)
