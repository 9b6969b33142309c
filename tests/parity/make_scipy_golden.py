"""Make tests/golden/scipy_*.json: what SciPy says of the real sets, column by column.

    python tests/parity/make_scipy_golden.py

Reads sample_data/ with polars and computes with numpy and SciPy alone; nothing of bncli.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
PAIRS = {
    "weather": ("weather_winter.parquet", "weather_summer.parquet"),
    "visits": ("visits_train.parquet", "visits_test.parquet"),
    "flights": ("flights_january.parquet", "flights_july.parquet"),
}


def sides() -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """The real sets, as train and test; penguins by island."""
    found = {
        name: tuple(pl.read_parquet(ROOT / "sample_data" / file) for file in files)
        for name, files in PAIRS.items()
    }
    birds = pl.read_parquet(ROOT / "sample_data" / "penguins.parquet")
    islands = (birds.filter(pl.col("island") == island) for island in ("Torgersen", "Biscoe"))
    return {**found, "penguins": tuple(islands)}


def numeric(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """KS with its p, W1, and the distances over decile bins of ``train``."""
    ks = stats.ks_2samp(train, test)
    edges = np.unique(np.quantile(train, np.arange(1, 10) / 10))
    p, q = (
        np.bincount(np.searchsorted(edges, side, side="left"), minlength=edges.size + 1)
        for side in (train, test)
    )
    p, q = p / train.size, q / test.size
    floored = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    return {
        "ks": float(ks.statistic),
        "ks_p": float(ks.pvalue),
        "w1": float(stats.wasserstein_distance(train, test)),
        "js": float(jensenshannon(p, q, base=2)),
        # The symmetrised relative entropy, of floored shares that are not renormalised.
        "psi": float(rel_entr(*floored).sum() + rel_entr(*floored[::-1]).sum()),
    }


def categorical(train: pl.Series, test: pl.Series) -> dict[str, float]:
    """Chi-squared without correction, its p, Cramer's V, and the distance of the shares."""
    values = sorted({*train, *test})
    table = np.array([[(side == value).sum() for value in values] for side in (train, test)])
    chi2 = stats.chi2_contingency(table, correction=False)
    shares = table / table.sum(axis=1, keepdims=True)
    return {
        "chi2": float(chi2.statistic),
        "chi2_p": float(chi2.pvalue),
        "cramers_v": float(stats.contingency.association(table, method="cramer")),
        "js": float(jensenshannon(*shares, base=2)),
    }


def columns(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, kind in train.schema.items():
        ours, theirs = train[name].drop_nulls(), test[name].drop_nulls()
        if kind.is_numeric():
            found[name] = numeric(*(side.cast(pl.Float64).to_numpy() for side in (ours, theirs)))
        elif kind in (pl.String, pl.Boolean) and ours.n_unique() <= ours.len() / 2:
            found[name] = categorical(ours, theirs)
    return found


def main() -> None:
    for name, (train, test) in sides().items():
        golden: dict[str, Any] = {"scipy": scipy.__version__, "columns": columns(train, test)}
        target = GOLDEN / f"scipy_{name}.json"
        target.write_text(json.dumps(golden, indent=2) + "\n")
        print(target.relative_to(ROOT), len(golden["columns"]))


if __name__ == "__main__":
    main()
