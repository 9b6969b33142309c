"""How many steps a head needs with and without batch normalization, as a Markdown table.

    python tests/bench/steps.py            all sets, some minutes
    python tests/bench/steps.py penguins   one of them

For each set and each of five seeds, a tenth of the rows is held out and the rest shuffled into
mini-batches of 64. The same linear, logistic or softmax head (first weights 0, first bias the
target's own distribution) descends for up to 1000 steps, once on the raw columns and once through
batch normalization, with every learning rate of one fixed grid. The loss on the held-out rows is
looked at after every step up to 100 and every fifth from there on; with batch normalization by
running statistics, as scoring has them. A run that broke, or had not come down by a five hundredth
of the first loss after 200 steps, is given up.

The goal of a seed is 99 % of the way from the loss of the start to the lowest loss that any run of
that seed came to, with or without normalization. Of each arm, the learning rate is the one that
reaches the goal in the fewest steps, by the median over the seeds; shown are these medians. A
target that is a number is learned in its standard deviations by both arms.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from sklearn import datasets

from bncli.standardize.backprop import Epsilon
from bncli.standardize.heads import HEADS
from bncli.standardize.learning import Run
from bncli.standardize.network import Batch, Network, Shape
from bncli.standardize.optimizers import SGD, Adam, Optimizer
from bncli.standardize.schedules import Constant

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample_data"
STEPS, BATCH, SEEDS, HELD_OUT, GOAL = 1000, 64, 5, 0.1, 0.99
EPS = 1e-8
GRID = (*(step * 10.0**power for power in range(-8, 0) for step in (1, 3)), 1.0)
OPTIMIZERS: dict[str, Optimizer] = {"SGD": SGD(), "Adam": Adam()}


@dataclass(frozen=True)
class Rows:
    """x: (inputs, rows); y: numbers, or numbers of classes; positions: of each channel."""

    x: np.ndarray
    y: np.ndarray
    classes: int
    positions: tuple[int, ...]

    @property
    def task(self) -> str:
        return {0: "regression", 2: "binary"}.get(self.classes, "multiclass")


def sample(name: str, target: str, *left_out: str) -> Callable[[], Rows]:
    """A set of sample_data: its numeric columns, complete rows only."""

    def make() -> Rows:
        frame = pl.read_parquet(SAMPLE_DATA / f"{name}.parquet")
        numeric = [c for c, kind in frame.schema.items() if kind.is_numeric()]
        columns = [column for column in numeric if column not in (target, *left_out)]
        complete = frame.select(*columns, target).drop_nulls()
        return rows_of(complete.select(columns).to_numpy(), complete[target].to_numpy())

    return make


def bundled(load: Callable[..., datasets.Bunch], **options: bool) -> Callable[[], Rows]:
    def make() -> Rows:
        found = load(**options)
        return rows_of(found.data, found.target)

    return make


def images() -> Rows:
    """The digits as images: one channel of 64 positions."""
    frame = pl.read_parquet(SAMPLE_DATA / "digits_train.parquet")
    pixels = frame["image"].to_numpy().reshape(len(frame), 64)
    return replace(rows_of(pixels, frame["label"].to_numpy()), positions=(64,))


def rows_of(x: np.ndarray, y: np.ndarray) -> Rows:
    x = np.asarray(x, dtype=np.float64)
    names = np.unique(y)
    counted = np.issubdtype(y.dtype, np.floating) or len(names) > 20
    classes = 0 if counted else len(names)
    target = np.searchsorted(names, y).astype(float) if classes else np.asarray(y, dtype=float)
    return Rows(np.ascontiguousarray(x.T), target, classes, (1,) * x.shape[1])


SETS: dict[str, Callable[[], Rows]] = {
    "weather, dew point": sample("weather_winter", "dewp", "wind_gust", "month", "hour"),
    "visits to a doctor": sample("visits_train", "mdvis", "true_odds"),
    "flights, late": sample("flights_january", "arr_late", "arr_delay", "air_time"),
    "penguins, species": sample("penguins", "species", "year"),
    "penguins, body mass": sample("penguins", "body_mass_g", "year"),
    "digits, 64 columns": bundled(datasets.load_digits),
    "digits, one channel": images,
    "breast cancer": bundled(datasets.load_breast_cancer),
    "diabetes": bundled(datasets.load_diabetes, scaled=False),
    "wine": bundled(datasets.load_wine),
    "iris": bundled(datasets.load_iris),
}


@dataclass(frozen=True)
class Split:
    """One seed's rows: to learn from, and held out."""

    rows: Rows
    seed: int

    def arms(self) -> dict[str, tuple[Network, Batch]]:
        """With and without batch normalization; each with its held-out rows."""
        rows, train = self.rows, ~self._held
        head = HEADS[rows.task]()
        shape = Shape.of(rows.positions, head.outputs(rows.classes))
        parts = np.split(rows.x[:, train], np.cumsum(rows.positions)[:-1])
        mean = np.repeat([part.mean() for part in parts], rows.positions)
        spread = np.repeat([np.sqrt(part.var() + EPS) for part in parts], rows.positions)
        network = Network(head, shape, Epsilon(EPS), mean, 1 / spread)
        held = Batch(rows.x[:, self._held] - mean[:, None], self._target[self._held])
        return {"with": (network, held), "without": (replace(network, eps=None), held)}

    def start(self, network: Network) -> np.ndarray:
        counts = np.bincount(self._target[~self._held].astype(int)) if self.rows.classes else []
        bias = network.head.prior(np.array(counts, dtype=float))
        return network.start(np.zeros((network.shape.outputs, network.shape.inputs)), bias)

    def batches(self, centre: np.ndarray) -> Iterator[Batch]:
        """Shuffled anew each epoch, without end; ragged ones are left out."""
        random = np.random.default_rng([self.seed, 1])
        train = np.flatnonzero(~self._held)
        while True:
            order = random.permutation(train)
            for at in range(0, len(order) - BATCH + 1, BATCH):
                chosen = order[at : at + BATCH]
                x = np.ascontiguousarray(self.rows.x[:, chosen] - centre[:, None])
                yield Batch(x, self._target[chosen])

    @property
    def _held(self) -> np.ndarray:
        random = np.random.default_rng([self.seed, 0])
        return random.permutation(self.rows.x.shape[1]) < HELD_OUT * self.rows.x.shape[1]

    @property
    def _target(self) -> np.ndarray:
        y = self.rows.y
        return y if self.rows.classes else (y - y.mean()) / y.std()


