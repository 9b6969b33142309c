"""Tables drawn from known laws, and shifts of known size, for simulations of the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

Rng = np.random.Generator
Law = Callable[[Rng, int], pl.Series]

_NAMES = pl.Series([f"v{at}" for at in range(400)])


def numbers(draw: Callable[[Rng, int], np.ndarray]) -> Law:
    return lambda rng, n: pl.Series(draw(rng, n).astype(np.float64))


def names(draw: Callable[[Rng, int], np.ndarray]) -> Law:
    return lambda rng, n: _NAMES.gather(draw(rng, n))


def holey(share: float, law: Law) -> Law:
    """With values missing at random."""

    def draw(rng: Rng, n: int) -> pl.Series:
        return law(rng, n).set(pl.Series(rng.random(n) < share), None)

    return draw


def few(shares: list[float]) -> Law:
    return names(lambda rng, n: rng.choice(len(shares), n, p=shares))


normal = numbers(lambda rng, n: rng.normal(size=n))

LAWS: Mapping[str, Law] = {
    **{f"normal {at}": normal for at in range(5)},
    "uniform": numbers(lambda rng, n: rng.random(n)),
    "lognormal": numbers(lambda rng, n: rng.lognormal(size=n)),
    "cauchy": numbers(lambda rng, n: rng.standard_cauchy(n)),
    "t 1.5": numbers(lambda rng, n: rng.standard_t(1.5, n)),
    "pareto": numbers(lambda rng, n: rng.pareto(0.8, n)),
    "poisson": numbers(lambda rng, n: rng.poisson(1.0, n)),
    "two values": numbers(lambda rng, n: rng.random(n) < 0.1),
    "zeros": numbers(lambda rng, n: np.maximum(0.0, rng.normal(-1.0, size=n))),
    "rounded": numbers(lambda rng, n: np.round(rng.normal(size=n), 1)),
    "some missing": holey(0.02, normal),
    "half missing": holey(0.5, normal),
    "few names": few([0.7, 0.25, 0.05]),
    "fifty names": names(lambda rng, n: rng.integers(50, size=n)),
    "rare names": names(lambda rng, n: np.minimum(rng.zipf(2.2, n), 400) - 1),
    "names missing": holey(0.3, few([0.5, 0.5])),
}
"""Twenty columns: ties, heavy tails, missing values and categories among them."""


def table(rng: Rng, n: int, laws: Mapping[str, Law] = LAWS) -> pl.DataFrame:
    return pl.DataFrame({name: law(rng, n) for name, law in laws.items()})


def standardized(draw: Callable[[Rng, int], np.ndarray], mean: float, sd: float) -> Law:
    """A law of mean 0 and standard deviation 1."""
    return numbers(lambda rng, n: (draw(rng, n) - mean) / sd)


SHIFTS: Mapping[str, tuple[Law, Law]] = {
    **{
        f"location {by} sd": (normal, numbers(lambda rng, n, by=by: rng.normal(by, size=n)))
        for by in (0.1, 0.2, 0.5)
    },
    "scale x 1.25": (normal, numbers(lambda rng, n: rng.normal(scale=1.25, size=n))),
    "scale x 1.5": (normal, numbers(lambda rng, n: rng.normal(scale=1.5, size=n))),
    "shape: skewed": (normal, standardized(lambda rng, n: rng.exponential(size=n), 1.0, 1.0)),
    "shape: two peaks": (
        normal,
        numbers(lambda rng, n: rng.normal(rng.choice([-0.9, 0.9], n), np.sqrt(1 - 0.81))),
    ),
    "missing 2 to 7 %": (holey(0.02, normal), holey(0.07, normal)),
    "missing 2 to 25 %": (holey(0.02, normal), holey(0.25, normal)),
    "categories, total variation 0.1": (few([0.5, 0.3, 0.2]), few([0.4, 0.3, 0.3])),
    "categories, total variation 0.3": (few([0.5, 0.3, 0.2]), few([0.2, 0.3, 0.5])),
    "categories, 5 % unseen": (few([0.5, 0.5]), few([0.475, 0.475, 0.05])),
}
"""What moved -> the law before and after."""
