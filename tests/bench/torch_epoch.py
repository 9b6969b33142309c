"""One epoch of BatchNorm1d -> Linear in PyTorch, float64, its data already in memory.

python tests/bench/torch_epoch.py DATA TARGET ROWS BATCH

Prints the rows a second of the fastest of three epochs in dataset order, whose mini-batches are
views: nothing is read, drawn or copied.
"""

from __future__ import annotations

import sys
import time

import polars as pl
import torch
from torch import nn


def epoch(model: nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int) -> float:
    """Seconds for all rows, once."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    start = time.perf_counter()
    for first in range(0, len(x), batch):
        optimizer.zero_grad()
        predicted = model(x[first : first + batch])[:, 0]
        nn.functional.mse_loss(predicted, y[first : first + batch]).backward()
        optimizer.step()
    return time.perf_counter() - start


def main(data: str, target: str, rows: int, batch: int) -> None:
    frame = pl.scan_parquet(data).head(rows).fill_null(0.0).collect()
    y = torch.from_numpy(frame[target].to_numpy().copy())
    x = torch.from_numpy(frame.drop(target).to_numpy().copy(order="C"))
    layers = nn.BatchNorm1d(x.shape[1], dtype=x.dtype), nn.Linear(x.shape[1], 1, dtype=x.dtype)
    model = nn.Sequential(*layers)
    y = (y - y.mean()) / y.std()
    print(len(x) / min(epoch(model, x, y, batch) for _ in range(3)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
