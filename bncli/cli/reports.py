"""The options of ``shift`` that say in which formats its report comes, and where each goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bncli.cli import console
from bncli.cli.options import JSON, OVERWRITE
from bncli.cli.outputs import refuse_inputs, refuse_twice
from bncli.errors import UsageError

_STDOUT = "-"


def _file(what: str) -> Any:
    return typer.Option(
        metavar="FILE",
        rich_help_panel="Reports",
        help=f"{what}; - is standard output. [default: none]",
    )


@dataclass(frozen=True, slots=True)
class Reports:
    """Where each format goes: to a file or to standard output, which takes one of them.

    The report for the terminal goes to standard output where no other does; with --quiet only
    where no file is written either.
    """

    as_json: JSON = False
    everything: Annotated[
        bool, typer.Option("--all", help="Show every column, not only the worst 20.")
    ] = False
    html: Annotated[str | None, _file("Write a page with charts, all in one file")] = None
    markdown: Annotated[str | None, _file("Write the report for a pull request")] = None
    junit: Annotated[str | None, _file("Write a test case per column, for CI systems")] = None
    overwrite: OVERWRITE = False

    @property
    def targets(self) -> dict[str, str]:
        """Format -> file or ``-``, of those asked for."""
        asked = {
            "json": _STDOUT if self.as_json else None,
            "html": self.html,
            "markdown": self.markdown,
            "junit": self.junit,
        }
        return {name: target for name, target in asked.items() if target is not None}

    @property
    def files(self) -> list[str]:
        return [target for target in self.targets.values() if target != _STDOUT]

    def check(self, inputs: Sequence[str], reading: Any) -> None:
        """Before any work: every file could be written in the end, and replaces no input.

        Raises UsageError, OutputExists; DataError when an input is not there.
        """
        printed = [f"--{name}" for name, target in self.targets.items() if target == _STDOUT]
        if len(printed) > 1:
            raise UsageError(
                f"{' and '.join(printed)} both go to standard output", fix="name a file for one"
            )
        refuse_twice(self.files)
        for path in self.files:
            refuse_inputs(path, self.overwrite, inputs, reading)

    def deliver(self, report: Any, quiet: bool) -> None:
        """Make every format first, so that no file is written when one of them fails."""
        from bncli import api

        texts = {target: api.render(report, name) for name, target in self.targets.items()}
        printed = texts.pop(_STDOUT, None)
        api.write_reports(texts, overwrite=self.overwrite)
        if printed is not None:
            # What a file of this format holds, whatever the terminal's encoding.
            sys.stdout.flush()
            sys.stdout.buffer.write(printed.encode())
            sys.stdout.buffer.flush()
        elif not (quiet and texts):
            from bncli.report.terminal import DEFAULT_ROWS, print_shift

            most = None if self.everything else DEFAULT_ROWS
            print_shift(report, console.results(), most=most)
        if texts and not quiet:
            sys.stdout.flush()
            console.say(f"report kept in {', '.join(texts)}")
