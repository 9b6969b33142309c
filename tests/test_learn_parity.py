"""``learn`` step for step against PyTorch's BatchNorm1d or 2d -> Linear, from golden files.

200 steps in float64 with the same first weights and order; real rows, ragged mini-batches, rows
that lack a feature, a mini-batch of a single row. tests/parity/make_descent_golden.py makes the
golden file.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from parity import descents

import bncli

GOLDEN = Path(__file__).parent / "golden" / "torch_descent.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
RELATIVE = 1e-10
# Of 3072 weights some are a hundred times smaller than the others, and no more exact.
NEAR_ZERO = {"patches"}
# Some pixels are always 0, and one row of the weather in ten lacks the pressure.
pytestmark = pytest.mark.filterwarnings("ignore:.*(constant|lack a feature)")


def named(case):
    return f"{case['set']}-{case['optimizer']}"


def traced(case, folder):
    """The lines that ``learn`` traces of the same descent."""
    make, size = descents.SETS[case["set"]]
    rows, chosen = make(), dict(case["options"])
    if "momentum" in chosen:
        chosen["momentum_sgd"] = chosen.pop("momentum")
    trace = folder / "trace.ndjson"
    bncli.learn(
        rows.frame,
        bncli.fit(rows.frame, target=rows.target, eps=descents.EPS),
        target=rows.target,
        batch_size=size,
        optimizer=case["optimizer"],
        steps=descents.STEPS,
        shuffle=False,
        init=descents.first_weights(rows),
        trace=trace,
        compare=False,
        **chosen,
    )
    return [json.loads(line) for line in trace.read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_losses_and_parameters_equal_those_of_torch(case, tmp_path):
    lines = traced(case, tmp_path)
    assert [line["step"] for line in lines] == list(range(descents.STEPS))
    losses = [line["loss"] for line in lines]
    np.testing.assert_allclose(losses, case["losses"], rtol=RELATIVE)
    for step, theirs in case["parameters"].items():
        for name, values in theirs.items():
            ours = np.array(descents.some(lines[int(step)][name]))
            told = f"{name} after step {step}"
            size = np.sqrt(np.mean(np.square(values))) if case["set"] in NEAR_ZERO else 0.0
            np.testing.assert_allclose(
                ours, values, rtol=RELATIVE, atol=RELATIVE * size, err_msg=told
            )


def test_every_set_is_learned_with_every_optimizer():
    held = {(case["set"], case["optimizer"]) for case in CASES}
    assert held == {(name, kind) for name in descents.SETS for kind in descents.OPTIMIZERS}
