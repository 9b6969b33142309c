"""``shift``: whether and how the inputs moved."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bncli.cli import console
from bncli.cli.measuring import Measuring
from bncli.cli.options import JOINT, NO_JOINT, Columns, General, given
from bncli.cli.reading import Reading
from bncli.cli.reports import Reports
from bncli.cli.slicing import Slicing

_SIDE = "data (a file, a quoted glob, a directory, -) or an artifact."


def shift(
    train: Annotated[
        str, typer.Argument(metavar="TRAIN", show_default=False, help=f"Training side: {_SIDE}")
    ],
    test: Annotated[
        str, typer.Argument(metavar="TEST", show_default=False, help=f"Test side: {_SIDE}")
    ],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Exit with 4 on minor, major, schema, share=0.3 or a measure as psi=0.2; comma "
            "separated, or given again. [default: never]",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Label column, left out of the comparison. [default: none]"
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Also compare every group of rows that this column names. [default: none]",
        ),
    ] = None,
    joint: JOINT = None,
    no_joint: NO_JOINT = False,
    *,
    slicing: Slicing,
    measuring: Measuring,
    reports: Reports,
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

    rules, measured = _rules(fail_on), measuring.options()
    reports.check([train, test], reading.options())
    with console.stages(general.quiet) as stages:
        report = api.shift(
            train,
            test,
            fail_on=rules,
            options=reading.options(),
            **measured,
            **slicing.options(),
            **columns.chosen(),
            **given(target=target, by=by, stages=stages, joint=0 if no_joint else joint),
        )
    reports.deliver(report, general.quiet)
    if report.gate.failed:
        sys.stdout.flush()
        console.say(f"gate reached: --fail-on {', '.join(report.gate.failed)}")
        raise typer.Exit(4)


def _rules(texts: list[str] | None) -> tuple[str, ...]:
    """The gate's rules, each checked before a long run and not after it."""
    rules = tuple(rule.strip() for text in texts or () for rule in text.split(","))
    if rules:
        from bncli.shift.gate import parse_rule

        for rule in rules:
            parse_rule(rule)
    return rules
