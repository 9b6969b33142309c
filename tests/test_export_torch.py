"""State dicts for PyTorch: what it made of them for the golden file, and makes now if it is here.

tests/golden/torch_export.json comes from tests/parity/make_torch_export_golden.py.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch_export
from safetensors.numpy import load

import bncli
from bncli.errors import UsageError

GOLDEN = json.loads(
    (Path(__file__).parent / "golden" / "torch_export.json").read_text(encoding="utf-8")
)
CASES = {case["case"]: case for case in GOLDEN["cases"]}
TYPES = {"float64": "torch.float64", "int64": "torch.int64"}

pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")


@pytest.mark.parametrize("name", torch_export.CASES)
def test_the_state_is_the_one_that_torch_took(name):
    _, fitted = torch_export.inputs(name)
    state = load(bncli.export(fitted, "torch").content)
    found = {key: [list(value.shape), TYPES[str(value.dtype)]] for key, value in state.items()}
    assert found == CASES[name]["state"]


@pytest.mark.parametrize("name", torch_export.CASES)
def test_what_torch_gave_is_what_transform_gives(name):
    values, fitted = torch_export.inputs(name)
    values = values[: torch_export.rows(name)]
    outputs = np.array(CASES[name]["outputs"], dtype=np.float64).reshape(values.shape)
    torch_export.check(outputs, values, fitted)


@pytest.mark.parametrize("name", torch_export.CASES)
def test_what_torch_gives_now_is_what_transform_gives(name):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed (python3 dev goldens installs it)")
    values, fitted = torch_export.inputs(name)
    module, outputs = torch_export.run(fitted, values)
    assert repr(module) == CASES[name]["module"]
    torch_export.check(outputs, values, fitted)


def test_a_constant_column_has_weight_0_and_one_without_statistics_bias_nan():
    _, fitted = torch_export.inputs("awkward")
    state = load(bncli.export(fitted, "torch").content)
    at = {channel.feature: place for place, channel in enumerate(fitted.channels)}
    assert state["weight"][at["constant"]] == 0
    assert np.isnan(state["bias"][at["nothing"]])
    assert state["num_batches_tracked"].shape == ()
    assert state["running_mean"][at["far"]] == fitted.mean[at["far"]]


def test_columns_and_images_go_into_one_dictionary_of_modules(sample_data):

    frame = pl.read_parquet(sample_data / "digits_train.parquet")
    fitted = bncli.fit(frame.with_columns(pl.col("label").cast(pl.Float64)))
    exported = bncli.export(fitted, "torch")
    state = load(exported.content)
    assert {key.partition(".")[0] for key in state} == {"columns", "tensor_0"}
    assert '"columns": torch.nn.BatchNorm1d(1, ' in exported.snippet
    assert '"tensor_0": torch.nn.BatchNorm2d(1, ' in exported.snippet


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"running": "exponential", "momentum": 0.25}, ", momentum=0.25,"),
        ({"running": "cumulative"}, ", momentum=None,"),
        ({"preset": "torch"}, "eps=1e-05, momentum=0.1,"),
        ({}, "(1, eps=1e-08, dtype=torch.float64)"),
        ({"eps": 0.5, "eps_relative": True}, "(1, eps=0.0, dtype=torch.float64)"),
    ],
)
def test_the_module_keeps_the_policy_for_more_training(options, shown):

    fitted = bncli.fit(pl.DataFrame({"x": [1.0, 2.0, 4.0] * 9}), **options)
    assert shown in bncli.export(fitted, "torch").snippet


def centred(values: np.ndarray, state: dict, eps: float) -> np.ndarray:
    """What PyTorch does in evaluation: ``x * a + (bias - mean * a)`` of what is centred."""
    shape = (1, -1, *[1] * (values.ndim - 2))
    with np.errstate(invalid="ignore", over="ignore"):
        a = state["bn.weight"] * (1 / np.sqrt(state["bn.running_var"] + eps))
        b = state["bn.bias"] - state["bn.running_mean"] * a
        gap = values - state["mean"][None]
        return gap * a.reshape(shape) + b.reshape(shape)


@pytest.mark.parametrize("name", torch_export.CASES)
def test_centred_first_the_bar_of_the_standard_is_met_however_far_the_mean_is(name):
    values, fitted = torch_export.inputs(name)
    state = load(bncli.export(fitted, "torch", op="centred").content)
    assert not state["bn.running_mean"].any()
    eps = 0.0 if fitted.eps_relative else fitted.eps
    torch_export.check(centred(values, state, eps), values, fitted, folded=False)


@pytest.mark.parametrize("name", torch_export.CASES)
def test_centred_in_torch_itself_meets_it_too(name):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is not installed (python3 dev goldens installs it)")
    values, fitted = torch_export.inputs(name)
    _, outputs = torch_export.run(fitted, values, op="centred")
    torch_export.check(outputs, values, fitted, folded=False)


def test_an_op_that_is_none_is_refused():
    fitted = bncli.fit(pl.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(UsageError, match="torch has no --op 'normalize'"):
        bncli.export(fitted, "torch", op="normalize")
