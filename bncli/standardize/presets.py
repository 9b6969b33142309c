"""How other systems normalize: the options behind ``--preset``, by name.

Momentum is the weight of the new mini-batch everywhere in bncli; Keras (0.99) and ONNX (0.9)
write the weight of the old value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bncli.errors import UsageError

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # Ioffe & Szegedy 2015, Algorithm 2; eps as in the project's notes on it.
    "paper": {"eps": 1e-8, "running": "algorithm2", "ddof": 1},
    # torch.nn.BatchNorm1d: the running variance is unbiased.
    "torch": {"eps": 1e-5, "running": "exponential", "momentum": 0.1, "ddof": 1},
    # keras.layers.BatchNormalization: the moving variance is biased.
    "keras": {"eps": 1e-3, "running": "exponential", "momentum": 0.01, "ddof": 0},
    # sklearn.preprocessing.StandardScaler.
    "sklearn": {"eps": 0.0, "running": "pooled", "ddof": 0},
    # ONNX BatchNormalization-15 in training mode: the population variance.
    "onnx": {"eps": 1e-5, "running": "exponential", "momentum": 0.1, "ddof": 0},
}


def preset(name: str) -> Mapping[str, Any]:
    """The options of a system. Raises UsageError for one that is not known."""
    if name not in PRESETS:
        raise UsageError(f"no preset named '{name}'", fix=f"known: {', '.join(PRESETS)}")
    return PRESETS[name]
