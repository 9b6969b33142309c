"""Where the reports of ``shift`` go: files and standard output, whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import polars as pl
import pytest
from conftest import ROOT

from bncli.cli import app
from bncli.cli.process import Process

BIRDS = ROOT / "sample_data" / "penguins.parquet"


@pytest.fixture(scope="module")
def sides(tmp_path_factory) -> list[str]:
    """The birds of two islands, a file each."""
    folder, birds = tmp_path_factory.mktemp("sides"), pl.read_parquet(BIRDS)
    files = [folder / f"{island}.csv" for island in ("Torgersen", "Biscoe")]
    for file in files:
        birds.filter(pl.col("island") == file.stem).drop("island").write_csv(file)
    return list(map(str, files))


@pytest.fixture
def bncli(capfdbinary, tmp_path, monkeypatch, sides):
    """Runs ``shift`` on the two islands; gives exit code, output, messages."""
    monkeypatch.chdir(tmp_path)

    def run(*args, on=sides):
        code = app.run(Process(), ["shift", *on, *args])
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return run


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_named_file_holds_the_report_and_the_screen_its_own(bncli, tmp_path):
    code, out, err = bncli("--markdown", "r.md", "--junit", "r.xml")
    assert (code, err) == (0, "report kept in r.md, r.xml\n")
    assert out.startswith("major shift: 5 of 7 columns moved")
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("### Major shift: ")
    assert Xml.parse(tmp_path / "r.xml").getroot().tag == "testsuites"


def test_a_dash_prints_the_report_instead_of_the_screen_s(bncli, tmp_path):
    code, out, err = bncli("--markdown", "-", "--junit", "r.xml", "-q")
    assert (code, err) == (0, "")
    assert out.startswith("### Major shift: ")
    assert names(tmp_path) == ["r.xml"]


def test_quiet_with_a_file_prints_nothing(bncli, tmp_path):
    assert bncli("--junit", "r.xml", "-q") == (0, "", "")
    assert bncli("-q")[1].startswith("major shift: ")


def test_the_file_and_the_printed_report_are_the_same_bytes(bncli, tmp_path):
    for name in ("markdown", "junit"):
        bncli(f"--{name}", "file", "-q", "--overwrite")
        printed = bncli(f"--{name}", "-", "-q")[1]
        assert (tmp_path / "file").read_text(encoding="utf-8") == printed


def test_only_one_report_goes_to_standard_output(bncli):
    code, out, err = bncli("--json", "--markdown", "-")
    assert (code, out) == (2, "")
    assert err == (
        "error: --json and --markdown both go to standard output\n  name a file for one\n"
    )


def test_one_file_holds_one_report(bncli, tmp_path):
    code, _, err = bncli("--junit", "r", "--markdown", "./r")
    assert (code, names(tmp_path)) == (2, [])
    assert "is named for two outputs" in err


def test_a_file_is_replaced_only_with_overwrite(bncli, tmp_path):
    (tmp_path / "r.md").write_text("old")
    code, out, err = bncli("--markdown", "r.md", "--junit", "r.xml")
    assert (code, out) == (2, "")
    assert err.startswith("error: 'r.md' is there already\n")
    assert names(tmp_path) == ["r.md"]
    assert (tmp_path / "r.md").read_text() == "old"
    assert bncli("--markdown", "r.md", "-q", "--overwrite")[0] == 0
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("### ")


@pytest.mark.parametrize("at", [0, 1])
def test_no_report_replaces_an_input(bncli, tmp_path, sides, at):
    content = Path(sides[at]).read_bytes()
    code, _, err = bncli("--junit", sides[at], "--overwrite")
    assert (code, Path(sides[at]).read_bytes()) == (2, content)
    assert "is both input and output" in err


def test_the_gate_speaks_last_and_the_files_are_there(bncli, tmp_path):
    code, _, err = bncli("--junit", "r.xml", "--fail-on", "minor,psi=99,share=0.5")
    assert code == 4
    assert err.splitlines()[-1] == "gate reached: --fail-on minor, share=0.5"
    assert (tmp_path / "r.xml").exists()


def test_json_stays_as_it_was(bncli):
    assert json.loads(bncli("--json")[1])["format"] == "bncli.shift"


@pytest.mark.parametrize("name", ["markdown", "junit"])
def test_a_printed_file_is_utf_8_whatever_the_terminal_s_encoding(name, sides):
    done = subprocess.run(
        [sys.executable, "-m", "bncli", "shift", *sides, f"--{name}", "-"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert not done.stderr
    done.stdout.decode("utf-8")
