"""Each command on real data: what goes to standard output, to standard error, and to files."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from bncli import api
from bncli.cli import app
from bncli.cli.process import Process

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bncli(monkeypatch, tmp_path, sample_data, capfd):
    """Run a command line in a folder of its own, where ``data`` leads to the real sets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sample_data)

    def run(*args):
        code = app.run(Process(), [str(arg) for arg in args])
        return code, *capfd.readouterr()

    return run


WINTER, SUMMER = "data/weather_winter.parquet", "data/weather_summer.parquet"
PENGUINS = "data/penguins.csv"


def test_fit_keeps_the_artifact_and_says_so_on_standard_error(bncli):
    code, out, err = bncli("fit", PENGUINS, "--null-values", "NA", "-o", "penguins.json")
    assert (code, out) == (0, "")
    assert err.splitlines()[-1].startswith("fitted ")
    assert err.splitlines()[-1].endswith("on 344 rows, kept in penguins.json")
    assert json.loads(Path("penguins.json").read_text())["rows"] == 344


def test_fit_without_an_output_shows_the_table_and_keeps_nothing(bncli):
    code, out, _ = bncli("fit", PENGUINS, "--null-values", "NA", "--columns", "b*")
    assert code == 0
    head, *rows = out.splitlines()
    assert head.split() == ["feature", "count", "missing", "mean", "sd", "min", "max"]
    mass = next(row.split() for row in rows if row.startswith("body_mass_g"))
    assert mass == ["body_mass_g", "342", "2", "4201.75", "800.781", "2700", "6300"]
    assert [path.name for path in Path().iterdir()] == ["data"]


def test_fit_prints_the_very_bytes_of_the_artifact_as_json(bncli):
    options = ("fit", PENGUINS, "--null-values", "NA", "-q")
    bncli(*options, "-o", "penguins.json")
    kept = Path("penguins.json").read_text()
    assert bncli(*options, "--json")[:2] == (0, kept)
    assert bncli(*options, "-o", "-")[:2] == (0, kept)
    assert bncli("inspect", "penguins.json", "--json")[:2] == (0, kept)


def test_quiet_leaves_only_warnings(bncli):
    Path("flat.csv").write_text("a,b\n1.5,1\n1.5,2.5\n1.5,3\n")
    code, out, err = bncli("fit", "flat.csv", "-q", "-o", "flat.json")
    assert (code, out) == (0, "")
    assert err.startswith("warning: ")
    assert "'a'" in err
    assert "fitted" not in err


def test_an_output_that_is_there_is_refused_before_any_reading(bncli, monkeypatch):
    Path("stats.json").write_text("mine")
    monkeypatch.setitem(api._HOMES, "fit", "nowhere")
    code, out, err = bncli("fit", WINTER, "-o", "stats.json")
    assert (code, out) == (2, "")
    assert err == "error: 'stats.json' is there already\n  replace it with --overwrite\n"
    assert Path("stats.json").read_text() == "mine"


def test_an_artifact_never_replaces_the_data_it_was_fitted_on(bncli):
    Path("mine.parquet").write_bytes(Path(WINTER).read_bytes())
    for data in ("mine.parquet", "m*.parquet"):
        code, _, err = bncli("fit", data, "-o", "mine.parquet", "--overwrite")
        assert code == 2
        assert "both input and output" in err
    assert Path("mine.parquet").read_bytes() == Path(WINTER).read_bytes()


def test_transform_and_inverse_go_there_and_back(bncli):
    assert bncli("fit", WINTER, "-o", "winter.json", "-q")[0] == 0
    code, out, err = bncli("transform", SUMMER, "-s", "winter.json", "-o", "summer.parquet")
    assert (code, out) == (0, "")
    assert err == "standardized 6604 rows, kept in summer.parquet\n"
    code, out, err = bncli("inverse", "summer.parquet", "-o", "back.csv")
    assert (code, out) == (0, "")
    assert err.splitlines()[-1] == "brought back 6604 rows, kept in back.csv"
    assert len(Path("back.csv").read_text().splitlines()) == 6605


