"""The options that cut the test side of a shift report into slices: over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from bncli.cli.options import given

_OVER_TIME = "Over time"


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the test side is cut; not at all where none is given."""

    by_batch: Annotated[
        int | None,
        typer.Option(
            metavar="[ROWS]",
            min=1,
            rich_help_panel=_OVER_TIME,
            help="Also compare TEST in slices of so many rows; alone, 8192. [default: none]",
        ),
    ] = None
    over: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            rich_help_panel=_OVER_TIME,
            help="Also compare TEST in slices of this column: dates, datetimes, ISO text or "
            "whole numbers; with --block 1w, the column that it means. [default: none]",
        ),
    ] = None
    every: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH",
            rich_help_panel=_OVER_TIME,
            help="How long a slice of --over is: 1h, 1d, 1w, 1mo, 1q, 1y, or so much of a whole "
            "number, as 1000. [default: none]",
        ),
    ] = None

    def options(self) -> dict[str, Any]:
        return given(by_batch=self.by_batch, over=self.over, every=self.every)
