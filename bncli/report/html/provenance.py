"""Where the figures come from: sides, options, versions, and how exact they are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from bncli.report import cells, words
from bncli.shift.model import Origin, ShiftReport
from bncli.shift.options import THRESHOLDS
from bncli.version import __version__

_COMPUTING = ("numpy", "scipy", "polars")


def provenance(report: ShiftReport) -> Iterator[tuple[str, str]]:
    """Names and words, in the order they are shown."""
    options = report.options
    yield "training side", _side(report.train)
    yield "test side", _side(report.test)
    yield "bins", f"{options.binning_policy.words}; a category each where values are text"
    yield (
        "smoothing",
        (
            f"PSI takes no share below {options.psi_floor:g}, and does not renormalise; "
            "JS, Hellinger and total variation take shares as they are"
        ),
    )
    yield (
        "thresholds, minor and major",
        ", ".join(
            f"{name} {minor:g} and {major:g}"
            for name, (minor, major) in ((name, options.limits(name)) for name in THRESHOLDS)
        ),
    )
    yield (
        "chance",
        (
            f"false discovery rate {options.alpha:g} over the columns; {words.chance(report)}; "
            f"{cells.count(options.draws)} draws where they are resampled, seed {options.seed}"
        ),
    )
    yield "gate", ", ".join(options.fail_on) or "none"
    yield "rank error", _rank_error(report)
    yield "made by", ", ".join((f"bncli {__version__}", *_versions()))


def _side(side: Origin) -> str:
    return f"{side.name}, {cells.count(side.rows)} rows"


def _rank_error(report: ShiftReport) -> str:
    worst = max((one.measured.rank_error for one in report.columns), default=0.0)
    if not worst:
        return "none: every quantile is exact"
    return f"at most {worst:.2%} of the rows (both sides together, 99 % confidence)"


def _versions() -> Iterator[str]:
    for name in _COMPUTING:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
