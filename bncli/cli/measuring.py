"""The options that say how a shift is measured and judged, and the one that explains a measure."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import typer

from bncli.cli.options import given

_MEASURING = "Measuring"
ALL = "all"

BinningName: TypeAlias = Literal["quantile", "sturges", "doane", "width"]


def _explain(name: str | None) -> str | None:
    """Callback of ``--explain``: print and stop, before TRAIN and TEST are asked for."""
    if name is None:
        return None
    from bncli.cli import console
    from bncli.report import explained
    from bncli.shift.measures import explain

    if name == ALL:
        sys.stdout.write(explained.listed())
    else:
        width = min(console.results().width, 100)
        sys.stdout.write(explained.as_text(explain(name), width))
    raise typer.Exit


@dataclass(frozen=True, slots=True)
class Measuring:
    """How a shift is measured and judged."""

    binning: Annotated[
        BinningName,
        typer.Option(
            rich_help_panel=_MEASURING,
            help="Bins of PSI, JS and so on: at training quantiles, or equally wide, as many as "
            "--bins, Sturges' or Doane's rule says.",
        ),
    ] = "quantile"
    bins: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=10_000,
            rich_help_panel=_MEASURING,
            help="How many bins, with --binning quantile or width. [default: 10]",
        ),
    ] = None
    psi_floor: Annotated[
        float,
        typer.Option(
            metavar="SHARE", rich_help_panel=_MEASURING, help="Smallest share that PSI counts with."
        ),
    ] = 1e-4
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE=MINOR,MAJOR",
            rich_help_panel=_MEASURING,
            help="Where a measure is minor and major, as psi=0.2,0.3; may be given again. "
            "[default: see --explain MEASURE]",
        ),
    ] = None
    alpha: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            rich_help_panel=_MEASURING,
            help="False discovery rate over the columns.",
        ),
    ] = 0.05
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, rich_help_panel=_MEASURING, help="Seed of resampled p-values."
        ),
    ] = 0
    block: Annotated[
        str | None,
        typer.Option(
            metavar="ROWS|DURATION",
            rich_help_panel=_MEASURING,
            help="Take p-values from permutations of blocks of so many rows, or of 1h, 1d, 1w of "
            "the column --over names: for rows in time order. Reads data twice. [default: none]",
        ),
    ] = None
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="[MEASURE]",
            is_eager=True,
            callback=_explain,
            rich_help_panel=_MEASURING,
            help="Explain a measure and stop; without a name, list them. [default: none]",
        ),
    ] = None

    def options(self) -> dict[str, Any]:
        """As the verb takes them. Raises UsageError for a threshold that cannot be read."""
        return {
            "binning": self.binning,
            "psi_floor": self.psi_floor,
            "alpha": self.alpha,
            "seed": self.seed,
            **given(bins=self.bins, thresholds=_thresholds(self.threshold), block=self.block),
        }


def _thresholds(texts: list[str] | None) -> dict[str, tuple[float, float]] | None:
    if not texts:
        return None
    from bncli.shift.options import parse_threshold

    return dict(parse_threshold(text) for text in texts)
