"""``fit`` and ``merge``: from data, or from artifacts, to an artifact."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from bncli.cli import console
from bncli.cli.options import (
    ARTIFACT_OUTPUT,
    BATCH_SIZE,
    BY,
    DATA,
    JOINT,
    JSON,
    NO_JOINT,
    NONFINITE,
    OVERWRITE,
    TAIL,
    Affine,
    Columns,
    General,
    given,
)
from bncli.cli.outputs import check_artifact, printed, refuse_twice
from bncli.cli.reading import Reading


def fit(
    data: DATA,
    output: ARTIFACT_OUTPUT = None,
    overwrite: OVERWRITE = False,
    as_json: JSON = False,
    batch_size: BATCH_SIZE = None,
    running: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="Statistics that transform uses: pooled, exponential, cumulative or algorithm2. "
            "[default: pooled]",
        ),
    ] = None,
    momentum: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Weight of the new mini-batch under exponential. [default: 0.1]"
        ),
    ] = None,
    ddof: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=1,
            help="Running variance is divided by count - N. [default: the policy's]",
        ),
    ] = None,
    eps: Annotated[
        float | None,
        typer.Option(metavar="EPS", help="Added to the variance, squared units. [default: 1e-8]"),
    ] = None,
    eps_relative: Annotated[
        bool | None, typer.Option("--eps-relative", help="EPS is a share of the variance.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM",
            help="eps, running, momentum, ddof as paper, torch, keras, sklearn or onnx has them. "
            "[default: none]",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Label column, never standardized. [default: none]"),
    ] = None,
    by: BY = None,
    tail: TAIL = "keep",
    nonfinite: NONFINITE = "error",
    batch_stats: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write a row per mini-batch and channel there, too. [default: none]",
        ),
    ] = None,
    update: Annotated[
        str | None,
        typer.Option(
            metavar="ARTIFACT",
            help="Go on from this artifact, as if DATA followed its rows. [default: none]",
        ),
    ] = None,
    no_profile: Annotated[
        bool, typer.Option("--no-profile", help="Moments and running statistics only.")
    ] = False,
    sketch_size: Annotated[
        int | None,
        typer.Option(metavar="POINTS", min=1, help="Quantile sketch of a channel. [default: 1024]"),
    ] = None,
    max_categories: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Values counted exactly a column. [default: 10000]"),
    ] = None,
    joint: JOINT = None,
    no_joint: NO_JOINT = False,
    *,
    affine: Affine,
    columns: Columns,
    reading: Reading,
    general: General,
) -> None:
    """Fit the statistics of training data, kept in an artifact.

    Without -o the table is shown and nothing kept.

    \b
    Example:
      bncli fit sample_data/weather_winter.parquet -o winter.json
    """
    from bncli import api

    options = reading.options()
    output, as_json = printed(output, as_json)
    refuse_twice((output, batch_stats))
    check_artifact(output, overwrite, data, options, beside=(update, affine.affine))
    with console.progress(general.quiet) as progress:
        standardizer = api.fit(
            data,
            tail=tail,
            nonfinite=nonfinite,
            profile=not no_profile,
            overwrite=overwrite,
            options=options,
            progress=progress,
            **affine.chosen(),
            **columns.chosen(),
            **given(
                batch_size=batch_size,
                running=running,
                momentum=momentum,
                ddof=ddof,
                eps=eps,
                eps_relative=eps_relative,
                preset=preset,
                target=target,
                by=by,
                batch_stats=batch_stats,
                update=update,
                sketch_size=sketch_size,
                max_categories=max_categories,
                joint=0 if no_joint else joint,
            ),
        )
        if output is not None:
            standardizer.save(output, overwrite=overwrite)
    _show_fitted(standardizer, output, as_json, general.quiet)


def merge(
    artifacts: Annotated[
        list[str],
        typer.Argument(metavar="ARTIFACT", show_default=False, help="In the order of their rows."),
    ],
    output: ARTIFACT_OUTPUT = None,
    overwrite: OVERWRITE = False,
    as_json: JSON = False,
    *,
    general: General,
) -> None:
    """Combine artifacts that were fitted apart.

    The result is the artifact of all their rows, in the order given.

    \b
    Example:
      bncli merge january.json february.json -o winter.json
    """
    from bncli import api

    output, as_json = printed(output, as_json)
    check_artifact(output, overwrite, artifacts)
    standardizer = api.merge(artifacts)
    if output is not None:
        standardizer.save(output, overwrite=overwrite)
    _show_fitted(standardizer, output, as_json, general.quiet)


def _show_fitted(standardizer: Any, output: str | None, as_json: bool, quiet: bool) -> None:
    """The table where somebody looks, or where it is the only result; else one line."""
    from bncli.cli import tables

    if as_json:
        from bncli.artifact import dumps

        sys.stdout.write(dumps(standardizer))
    elif output is None or (sys.stdout.isatty() and not quiet):
        tables.show_statistics(standardizer)
        tables.show_categories(standardizer)
    if output is not None and not quiet:
        tables.say_summary(standardizer, output)
