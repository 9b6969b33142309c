"""``shift``: whether and how the inputs moved."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from bncli.cli import console
from bncli.cli.options import JSON, Columns, General, given
from bncli.cli.reading import Reading

_SIDE = "data (a file, a quoted glob, a directory, -) or an artifact."


def shift(
    train: Annotated[
        str, typer.Argument(metavar="TRAIN", show_default=False, help=f"Training side: {_SIDE}")
    ],
    test: Annotated[
        str, typer.Argument(metavar="TEST", show_default=False, help=f"Test side: {_SIDE}")
    ],
    as_json: JSON = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every column, not only the worst 20.")
    ] = False,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Exit with 4 on minor, major, schema, share=0.3 or a measure as psi=0.2; comma "
            "separated, or given again. [default: never]",
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE=MINOR,MAJOR",
            help="Where a measure is minor and major, as psi=0.2,0.3; may be given again. "
            "[default: see the guide]",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Label column, left out of the comparison. [default: none]"
        ),
    ] = None,
    bins: Annotated[int, typer.Option(metavar="N", min=2, help="Bins of PSI, JS and so on.")] = 10,
    psi_floor: Annotated[
        float, typer.Option(metavar="SHARE", help="Smallest share that PSI counts with.")
    ] = 1e-4,
    alpha: Annotated[
        float, typer.Option(metavar="SHARE", help="False discovery rate over the columns.")
    ] = 0.05,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of resampled p-values.")] = 0,
    *,
    columns: Columns,
    reading: Reading,
    general: General,
) -> None:
    """Report whether and how the inputs moved.

    \b
    Example:
      bncli shift sample_data/weather_winter.parquet sample_data/weather_summer.parquet
    """
    from bncli import api

    rules, thresholds = _rules(fail_on), _thresholds(threshold)
    with console.progress(general.quiet) as progress:
        report = api.shift(
            train,
            test,
            fail_on=rules,
            bins=bins,
            psi_floor=psi_floor,
            alpha=alpha,
            seed=seed,
            options=reading.options(),
            **columns.chosen(),
            **given(thresholds=thresholds, target=target, progress=progress),
        )
    _print_report(report, as_json, everything)
    if report.gate.failed:
        sys.stdout.flush()
        console.say(f"gate reached: --fail-on {', '.join(report.gate.failed)}")
        raise typer.Exit(4)


def _print_report(report: Any, as_json: bool, everything: bool) -> None:
    if as_json:
        from bncli.report.machine import to_text

        sys.stdout.write(to_text(report))
    else:
        from bncli.report.terminal import DEFAULT_ROWS, print_shift

        print_shift(report, console.results(), most=None if everything else DEFAULT_ROWS)


def _rules(texts: list[str] | None) -> tuple[str, ...]:
    """The gate's rules, each checked before a long run and not after it."""
    rules = tuple(rule.strip() for text in texts or () for rule in text.split(","))
    if rules:
        from bncli.shift.gate import parse_rule

        for rule in rules:
            parse_rule(rule)
    return rules


def _thresholds(texts: list[str] | None) -> dict[str, tuple[float, float]] | None:
    if not texts:
        return None
    from bncli.shift.options import parse_threshold

    return dict(parse_threshold(text) for text in texts)
