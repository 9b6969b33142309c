"""No option of ``shift`` is there for nothing: every value of each changes what comes out.

The echo of the options themselves is left out of what is compared. A new option that is in neither
list below fails the first test.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from typer.main import get_command

import bncli
from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import BncliWarning
from bncli.shift.binning import BINNINGS
from bncli.shift.options import THRESHOLDS

pytestmark = pytest.mark.thorough

VALUES: dict[str, list[list[str]]] = {
    "--binning": [["--binning", name] for name in BINNINGS],
    "--bins": [["--bins", "4"], ["--bins", "10"], ["--binning", "width", "--bins", "7"]],
    "--psi-floor": [["--psi-floor", floor] for floor in ("0.01", "0.0001", "0.000001")],
    "--threshold": [[], *(["--threshold", f"{name}=1e-7,1e9"] for name in THRESHOLDS)],
    "--alpha": [["--alpha", alpha] for alpha in ("0.5", "0.05", "0.00001")],
    "--seed": [["--seed", seed] for seed in ("0", "1", "2")],
    "--block": [
        [],
        ["--block", "20"],
        ["--block", "40"],
        ["--block", "1d", "--over", "time"],
        ["--block", "1w", "--over", "time"],
    ],
    "--by-batch": [[], ["--by-batch", "150"], ["--by-batch", "300"], ["--by-batch"]],
    "--over": [["--over", "time", "--every", "1w"], ["--over", "step", "--every", "200"]],
    "--every": [["--over", "time", "--every", every] for every in ("8d", "1w", "2w", "1mo")],
    "--by": [[], ["--by", "key"], ["--by", "word"]],
    "--joint": [[], ["--joint", "2"], ["--joint", "3"]],
    "--no-joint": [[], ["--no-joint"]],
    "--target": [[], ["--target", "moved"], ["--target", "word"]],
    "--columns": [[], ["--columns", "moved,rare"], ["--columns", "m*"]],
    "--column": [[], ["--column", "moved"], ["--column", "rare", "--column", "word"]],
    "--exclude": [[], ["--exclude", "moved"], ["--exclude", "r*"]],
    "--limit": [[], ["--limit", "200"], ["--limit", "100"]],
    "--fail-on": [
        [],
        *(["--fail-on", rule] for rule in ("minor", "major", "schema", "share=0.2", "share=0.9")),
        *(["--fail-on", f"{name}=0.001"] for name in THRESHOLDS),
        ["--fail-on", "psi=99"],
    ],
}

SHOWN = {"--json", "--all", "--html", "--markdown", "--junit", "--overwrite", "--explain"}
"""How and where it is shown: tests/test_cli_reports.py, test_report_terminal.py."""

READING = {
    *("--format", "--missing-columns", "--extra-columns", "--separator", "--quote", "--no-header"),
    *("--decimal-comma", "--encoding", "--null-values", "--tensor"),
}
"""How a file is read, the same for every verb: tests/test_data_*.py."""

GENERAL = {"--quiet", "--threads", "--config", "--no-color", "--debug"}
"""Of the program; threads must change nothing."""


def test_every_option_of_the_command_is_spoken_for():
    command = get_command(app.program()).commands["shift"]
    known = {
        option
        for parameter in command.params
        for option in parameter.opts
        if parameter.param_type_name == "option" and option.startswith("--")
    }
    assert known - {"--help"} == {*VALUES, *SHOWN, *READING, *GENERAL}


@pytest.fixture(scope="module")
def sides(tmp_path_factory) -> tuple[str, str]:
    """Columns in which the one or the other option must show."""
    folder = tmp_path_factory.mktemp("sides")
    rng = np.random.default_rng(11)
    paths = []
    for at, name in enumerate(("train", "test")):
        rows = 700  # for which Sturges' rule says 11 bins
        hours = [datetime(2024, 1, 1) + timedelta(hours=2 * n) for n in range(rows)]
        frame = pl.DataFrame(
            {
                "moved": rng.normal(2.0 * at, 1.0, rows),
                "nearly": rng.normal(0.13 * at, 1.0, rows),
                "rare": rng.choice([0.0, 1.0, 2.0, 3.0], rows, p=[0.9, 0.085, 0.01, 0.005]),
                "heavy": rng.standard_t(1.5, rows),
                "same": np.where(rng.random(rows) < 0.3 * at, 6.0, 5.0),
                "word": rng.choice(list("abcd"), rows, p=[0.496 - at / 4, 0.5, 0.004, at / 4]),
                "seldom": rng.choice(list("abc"), rows, p=[0.6, 0.394, 0.006]),
                "holes": np.where(rng.random(rows) < 0.1 + at / 5, np.nan, rng.normal(size=rows)),
                "key": rng.choice(["x", "y"], rows),
                "time": hours,
                "step": np.arange(rows) * 3 % 701,
                f"only {name}": rng.normal(size=rows),
            }
        )
        paths.append(str(folder / f"{name}.parquet"))
        frame.write_parquet(paths[-1])
    return paths[0], paths[1]


def result(capfd, sides: tuple[str, str], options: list[str]) -> str:
    code = app.run(Process(), ["shift", *options, "--json", "--", *sides])
    out, err = capfd.readouterr()
    assert code in (0, 4), err
    found = json.loads(out)
    del found["options"]
    return json.dumps([code, found])


@pytest.mark.parametrize("option", VALUES)
def test_every_value_gives_another_result(capfd, sides, option):
    asked = VALUES[option]
    if option == "--threshold":  # that of the means' distance is asked where there is no more
        asked = [one for one in asked if "location" not in " ".join(one)]
    found = [(" ".join(one), result(capfd, sides, one)) for one in asked]
    for (first, one), (second, other) in combinations(found, 2):
        if option == "--fail-on":  # the rule itself is told
            continue
        assert one != other, f"'{first}' and '{second}' give the same"


@pytest.mark.parametrize("measure", THRESHOLDS)
def test_every_threshold_moves_a_severity(capfd, sides, measure, tmp_path):
    pair = sides
    if measure == "location":
        with pytest.warns(BncliWarning, match="'same' is constant"):
            bncli.fit(sides[0], profile=False).save(tmp_path / "bare.json")
        pair = (str(tmp_path / "bare.json"), sides[1])
    high = [f"--threshold={name}=1e8,1e9" for name in THRESHOLDS if name != measure]
    severities = []
    for limits in ("1e8,1e9", "1e-9,1e9", "1e-9,2e-9"):
        text = result(capfd, pair, [*high, f"--threshold={measure}={limits}"])
        severities.append(json.loads(text)[1]["verdict"])
    assert severities == ["none", "minor", "major"]


@pytest.mark.parametrize(
    ("rule", "reached"),
    [
        *(("minor", True), ("major", True), ("schema", True), ("share=0.2", True)),
        *(("share=0.99", False), ("psi=0.3", True), ("psi=99", False), ("ks=0.5", True)),
        *(("w1_sd=1", True), ("js=0.3", True), ("missing=0.1", True), ("unseen=0.1", True)),
        *(("out_of_range=0.1", True), ("missing=0.9", False), ("location=0.1", False)),
    ],
)
def test_every_rule_of_the_gate_can_stop_and_can_let_pass(capfd, sides, rule, reached):
    code, found = json.loads(result(capfd, sides, ["--fail-on", rule]))
    assert code == (4 if reached else 0)
    assert found["gate"]["failed"] == ([rule] if reached else [])


def test_alpha_decides_on_what_is_near_the_threshold(capfd, sides):
    def shifted(alpha: str) -> int:
        return json.loads(result(capfd, sides, ["--alpha", alpha]))[1]["shifted"]

    assert shifted("0.5") > shifted("0.0000000000000000001")
