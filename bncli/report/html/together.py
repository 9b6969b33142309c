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
    """chance: what a distance and an AUC come to without any shift, in words; after: the distance
    and the AUC once each side is standardized with its own statistics."""

    columns: int
    rows: tuple[str, str]
    frechet: str
    parts: tuple[Part, ...]
    auc: str
    chance: tuple[str, str]
    after: str
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
        cells.number(joint.auc_linear),
        (_chance(joint.frechet_expected), _chance(joint.auc_expected)),
        _after(joint),
        tuple(_pair(one) for one in joint.pairs if one.noticeable)[:MOST_PAIRS],
        joint.left_out,
        joint.notes,
    )


def _chance(expected: float | None) -> str:
    return "" if expected is None else f"chance {cells.number(expected)}"


def _after(joint: Joint) -> str:
    auc = f"AUC {cells.number(joint.auc_restandardized)}"
    distance = joint.frechet_restandardized
    return auc if distance is None else f"distance {cells.number(distance)}, {auc}"


def _pair(pair: PairMoved) -> Pair:
    at = (_CORRELATION.at(pair.train), _CORRELATION.at(pair.test))
    texts = (cells.signed(pair.train), cells.signed(pair.test))
    return Pair(pair.first, pair.second, *at, texts)
