"""The commands of docs/ci.md are run as they stand, and the gate's last line is its rule."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
RUNS = re.findall(r"^ +run: (.+)$", PAGE, re.MULTILINE)
ENTRIES = re.findall(r"^ +entry: (.+)$", PAGE, re.MULTILINE)
LAST = "gate reached: --fail-on major"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("ci")
    shutil.copytree(ROOT / "sample_data", place / "sample_data")
    return place


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    command = ["bash", "-e", "-c", command]  # as GitHub runs a step
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False
    )


def test_the_workflow_stops_at_the_gate_and_the_hook_too(folder):
    install, fit, gate = RUNS
    assert install == "pip install ."
    assert shell(fit, folder).returncode == 0
    for command in (gate, *ENTRIES):
        done = shell(command, folder)
        assert done.returncode == 4
        assert done.stderr.splitlines()[-1] == LAST
    assert len(ENTRIES) == 1


@pytest.mark.parametrize("more", ["--json", "--all", "| cat; exit ${PIPESTATUS[0]}"])
def test_the_rule_is_the_last_line_in_pipes_and_as_json_too(folder, more):
    if not (folder / "winter.json").exists():
        shell(RUNS[1], folder)
    done = shell(f"{RUNS[2]} {more}", folder)
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1] == LAST


def test_several_rules_at_once_name_those_that_were_reached(folder):
    sides = "sample_data/weather_winter.parquet sample_data/weather_summer.parquet"
    done = shell(
        f"bncli shift {sides} -q --fail-on share=0.3,psi=50 --fail-on major,schema", folder
    )
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1] == "gate reached: --fail-on share=0.3, major"


def test_a_batch_that_has_not_moved_passes(folder):
    same = "sample_data/weather_winter.parquet"
    assert shell(f"bncli shift {same} {same} -q --fail-on minor", folder).returncode == 0
