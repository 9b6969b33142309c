"""``shift --block``: both sides read once more, counted by block, and their blocks dealt anew."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bncli.data.dataset import Dataset
from bncli.data.retyping import with_retyping
from bncli.engine.blocking import Blocks, RowBlocks, count_blocks, time_blocks
from bncli.errors import UsageError
from bncli.stats.exact import IntArray
from bncli.stats.profile import Profile

if TYPE_CHECKING:
    from bncli.shift.blocks import BlockTest, Chance, Ruled
    from bncli.shift.model import Side
    from bncli.shift.options import ShiftOptions

Held = Dataset | Profile
"""A side: data, or the profile of an artifact."""

MOST_BLOCKS = 2048
"""Blocks of a side at most; beyond that, neighbours on both sides are joined."""

_HELD = 1 << 24
"""Counts in memory, 128 MB: so many columns are counted in one pass."""

_LEAST_DRAWS, _MOST_DRAWS = 2_000, 20_000
_FAMILIES = 4

Stage = Callable[[int, int | None], None]
Stages = Callable[[str, str], Stage]
"""Begins a stage of the work: what it is about, and the unit that its progress is told in."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a block is. asked: as the user did; rows: of each, None where it is so much time;
    over: the column of times."""

    asked: str
    rows: int | None
    over: str | None

    def of(self, dataset: Dataset, rows: int) -> Blocks:
        """Raises what ``time_blocks`` does."""
        if self.rows is not None:
            return RowBlocks(self.rows, rows)
        return time_blocks(dataset, str(self.over), self.asked)


def asked_block(block: int | str | None, over: str | None) -> Block | None:
    """None where none is asked for. Raises UsageError for what is neither rows nor a duration."""
    if block is None:
        return None
    asked = str(block).strip()
    if re.fullmatch(r"[0-9]{1,15}", asked):
        if not int(asked):
            raise UsageError("blocks of 0 rows are none", fix="--block 500")
        return Block(asked, int(asked), None)
    if not re.fullmatch(r"[0-9]+[a-z]+", asked):
        raise UsageError(
            f"--block {asked} is neither a number of rows nor a length of time",
            fix="--block 500, or --block 1w --over COLUMN",
        )
    if over is None:
        raise UsageError(
            f"--block {asked} is a length of time: of which column?",
            fix=f"--block {asked} --over COLUMN",
        )
    return Block(asked, None, over)


def check_blocks(sides: Iterable[tuple[str, Held]]) -> None:
    """Raises UsageError for a side without rows, or whose rows can be read only once."""
    for name, held in sides:
        if not isinstance(held, Dataset):
            raise UsageError(
                f"'{name}' is an artifact: it holds no rows whose blocks could be permuted",
                fix="give the data of both sides",
            )
        if not held.rewindable:
            raise UsageError(
                f"{name} can be read only once, and --block reads the data twice",
                fix="write it to a file first",
            )


def block_test(
    block: Block,
    train: tuple[Held, Side],
    test: tuple[Held, Side],
    settings: ShiftOptions,
    stages: Stages | None,
) -> BlockTest:
    """The chance of every column from permutations of blocks.

    Raises DataError when a side is not what it was when it was read first; what ``grid`` does.
    """
    from bncli.shift.blocks import BlockTest, ruled, tested
    from bncli.shift.dealing import Deals
    from bncli.shift.wholes import Blocking

    columns = ruled(train[1], test[1], settings)
    sides = [_Counter(block, *side, stages) for side in (train, test)]
    joined = max(1, *(-(-side.blocks.count // MOST_BLOCKS) for side in sides))
    for side in sides:
        side.blocks = side.blocks.joined(joined)
    deals = Deals((sides[0].blocks.count, sides[1].blocks.count), settings.seed)
    draws = _draws(len(columns), settings.alpha)
    chances: dict[str, Chance] = {}
    for group in _groups(columns, sum(deals.blocks)):
        first, second = (side.counts(group) for side in sides)
        counts = list(zip(first, second, strict=True))
        chances.update(tested(group, counts, deals, settings, draws))
    outside = sides[0].blocks.outside, sides[1].blocks.outside
    about = Blocking(block.asked, block.over, joined, deals.blocks, outside, draws)
    return BlockTest(about, chances, deals.smallest_p)


class _Counter:
    """One side, to be read again."""

    def __init__(self, block: Block, dataset: Held, side: Side, stages: Stages | None) -> None:
        assert isinstance(dataset, Dataset)  # check_blocks has seen to it
        self._dataset = dataset
        self._rows = side.rows
        self._stages = stages
        self.blocks = with_retyping(self._dataset, lambda one: block.of(one, side.rows))

    def counts(self, columns: Sequence[Ruled]) -> list[IntArray]:
        cells = [one.cells for one in columns]

        def work(dataset: Dataset) -> list[IntArray]:
            told = self._stages(f"blocks of {dataset.name}", "rows") if self._stages else None
            return count_blocks(dataset, self.blocks, cells, self._rows, told)

        return with_retyping(self._dataset, work)


def _draws(columns: int, alpha: float) -> int:
    """As many that one column among all of them could still pass the correction over columns."""
    wanted = math.ceil(2 * _FAMILIES * columns / alpha)
    return min(max(wanted, _LEAST_DRAWS), _MOST_DRAWS)


def _groups(columns: Sequence[Ruled], blocks: int) -> Iterator[list[Ruled]]:
    """Columns that are counted together."""
    group: list[Ruled] = []
    held = 0
    for column in columns:
        size = blocks * (column.cells.width + 1)
        if group and held + size > _HELD:
            yield group
            group, held = [], 0
        group.append(column)
        held += size
    if group:
        yield group
