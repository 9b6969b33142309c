"""Remake tests/golden/torch_batchnorm.json: what PyTorch's BatchNorm1d(double) computes.

python3 dev goldens
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from streams import STREAMS, batches

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "torch_batchnorm.json"
EPS = 1e-8
SIZES = (256, 100)
MOMENTA = (0.1, 0.01, None)


def train(stream: list[np.ndarray], momentum: float | None) -> tuple[dict, list[np.ndarray]]:
    """Running statistics after the whole stream, and the training-mode output of each batch."""
    layer = torch.nn.BatchNorm1d(
        stream[0].shape[1], eps=EPS, momentum=momentum, affine=False, dtype=torch.float64
    )
    outputs = [layer(torch.from_numpy(np.ascontiguousarray(batch))).numpy() for batch in stream]
    running = {"mean": layer.running_mean.tolist(), "variance": layer.running_var.tolist()}
    return running, outputs


def case(name: str, size: int) -> dict:
    """Running statistics for every momentum; first and last output row of three mini-batches."""
    frame = STREAMS[name]()
    stream = batches(frame, size)
    runs = [(momentum, *train(stream, momentum)) for momentum in MOMENTA]
    outputs = runs[0][2]  # the outputs do not depend on the momentum
    rows = {}
    for batch in (0, 1, len(stream) - 1):
        first = batch * size
        rows[first] = outputs[batch][0].tolist()
        rows[first + len(outputs[batch]) - 1] = outputs[batch][-1].tolist()
    return {
        "stream": name,
        "batch_size": size,
        "rows": len(frame),
        "columns": frame.columns,
        "running": [{"momentum": momentum, **running} for momentum, running, _ in runs],
        "outputs": [{"row": row, "values": values} for row, values in rows.items()],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    cases = [case(name, size) for name in STREAMS for size in SIZES]
    record = {"made_by": f"torch {torch.__version__}", "eps": EPS, "cases": cases}
    GOLDEN.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {GOLDEN.name}")
