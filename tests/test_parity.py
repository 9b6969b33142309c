"""bncli against its peers, from the golden files that tests/parity/ makes.

PyTorch: BatchNorm1d in double precision, trained over a stream of mini-batches with a ragged
tail. scikit-learn: StandardScaler after partial_fit over the same mini-batches.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from parity.streams import STREAMS

import bncli

GOLDEN = Path(__file__).parent / "golden"
TORCH = json.loads((GOLDEN / "torch_batchnorm.json").read_text(encoding="utf-8"))
SKLEARN = json.loads((GOLDEN / "sklearn_scaler.json").read_text(encoding="utf-8"))
RELATIVE = 1e-12

# One column of the offsets is meant to be as small as this warning says.
pytestmark = pytest.mark.filterwarnings("ignore:column 'tiny' has a variance so small")


def named(case):
    return f"{case['stream']}-{case['batch_size']}"


def stream_of(case) -> pl.DataFrame:
    frame = STREAMS[case["stream"]]()
    assert (len(frame), frame.columns) == (case["rows"], case["columns"])
    return frame


def fitted_like(case, running):
    """The Standardizer that follows PyTorch: momentum None is the cumulative average."""
    momentum = running["momentum"]
    policy = {"running": "cumulative"} if momentum is None else {"running": "exponential"}
    given = {} if momentum is None else {"momentum": momentum}
    return bncli.fit(stream_of(case), batch_size=case["batch_size"], **policy, **given)


@pytest.mark.parametrize("case", TORCH["cases"], ids=named)
@pytest.mark.parametrize("which", [0, 1, 2], ids=["0.1", "0.01", "None"])
def test_running_statistics_equal_those_of_torch(case, which):
    running = case["running"][which]
    standardizer = fitted_like(case, running)
    assert [channel.feature for channel in standardizer.channels] == case["columns"]
    np.testing.assert_allclose(standardizer.mean, running["mean"], rtol=RELATIVE)
    np.testing.assert_allclose(standardizer.variance, running["variance"], rtol=RELATIVE)


@pytest.mark.parametrize("case", TORCH["cases"], ids=named)
def test_batch_mode_outputs_equal_training_mode_of_torch(case, tmp_path):
    standardizer = bncli.fit(stream_of(case), batch_size=case["batch_size"], eps=TORCH["eps"])
    out = tmp_path / "out.parquet"
    bncli.transform(stream_of(case), standardizer, out, statistics="batch")
    rows = [output["row"] for output in case["outputs"]]
    theirs = np.array([output["values"] for output in case["outputs"]])
    ours = pl.read_parquet(out)[rows].to_numpy()
    # Outputs are in standard deviations, so near 0 the bar is absolute. PyTorch folds the mean
    # into the shift, which costs it |mean| / sd units in the last place.
    offset = np.abs(standardizer.mean) / np.sqrt(standardizer.variance)
    assert (np.abs(ours - theirs) <= RELATIVE * np.maximum(np.abs(theirs), 1 + offset)).all()


@pytest.mark.parametrize("case", SKLEARN["cases"], ids=named)
def test_pooled_statistics_equal_those_of_sklearn(case):
    standardizer = bncli.fit(stream_of(case), batch_size=case["batch_size"])
    np.testing.assert_allclose(standardizer.mean, case["mean"], rtol=RELATIVE)
    np.testing.assert_allclose(standardizer.variance, case["variance"], rtol=RELATIVE)
