"""``transform`` and ``inverse``: rows through a standardizer, forth and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from bncli.cli import console
from bncli.cli.options import (
    DATA,
    NONFINITE,
    OUTPUT,
    OVERWRITE,
    STANDARDIZER,
    TAIL,
    UNSEEN,
    General,
    given,
)
from bncli.cli.reading import Reading

_WRITING = "Writing"


@dataclass(frozen=True, slots=True)
class Writing:
    """How OUT is written."""

    to: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=_WRITING,
            help="Format where no suffix tells: parquet, csv, ndjson, arrow. [default: as DATA]",
        ),
    ] = None
    dtype: Annotated[
        Literal["float64", "float32"],
        typer.Option(rich_help_panel=_WRITING, help="Type of the columns that were computed."),
    ] = "float64"
    suffix: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            rich_help_panel=_WRITING,
            help="Keep the originals; computed columns get this after their name. "
            "[default: replace them]",
        ),
    ] = None
    compression: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[:LEVEL]",
            rich_help_panel=_WRITING,
            help="Parquet: zstd, snappy, lz4 or none. [default: polars' own]",
        ),
    ] = None
    row_group_size: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=1,
            rich_help_panel=_WRITING,
            help="Parquet: rows of a row group. [default: polars' own]",
        ),
    ] = None

    csv_safe: Annotated[
        bool,
        typer.Option(
            rich_help_panel=_WRITING,
            help="CSV: an apostrophe before text that a spreadsheet would take for a formula.",
        ),
    ] = False

    def chosen(self) -> dict[str, Any]:
        return given(
            csv_safe=self.csv_safe or None,
            to=self.to,
            dtype=self.dtype,
            suffix=self.suffix,
            compression=self.compression,
            row_group_size=self.row_group_size,
        )


def transform(
    data: DATA,
    standardizer: STANDARDIZER,
    output: OUTPUT,
    overwrite: OVERWRITE = False,
    statistics: Annotated[
        Literal["running", "batch"],
        typer.Option(help="Those of the artifact, or each mini-batch's own."),
    ] = "running",
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size",
            metavar="ROWS",
            min=1,
            help="Rows of a mini-batch. [default: the artifact's]",
        ),
    ] = None,
    tail: TAIL = "keep",
    nonfinite: NONFINITE = "error",
    fill_missing: Annotated[
        float | None,
        typer.Option(
            metavar="VALUE", help="Write VALUE for missing; 0 is the mean. [default: keep]"
        ),
    ] = None,
    unseen: UNSEEN = "fallback",
    *,
    writing: Writing,
    reading: Reading,
    general: General,
) -> None:
    """Standardize rows with the statistics of an artifact.

    Other columns pass through untouched, in place.

    \b
    Example:
      bncli transform sample_data/weather_summer.parquet -s winter.json -o summer.parquet
    """
    from bncli import api

    with console.progress(general.quiet) as progress:
        applied = api.transform(
            data,
            standardizer,
            output,
            statistics=statistics,
            tail=tail,
            nonfinite=nonfinite,
            unseen=unseen,
            overwrite=overwrite,
            options=reading.options(),
            **given(batch_size=batch_size, fill_missing=fill_missing, progress=progress),
            **writing.chosen(),
        )
    _say_applied("standardized", applied, output, general.quiet)


def inverse(
    data: DATA,
    output: OUTPUT,
    standardizer: Annotated[
        str | None,
        typer.Option(
            "--standardizer",
            "-s",
            metavar="ARTIFACT",
            help="Artifact of bncli fit. [default: the one inside the Parquet file]",
        ),
    ] = None,
    overwrite: OVERWRITE = False,
    nonfinite: NONFINITE = "error",
    unseen: UNSEEN = "fallback",
    *,
    writing: Writing,
    reading: Reading,
    general: General,
) -> None:
    """Bring standardized rows back to the original units.

    \b
    Example:
      bncli inverse summer.parquet -o original.parquet
    """
    from bncli import api

    with console.progress(general.quiet) as progress:
        applied = api.inverse(
            # One file may carry its own standardizer.
            data[0] if len(data) == 1 else data,
            standardizer,
            output,
            nonfinite=nonfinite,
            unseen=unseen,
            overwrite=overwrite,
            options=reading.options(),
            **given(progress=progress),
            **writing.chosen(),
        )
    _say_applied("brought back", applied, output, general.quiet)


def _say_applied(done: str, applied: Any, output: str, quiet: bool) -> None:
    if not quiet and output != "-":
        rows = "1 row" if applied.rows == 1 else f"{applied.rows} rows"
        console.say(f"{done} {rows}, kept in {output}")
