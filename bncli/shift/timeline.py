"""When did it start? Each slice of the test side against the whole training side.

Decisions. A cell (a column in a slice) is measured as a column of a report is, by the same
functions, so it says what a comparison with these rows alone would. All cells are judged together:
Benjamini-Hochberg runs over columns times slices, so a thousand slices raise no more false alarms
than one does.

A column's shift is a list of unbroken runs of shifted slices, and an *onset* is where one begins.
Drops that end are runs that ended, each with its beginning; a shift that lasts is the run that
goes on to the end; a slow drift is a minor run from early on, with a major one inside. A slice
that has too few rows to tell, or in which the column could not be compared, says nothing and
breaks no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from bncli.shift.compare import measure
from bncli.shift.dependence import STRONG
from bncli.shift.exact import smallest_p
from bncli.shift.model import Column, Measured, Side
from bncli.shift.options import ShiftOptions
from bncli.shift.schema import Pairing
from bncli.shift.severity import RANK, Severity, worst
from bncli.shift.verdict import judged
from bncli.shift.wholes import Cell, Onset, Slice, Timeline

Cells = Sequence[Cell]
_NAMED = 3


def measure_slice(
    train: Side, piece: Side, pairing: Pairing, options: ShiftOptions, over: str | None = None
) -> tuple[Measured, ...]:
    """Every column of one slice that can be compared, but for the one it was cut over.

    Pictures are left out: a timeline keeps thousands of these.
    """
    found = measure(train, piece, pairing, replace(options, sparing=True))
    return tuple(
        replace(one, picture=None, moved=())
        for one in found
        if isinstance(one, Measured) and one.name != over
    )


def timeline(
    by: str,
    over: str | None,
    slices: Sequence[Slice],
    measured: Sequence[Sequence[Measured]],
    options: ShiftOptions,
    notes: Iterable[str] = (),
) -> Timeline:
    """Judge all cells together, sort the columns worst first, and find the onsets.

    by: how it was cut, for people; over: the column it was cut over, None for rows; measured: of
    each slice, by ``measure_slice``.
    """
    flat = [(at, one) for at, many in enumerate(measured) for one in many]
    columns = judged([one for _, one in flat], options)
    cells = [_cell(at, one, options) for (at, _), one in zip(flat, columns, strict=True)]
    by_column: dict[str, list[Cell]] = {}
    for cell in cells:
        by_column.setdefault(cell.column, []).append(cell)
    labels = sorted(by_column, key=lambda label: _rank(by_column[label]))
    return Timeline(
        by,
        tuple(slices),
        tuple(labels),
        tuple(cell for label in labels for cell in by_column[label]),
        tuple(onset for label in labels for onset in onsets(by_column[label])),
        (*notes, *_few(cells), *_faint(columns), *_alike(measured), *_rough(measured)),
        over,
    )


def onsets(cells: Cells) -> Iterator[Onset]:
    """The unbroken runs of shifted slices of one column, and the major parts of each.

    cells: in the order of time.
    """
    telling = [cell for cell in cells if not cell.too_few_rows]
    end = telling[-1].at if telling else 0
    for run in _runs(telling, "minor"):
        major = [_onset(part, "major", end) for part in _runs(run, "major")]
        if not (major and major[0].at == run[0].at and major[0].until == run[-1].at + 1):
            yield _onset(run, "minor", end)
        yield from major


def _runs(cells: Cells, least: Severity) -> Iterator[Cells]:
    """Neighbours that are all at least so severe."""
    for shifted, run in groupby(cells, key=lambda cell: RANK[cell.severity] >= RANK[least]):
        if shifted:
            yield list(run)


def _onset(run: Cells, severity: Severity, end: int) -> Onset:
    return Onset(run[0].column, severity, run[0].at, run[-1].at + 1, run[-1].at == end)


def _cell(at: int, column: Column, options: ShiftOptions) -> Cell:
    measured = column.measured
    asked = smallest_p(measured.n_train, measured.n_test) * len(measured.chances)
    few = column.severity == "none" and asked > options.alpha
    return Cell(
        column.label,
        at,
        column.severity,
        column.measures,
        column.p_adjusted,
        column.score,
        column.reasons,
        few,
    )


def _rank(cells: Cells) -> tuple[int, int, float]:
    """Worst first: by severity, then by how many slices have it, then by the largest effect."""
    severity: Severity = worst(cell.severity for cell in cells)
    peers = [cell for cell in cells if cell.severity == severity]
    return -RANK[severity], -len(peers), -max(cell.score for cell in peers)


def _few(cells: Cells) -> Iterator[str]:
    few = sum(cell.too_few_rows for cell in cells)
    if few:
        share = "all" if few == len(cells) else f"{few:,} of {len(cells):,}"
        yield f"{share} cells have too few rows to tell a shift from chance: cut larger slices"


def _faint(columns: Sequence[Column]) -> Iterator[str]:
    """How often a shift that is just large enough could not have been told from chance."""
    faint = sum(column.too_few_rows for column in columns)
    if faint:
        yield (
            f"in {faint:,} of {len(columns):,} cells a shift that just reaches major could be "
            "missed: too few rows"
        )


def _alike(measured: Sequence[Sequence[Measured]]) -> Iterator[str]:
    """Names the columns whose rows depend on each other, on either side."""
    found: dict[str, list[float]] = {}
    for one in (one for many in measured for one in many):
        own = found.setdefault(one.label, [])
        own.append(max(one.measures.get(f"lag1_{side}", 0.0) for side in ("train", "test")))
    alike = [label for label, lags in found.items() if median(lags) >= STRONG]
    if alike:
        rest = f" and {len(alike) - _NAMED} more" if len(alike) > _NAMED else ""
        yield (
            f"neighbouring rows are alike in {', '.join(alike[:_NAMED])}{rest} (lag-1 "
            "autocorrelation): a slice of them is no independent sample, its p-values are too small"
        )


def _rough(measured: Sequence[Sequence[Measured]]) -> Iterator[str]:
    error = max((one.rank_error for many in measured for one in many), default=0.0)
    if error:
        yield f"quantiles come from sketches: KS of a cell is off by at most {error:.2%}"
