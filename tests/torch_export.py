"""Exported state dicts in PyTorch itself; what needs it is imported where it is used."""

from __future__ import annotations

import tempfile
from contextlib import chdir
from pathlib import Path

import exporting
import numpy as np
import polars as pl

import bncli

ROOT = Path(__file__).resolve().parent.parent
FILE = "bn.safetensors"
TABLES = ["weather_winter", "learned", "torch preset", "relative eps", "awkward"]
IMAGES = {"digits": ("digits_test_clean", (1, 8, 8)), "patches": ("patches_dusk", (3, 32, 32))}
CASES = [*TABLES, *IMAGES]


def rows(case: str) -> int:
    """How many rows the golden file holds the outputs of."""
    return 2 if case in IMAGES else 6


def inputs(case: str) -> tuple[np.ndarray, bncli.Standardizer]:
    """(what goes into the module, the standardizer): shape (rows, channels), or images."""
    if case not in IMAGES:
        frame, fitted = exporting.case_of(case)
        return np.stack(exporting.floats(frame, fitted), 1), fitted
    name, shape = IMAGES[case]
    path = ROOT / "sample_data" / f"{name}.parquet"
    images = pl.read_parquet(path)["image"].ext.storage()
    values = np.stack(images.to_numpy()).astype(np.float64).reshape(-1, *shape)
    return values, exporting.learned(bncli.fit(path, columns="image"))


def truth(values: np.ndarray, fitted: bncli.Standardizer) -> tuple[np.ndarray, np.ndarray]:
    """(what transform gives, the size of the numbers that PyTorch adds up), both as ``values``."""
    from bncli.standardize.affine import coefficients

    found = coefficients(fitted)
    last = np.moveaxis(values, 1, -1)
    size = np.abs(found.mean * found.scale) + np.zeros(last.shape)
    return tuple(np.moveaxis(each, -1, 1) for each in (found.forward(last), size))


def run(fitted: bncli.Standardizer, values: np.ndarray, **options: str):
    """(the module that the printed program makes, its outputs)."""
    import torch

    defined: dict = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        program = bncli.export(fitted, "torch", FILE, **options).snippet
        exec(compile(program, "load.py", "exec"), defined)
    with torch.no_grad():
        return defined["bn"], defined["bn"](torch.from_numpy(values)).numpy()


def check(
    outputs: np.ndarray, values: np.ndarray, fitted: bncli.Standardizer, folded: bool = True
) -> None:
    """Within 4 units in the last place of what PyTorch adds up: ``x * a + (bias - mean * a)``.

    folded: False where it had no mean to fold, so that nothing but y and beta counts.
    """
    wanted, size = truth(values, fitted)
    size = size if folded else np.zeros_like(size)
    assert (np.isnan(outputs) == np.isnan(wanted)).all()
    beta = np.abs(fitted.beta).reshape(1, -1, *[1] * (values.ndim - 2))
    largest = np.fmax(np.fmax(np.abs(wanted), beta), size)
    with np.errstate(invalid="ignore"):
        assert np.nanmax(np.abs(outputs - wanted) / np.spacing(largest)) <= 4
