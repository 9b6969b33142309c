"""``export``: an artifact for another system."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from bncli.cli import console
from bncli.cli.options import OVERWRITE, General, given
from bncli.cli.outputs import check_export
from bncli.cli.reporting import ARTIFACT

_ONNX, _SQL = "ONNX", "SQL"


def export(
    artifact: Annotated[str, ARTIFACT],
    to: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Target: onnx, torch, sklearn, sql, polars, or json-schema (of artifacts).",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where it goes; - is standard output. [default: standard output, if it is text]",
        ),
    ] = None,
    overwrite: OVERWRITE = False,
    op: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_ONNX,
            help="Nodes: normalize (Sub, Mul, Add) or batchnorm. [default: normalize] Of torch: "
            "batchnorm, or centred, which subtracts the mean first. [default: batchnorm]",
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_ONNX,
            help="Type of the graph: float64 or float32. [default: float64]",
        ),
    ] = None,
    dialect: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_SQL,
            help="duckdb, postgres, spark, bigquery, snowflake or sqlite. [default: duckdb]",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_SQL,
            help="Table to select from, as the dialect writes it. [default: data]",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_SQL,
            help="Column to pass through; may be given again. [default: none]",
        ),
    ] = None,
    *,
    general: General,
) -> None:
    """Write an artifact for another system.

    What comes out does what transform does. With --to torch, the program that loads the file goes
    to standard output.

    \b
    Example:
      bncli export winter.json --to sql --dialect postgres --table weather --keep origin
    """
    from bncli import api

    check_export(artifact, output, overwrite)
    options = given(op=op, dtype=dtype, dialect=dialect, table=table, keep=keep or None)
    kept = None if output in (None, "-") else output
    found = api.export(artifact, to, kept, overwrite=overwrite, **options)
    if kept is not None:
        sys.stdout.write(found.snippet)
        sys.stdout.flush()
        if not general.quiet:
            console.say(f"exported to {kept}")
    else:
        _print(found, to, output)


def _print(found: Any, to: str, output: str | None) -> None:
    """Text anywhere; bytes where somebody asked for them."""
    from bncli.errors import UsageError

    if not found.is_text and output is None:
        raise UsageError(f"{to} is no text", fix="name a file with -o, or -o - for a pipe")
    if found.is_text and sys.stdout.isatty():
        lines = found.text.split("\n")
        if any(console.printable(line) != line for line in lines):
            raise UsageError("a name in it would move the terminal", fix="name a file with -o")
    sys.stdout.buffer.write(found.content)
    sys.stdout.flush()
