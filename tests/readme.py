"""Reads README.md as a script: shell sessions and Python blocks, with the output they show.

A block that starts with ```console holds lines ``$ command`` and below each what it prints;
``...`` stands for lines that are left out. A ```python block is run as it is. Every other
block, the set-up among them, is only read.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """A shell command or a piece of Python, and the lines that the README says it prints."""

    kind: str
    code: str
    shown: tuple[str, ...] = ()


def steps(markdown: str) -> Iterator[Step]:
    for block in BLOCK.finditer(markdown):
        if block["kind"] == "console":
            yield from session(block["body"])
        elif block["kind"] == "python":
            yield Step("python", block["body"])


def session(body: str) -> Iterator[Step]:
    """The commands of one console block. A trailing backslash continues a command."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        end = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        command = "\n".join(lines[: end + 1])
        yield Step("console", command, tuple(line.rstrip() for line in lines[end + 1 :]))


def missing_lines(shown: tuple[str, ...], printed: str) -> list[str]:
    """The shown lines that were not printed, in this order; ``...`` skips any number of lines."""
    rest = iter([line.rstrip() for line in printed.splitlines()])
    missing = []
    for line in shown:
        if line in {"...", ""}:
            continue
        if not any(candidate == line for candidate in rest):
            missing.append(line)
            rest = iter(())
    return missing


def check(markdown: str, folder: Path) -> None:
    """Every step ends well in ``folder``, and prints the lines that are shown."""
    for step in steps(markdown):
        done = run(step, folder)
        assert done.returncode == 0, f"{step.code}\n{done.stdout}"
        missing = missing_lines(step.shown, done.stdout)
        assert not missing, f"{step.code}\ndid not print {missing}, but\n{done.stdout}"


def run(step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one step with the installed ``bncli`` first on the path, 100 columns wide."""
    beside_python = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{beside_python}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    program = "bash" if step.kind == "console" else sys.executable
    return subprocess.run(
        [program, "-c", step.code],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
