"""``adapt``: the statistics of new data in an artifact that is there."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bncli.cli import console
from bncli.cli.options import (
    ARTIFACT_OUTPUT,
    JSON,
    NONFINITE,
    OVERWRITE,
    STANDARDIZER,
    General,
    given,
)
from bncli.cli.outputs import check_artifact
from bncli.cli.reading import Reading

_MOST_ROWS = 100


def adapt(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="NEW",
            show_default=False,
            help="New data: files, a quoted glob, a directory, or - for standard input.",
        ),
    ],
    standardizer: STANDARDIZER,
    output: ARTIFACT_OUTPUT = None,
    overwrite: OVERWRITE = False,
    as_json: JSON = False,
    prior: Annotated[
        float,
        typer.Option(
            metavar="N", help="Values of NEW that the old statistics weigh; 0 replaces them."
        ),
    ] = 0.0,
    pooled: Annotated[
        bool,
        typer.Option("--pooled", help="Add the variance between the old and the new mean."),
    ] = False,
    nonfinite: NONFINITE = "error",
    *,
    reading: Reading,
    general: General,
) -> None:
    """Estimate an artifact's statistics again on new data.

    Gamma and beta are kept. Shows how far each column's statistics moved, and how much of its
    shift is left when new data is standardized with the result.

    \b
    Example:
      bncli adapt sample_data/weather_summer.parquet -s winter.json -o summer.json
    """
    from bncli import api

    options = reading.options()
    kept = None if output == "-" else output
    check_artifact(kept, overwrite, data, options, beside=(standardizer,))
    before = api.load(standardizer)
    with console.progress(general.quiet) as progress:
        after = api.adapt(
            data,
            standardizer,
            prior=prior,
            pooled=pooled,
            nonfinite=nonfinite,
            options=options,
            **given(progress=progress),
        )
    if output not in (None, "-"):
        after.save(output, overwrite=overwrite)
    _show(before, after, output, as_json, general.quiet)


def _show(before: Any, after: Any, output: str | None, as_json: bool, quiet: bool) -> None:
    if output == "-":
        from bncli.artifact import dumps

        sys.stdout.write(dumps(after))
        return
    if as_json or output is None or not quiet:
        from bncli import api

        found = api.adaptation(before, after)
        if as_json:
            sys.stdout.write(json.dumps(_record(found, after), indent=2, ensure_ascii=False) + "\n")
        else:
            _show_table(found)
    if output is not None and not quiet:
        sys.stdout.flush()
        rows, channels = after.profile.rows, len(after.channels)
        console.say(f"adapted {channels} channels to {rows} rows, kept in {output}")


def _show_table(found: Any) -> None:
    """One row per channel, and the verdict before and after."""
    rows = [
        (
            move.label,
            str(move.count),
            _figure(move.location, "{:+.2f}"),
            _figure(move.scale, "{:.3g}"),
            move.before or "-",
            _figure(move.removable, "{:.0%}"),
            _figure(move.left, "{:.0%}"),
            move.after or "-",
        )
        for move in found.moves
    ]
    headers = ("feature", "new", "moved", "sd ratio", "shift", "removable", "left", "after")
    console.show_table(headers, rows[:_MOST_ROWS], ("feature", "shift", "after"))
    if len(rows) > _MOST_ROWS:
        print(f"... and {len(rows) - _MOST_ROWS} more; --json shows all")
    print(
        "\nmoved: of the mean, in standard deviations of before; removable: the share of the shift"
        "\n(of W2 squared) that new statistics take away; left: the share that is there afterwards."
    )
    print(f"shift of the numeric columns: {found.before}; after adapting: {found.after}")


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _record(found: Any, after: Any) -> dict[str, Any]:
    return {
        "format": "bncli.adapt",
        "version": 1,
        "prior": after.policy.prior,
        "pooled": after.policy.pooled,
        "rows": after.profile.rows,
        "before": found.before,
        "after": found.after,
        "columns": [
            {key: value for key, value in asdict(move).items() if key != "label"}
            for move in found.moves
        ],
    }
