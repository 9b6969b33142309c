"""The shift report as frozen values: what ``compare`` makes and every report format reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bncli.shift.options import ShiftOptions
from bncli.shift.severity import Severity
from bncli.shift.wholes import Blocking, Joint, Timeline
from bncli.stats.profile import Profile

if TYPE_CHECKING:
    from bncli.shift.by_group import ByGroup

Kind: TypeAlias = Literal["numeric", "categorical", "temporal"]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One dataset of the comparison. name: as messages call it; rows: of the dataset."""

    name: str
    rows: int
    profile: Profile


@dataclass(frozen=True, slots=True)
class Origin:
    """What the report keeps of a side."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Shares of both sides in the same cells: a histogram each, on one axis.

    low, high: ends of the axis in column units; None for categories, whose cells are the
    ``labels``, most frequent in training first. values: where a numeric column takes few, each
    has its own cell; empty where the cells are equally wide.
    """

    train: tuple[float, ...]
    test: tuple[float, ...]
    low: float | None = None
    high: float | None = None
    labels: tuple[str, ...] = ()
    values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the distribution functions are furthest apart: at this value, and both there.

    at: in column units; train, test: shares of the values ``<= at``.
    """

    at: float
    train: float
    test: float


@dataclass(frozen=True, slots=True)
class Curves:
    """Both quantile functions at the same shares, and so both distribution functions.

    shares: from 0 to 1, evenly apart; train, test: the quantiles there, in column units, which
    begin at the minimum and end at the maximum; gap: whose distance is the KS one.
    """

    shares: tuple[float, ...]
    train: tuple[float, ...]
    test: tuple[float, ...]
    gap: Gap


@dataclass(frozen=True, slots=True)
class Moved:
    """A category and its share of the present values on both sides."""

    value: str
    train: float
    test: float


@dataclass(frozen=True, slots=True)
class Span:
    """First and last time of a side, as ISO 8601."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What one measure says for the verdict. beyond_chance: chance does not explain it."""

    measure: str
    value: float
    severity: Severity
    beyond_chance: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """One column as measured, before the verdict.

    measures: by contract name, those that apply only. effects: the figures thresholds are held
    against. chances: a p-value per family of measures. rank_error: largest sum of both sides'
    rank errors, a share. min_detectable: smallest effect that these row counts can tell from
    chance. notes: what was left out, and why; cautions: why its p-values may be too small. means,
    sds: of both sides, in column units, the population's; None for what has no numbers. spans: of
    dates and times, the range of each side; None where it has no value.
    """

    name: str
    channel: int
    label: str
    kind: Kind
    n_train: int
    n_test: int
    measures: Mapping[str, float]
    effects: Mapping[str, float]
    chances: Mapping[str, float]
    rank_error: float = 0.0
    min_detectable: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    picture: Picture | None = None
    moved: tuple[Moved, ...] = ()
    curves: Curves | None = None
    means: tuple[float, float] | None = None
    sds: tuple[float, float] | None = None
    cautions: tuple[str, ...] = ()
    spans: tuple[Span | None, Span | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Column:
    """One compared column. ``score`` is its largest effect divided by its major threshold;
    too_few_rows: not shifted, but neither would a shift at the major thresholds have counted."""

    measured: Measured
    severity: Severity
    reasons: tuple[str, ...]
    p_adjusted: float
    effects: tuple[Effect, ...]
    score: float
    notes: tuple[str, ...] = ()
    too_few_rows: bool = False

    @property
    def name(self) -> str:
        return self.measured.name

    @property
    def label(self) -> str:
        return self.measured.label

    @property
    def kind(self) -> Kind:
        return self.measured.kind

    @property
    def measures(self) -> Mapping[str, float]:
        return self.measured.measures


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A column on both sides that could not be compared, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A column whose kind of type differs between the sides."""

    name: str
    train: str
    test: str


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What differs between the two sides' columns."""

    only_train: tuple[str, ...] = ()
    only_test: tuple[str, ...] = ()
    type_changed: tuple[TypeChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.only_train or self.only_test or self.type_changed)


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of ``--fail-on`` and those of them that were reached."""

    rules: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """The answer. columns: worst first. joint, timeline, groups, labels: None where not asked for.
    joint_absent: why there is no joint part though it was asked for. blocks: those whose
    permutations the p-values come from, if so.

    options: those it was made with.
    """

    verdict: Severity
    columns: tuple[Column, ...]
    not_compared: tuple[NotCompared, ...]
    schema: SchemaChange
    gate: Gate
    train: Origin
    test: Origin
    options: ShiftOptions
    joint: Joint | None = None
    joint_absent: str = ""
    timeline: Timeline | None = None
    groups: ByGroup | None = None
    labels: Mapping[str, Any] | None = None
    blocks: Blocking | None = None

    @property
    def shifted(self) -> int:
        """Columns that are minor or major."""
        return sum(column.severity != "none" for column in self.columns)

    @property
    def compared(self) -> int:
        return len(self.columns)
