"""The removable share is what really goes: shown with the program's own verbs, on files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bncli

ROWS = 4000


def narrowed(rng: np.random.Generator, rows: int) -> np.ndarray:
    """As wide as it was but for a hair, and of another shape: stretching it magnifies that."""
    return 0.95 * rng.standard_normal(rows)


def synthetic() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(5)
    half = np.where(np.arange(ROWS) % 2, -1.0, 1.0) + 0.3 * rng.random(ROWS)
    train = {
        "mostly": rng.normal(size=ROWS),
        "little": rng.normal(size=ROWS),
        "affine": rng.lognormal(size=ROWS),
        "narrow": half - half.mean(),
        "far": 1e9 + rng.normal(size=ROWS),
        "holes": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(size=ROWS)),
    }
    narrow = narrowed(rng, ROWS)
    test = {
        "mostly": rng.gamma(2, 2, ROWS),
        "little": rng.uniform(-2, 2, ROWS),
        "affine": 3.0 * train["affine"] - 7.0,
        "narrow": narrow - narrow.mean(),
        "far": 1e9 + 3 + rng.exponential(size=ROWS),
        "holes": np.where(rng.random(ROWS) < 0.4, np.nan, rng.exponential(size=ROWS)),
    }
    return pl.DataFrame(train), pl.DataFrame(test)


def weather(sample_data: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    winter, summer = (
        pl.read_parquet(sample_data / f"weather_{season}.parquet").select(
            pl.col("temp", "dewp", "humid", "pressure", "precip", "wind_gust").cast(pl.Float64)
        )
        for season in ("winter", "summer")
    )
    return winter, summer


def adapted(train: Path, test: Path) -> Path:
    """The test side standardized with its own statistics and mapped to training units: eps 0."""
    folder = test.parent
    bncli.fit(test, eps=0.0).transform(test, folder / "z.parquet")
    bncli.fit(train, eps=0.0).inverse(folder / "z.parquet", folder / "adapted.parquet")
    return folder / "adapted.parquet"


def measures(train: Path, test: Path) -> dict[str, dict[str, float]]:
    report = bncli.shift(train, test, joint=0)
    return {column.name: dict(column.measures) for column in report.columns}


@pytest.fixture(params=["synthetic", "weather"])
def found(request, sample_data, tmp_path):
    """The measures of both sides as they are, and with the test side adapted."""
    frames = synthetic() if request.param == "synthetic" else weather(sample_data)
    paths = tmp_path / "train.parquet", tmp_path / "test.parquet"
    for frame, path in zip(frames, paths, strict=True):
        frame.write_parquet(path)
    return measures(*paths), measures(paths[0], adapted(*paths))


def test_adapting_takes_away_the_share_that_the_report_told(found):
    before, after = found
    judged = [name for name, figures in before.items() if "removable" in figures]
    assert len(judged) >= 5
    for name in judged:
        gone = 1.0 - (after[name]["w2"] / before[name]["w2"]) ** 2
        assert before[name]["removable"] == pytest.approx(gone, abs=1e-9), name
    if "narrow" in before:
        assert before["narrow"]["removable"] < -0.01
        assert before["affine"]["removable"] == pytest.approx(1.0, abs=1e-9)


def test_the_parts_of_w2_add_up_before_and_after(found):
    for figures in found:
        for name, one in figures.items():
            parts = one["w2_location"] + one["w2_scale"] + one["w2_shape"]
            assert parts == pytest.approx(one["w2"] ** 2, rel=1e-12, abs=0), name


def test_what_stays_is_shape(found):
    _, after = found
    for name, one in after.items():
        assert one["w2_location"] + one["w2_scale"] <= 1e-9 * one["w2"] ** 2 + 1e-20, name
