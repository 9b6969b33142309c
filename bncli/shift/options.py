"""What a user may override in a shift report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bncli.errors import UsageError
from bncli.shift.binning import Binning, binning_of
from bncli.shift.distances import DEFAULT_FLOOR

THRESHOLDS: Mapping[str, tuple[float, float]] = {
    "psi": (0.1, 0.25),
    "ks": (0.1, 0.2),
    "w1_sd": (0.1, 0.3),
    "js": (0.1, 0.2),
    "missing": (0.05, 0.2),
    "unseen": (0.01, 0.1),
    # Judged only where KS, PSI and W1 cannot speak: a training side that is constant
    # (share of test values outside it), or one without quantiles (the means' distance,
    # which W1/sd is never smaller than).
    "out_of_range": (0.1, 0.2),
    "location": (0.1, 0.3),
}
"""Effects from which a column is minor and major. Missing: difference of the two shares."""

_FEW_VALUES = 50
_LEAST_DRAWS = 200
_DRAWN_CELLS = 500_000  # a few tenths of a second


@dataclass(frozen=True, slots=True)
class ShiftOptions:
    """Everything a comparison can be told; the defaults are those of the design.

    binning: name of the policy behind the bins of PSI, JS, Hellinger and total variation; bins:
    how many, None for 10 or what the policy says itself; psi_floor: smallest share in PSI;
    alpha: false discovery rate over columns; thresholds: overrides of ``THRESHOLDS``;
    fail_on: gate rules; seed, draws: of the resampled p-values; sparing: for thousands of
    comparisons, without pictures, and no time spent on p-values that could decide nothing; joint:
    most numeric columns to compare jointly, 0 for none, None for all whose covariance both keep.
    """

    binning: str = "quantile"
    bins: int | None = None
    psi_floor: float = DEFAULT_FLOOR
    alpha: float = 0.05
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    fail_on: tuple[str, ...] = ()
    seed: int = 0
    draws: int = 2000
    sparing: bool = False
    joint: int | None = None

    def __post_init__(self) -> None:
        """Raises UsageError where a value cannot be meant. A single rule may come bare."""
        rules = (self.fail_on,) if isinstance(self.fail_on, str) else tuple(self.fail_on)
        object.__setattr__(self, "fail_on", rules)
        binning_of(self.binning, self.bins)
        _demand(0 < self.psi_floor < 1, f"--psi-floor {self.psi_floor}", "a share, as 1e-4")
        _demand(0 < self.alpha < 1, f"--alpha {self.alpha}", "a share, as 0.05")
        _demand(self.draws >= 1, f"{self.draws} draws", "at least 1")
        _demand(0 <= (self.joint or 0) <= 512, f"--joint {self.joint}", "up to 512 columns")
        for name, limits in self.thresholds.items():
            _check_threshold(name, limits)

    @property
    def binning_policy(self) -> Binning:
        return binning_of(self.binning, self.bins)

    @property
    def negligible_p(self) -> float:
        """p-values surely below this may be rough."""
        return 1e-15 if self.sparing else 0.0

    def draws_for(self, values: int, effects: Mapping[str, float]) -> int:
        """How many draws the chance of these effects, over so many values, is worth.

        When sparing, a column of many values is drawn less often, and not at all where no effect
        reaches its minor threshold: then its p could make no severity.
        """
        if not self.sparing or values <= _FEW_VALUES:
            return self.draws
        if all(value < self.limits(name)[0] for name, value in effects.items()):
            return 0
        return min(self.draws, max(_LEAST_DRAWS, _DRAWN_CELLS // values))

    def limits(self, measure: str) -> tuple[float, float]:
        """The minor and the major threshold of a measure."""
        return self.thresholds.get(measure, THRESHOLDS[measure])


def parse_threshold(text: str) -> tuple[str, tuple[float, float]]:
    """Read ``psi=0.2,0.3`` as ``("psi", (0.2, 0.3))``.

    Raises UsageError when the measure is unknown or the numbers are no thresholds.
    """
    name, _, numbers = text.partition("=")
    try:
        minor, major = (float(number) for number in numbers.split(","))
    except ValueError:
        raise UsageError(
            f"threshold '{text}' is not of the form MEASURE=MINOR,MAJOR",
            fix="for example --threshold psi=0.2,0.3",
        ) from None
    _check_threshold(name.strip(), (minor, major))
    return name.strip(), (minor, major)


def _check_threshold(name: str, limits: tuple[float, float]) -> None:
    if name not in THRESHOLDS:
        raise UsageError(f"no threshold named '{name}'", fix=f"known: {', '.join(THRESHOLDS)}")
    minor, major = limits
    ordered = 0 < minor <= major < float("inf")
    _demand(ordered, f"threshold {name}={minor:g},{major:g}", "0 < MINOR <= MAJOR")


def _demand(holds: bool, what: str, fix: str) -> None:
    if not holds:
        raise UsageError(f"{what} is out of range", fix=fix)
