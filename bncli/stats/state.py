"""The one idea of bncli: everything it measures is a mergeable state.

A state is a frozen value that holds one number (or a few) per channel. It starts empty,
merges with the state of later rows, and is read at the end. Four laws hold for each
(tests/laws): identity, associativity, homomorphism (folding the whole equals merging the
folds of its parts) and a lossless round trip through records.

Decisions. States keep sufficient statistics, never finished ones: ``ddof`` is chosen when a
variance is read. States are structures of arrays, so that the states of thousands of
mini-batches merge in one vectorized step. Floating point addition is not associative, so
the order of merging is fixed by ``tree.py``: the same data gives the same bytes however it
was cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

Record = Mapping[str, Any]


class State(Protocol):
    """A mergeable state over channels."""

    def merge(self, later: Self) -> Self:
        """Combine with the state of the rows that come after; neither is changed."""

    def to_records(self) -> list[dict[str, Any]]:
        """One record of plain JSON values per channel, exact to the bit."""

    @classmethod
    def from_records(cls, records: Sequence[Record]) -> Self:
        """Inverse of ``to_records``."""
