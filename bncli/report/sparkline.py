"""A histogram as a line of characters: blocks where the screen can show them, ASCII elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII = " .:-=+*%@"


def sparkline(shares: Sequence[float], width: int, levels: str = BLOCKS) -> str:
    """``shares`` folded into ``width`` cells, each as high as its share of the largest.

    A cell that holds anything at all is never blank.
    """
    cells = folded(shares, width)
    largest = max(cells, default=0.0)
    if largest <= 0.0:
        return " " * len(cells)
    top = len(levels) - 1
    heights = (max(1, round(cell / largest * top)) if cell > 0.0 else 0 for cell in cells)
    return "".join(levels[height] for height in heights)


def folded(shares: Sequence[float], width: int) -> list[float]:
    """The mean of neighbours, down to ``width`` cells; fewer shares stand for themselves."""
    if len(shares) <= width:
        return list(shares)
    edges = [at * len(shares) // width for at in range(width + 1)]
    groups = (shares[start:stop] for start, stop in pairwise(edges))
    return [sum(group) / len(group) for group in groups]
