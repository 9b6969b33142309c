"""``--joint`` and ``--no-joint`` as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bncli.cli import app
from bncli.cli.process import Process

ROOT = Path(__file__).resolve().parent.parent


def in_a_process(*args, cwd: Path, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bncli", *map(str, args)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def bncli(monkeypatch, tmp_path, capfd):
    """Run a command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        return app.run(Process(), [str(arg) for arg in args]), *capfd.readouterr()

    return run


@pytest.fixture(scope="module")
def wide(tmp_path_factory) -> Path:
    """A file of 70 columns that share a factor, some values missing."""
    path = tmp_path_factory.mktemp("wide") / "wide.parquet"
    rng = np.random.default_rng(0)
    table = rng.normal(size=(70, 9_000)) + rng.normal(size=9_000)
    table[3, rng.random(9_000) < 0.4] = np.nan
    pl.DataFrame({f"c{at}": column for at, column in enumerate(table)}).write_parquet(path)
    return path


def test_threads_of_polars_and_of_the_blas_change_no_byte_of_an_artifact(wide, tmp_path):
    for threads, blas in (("1", "1"), ("2", "4")):
        in_a_process(
            *("fit", wide, "--joint", 70, "--threads", threads, "-o", f"{threads}.json"),
            cwd=tmp_path,
            OPENBLAS_NUM_THREADS=blas,
        )
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    kept = json.loads((tmp_path / "1.json").read_text())["covariance"]
    assert len(kept["channels"]) == 70


@pytest.mark.parametrize(
    ("options", "channels"),
    [((), 64), (("--joint", "5"), 5), (("--no-joint",), None), (("--no-profile",), None)],
)
def test_fit_keeps_the_covariance_of_as_many_columns_as_asked_for(bncli, wide, options, channels):
    assert bncli("fit", wide, *options, "-o", "stats.json", "-q") == (0, "", "")
    kept = json.loads(Path("stats.json").read_text()).get("covariance")
    assert (kept and kept["channels"]) == (channels and list(range(channels)))
    shown = bncli("inspect", "stats.json")[1]
    assert (f"covariance of {channels} of 70 channels" in shown) == bool(channels)


@pytest.mark.parametrize(
    ("options", "columns"),
    [((), 64), (("--joint", "5"), 5), (("--joint", "70"), 70), (("--no-joint",), None)],
)
@pytest.mark.parametrize("from_artifact", [False, True])
def test_shift_compares_as_many_columns_jointly_as_asked_for(
    bncli, wide, options, columns, from_artifact
):
    train = side = "few.parquet"
    pl.read_parquet(wide).head(500).write_parquet(side)
    if from_artifact:
        train = "stats.json"
        assert bncli("fit", side, "-o", train, "-q", "--joint", columns or 64)[0] == 0
    code, out, _ = bncli("shift", train, side, *options, "--json", "-q")
    found = json.loads(out)
    assert code == 0
    assert found["joint_absent"] is None
    if columns is None:
        assert found["joint"] is None
        return
    assert len(found["joint"]["columns"]) == columns
    assert len(found["joint"]["left_out"]) == 70 - columns
    assert found["joint"]["frechet"] == pytest.approx(0.0, abs=1e-6)


def test_an_artifact_without_a_covariance_is_told(bncli, wide):
    assert bncli("fit", wide, "-o", "bare.json", "-q", "--no-joint")[0] == 0
    _, out, _ = bncli("shift", "bare.json", wide, "-q")
    assert "jointly: not compared: no covariance is kept on the training and test side\n" in out


@pytest.mark.parametrize("number", ["0", "513", "many"])
def test_a_number_that_cannot_be_meant_is_refused(bncli, wide, number):
    code, _, err = bncli("fit", wide, "--joint", number)
    assert code == 2
    assert "'--joint'" in err
