"""Options that several commands share, spelled the same everywhere, and their groups.

A group is a frozen dataclass whose fields are typer options; ``command.spread`` unfolds it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import typer

from bncli.cli.config import read_defaults

_AFFINE = "Gamma and beta"
_COLUMNS = "Columns"
_GENERAL = "General"

Tail: TypeAlias = Literal["keep", "merge", "drop"]


def given(**values: Any) -> dict[str, Any]:
    """Only what was given: the rest is left to the verb's own defaults."""
    return {name: value for name, value in values.items() if value is not None}


def _threads(count: int | None) -> int | None:
    if count is not None:
        # polars reads it once, when it is imported.
        os.environ["POLARS_MAX_THREADS"] = str(count)
    return count


def _no_color(asked: bool) -> bool:
    if asked:
        os.environ["NO_COLOR"] = "1"
    return asked


def _debug(context: typer.Context, asked: bool) -> bool:
    if asked and context.obj is not None:
        context.obj.show_faults()
    return asked


CONFIG: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=read_defaults,
        envvar="BNCLI_CONFIG",
        rich_help_panel=_GENERAL,
        help="TOML file of defaults. [default: table tool.bncli of the nearest pyproject.toml]",
    ),
]
DATA: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="Files, a quoted glob, a directory, or - for standard input.",
    ),
]
OUTPUT: TypeAlias = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="Where the rows go: a file, a directory (ends with /), or - for standard output.",
    ),
]
ARTIFACT_OUTPUT: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Artifact to write, .json or .parquet. [default: none]",
    ),
]
STANDARDIZER: TypeAlias = Annotated[
    str, typer.Option("--standardizer", "-s", metavar="ARTIFACT", help="Artifact of bncli fit.")
]
OVERWRITE: TypeAlias = Annotated[
    bool, typer.Option("--overwrite", help="Replace the output where it is there already.")
]
JSON: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of a table.", show_default=False)
]
BY: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="KEY",
        help="Column that names groups, each with statistics of its own. [default: none]",
    ),
]
UNSEEN: TypeAlias = Annotated[
    Literal["fallback", "fail"],
    typer.Option(
        "--unseen",
        help="After fit --by, rows of another group: the statistics of all rows, or stop.",
    ),
]
BATCH_SIZE: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--batch-size", metavar="ROWS", min=1, help="Rows of a mini-batch. [default: 8192]"
    ),
]
TAIL: TypeAlias = Annotated[
    Tail, typer.Option("--tail", help="What becomes of a last mini-batch that is not full.")
]
NONFINITE: TypeAlias = Annotated[
    Literal["error", "missing"],
    typer.Option("--nonfinite", help="What +inf and -inf are: an error, or missing values."),
]
JOINT: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--joint",
        metavar="N",
        min=1,
        max=512,
        help="Covariance of the first N numeric columns, up to 512. [default: 64]",
    ),
]
NO_JOINT: TypeAlias = Annotated[
    bool, typer.Option("--no-joint", help="No covariance: nothing is said of columns jointly.")
]


@dataclass(frozen=True, slots=True)
class Affine:
    """Gamma and beta by hand."""

    affine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_AFFINE,
            help="identity: those that undo it; or a file of feature, channel, gamma, beta; or an "
            "artifact to take them from. [default: gamma 1, beta 0]",
        ),
    ] = None
    gamma: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            rich_help_panel=_AFFINE,
            help="Gamma of one feature; may be given again. [default: none]",
        ),
    ] = None
    beta: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            rich_help_panel=_AFFINE,
            help="Beta of one feature; may be given again. [default: none]",
        ),
    ] = None

    def chosen(self) -> dict[str, Any]:
        """As the verbs take them. Raises UsageError for what is no NAME=NUMBER."""
        if not self.gamma and not self.beta:
            return given(affine=self.affine)
        from bncli.standardize.by_hand import parse_pairs

        gamma, beta = parse_pairs(self.gamma or (), "gamma"), parse_pairs(self.beta or (), "beta")
        return given(affine=self.affine, gamma=gamma, beta=beta)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are features."""

    columns: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            rich_help_panel=_COLUMNS,
            help="Features: names and globs, comma separated. [default: all numeric]",
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_COLUMNS,
            help="One feature, the name taken literally; may be given again. [default: none]",
        ),
    ] = None
    exclude: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            rich_help_panel=_COLUMNS,
            help="Names and globs that are no features. [default: none]",
        ),
    ] = None

    def chosen(self) -> dict[str, Any]:
        return given(columns=self.columns, column=self.column, exclude=self.exclude)


@dataclass(frozen=True, slots=True)
class General:
    """What every command takes."""

    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            rich_help_panel=_GENERAL,
            help="No progress and no summary; warnings and errors still show.",
        ),
    ] = False
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            callback=_threads,
            rich_help_panel=_GENERAL,
            help="Threads to use. [default: one per processor]",
        ),
    ] = None
    config: CONFIG = None
    no_color: Annotated[
        bool,
        typer.Option(
            "--no-color", callback=_no_color, rich_help_panel=_GENERAL, help="Plain text."
        ),
    ] = False
    debug: Annotated[
        bool,
        typer.Option(
            "--debug", callback=_debug, rich_help_panel=_GENERAL, help="Show traces of errors."
        ),
    ] = False
