"""Is the rank error that a sketch states the one it has?

    python tests/bench/rank_error.py trials --trials 125 > trials.txt
    python tests/bench/rank_error.py table trials.txt

Seeded trials: columns of several laws and orders, folded as ``fit`` does, and again cut into 1, 2,
7 and 64 shards that are fitted apart, sealed as artifacts are, and merged one after the other. Of
each trial the largest gap between the sketch's distribution function and the true one, over all
values, is held against the error that the sketch states (99 % confidence). Prints a line per trial,
so that they can be run in pieces (``--first`` is the first seed); ``table`` adds them up.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from folds import fold

from bncli.stats.quantiles import DEFAULT_SIZE, Quantiles

Rng = np.random.Generator
LEAST_ROWS, MORE_ROWS = 150_000, 65_536
BATCH = 8192
SHARDS = (0, 1, 2, 7, 64)
"""0: one fold, as it is read from data; the others are sealed."""


def _interleaved(rng: Rng, rows: int) -> np.ndarray:
    """Smallest, largest, second smallest, ...: every run of rows spans the whole range."""
    ordered = np.sort(rng.normal(size=rows))
    woven = np.empty(rows)
    woven[0::2] = ordered[: rows - rows // 2]
    woven[1::2] = ordered[::-1][: rows // 2]
    return woven


def _sawtooth(rng: Rng, rows: int) -> np.ndarray:
    """Rising runs as long as the power of two that sketches thin by."""
    return np.arange(rows) % 16 + rng.random(rows) / 8


KINDS: Mapping[str, Callable[[Rng, int], np.ndarray]] = {
    "random": lambda rng, rows: rng.normal(size=rows),
    "sorted": lambda rng, rows: np.sort(rng.normal(size=rows)),
    "reversed": lambda rng, rows: np.sort(rng.normal(size=rows))[::-1].copy(),
    "constant": lambda rng, rows: np.full(rows, rng.normal()),
    "two values": lambda rng, rows: (rng.random(rows) < rng.random()).astype(float),
    "heavy tails": lambda rng, rows: rng.standard_cauchy(rows),
    "smallest, largest in turn": _interleaved,
    "runs of sixteen": _sawtooth,
}


@dataclass(frozen=True, slots=True)
class Trial:
    """stated, observed: rank errors as shares of the rows."""

    kind: str
    shards: int
    stated: float
    observed: float

    def line(self) -> str:
        return f"{self.kind}\t{self.shards}\t{float(self.stated)!r}\t{self.observed!r}"

    @classmethod
    def of(cls, line: str) -> Trial:
        kind, shards, stated, observed = line.split("\t")
        return cls(kind, int(shards), float(stated), float(observed))

    @property
    def honoured(self) -> bool:
        return self.observed <= self.stated


def sketch_of(values: np.ndarray, shards: int) -> Quantiles:
    """As ``fit`` (0 shards), or as ``fit`` of each shard, saved and merged in order."""
    if not shards:
        return fold(values, BATCH, sketches=True).profile().quantiles[0]
    parts = (
        fold(part, BATCH, sketches=True).profile().quantiles[0].sealed(DEFAULT_SIZE)
        for part in np.array_split(values, shards)
    )
    return reduce(lambda first, later: first.merge(later).sealed(DEFAULT_SIZE), parts)


def observed(sketch: Quantiles, values: np.ndarray) -> float:
    """The largest gap of the distribution functions, at every value, from both sides."""
    ordered = np.sort(values)
    at, first = np.unique(ordered, return_index=True)
    below = first / ordered.size
    upto = np.append(first[1:], ordered.size) / ordered.size
    gaps = np.abs(sketch.cdf(at, "left") - below), np.abs(sketch.cdf(at, "right") - upto)
    return float(max(gap.max() for gap in gaps))


def trials(kind: str, shards: int, seeds: range) -> Iterator[Trial]:
    for seed in seeds:
        rng = np.random.default_rng([seed, shards, *kind.encode()])
        # The draws of a sketch depend on the place of a row: other rows, other draws.
        values = KINDS[kind](rng, LEAST_ROWS + int(rng.integers(MORE_ROWS)))
        sketch = sketch_of(values, shards)
        yield Trial(kind, shards, sketch.rank_error, observed(sketch, values))


def table(found: list[Trial]) -> Iterator[str]:
    """A line per number of shards, of all kinds together, then one per kind."""
    yield "| | trials | honoured | largest observed | stated, smallest to largest | closest |"
    yield "| :-- | --: | --: | --: | --: | --: |"
    for shards in sorted({one.shards for one in found}):
        word = "1 shard" if shards == 1 else f"{shards} shards"
        yield _line(word if shards else "from data", [o for o in found if o.shards == shards])
    for kind in dict.fromkeys(one.kind for one in found):
        yield _line(kind, [one for one in found if one.kind == kind])


def _line(name: str, found: list[Trial]) -> str:
    share = np.mean([one.honoured for one in found])
    stated = [one.stated for one in found]
    closest = max(one.observed / one.stated if one.stated else 0.0 for one in found)
    return (
        f"| {name} | {len(found):,} | {share:.1%} | {max(one.observed for one in found):.3%} "
        f"| {min(stated):.3%} to {max(stated):.3%} | {closest:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("trials", "table"))
    parser.add_argument("files", nargs="*", help="of lines, for table")
    parser.add_argument("--trials", type=int, default=125, help="of each kind and number of shards")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    if given.what == "table":
        texts = (Path(file).read_text(encoding="utf-8") for file in given.files)
        found = [Trial.of(line) for text in texts for line in text.splitlines()]
        print("\n".join(table(found)))
        return
    seeds = range(given.first, given.first + given.trials)
    for shards in SHARDS:
        for kind in KINDS:
            for one in trials(kind, shards, seeds):
                print(one.line(), flush=True)


if __name__ == "__main__":
    main()
