"""The profile: the product of all states over one dataset, as it is read, saved and merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from bncli.stats.categories import Categories
from bncli.stats.covariance import Covariance
from bncli.stats.groups import Groups
from bncli.stats.lag import Lag
from bncli.stats.layout import Layout
from bncli.stats.missing import Missing
from bncli.stats.moments import Moments
from bncli.stats.quantiles import Quantiles
from bncli.stats.running import Running
from bncli.stats.temporal import Temporal


@dataclass(frozen=True, slots=True)
class Channel:
    """What one mean and one variance belong to: a column, or one channel of a tensor column.

    feature: the column's name; channel: 0 for a plain column; type: its type by polars' name;
    layout: how a flat tensor is laid out, None for a plain column.
    """

    feature: str
    channel: int = 0
    type: str = "Float64"
    layout: str | None = None

    @property
    def positions(self) -> int:
        """Values in a row."""
        return 1 if self.layout is None else Layout.parse(self.layout).positions

    @property
    def label(self) -> str:
        """How a person calls it: the column's name, with the channel of a tensor."""
        return self.feature if self.layout is None else f"{self.feature}[{self.channel}]"


@dataclass(frozen=True, slots=True)
class Source:
    """One input. name: base name only; bytes: its size; rows: None while unknown."""

    name: str
    bytes: int
    rows: int | None
    fingerprint: str


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Everything known of a dataset.

    channels: the numeric channels, in file order; moments, missing, running: states of shape
    (channels,); quantiles: one per channel, or empty where none were kept; categories: the
    categorical columns by name; category_types: their types by polars' names; covariance: of some
    channels together, None where none was kept; lag: of consecutive rows, shape (channels,);
    temporal: dates and times by name; other_types: the types of these and of every column that is
    not measured; groups: the same states per group of rows, None where none were asked for.
    """

    channels: tuple[Channel, ...]
    rows: int
    batches: int
    batch_size: int
    moments: Moments
    missing: Missing
    running: Running
    quantiles: tuple[Quantiles, ...] = ()
    categories: Mapping[str, Categories] = field(default_factory=dict)
    category_types: Mapping[str, str] = field(default_factory=dict)
    covariance: Covariance | None = None
    lag: Lag = field(default_factory=lambda: Lag.empty(0))
    temporal: Mapping[str, Temporal] = field(default_factory=dict)
    other_types: Mapping[str, str] = field(default_factory=dict)
    groups: Groups | None = None

    def sealed(self, sketch_size: int) -> Self:
        """The same with every distribution as at most ``sketch_size`` points, for an artifact."""
        return replace(self, quantiles=tuple(each.sealed(sketch_size) for each in self.quantiles))
