"""Ctrl-C in the middle of long work: it ends at once, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

pytestmark = pytest.mark.thorough

# Generous: the promise is two seconds, but test machines are busy.
PATIENCE_S = 30
MANY = 600  # names of one file: minutes of work

# What runs, and how it is known to be at work: by a draft of its output, or after a while.
WORK = {
    "transform": ("transform a.parquet*MANY -s s.json -o o.parquet", True),
    "transform to part files": ("transform a.parquet*MANY -s s.json -o o/ --to csv", True),
    "batch mode": (
        "transform a.parquet*MANY -s s.json -o o.csv --statistics batch --batch-size 64",
        True,
    ),
    "learn": ("learn a.parquet -s s.json --target temp --epochs 100000 --trace t.ndjson", True),
    "fit": ("fit a.parquet*MANY -o o.json --batch-stats b.csv", False),
    "shift": ("shift s.json many.ndjson --html o.html", False),
    "standard input": ("fit - --format parquet -o o.json", False),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample_data):
    import polars as pl

    import bncli

    path = tmp_path_factory.mktemp("interrupts")
    year = pl.read_parquet(sample_data / "weather_year.parquet").drop_nulls("temp")
    year.write_parquet(path / "a.parquet")
    year.write_ndjson(path / "a.ndjson")
    (path / "many.ndjson").mkdir()
    for number in range(MANY):
        (path / "many.ndjson" / f"{number}.ndjson").symlink_to(path / "a.ndjson")
    bncli.fit(year, target="temp").save(path / "s.json")
    (path / "tmp").mkdir()
    return path


@pytest.mark.parametrize(("command", "drafts"), WORK.values(), ids=list(WORK))
def test_an_interrupt_ends_it_and_leaves_nothing(folder, command, drafts):
    args = [part for word in command.split() for part in _repeated(word)]
    before = _names(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "bncli", *args],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        started = time.monotonic()
        while drafts and _names(folder) == before and process.poll() is None:
            assert time.monotonic() < started + PATIENCE_S
            time.sleep(0.01)
        time.sleep(0.3 if drafts else 1.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
        # A pipe ends when the last process that holds it has ended: nothing runs on.
        assert process.stdout.read() == process.stderr.read() == b""
    assert _names(folder) == before
    assert list((folder / "tmp").iterdir()) == []


def _repeated(word: str) -> list[str]:
    name, times, _ = word.partition("*MANY")
    return [name] * MANY if times else [word]


def _names(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}