def test_transform_to_standard_output_says_nothing_else(bncli):
    bncli("fit", PENGUINS, "--null-values", "NA", "-o", "penguins.json", "-q")
    code, out, err = bncli(
        *("transform", PENGUINS, "--null-values", "NA"), "-s", "penguins.json", "-o", "-"
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == Path(PENGUINS).read_text().splitlines()[0]
    assert len(out.splitlines()) == 345


def test_transform_to_dev_null_leaves_the_device(bncli):
    bncli("fit", WINTER, "-o", "winter.json", "-q")
    assert bncli("transform", SUMMER, "-s", "winter.json", "-o", "/dev/null")[0] == 0
    assert not Path("/dev/null").is_file()


def test_shift_reports_and_the_gate_ends_with_4_and_its_rule_last(bncli):
    code, out, err = bncli("shift", WINTER, SUMMER, "--fail-on", "minor,share=0.99")
    assert code == 4
    assert out.startswith("major shift: ")
    assert err.splitlines()[-1] == "gate reached: --fail-on minor"


def test_shift_without_a_gate_ends_with_0(bncli):
    assert bncli("shift", WINTER, SUMMER)[0] == 0


def test_shift_prints_json_for_machines(bncli):
    code, out, _ = bncli("shift", WINTER, SUMMER, "--json", "--fail-on", "major")
    report = json.loads(out)
    assert code == 4
    assert report["format"] == "bncli.shift"
    assert report["gate"] == {"rules": ["major"], "failed": ["major"]}


def test_shift_against_an_artifact_needs_no_training_data(bncli):
    bncli("fit", WINTER, "-o", "winter.json", "-q")
    code, out, _ = bncli("shift", "winter.json", SUMMER)
    assert code == 0
    assert out.startswith("major shift: ")


@pytest.mark.parametrize("option", [("--fail-on", "majro"), ("--threshold", "psi=0.1")])
def test_a_gate_that_cannot_be_meant_is_told_before_any_reading(bncli, monkeypatch, option):
    monkeypatch.setitem(api._HOMES, "shift", "nowhere")
    assert bncli("shift", WINTER, SUMMER, *option)[0] == 2


def test_inspect_shows_where_an_artifact_comes_from(bncli):
    bncli("fit", "data/flights_january.parquet", "--running", "exponential", "-o", "jan.json", "-q")
    code, out, err = bncli("inspect", "jan.json")
    assert (code, err) == (0, "")
    assert "running   exponential (momentum 0.1, ddof 1" in out
    assert "flights_january.parquet (13502 rows)" in out
    assert "running mean" in out
    assert "carrier" in out


def test_convert_there_and_back_gives_the_same_bytes(bncli):
    bncli("fit", WINTER, "-o", "winter.json", "-q")
    assert bncli("convert", "winter.json", "winter.parquet") == (0, "", "")
    assert bncli("convert", "winter.parquet", "again.json") == (0, "", "")
    assert Path("again.json").read_bytes() == Path("winter.json").read_bytes()


def test_merge_gives_the_artifact_of_all_rows(bncli):
    bncli("fit", WINTER, "-o", "winter.json", "-q")
    bncli("fit", SUMMER, "-o", "summer.json", "-q")
    code, out, err = bncli("merge", "winter.json", "summer.json", "-o", "both.json")
    assert (code, out) == (0, "")
    assert err.splitlines()[-1].endswith("on 13067 rows, kept in both.json")


ERRORS = {
    "a missing file": (("fit", "none.parquet"), 3),
    "no data file": (("inspect", PENGUINS), 3),
    "a missing artifact": (("transform", WINTER, "-s", "none.json", "-o", "x.csv"), 3),
    "an unknown policy": (("fit", WINTER, "--running", "pooledd"), 2),
    "an unknown column": (("fit", WINTER, "--columns", "tmep"), 3),
    "an unknown suffix": (("fit", WINTER, "-o", "stats.txt"), 2),
    "a folder that is not there": (("fit", WINTER, "-o", "no/where.json"), 2),
    "text where a number was": (("fit", "bad.csv", "--columns", "a"), 3),
}


@pytest.mark.parametrize(("args", "expected"), ERRORS.values(), ids=list(ERRORS))
def test_errors_are_short_and_leave_nothing_behind(bncli, args, expected):
    Path("bad.csv").write_text("a,b\n1,2\nx,3\n")
    code, out, err = bncli(*args)
    assert (code, out) == (expected, "")
    assert err.startswith("error: ")
    assert err.count("\n") <= 4
    assert "Traceback" not in err
    assert sorted(path.name for path in Path().iterdir()) == ["bad.csv", "data"]


def on_a_terminal(args, cwd, **environment):
    """Exit code and all that a terminal 100 characters wide gets of a command."""
    primary, secondary = pty.openpty()
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "TERM": "xterm-256color"}
    variables.pop("NO_COLOR", None)
    with subprocess.Popen(
        [sys.executable, "-m", "bncli", *args],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        cwd=cwd,
        env={**variables, **environment},
    ) as process:
        os.close(secondary)
        shown = bytearray()
        try:
            while chunk := os.read(primary, 4096):
                shown += chunk
        except OSError:  # how Linux tells that nobody writes any more
            pass
        os.close(primary)
    return process.returncode, shown.decode()


FIT = ("fit", "penguins.csv", "--null-values", "NA")
BOLD = "\x1b[1m"


def test_a_terminal_gets_colour_and_progress(sample_data):
    code, shown = on_a_terminal(FIT, sample_data)
    assert code == 0
    assert BOLD in shown
    assert "rows/s" in shown


@pytest.mark.parametrize(("option", "variables"), [("--no-color", {}), ("-q", {"NO_COLOR": "1"})])
def test_no_color_and_quiet_are_honoured(sample_data, option, variables):
    code, shown = on_a_terminal((*FIT, "-q", option), sample_data, **variables)
    assert code == 0
    assert "rows/s" not in shown
    assert "bill_length_mm" in shown
    # NO_COLOR takes colours away, and leaves bold.
    assert "\x1b[3" not in shown
