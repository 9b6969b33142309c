"""Many small artifacts, as of a fit of every day: what ``bncli merge`` is given."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

import bncli

ROWS = 200


@dataclass(frozen=True, slots=True)
class Artifacts:
    """A folder of ``count`` artifacts, each of a fit of 200 rows."""

    count: int
    columns: int = 100
    profile: bool = False

    def scaled(self, scale: float) -> Artifacts:
        return replace(self, count=max(2, round(self.count * scale)))

    @property
    def name(self) -> str:
        kind = "profiles" if self.profile else "moments"
        return f"{self.count}-artifacts-of-{self.columns}-{kind}"

    def written(self, folder: Path) -> Path:
        """The folder; made if it is not there yet."""
        target, part = folder / self.name, folder / f"{self.name}.part"
        if not target.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for number in range(self.count):
                values = np.random.default_rng([22, number]).normal(size=(ROWS, self.columns))
                fitted = bncli.fit(pl.DataFrame(values), profile=self.profile)
                fitted.save(part / f"{number:05}.json")
            part.rename(target)
        return target
