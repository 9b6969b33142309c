"""Every measure SciPy also has, against SciPy on the real sets (tests/golden/scipy_*.json)."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from profiles import frame_side

from bncli.shift.compare import ShiftOptions, ShiftReport, compare

GOLDEN = Path(__file__).parent / "golden"
SETS = {
    "weather": ("weather_winter", "weather_summer"),
    "visits": ("visits_train", "visits_test"),
    "flights": ("flights_january", "flights_july"),
    "penguins": ("Torgersen", "Biscoe"),
}


@pytest.fixture(scope="module", params=SETS)
def compared(request, sample_data) -> tuple[ShiftReport, dict]:
    golden = json.loads((GOLDEN / f"scipy_{request.param}.json").read_text())["columns"]
    if request.param == "penguins":
        birds = pl.read_parquet(sample_data / "penguins.parquet")
        frames = [birds.filter(pl.col("island") == name) for name in SETS["penguins"]]
    else:
        frames = [pl.read_parquet(sample_data / f"{name}.parquet") for name in SETS[request.param]]
    train, test = (frame_side(frame.select(sorted(golden))) for frame in frames)
    return compare(train, test, ShiftOptions(draws=20)), golden


def test_every_measure_equals_scipy(compared):
    report, golden = compared
    assert sorted(column.name for column in report.columns) == sorted(golden)
    for column in report.columns:
        ours = {name: column.measures[name] for name in golden[column.name]}
        assert ours == pytest.approx(golden[column.name], rel=1e-12, abs=1e-12), column.name


def test_parts_of_w2_add_up_on_real_columns(compared):
    report, _ = compared
    for column in report.columns:
        if column.kind == "numeric":
            found = column.measures
            parts = found["w2_location"] + found["w2_scale"] + found["w2_shape"]
            assert parts == pytest.approx(found["w2"] ** 2, rel=1e-12)
