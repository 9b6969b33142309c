"""What a person reads first: help, version, and that it comes without loading any engine."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from typer.main import get_command

import bncli
from bncli.cli import app
from bncli.cli.process import Process

COMMANDS = get_command(app.program()).commands
HEAVY = {"polars", "pyarrow", "numpy", "scipy"}


@pytest.fixture
def help_of(capfd):
    def read(*args):
        assert app.run(Process(), [*args, "--help"]) == 0
        out, err = capfd.readouterr()
        assert err == ""
        return out

    return read


@pytest.mark.parametrize("args", [["--help"], ["fit", "--help"], ["--version"]])
def test_help_loads_no_engine(args):
    script = (
        "import sys\n"
        f"sys.argv = ['bncli', *{args!r}]\n"
        "from bncli.__main__ import main\n"
        "from bncli.cli.process import Process\n"
        "Process.leave = lambda process, code: print(*sys.modules)\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "bncli.cli.app" in loaded
    assert not loaded & HEAVY
    assert "rich" not in loaded


def test_help_lists_the_commands_in_the_order_they_are_used(help_of):
    listed = re.findall(r"^  (\w+)  ", help_of().partition("Commands:")[2], re.MULTILINE)
    applying, learning = ["fit", "transform", "inverse", "shift"], ["learn", "predict"]
    assert listed == [*applying, *learning, "adapt", "merge", "inspect", "export", "convert"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_a_real_example(help_of, name):
    assert f"Example:\n    bncli {name} " in help_of(name)


def options(command):
    return [param for param in command.params if param.param_type_name == "option"]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_option_has_a_help_line_with_its_default(name):
    for option in options(COMMANDS[name]):
        assert option.help, option.name
        plain = option.is_flag or option.required
        # typer shows a default that is a value; one that is not stands in the text.
        assert plain or option.default is not None or "[default: " in option.help, option.name


def test_one_option_name_means_the_same_in_every_command():
    spelled = {}
    for command in COMMANDS.values():
        for option in options(command):
            for form in option.opts:
                spelled.setdefault(form, set()).add((option.name, option.is_flag))
    assert {form: names for form, names in spelled.items() if len(names) > 1} == {}


def test_every_command_takes_the_general_options():
    for command in COMMANDS.values():
        forms = {form for option in options(command) for form in option.opts}
        assert {"--quiet", "-q", "--threads", "--config", "--no-color", "--debug"} <= forms


def test_without_a_command_the_help_goes_to_standard_error(capfd):
    assert app.run(Process(), []) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Usage: bncli ")


def test_version_is_the_package_s(capfd):
    assert app.run(Process(), ["--version"]) == 0
    assert capfd.readouterr().out == f"bncli {bncli.__version__}\n"


def test_help_ignores_a_broken_pyproject(help_of, monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text("not TOML")
    monkeypatch.chdir(tmp_path)
    assert help_of("fit").startswith("Usage: bncli fit ")
