"""What README.md shows is what the program does; its two commands are those that CI runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import readme
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A place with a copy of the sample data, where the README's commands may write."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_data", place / "sample_data")
    return place


def test_every_command_of_the_readme_prints_what_the_readme_shows(folder):
    readme.check(README, folder)


def test_the_readme_shows_every_verb_of_the_main_job():
    commands = "\n".join(step.code for step in readme.steps(README) if step.kind == "console")
    verbs = set(re.findall(r"^bncli (\w+)", commands, re.MULTILINE))
    assert verbs >= {"fit", "transform", "shift", "inverse", "merge", "inspect"}


def test_continuous_integration_calls_the_test_command_of_the_readme():
    command = "python3 dev test"
    assert re.search(rf"^{command}$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_a_line_that_is_not_printed_is_found_missing():
    (step,) = readme.steps("```console\n$ printf 'a\\nb\\nc\\n'\na\n...\nc\n```\n")
    printed = subprocess.run(step.code, shell=True, text=True, capture_output=True, check=True)
    assert readme.missing_lines(step.shown, printed.stdout) == []
    assert readme.missing_lines(("a", "c", "b"), printed.stdout) == ["b"]


def test_a_command_may_run_over_several_lines():
    (step,) = readme.steps("```console\n$ echo one \\\n    two\none two\n```\n")
    assert (step.code, step.shown) == ("echo one \\\n    two", ("one two",))
