"""Adapting to new data: mean and variance estimated again, gamma and beta kept.

Source: Li et al. 2016 (AdaBN); Schneider et al. 2020 for the prior.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from bncli.errors import DataError, UsageError
from bncli.standardize.standardizer import Standardizer
from bncli.stats.adapted import Adapted, Training
from bncli.stats.covariance import Covariance
from bncli.stats.lag import Lag
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.profile import Profile, Source
from bncli.stats.quantiles import Quantiles

_FEW = 30
_NAMED = 10


def adapted(
    standardizer: Standardizer,
    new: Profile,
    prior: float = 0.0,
    pooled: bool = False,
    sources: Sequence[Source] = (),
) -> Standardizer:
    """The standardizer with statistics of the new data, mixed with its own.

    new: the profile of the new data, of any of the channels in any order; it becomes the profile.
    prior: what the statistics there are weigh, in present values; pooled: whether the variance
    between the two means counts. sources: of the new data.

    Raises UsageError as ``check_adaptable`` does, DataError where a variance overflows.
    """
    check_adaptable(standardizer, prior)
    before = Training.of(
        standardizer.mean, standardizer.variance, standardizer.seen, standardizer.constant
    )
    policy = Adapted(float(prior), pooled, standardizer.policy.ddof)
    profile = replace(_arranged(new, standardizer.profile), running=before)
    origin = {
        "running": standardizer.policy.to_record(),
        "rows": standardizer.profile.rows,
        "sources": [asdict(source) for source in standardizer.sources],
    }
    found = standardizer.replace(
        profile=profile,
        policy=policy,
        sources=tuple(sources),
        fit={**standardizer.fit, "adapted": origin},
    )
    _refuse_overflow(found)
    return found


def check_adaptable(standardizer: Standardizer, prior: float) -> None:
    """Raises UsageError for a prior that is negative or not finite, or where there are groups."""
    if not 0 <= prior < math.inf:
        raise UsageError(f"a prior of {prior} is not 0 or more values", fix="--prior 100")
    groups = standardizer.profile.groups
    if groups is not None:
        raise UsageError(
            f"statistics per group of '{groups.column}' are not adapted",
            fix="bncli fit NEW --by KEY --affine OLD estimates them anew and keeps gamma and beta",
        )


def adapting_notes(before: Standardizer, after: Standardizer) -> Iterator[str]:
    """What somebody who adapts should be told: each a sentence."""
    count = after.profile.moments.count
    policy, state = after.policy, after.profile.running
    assert isinstance(policy, Adapted)
    assert isinstance(state, Training)
    weight = policy.weight(state, after.profile.moments)
    yield from _about(
        after, (count == 0) & state.known, "no present value in the new data; statistics are kept"
    )
    flat = after.constant & ~before.constant
    yield from _about(after, flat, "one value only in the new data; it becomes beta everywhere")
    yield from _about(
        after,
        _drowned(after) & ~_drowned(before),
        f"a variance so small now that eps {after.eps:g} shrinks the result",
    )
    few = (count > 0) & (count < _FEW) & (weight == 1) & ~flat
    yield from _about(
        after,
        few,
        f"less than {_FEW} present values in the new data, whose statistics are mostly chance"
        "\n  --prior 100 would keep them near those of training",
    )


def _drowned(standardizer: Standardizer) -> NDArray[np.bool_]:
    """Where eps counts for more than a hundredth of the variance."""
    if standardizer.eps_relative:
        return np.zeros(len(standardizer.channels), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        small = standardizer.eps > 0.01 * standardizer.variance
    return np.asarray(small & ~standardizer.constant)


def _arranged(new: Profile, like: Profile) -> Profile:
    """The new profile with the channels of ``like``, in that order; those it lacks are missing."""
    places = {(c.feature, c.channel): at for at, c in enumerate(new.channels)}
    order = [places.get((channel.feature, channel.channel), -1) for channel in like.channels]
    seen = Missing.stack([new.missing, Missing.empty(1)])[order]
    lacking = np.array([new.rows * channel.positions for channel in like.channels])
    lacking = np.where(np.array(order) < 0, lacking, 0)
    quantiles = (*new.quantiles, Quantiles.of(np.empty(0)))
    return replace(
        new,
        channels=tuple(
            replace(channel, type=new.channels[at].type) if at >= 0 else channel
            for channel, at in zip(like.channels, order, strict=True)
        ),
        # Place -1, the last one, is a channel of which nothing was seen.
        moments=Moments.stack([new.moments, Moments.empty(1)])[order],
        missing=replace(seen, nulls=seen.nulls + lacking),
        quantiles=tuple(quantiles[at] for at in order) if new.quantiles else (),
        covariance=_renamed(new.covariance, order),
        lag=Lag.stack([new.lag, Lag.empty(1)])[order] if new.lag.shape[0] else new.lag,
    )


def _renamed(covariance: Covariance | None, order: Sequence[int]) -> Covariance | None:
    """The covariance of the same channels, called by their places in ``order``."""
    if covariance is None:
        return None
    places = [place for place, at in enumerate(order) if at in covariance.channels]
    return covariance.select([order[place] for place in places], named=places)


def _refuse_overflow(found: Standardizer) -> None:
    bad = np.isinf(found.mean) | np.isinf(found.variance)
    names = _names(found, bad)
    if names:
        raise DataError(f"the mixed variance overflows in {_quoted(names)}")


def _about(standardizer: Standardizer, which: NDArray[np.bool_], text: str) -> Iterator[str]:
    names = _names(standardizer, which)
    if names:
        have = "has" if len(names) == 1 else "have"
        yield f"{_quoted(names)} {have} {text}"


def _names(standardizer: Standardizer, which: NDArray[np.bool_]) -> list[str]:
    pairs = zip(standardizer.channels, which.tolist(), strict=True)
    return [channel.label for channel, chosen in pairs if chosen]


def _quoted(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED]) + more
