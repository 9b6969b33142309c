"""The joint part: distances over all columns at once, and the correlations that moved most."""

from __future__ import annotations

from dataclasses import dataclass

from bncli.report import cells
from bncli.report.html.axis import Axis
from bncli.report.html.bars import Part, of_frechet
from bncli.shift.wholes import Joint, PairMoved

MOST_PAIRS = 12
_CORRELATION = Axis(-1.0, 1.0, 10, 190)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns and their correlation on both sides: where it is drawn, and in words."""

    first: str
    second: str
    train: int
    test: int
    texts: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Together:
    columns: int
    rows: tuple[str, str]
    frechet: str
    parts: tuple[Part, ...]
    auc: str
    auc_after: str
    pairs: tuple[Pair, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def together(joint: Joint | None) -> Together | None:
    if joint is None:
        return None
    train, test = joint.rows
    return Together(
        len(joint.columns),
        (cells.count(train), cells.count(test)),
        cells.number(joint.frechet),
        of_frechet(joint),
        f"{joint.auc_linear:.3f}",
        f"{joint.auc_restandardized:.3f}",
        tuple(map(_pair, joint.pairs[:MOST_PAIRS])),
        joint.left_out,
        joint.notes,
    )


def _pair(pair: PairMoved) -> Pair:
    at = (_CORRELATION.at(pair.train), _CORRELATION.at(pair.test))
    texts = (cells.signed(pair.train), cells.signed(pair.test))
    return Pair(pair.first, pair.second, *at, texts)
