"""The options that say how DATA is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from bncli.cli.options import given

_READING = "Reading DATA"


@dataclass(frozen=True, slots=True)
class Reading:
    """How DATA is read."""

    format: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_READING,
            help="Format of standard input: parquet, csv, ndjson or arrow. [default: none; "
            "of files their suffix]",
        ),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=0,
            rich_help_panel=_READING,
            help="Read no more rows. [default: all]",
        ),
    ] = None
    missing_columns: Annotated[
        Literal["error", "null"],
        typer.Option(rich_help_panel=_READING, help="When a column is missing: stop, or nulls."),
    ] = "error"
    extra_columns: Annotated[
        Literal["error", "ignore"],
        typer.Option(rich_help_panel=_READING, help="When a file has a column more: stop, or not."),
    ] = "error"
    separator: Annotated[
        str | None,
        typer.Option(
            metavar="CHAR", rich_help_panel=_READING, help="CSV: between cells. [default: ,]"
        ),
    ] = None
    quote: Annotated[
        str | None,
        typer.Option(
            metavar="CHAR", rich_help_panel=_READING, help='CSV: around cells. [default: "]'
        ),
    ] = None
    no_header: Annotated[
        bool,
        typer.Option("--no-header", rich_help_panel=_READING, help="CSV: no line of names."),
    ] = False
    decimal_comma: Annotated[
        bool,
        typer.Option("--decimal-comma", rich_help_panel=_READING, help="CSV: 3,14 is a number."),
    ] = False
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_READING,
            help="CSV: how letters are coded. [default: utf-8]",
        ),
    ] = None
    null_values: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            rich_help_panel=_READING,
            help="CSV: cells that mean missing; may be given again. [default: empty cells]",
        ),
    ] = None

    tensor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LAYOUT",
            rich_help_panel=_READING,
            help="How the rows of a tensor column are laid out, as image=CHW:3x32x32; may be given "
            "again. [default: as its type says]",
        ),
    ] = None

    def options(self) -> Any:
        """As ``ReadOptions`` of the data layer."""
        from bncli.data.formats import ReadOptions

        return ReadOptions(
            tensors=dict(_tensor(text) for text in self.tensor or ()),
            header=not self.no_header,
            decimal_comma=self.decimal_comma,
            missing_columns="raise" if self.missing_columns == "error" else "null",
            extra_columns="raise" if self.extra_columns == "error" else "ignore",
            **given(
                format=self.format,
                limit=self.limit,
                separator=self.separator,
                quote=self.quote,
                encoding=self.encoding,
                null_values=tuple(self.null_values) if self.null_values else None,
            ),
        )


def _tensor(text: str) -> tuple[str, str]:
    from bncli.errors import UsageError

    name, _, layout = text.rpartition("=")
    if not name or not layout:
        raise UsageError(
            f"--tensor {text}: it is not NAME=LAYOUT", fix="for example --tensor image=CHW:3x32x32"
        )
    return name, layout
