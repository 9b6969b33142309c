"""The sentences that several formats say, in the same words. Plain text: escaped where shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bncli.report import cells
from bncli.shift.by_group import ByGroup, GroupShift
from bncli.shift.model import Column, ShiftReport
from bncli.shift.severity import Severity
from bncli.shift.wholes import Joint

WORST_FIRST: tuple[Severity, ...] = ("major", "minor", "none")


def verdict(report: ShiftReport) -> str:
    """The answer in one line."""
    if not report.compared:
        return "nothing compared: the two sides share no column with values"
    if report.verdict == "none":
        return _none(report) + _in_groups(report.groups)
    behind = severities([one for one in report.columns if one.severity != "none"])
    return (
        f"{report.verdict} shift: {report.shifted} of {report.compared} columns moved ({behind})"
        f"{_in_groups(report.groups)}"
    )


def _in_groups(groups: ByGroup | None) -> str:
    """What the verdict says of groups, which may move where all rows together do not."""
    if groups is None or not groups.shifted:
        return ""
    behind = severities([one for one in groups.groups if one.shifted])
    return f"; {groups.shifted} of {len(groups.groups)} groups moved ({behind})"


def _none(report: ShiftReport) -> str:
    """Nothing moved: as far as so many rows can tell."""
    blind = too_few(report)
    word = "column" if report.compared == 1 else "columns"
    if blind == report.compared:
        return f"too few rows: {report.compared} {word} compared, no shift could have been told"
    if blind:
        return (
            f"no shift: {report.compared} {word} compared, none moved; "
            f"{blind} with too few rows to tell"
        )
    return f"no shift: {report.compared} {word} compared, none moved"


def state(column: Column) -> str:
    """The severity in a word, or that there were too few rows for one: ``too few``."""
    return "too few" if column.too_few_rows else column.severity


def too_few(report: ShiftReport) -> int:
    """How many columns have too few rows to tell a shift."""
    return sum(column.too_few_rows for column in report.columns)


def why_too_few(column: Column, report: ShiftReport) -> str:
    """What could have been told with so many rows."""
    smallest = column.measured.min_detectable
    asked = [name for name in ("ks", "psi", "location") if name in smallest] or ["missing"]
    limits = {name: report.options.limits(name)[1] for name in asked}
    parts = [f"{name} {cells.number(smallest[name])} (major: {limits[name]:g})" for name in asked]
    n, k = column.measured.n_train, column.measured.n_test
    what = "rows"
    if report.blocks is not None:
        (n, k), what = report.blocks.blocks, "blocks"
    counts = f"{cells.count(n)} and {cells.count(k)} {what}"
    return f"the smallest that {counts} can tell from chance is {', '.join(parts)}"


def severities(several: Sequence[Column] | Sequence[GroupShift]) -> str:
    """How many columns, or groups, of each severity there are: ``2 major, 1 none``."""
    found = Counter(one.severity for one in several)
    return ", ".join(f"{found[s]} {s}" for s in WORST_FIRST if found[s])


def joint_absent(report: ShiftReport) -> str:
    """Why nothing is said of the numeric columns jointly; "" where there are no two of them."""
    numeric = sum(column.kind == "numeric" for column in report.columns)
    return report.joint_absent if numeric > 1 else ""


def joint_figures(found: Joint) -> Iterator[str]:
    """The distance with its parts, and the linear split, a line each."""
    line = f"Frechet distance {cells.number(found.frechet)}"
    if found.frechet_expected is not None:
        line += f" (chance {cells.number(found.frechet_expected)})"
    square = found.frechet**2
    if square > 0:
        parts = {
            "means": found.frechet_mean,
            "spreads": found.frechet_variance,
            "correlations": found.frechet_correlation,
        }
        # What rounding leaves of nothing is nothing.
        shares = {name: cells.percent(round(part / square, 12)) for name, part in parts.items()}
        line += ": " + ", ".join(f"{name} {share}" for name, share in shares.items())
    yield line
    line = f"linear AUC {cells.number(found.auc_linear)}"
    if found.auc_expected is not None:
        line += f" (chance {cells.number(found.auc_expected)})"
    after = f"linear AUC {cells.number(found.auc_restandardized)}"
    if found.frechet_restandardized is not None:
        after = f"Frechet {cells.number(found.frechet_restandardized)}, {after}"
    yield f"{line}; restandardized: {after}"


def meaning(report: ShiftReport, shown: Sequence[Column]) -> Iterator[str]:
    """What the numbers of the shown columns mean, a sentence or two each."""
    options = report.options
    if any(column.kind == "numeric" for column in shown):
        yield _NUMBERS
        yield _REMOVABLE
    guides = [one.measures["psi_expected"] for one in shown if "psi_expected" in one.measures]
    if guides:
        yield (
            f"PSI: {options.binning_policy.words} (categories: one each), shares floored at "
            f"{options.psi_floor:g}; chance alone brings {_span(guides)} here. JS: same bins, "
            "base 2, no floor."
        )
    error = max((one.measured.rank_error for one in shown), default=0.0)
    if error > 0:
        yield (
            "Quantiles of a side come from a sketch: KS is off by at most "
            f"{error:.2%} (99 % confidence), PSI, JS, W1 and W2 accordingly."
        )
    if report.joint is not None:
        yield _JOINT
    if any(column.kind == "temporal" for column in shown):
        yield _TIMES
    yield (
        "Shifted: an effect passes its threshold and chance does not explain it (false "
        f"discovery rate {options.alpha:g}); {chance(report)}."
    )
    yield from too_small(report, shown)


def chance(report: ShiftReport) -> str:
    """Where the p-values come from, and what they assume."""
    found = report.blocks
    if found is None:
        return "p-values assume independent rows"
    each = f"{found.asked} of '{found.over}'" if found.over is not None else f"{found.asked} rows"
    n, k = map(cells.count, found.blocks)
    text = (
        f"p-values come from up to {cells.count(found.draws)} permutations of whole blocks of "
        f"{each}, {n} in training and {k} in test"
    )
    if found.joined > 1:
        text += f", {cells.count(found.joined)} neighbours joined to each"
    if any(found.outside):
        n, k = map(cells.count, found.outside)
        text += f"; {n} and {k} rows without a time are in none"
    return text


def repeating(report: ShiftReport) -> str:
    """What is wrong with the rows of the columns that are cautioned."""
    return f"{'consecutive rows' if report.blocks is None else 'blocks'} repeat each other"


def too_small(report: ShiftReport, shown: Sequence[Column]) -> Iterator[str]:
    """Where the p-values behind a shift cannot be trusted."""
    count = len(cautioned(shown))
    if count:
        columns = "1 shifted column" if count == 1 else f"{count} shifted columns"
        yield f"In {columns} {repeating(report)}, so that these p-values are too small."


def told(column: Column) -> tuple[str, ...]:
    """What is said of a column beside its figures."""
    return column.notes + column.measured.cautions


def cautioned(columns: Sequence[Column]) -> list[Column]:
    """Those whose shift rests on p-values that may be too small."""
    return [one for one in columns if one.severity != "none" and one.measured.cautions]


_NUMBERS = (
    "location and W1/sd: in training standard deviations; scale: ln of the standard deviations' "
    "ratio."
)
_REMOVABLE = (
    "removable: the share of the shift (of W2 squared) that goes when the test side is "
    "standardized with its own statistics and mapped to training units. Standardizing both sides "
    "with the training statistics takes away none of it."
)
_JOINT = (
    "jointly: by means and covariances over the rows complete in these columns, in training "
    "standard deviations; shares are of the distance squared. Restandardized: each side by its own "
    "statistics, which leaves the correlations."
)
_TIMES = (
    "Dates and times: range, longest gap and share outside the training range are told; only "
    "missing values are judged."
)


def _span(figures: Sequence[float]) -> str:
    low, high = cells.guide(min(figures)), cells.guide(max(figures))
    return f"about {low}" if low == high else f"about {low} to {high}"
