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


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """The winter's statistics, the summer's data and the hook of the page, staged."""
    if not (shutil.which("git") and (Path(sys.executable).parent / "pre-commit").exists()):
        pytest.skip("git or pre-commit is not installed: the hook is not run by pre-commit itself")
    place = tmp_path_factory.mktemp("hooked")
    (place / "sample_data").mkdir()
    for season in ("winter", "summer"):
        shutil.copy(ROOT / "sample_data" / f"weather_{season}.parquet", place / "sample_data")
    config = re.search(r"^```yaml\n(repos:.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert config
    (place / ".pre-commit-config.yaml").write_text(config[1], encoding="utf-8")
    for command in (RUNS[1], "git init -q", "git add ."):
        assert shell(command, place).returncode == 0
    return place


def hooked(place: Path) -> subprocess.CompletedProcess[str]:
    """What pre-commit says of what is staged. A local hook of ``language: system`` needs no net."""
    return shell(f"PRE_COMMIT_HOME={place.parent}/cache pre-commit run --color never", place)


def test_pre_commit_itself_stops_at_the_hook_of_the_page(repository):
    done = hooked(repository)
    assert done.returncode == 1
    assert "the data has not shifted" in done.stdout
    assert "Failed" in done.stdout
    assert "exit code: 4" in done.stdout
    assert LAST in done.stdout.splitlines()


def test_pre_commit_lets_data_pass_that_has_not_moved(repository):
    data = repository / "sample_data"
    moved = (data / "weather_summer.parquet").read_bytes()
    shutil.copy(data / "weather_winter.parquet", data / "weather_summer.parquet")
    shell("git add .", repository)
    try:
        done = hooked(repository)
    finally:
        (data / "weather_summer.parquet").write_bytes(moved)
        shell("git add .", repository)
    assert done.returncode == 0, done.stdout
    assert "Passed" in done.stdout


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
