"""Defaults from outside: command line beats environment beats file, and typos are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bncli import api
from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import DataError


@pytest.fixture
def fit(monkeypatch, tmp_path):
    """Run ``bncli fit x`` in an empty folder; gives the exit code and what the verb was given."""
    monkeypatch.chdir(tmp_path)

    def run(*args, before=()):
        seen = {}

        def verb(data, **options):
            seen.update(options)
            raise DataError("seen")

        monkeypatch.setattr(api, "fit", verb, raising=False)
        code = app.run(Process(), [*before, "fit", "x.csv", *args])
        return code, seen

    return run


def write(name, text):
    Path(name).write_text(text, encoding="utf-8")


def test_without_any_default_the_verb_decides(fit):
    assert "batch_size" not in fit()[1]


def test_command_line_beats_environment_beats_file(fit, monkeypatch):
    write("pyproject.toml", "[tool.bncli]\nbatch-size = 16\n")
    assert fit()[1]["batch_size"] == 16
    monkeypatch.setenv("BNCLI_BATCH_SIZE", "32")
    assert fit()[1]["batch_size"] == 32
    assert fit("--batch-size", "64")[1]["batch_size"] == 64


def test_a_command_s_own_default_beats_the_shared_one(fit, monkeypatch):
    write("pyproject.toml", "[tool.bncli]\nbatch-size = 16\n[tool.bncli.fit]\nbatch_size = 17\n")
    assert fit()[1]["batch_size"] == 17
    monkeypatch.setenv("BNCLI_BATCH_SIZE", "32")
    monkeypatch.setenv("BNCLI_FIT_BATCH_SIZE", "33")
    assert fit()[1]["batch_size"] == 33


def test_another_command_s_table_says_nothing_here(fit):
    write("pyproject.toml", "[tool.bncli.transform]\nbatch-size = 16\n")
    assert "batch_size" not in fit()[1]


@pytest.mark.parametrize("place", ["before", "after", "environment"])
def test_a_named_file_is_read_instead_of_pyproject(fit, monkeypatch, place):
    write("pyproject.toml", "[tool.bncli]\nbatch-size = 16\n")
    write("bncli.toml", "eps = 0.5\n[fit]\ncolumn = ['a,b', 'c']\ncolumns = ['temp', 'hum*']\n")
    named = ["--config", "bncli.toml"]
    if place == "environment":
        monkeypatch.setenv("BNCLI_CONFIG", "bncli.toml")
    after, before = named * (place == "after"), named * (place == "before")
    _, seen = fit(*after, before=before)
    assert seen["eps"] == 0.5
    assert seen["column"] == ["a,b", "c"]
    assert seen["columns"] == "temp,hum*"
    assert "batch_size" not in seen


def test_the_nearest_pyproject_of_the_folders_above_counts(fit, monkeypatch, tmp_path):
    write("pyproject.toml", "[tool.bncli]\ntail = 'drop'\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert fit()[1]["tail"] == "drop"


@pytest.mark.parametrize("text", ["1", "true", "yes"])
def test_flags_can_be_set_from_the_environment(fit, monkeypatch, text):
    monkeypatch.setenv("BNCLI_NO_PROFILE", text)
    assert fit()[1]["profile"] is False


def test_several_values_in_a_variable_are_parted_by_line_ends(fit, monkeypatch):
    monkeypatch.setenv("BNCLI_COLUMN", "a b,c\nd")
    assert fit()[1]["column"] == ["a b,c", "d"]


BAD = {
    "unknown key": ("batch-sise = 3", "pyproject.toml: no option named 'batch-sise'"),
    "unknown table": ("[tool.bncli.fitt]", "pyproject.toml: no command named 'fitt'"),
    "unknown key of a command": (
        "[tool.bncli.inspect]\nbatch-size = 3",
        "pyproject.toml: no option of inspect named 'batch-size'",
    ),
    "wrong type": ("batch-size = 'many'", "pyproject.toml: invalid value for '--batch-size'"),
    "no TOML": ("batch-size 3", "pyproject.toml: is no valid TOML: "),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=list(BAD))
def test_what_a_file_cannot_mean_is_told_with_its_name(fit, capfd, text, message):
    write("pyproject.toml", f"[tool.bncli]\n{text}\n")
    assert fit()[0] == 2
    assert capfd.readouterr().err.startswith(f"error: {message}")


def test_a_wrong_variable_is_told_by_its_name(fit, capfd, monkeypatch):
    monkeypatch.setenv("BNCLI_FIT_TAIL", "kep")
    assert fit()[0] == 2
    assert capfd.readouterr().err.startswith("error: BNCLI_FIT_TAIL: invalid value for '--tail'")


def test_a_named_file_that_is_missing_is_told(fit, capfd):
    assert fit("--config", "none.toml")[0] == 2
    assert capfd.readouterr().err.startswith("error: cannot read 'none.toml'")


def test_a_pyproject_of_another_tool_changes_nothing(fit):
    write("pyproject.toml", "[tool.other]\nbatch-size = 3\n")
    assert "batch_size" not in fit()[1]
