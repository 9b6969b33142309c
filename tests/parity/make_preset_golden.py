"""Remake tests/golden/presets.json: the defaults and buffers of PyTorch's and Keras' layers.

python3 dev goldens
"""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from preset_data import batches

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "presets.json"


def of_torch() -> dict:
    layer = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    for batch in batches():
        layer(torch.from_numpy(np.ascontiguousarray(batch)))
    return {
        "made_by": f"torch {torch.__version__}",
        "eps": layer.eps,
        "momentum": layer.momentum,
        "mean": layer.running_mean.tolist(),
        "variance": layer.running_var.tolist(),
    }


def of_keras() -> dict:
    layer = keras.layers.BatchNormalization(dtype="float64")
    for batch in batches():
        layer(torch.from_numpy(np.ascontiguousarray(batch)), training=True)
    default = inspect.signature(keras.layers.BatchNormalization.__init__).parameters
    return {
        "made_by": f"keras {keras.__version__}",
        "eps": default["epsilon"].default,
        "momentum": default["momentum"].default,
        "mean": keras.ops.convert_to_numpy(layer.moving_mean).tolist(),
        "variance": keras.ops.convert_to_numpy(layer.moving_variance).tolist(),
    }


if __name__ == "__main__":
    record = {"torch": of_torch(), "keras": of_keras()}
    GOLDEN.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {GOLDEN.name}")
