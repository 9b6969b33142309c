"""Remake tests/golden/torch_descent.json: 200 steps of BatchNorm -> Linear in PyTorch, float64.

BatchNorm1d of plain columns, BatchNorm2d and Flatten of images.

python3 dev goldens
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from parity import descents

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "torch_descent.json"
SHOWN = (0, descents.STEPS - 1)


def numbers(rows: descents.Rows) -> tuple[np.ndarray, np.ndarray]:
    """Features, and the target as numbers: classes in sorted order."""
    target = rows.frame[rows.target].to_numpy()
    if rows.classes:
        target = np.unique(target, return_inverse=True)[1]
    return rows.values(), target.astype(np.float64)


def mini_batches(x: np.ndarray, y: np.ndarray, size: int):
    """In order, over and over; incomplete rows leave theirs smaller, one row alone is skipped."""
    while True:
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            complete = ~np.isnan(x[part].reshape(len(x[part]), -1)).any(axis=1)
            if complete.sum() > 1:
                yield torch.from_numpy(x[part][complete]), torch.from_numpy(y[part][complete])


def loss_of(rows: descents.Rows, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if rows.classes > 2:
        return nn.functional.cross_entropy(logits, y.long())
    if rows.classes:
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], y)
    return nn.functional.mse_loss(logits[:, 0], y)


def descend(rows: descents.Rows, size: int, kind: str, chosen: dict) -> dict:
    """Losses of all steps, before each; the parameters after some of them."""
    layer = nn.BatchNorm2d if rows.shape else nn.BatchNorm1d
    channels = rows.shape[0] if rows.shape else rows.inputs
    norm = layer(channels, eps=descents.EPS, dtype=torch.float64)
    head = nn.Linear(rows.inputs, rows.outputs, dtype=torch.float64)
    first = descents.first_weights(rows)
    with torch.no_grad():
        head.weight.copy_(torch.tensor(first["weight"], dtype=torch.float64))
        head.bias.copy_(torch.tensor(first["bias"], dtype=torch.float64))
    model = nn.Sequential(norm, nn.Flatten(), head)
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind](
        model.parameters(), **chosen
    )
    losses, shown = [], {}
    stream = mini_batches(*numbers(rows), size)
    for step in range(descents.STEPS):
        x, y = next(stream)
        optimizer.zero_grad()
        loss = loss_of(rows, model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step in SHOWN:
            shown[step] = {
                "gamma": descents.some(norm.weight.tolist()),
                "beta": descents.some(norm.bias.tolist()),
                "weight": descents.some(head.weight.tolist()),
                "bias": descents.some(head.bias.tolist()),
            }
    return {"losses": losses, "parameters": shown}


if __name__ == "__main__":
    torch.set_num_threads(1)
    cases = []
    for name, (make, size) in descents.SETS.items():
        for kind in descents.OPTIMIZERS:
            rows, chosen = make(), descents.options(name, kind)
            found = descend(rows, size, kind, chosen)
            cases.append({"set": name, "optimizer": kind, "options": chosen, **found})
    # One case a line: numbers one below the other would be of no use to anybody.
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = json.dumps({"made_by": f"torch {torch.__version__}"})[:-1]
    GOLDEN.write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"wrote {GOLDEN.name}")
