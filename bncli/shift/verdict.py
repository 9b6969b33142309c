"""Severity: shifted is what moved far enough *and* is not explained by chance.

Every effect belongs to a family of measures that share one p-value. A measure counts when its
family's p times the number of families is at most alpha, and the column itself survives
Benjamini-Hochberg over all columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bncli.shift.model import Column, Effect, Measured
from bncli.shift.options import ShiftOptions
from bncli.shift.severity import RANK, Severity, worst
from bncli.shift.significance import benjamini_hochberg, bonferroni

FAMILY = {
    "ks": "distribution",
    "w1_sd": "distribution",
    "out_of_range": "distribution",
    "location": "distribution",
    "psi": "binned",
    "js": "binned",
    "missing": "missing",
    "unseen": "unseen",
}

_WORDS = {
    "w1_sd": "w1/sd",
    "missing": "missing difference",
    "unseen": "unseen beyond chance",
    "out_of_range": "out of range",
}


def judge(measured: Sequence[Measured], options: ShiftOptions) -> tuple[Column, ...]:
    """Give every column its severity; worst first, by effect over threshold, never by p-value."""
    return by_effect(judged(measured, options))


def by_effect(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Worst first."""
    return tuple(sorted(columns, key=lambda one: (-RANK[one.severity], -one.score)))


def judged(measured: Sequence[Measured], options: ShiftOptions) -> list[Column]:
    """Every column, judged together with the others, in the order given."""
    raw = [bonferroni(one.chances.values(), len(one.chances)) for one in measured]
    adjusted = benjamini_hochberg(raw).tolist() if raw else []
    return [_column(one, p, options) for one, p in zip(measured, adjusted, strict=True)]


def _column(measured: Measured, p_adjusted: float, options: ShiftOptions) -> Column:
    survives = p_adjusted <= options.alpha
    effects = [
        _effect(name, value, measured, survives, options)
        for name, value in measured.effects.items()
    ]
    effects.sort(key=lambda effect: -_score(effect, options))
    counted = [effect for effect in effects if effect.severity != "none"]
    severity = worst(effect.severity for effect in effects)
    return Column(
        measured,
        severity,
        tuple(_reason(effect, options) for effect in counted),
        p_adjusted,
        tuple(effects),
        max((_score(effect, options) for effect in effects), default=0.0),
        measured.notes + _explained_by_chance(effects, options),
        severity == "none" and _too_few_rows(measured, options),
    )


def _too_few_rows(measured: Measured, options: ShiftOptions) -> bool:
    """Whether chance would have explained a shift of the values at every major threshold.

    Of a column that is judged by its missing values alone: of those.
    """
    smallest = measured.min_detectable
    judged = [name for name in smallest if name in FAMILY and name != "missing"]
    asked = judged or [name for name in smallest if name == "missing"]
    return bool(asked) and all(smallest[name] > options.limits(name)[1] for name in asked)


def _effect(
    name: str, value: float, measured: Measured, survives: bool, options: ShiftOptions
) -> Effect:
    p = measured.chances.get(FAMILY[name], 1.0) * len(measured.chances)
    beyond = survives and p <= options.alpha
    return Effect(name, value, _reached(value, name, options) if beyond else "none", beyond)


def _reached(value: float, measure: str, options: ShiftOptions) -> Severity:
    minor, major = options.limits(measure)
    return "major" if value >= major else "minor" if value >= minor else "none"


def _score(effect: Effect, options: ShiftOptions) -> float:
    return effect.value / options.limits(effect.measure)[1]


def _reason(effect: Effect, options: ShiftOptions) -> str:
    limit = options.limits(effect.measure)[effect.severity == "major"]
    return f"{_WORDS.get(effect.measure, effect.measure)} {effect.value:.3g} >= {limit:g}"


def _explained_by_chance(effects: Sequence[Effect], options: ShiftOptions) -> tuple[str, ...]:
    """Say which effects were large enough but could be chance."""
    large = [
        f"{_WORDS.get(effect.measure, effect.measure)} {effect.value:.3g}"
        for effect in effects
        if not effect.beyond_chance and _reached(effect.value, effect.measure, options) != "none"
    ]
    return (f"may be chance: {', '.join(large)}",) if large else ()
