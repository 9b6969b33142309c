"""No output takes the place of an input, or of another output, under whatever name it comes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import UsageError

DATA = {"a.parquet": "weather_winter.parquet", "p.csv": "penguins.csv"}
HEAD = '{"weight": [[0, 0, 0, 0]], "bias": [0]}'


@pytest.fixture(scope="module")
def made(tmp_path_factory, sample_data):
    """A folder of inputs of every kind, never written to."""
    folder = tmp_path_factory.mktemp("inputs")
    for name, source in DATA.items():
        shutil.copy(sample_data / source, folder / name)
    (folder / "head.json").write_text(HEAD)
    commands = (
        "fit a.parquet -o s.json -q",
        "fit a.parquet -o s.parquet -q",
        "fit p.csv -o p.json -q --target body_mass_g --exclude year",
        "learn p.csv -s p.json --target body_mass_g --keep-head --steps 2"
        " --no-compare -o k.parquet -q",
    )
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in commands:
            assert app.run(Process(), command.split()) == 0, command
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# verb, the input that the output takes the name of
CLASHES = {
    "fit -o": ("fit a.parquet -o OUT", "a.parquet"),
    "fit -o update": ("fit a.parquet --update s.json -o OUT", "s.json"),
    "fit -o affine": ("fit a.parquet --affine s.json -o OUT", "s.json"),
    "fit --batch-stats": ("fit a.parquet -o new.json --batch-stats OUT", "a.parquet"),
    "fit --batch-stats csv": ("fit p.csv --batch-stats OUT", "p.csv"),
    "fit --batch-stats update": (
        "fit a.parquet --update s.parquet -o new.json --batch-stats OUT",
        "s.parquet",
    ),
    "transform": ("transform a.parquet -s s.json -o OUT", "a.parquet"),
    "transform artifact": ("transform a.parquet -s s.parquet -o OUT", "s.parquet"),
    "inverse": ("inverse a.parquet -s s.json -o OUT", "a.parquet"),
    "inverse artifact": ("inverse a.parquet -s s.parquet -o OUT", "s.parquet"),
    "predict": ("predict p.csv -s k.parquet -o OUT", "p.csv"),
    "predict artifact": ("predict p.csv -s k.parquet -o OUT", "k.parquet"),
    "adapt": ("adapt a.parquet -s s.parquet -o OUT", "a.parquet"),
    "adapt artifact": ("adapt a.parquet -s s.parquet -o OUT", "s.parquet"),
    "merge": ("merge s.json s.parquet -o OUT", "s.parquet"),
    "convert": ("convert s.json OUT", "s.json"),
    "convert affine": ("convert s.json OUT --affine s.parquet", "s.parquet"),
    "export": ("export s.json --to onnx -o OUT", "s.json"),
    "learn artifact": ("learn p.csv -s p.json --target body_mass_g -o OUT", "p.json"),
    "learn init": (
        "learn p.csv -s p.json --target body_mass_g --init head.json -o OUT",
        "head.json",
    ),
    "learn trace": (
        "learn p.csv -s p.json --target body_mass_g -o new.json --trace OUT",
        "p.csv",
    ),
    "learn trace artifact": (
        "learn p.csv -s p.json --target body_mass_g -o new.json --trace OUT",
        "p.json",
    ),
    "shift html": ("shift s.json a.parquet --html OUT", "a.parquet"),
    "shift junit artifact": ("shift s.json a.parquet --junit OUT", "s.json"),
}


@pytest.mark.parametrize("way", ["itself", "link", "hard link"])
@pytest.mark.parametrize(("command", "taken"), CLASHES.values(), ids=list(CLASHES))
def test_an_input_is_never_an_output(folder, capfd, command, taken, way):
    out = folder / taken
    if way != "itself":
        out = folder / f"other{out.suffix}"
        (out.symlink_to if way == "link" else out.hardlink_to)(folder / taken)
    before = content(folder)
    code = app.run(Process(), [*command.replace("OUT", str(out)).split(), "--overwrite"])
    assert (code, content(folder)) == (2, before)
    assert "is both input and output" in capfd.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "fit a.parquet -o new.parquet --batch-stats ./new.parquet",
        "learn p.csv -s p.json --target body_mass_g -o new.json --trace new.json",
        "shift s.json a.parquet --html new.x --markdown new.x",
    ],
)
def test_two_outputs_are_two_files(folder, capfd, command):
    before = content(folder)
    assert app.run(Process(), [*command.split(), "--overwrite"]) == 2
    assert content(folder) == before
    assert "is named for two outputs" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("command", "there"),
    [
        ("fit a.parquet -o new.json --batch-stats old.csv", "old.csv"),
        ("learn p.csv -s p.json --target body_mass_g -o new.json --trace old.csv", "old.csv"),
    ],
)
def test_a_second_output_that_is_there_is_refused_before_any_reading(
    folder, capfd, monkeypatch, command, there
):
    monkeypatch.setattr("bncli.data.batches.exact_frames", None)
    monkeypatch.setattr("bncli.engine.samples.exact_frames", None)
    (folder / there).write_text("mine")
    assert app.run(Process(), command.split()) == 2
    assert capfd.readouterr().err.startswith(f"error: '{there}' is there already")
    assert (folder / there).read_text() == "mine"
    assert not (folder / "new.json").exists()


def test_python_callers_are_kept_from_it_too(folder):
    import bncli

    before = content(folder)
    for call in (
        lambda: bncli.transform("a.parquet", "s.parquet", "s.parquet", overwrite=True),
        lambda: bncli.convert("s.json", "s.json", overwrite=True),
        lambda: bncli.load("s.json") and bncli.fit("p.csv", batch_stats="p.csv", overwrite=True),
        lambda: bncli.export("s.json", "onnx", "s.json", overwrite=True),
    ):
        with pytest.raises(UsageError, match="both input and output"):
            call()
    assert content(folder) == before


def test_standard_output_that_leads_into_the_input_is_refused(folder):
    """As ``cat`` does: a run that read what it has written itself would never end."""
    before = content(folder)
    command = [sys.executable, "-m", "bncli", "transform", "p.csv", "-s", "p.json", "-o", "-"]
    with (folder / "p.csv").open("ab") as stream:
        done = subprocess.run(
            command,
            stdout=stream,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: '-' is both input and output")
    assert content(folder) == before
