"""What somebody who fits statistics should be told: each a sentence, none an error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from bncli.standardize.standardizer import Standardizer

_NAMED = 10


def notes(standardizer: Standardizer) -> Iterator[str]:
    """Constant, all missing, dominated by rounding, drowned by eps, or sorted."""
    moments = standardizer.profile.moments
    seen, constant = moments.count > 0, moments.constant
    if not standardizer.profile.rows:
        yield "there are no rows: the artifact holds no statistics"
        return
    yield from _about(standardizer, ~seen, "{} no present value; it comes out missing")
    yield from _about(standardizer, constant, "{} constant; it comes out as beta", verb="is")
    varies = seen & ~constant
    mean, variance = moments.value(), moments.variance()
    with np.errstate(invalid="ignore"):
        rough = varies & (np.sqrt(variance) < 4 * np.spacing(np.abs(mean)))
        tiny = varies & (standardizer.eps > 0.01 * variance) & (not standardizer.eps_relative)
    yield from _about(
        standardizer, rough, "{} spread below 4 units in the last place of the mean: rounding rules"
    )
    yield from _about(
        standardizer,
        tiny & ~rough,
        f"{{}} a variance so small that eps {standardizer.eps:g} shrinks the result"
        "\n  try --eps 0 or --eps-relative",
    )
    yield from _sorted_data(standardizer, varies)
    yield from _about_groups(standardizer)


def _about(
    standardizer: Standardizer, which: NDArray[np.bool_], text: str, verb: str = "has"
) -> Iterator[str]:
    names = [c.label for c, chosen in zip(standardizer.channels, which, strict=True) if chosen]
    if not names:
        return
    plural = {"has": "have", "is": "are"}[verb]
    if len(names) == 1:
        yield text.format(f"column {_quoted(names)} {verb}")
    else:
        yield text.format(f"{len(names)} columns {plural}").replace("; it comes", "; they come") + (
            f": {_quoted(names)}"
        )


def _sorted_data(standardizer: Standardizer, varies: NDArray[np.bool_]) -> Iterator[str]:
    if standardizer.policy.name != "algorithm2":
        return
    moments = standardizer.profile.moments
    with np.errstate(invalid="ignore"):
        pooled = moments.variance(standardizer.policy.ddof)
        gap = np.abs(standardizer.variance - pooled) > 0.01 * pooled
    yield from _about(
        standardizer,
        varies & gap,
        "{} an algorithm2 variance more than 1 % off the pooled one, which happens where rows are"
        " sorted\n  shuffle the rows, or take --running pooled",
    )


def _about_groups(standardizer: Standardizer) -> Iterator[str]:
    groups = standardizer.profile.groups
    if groups is None:
        return
    if not len(groups):
        yield f"no row has a value of '{groups.column}': there are no groups"
        return
    counts = groups.moments.count
    # A row of a tensor has many values.
    single = int((counts <= 1).all(axis=1).sum())
    if single:
        yield (
            f"{_of_groups(single, len(groups))} a single row, which comes out as beta"
            "\n  group by a column with fewer values"
        )
    lacking = (counts == 0) & (standardizer.profile.moments.count > 0)
    if lacking.any():
        pairs = zip(standardizer.channels, lacking.any(axis=0).tolist(), strict=True)
        names = [channel.label for channel, is_lacking in pairs if is_lacking]
        yield (
            f"{_of_groups(int(lacking.any(axis=1).sum()), len(groups))} no present value in "
            f"{_quoted(names)}: there the statistics of all rows hold"
        )


def _of_groups(count: int, total: int) -> str:
    return f"{count} of {total} groups {'has' if count == 1 else 'have'}"


def _quoted(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more
