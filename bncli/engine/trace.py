"""``learn --trace``: one line of JSON per step, as CONTRACTS of another implementation want it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from bncli.data.atomic import atomic_file
from bncli.data.targets import PathLike, written_directly
from bncli.standardize.learning import Descent
from bncli.standardize.network import Batch, Network
from bncli.standardize.target import Target


@dataclass(frozen=True, slots=True)
class Trace:
    """Writes each step: its mini-batch's loss before it, and the parameters after it.

    rows is null where the mini-batch was drawn at random. Losses and weights are in the target's
    units.
    """

    stream: IO[str]
    network: Network
    target: Target

    def add(self, batch: Batch, descent: Descent) -> None:
        found = self.target.parameters(self.network.parameters(descent.parameters))
        line = {
            "step": descent.steps - 1,
            "rows": None if batch.rows is None else list(batch.rows),
            "loss": self.target.loss(descent.loss),
            "gamma": found.gamma.tolist(),
            "beta": found.beta.tolist(),
            "weight": found.weight.tolist(),
            "bias": found.bias.tolist(),
        }
        self.stream.write(json.dumps(line, allow_nan=False) + "\n")


@contextmanager
def trace_file(path: PathLike, overwrite: bool) -> Iterator[IO[str]]:
    """The file appears when the block ends well."""
    with atomic_file(path, overwrite) as draft:
        mode = "a" if written_directly(path) else "w"
        with draft.open(mode, encoding="utf-8") as stream:
            yield stream
