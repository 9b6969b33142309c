"""Presets against the systems they are named after: their defaults, and what they compute.

scikit-learn and ONNX are here and asked directly. PyTorch's and Keras' defaults and buffers come
from tests/golden/presets.json, made by tests/parity/make_preset_golden.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from parity.preset_data import BATCH_SIZE, batches, values

import bncli

# Keras keeps its buffers in single precision.
RELATIVE = {"torch": 1e-12, "keras": 1e-6}

GOLDEN = json.loads((Path(__file__).parent / "golden" / "presets.json").read_text(encoding="utf-8"))


def fitted(preset, **options):
    frame = pl.DataFrame(values(), schema=["a", "b", "c"])
    return bncli.fit(frame, preset=preset, batch_size=BATCH_SIZE, **options)


@pytest.mark.parametrize("system", ["torch", "keras"])
def test_defaults_and_buffers_are_those_of_the_system(system):
    theirs = GOLDEN[system]
    ours = fitted(system)
    assert ours.eps == theirs["eps"]
    # Keras writes the weight of the old value.
    new = theirs["momentum"] if system == "torch" else 1 - theirs["momentum"]
    assert ours.policy.momentum == pytest.approx(new, rel=1e-12)
    np.testing.assert_allclose(ours.mean, theirs["mean"], rtol=RELATIVE[system])
    np.testing.assert_allclose(ours.variance, theirs["variance"], rtol=RELATIVE[system])


@pytest.mark.parametrize("system", ["torch", "keras"])
def test_the_other_divisor_would_give_other_buffers(system):
    other = fitted(system, ddof=1 - fitted(system).policy.ddof)
    gap = np.abs(other.variance / np.array(GOLDEN[system]["variance"]) - 1)
    assert gap.max() > 1e-3


def test_sklearn_is_the_standardscaler(tmp_path):
    from sklearn.preprocessing import StandardScaler

    ours = fitted("sklearn")
    theirs = StandardScaler().fit(values())
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-14)
    np.testing.assert_allclose(ours.variance, theirs.var_, rtol=1e-14)
    bncli.transform(pl.DataFrame(values(), schema=["a", "b", "c"]), ours, tmp_path / "out.parquet")
    found = pl.read_parquet(tmp_path / "out.parquet").to_numpy()
    np.testing.assert_allclose(found, theirs.transform(values()), rtol=1e-12, atol=1e-14)


def test_onnx_is_batchnormalization_in_training_mode():
    import onnx
    from onnx.reference import ReferenceEvaluator

    schema = onnx.defs.get_schema("BatchNormalization", 15)
    defaults = {
        name: onnx.helper.get_attribute_value(a.default_value)
        for name, a in schema.attributes.items()
    }
    ours = fitted("onnx")
    assert ours.eps == pytest.approx(defaults["epsilon"], rel=1e-6)
    assert 1 - ours.policy.momentum == pytest.approx(defaults["momentum"], rel=1e-6)
    run = ReferenceEvaluator(_training_node())
    mean, variance = np.zeros(3), np.ones(3)
    for batch in batches():
        given = {"x": batch, "s": np.ones(3), "b": np.zeros(3), "m": mean, "v": variance}
        _, mean, variance = run.run(None, given)
    # Its momentum is a 32-bit float.
    np.testing.assert_allclose(ours.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(ours.variance, variance, rtol=1e-6)


def _training_node():
    from onnx import TensorProto, helper

    names, outputs = ["x", "s", "b", "m", "v"], ["y", "rm", "rv"]
    node = helper.make_node("BatchNormalization", names, outputs, training_mode=1)
    double = TensorProto.DOUBLE
    inputs = [
        helper.make_tensor_value_info(name, double, [None, 3] if name == "x" else [3])
        for name in names
    ]
    made = [
        helper.make_tensor_value_info(name, double, [None, 3] if name == "y" else [3])
        for name in outputs
    ]
    graph = helper.make_graph([node], "training", inputs, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])


@pytest.mark.filterwarnings("ignore:3 columns have an algorithm2 variance")
def test_paper_takes_the_average_of_unbiased_variances():
    # Ioffe & Szegedy 2015, Algorithm 2, lines 10 and 11.
    parts = batches()
    ours = fitted("paper")
    np.testing.assert_allclose(ours.mean, np.mean([b.mean(0) for b in parts], 0), rtol=1e-12)
    variances = [len(b) / (len(b) - 1) * b.var(0) for b in parts]
    np.testing.assert_allclose(ours.variance, np.mean(variances, 0), rtol=1e-12)