Trace = list[tuple[int, float]]
"""(steps taken, held-out loss)."""


def losses(split: Split, arm: tuple[Network, Batch], optimizer: Optimizer, rate: float) -> Trace:
    """The held-out loss before the first step and after some; shorter where it was given up."""
    network, held = arm
    run = Run(network, optimizer, Constant(rate, STEPS), held)
    flat = split.start(network)
    first = network.loss(flat, held)
    found = [(0, first)]
    for _, descent in run.steps(run.descent(flat), split.batches(network.centre)):
        if not descent.good:
            break
        if descent.steps <= 100 or descent.steps % 5 == 0:
            found.append((descent.steps, network.loss(descent.parameters, held)))
        lowest = min(loss for _, loss in found) if descent.steps == 200 else 0.0
        if descent.steps == STEPS or lowest > first * 0.998:
            break
    return found


def steps(trace: Trace, goal: float) -> float:
    return next((step for step, loss in trace if loss <= goal), np.inf)


def compared(rows: Rows, optimizer: Optimizer) -> dict[str, tuple[float, float]]:
    """Of each arm: the best learning rate, and the median of its steps."""
    traces: dict[tuple[str, float], list[Trace]] = {}
    for seed in range(SEEDS):
        split = Split(rows, seed)
        for name, arm in split.arms().items():
            for rate in GRID:
                traces.setdefault((name, rate), []).append(losses(split, arm, optimizer, rate))
    goals = []
    for seed in range(SEEDS):
        lowest = min(loss for found in traces.values() for _, loss in found[seed])
        first = next(iter(traces.values()))[seed][0][1]
        goals.append(first - GOAL * (first - lowest))
    best: dict[str, tuple[float, float]] = {}
    for (name, rate), found in traces.items():
        middle = statistics.median(map(steps, found, goals))
        if name not in best or middle < best[name][1]:
            best[name] = (rate, middle)
    return best


def cells(best: dict[str, tuple[float, float]]) -> list[str]:
    (rate, normalized), (raw_rate, raw) = best["with"], best["without"]
    told = [
        "not reached" if np.isinf(found) else f"{found:,.0f} at {rate:g}"
        for rate, found in ((rate, normalized), (raw_rate, raw))
    ]
    if np.isinf(normalized):
        return [*told, "-"]
    more = f"over {STEPS / normalized:.1f}" if np.isinf(raw) else f"{raw / normalized:.1f}"
    return [*told, more]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", help=f"parts of names: {', '.join(SETS)}")
    given = parser.parse_args()
    chosen = [n for n in SETS if not given.sets or any(part in n for part in given.sets)]
    if not chosen:
        sys.exit(f"no set of such a name; known: {', '.join(SETS)}")
    print("| set | rows x inputs | optimizer | steps with | steps without | times as many |")
    print("|---|---|---|--:|--:|--:|")
    for name in chosen:
        rows = SETS[name]()
        size = f"{rows.x.shape[1]:,} x {rows.x.shape[0]}"
        for optimizer, descent in OPTIMIZERS.items():
            told = " | ".join(cells(compared(rows, descent)))
            print(f"| {name} | {size} | {optimizer} | {told} |", flush=True)


if __name__ == "__main__":
    main()
