"""What a case of the corpus is: files that should not be, and how bncli must answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import polars as pl

VERBS = ("fit", "transform", "shift")
Content: TypeAlias = bytes | Callable[[], bytes]
Made: TypeAlias = Callable[[Path], Sequence[str]]

#: The rows that a sound file has; what a case breaks is mostly this.
ROWS = 60
FRAME = pl.DataFrame(
    {
        "a": [None if at % 7 == 3 else at * 1.5 for at in range(ROWS)],
        "b": [at % 11 for at in range(ROWS)],
        "t": [None if at % 9 == 5 else f"word {at % 4}" for at in range(ROWS)],
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """One input.

    make: writes it into an empty folder and gives the DATA arguments, relative to the folder.
    code: how each verb must end; 3 is bad data, 2 wrong usage, 0 means that it can be read.
    told: a pattern (``re``) that the message must hold; of a run that ends with 0, its warnings.
    codes: for the verbs that end in another way. options: more arguments. crashes: a library ends
    the process over it, so that the command needs one of its own from the start.
    """

    name: str
    make: Made
    code: int
    told: str = ""
    codes: Mapping[str, int] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    crashes: bool = False

    def ends(self, verb: str) -> int:
        return self.codes.get(verb, self.code)


CASES: dict[str, Case] = {}


def add(
    name: str,
    files: Mapping[str, Content] | Made,
    code: int,
    told: str = "",
    options: Sequence[str] = (),
    crashes: bool = False,
    **codes: int,
) -> None:
    """Register a case. files: the content of each, in the order of the arguments; or a maker."""
    if name in CASES:
        raise ValueError(f"two cases are called {name!r}")
    make = files if callable(files) else _writer(files)
    CASES[name] = Case(name, make, code, told, codes, tuple(options), crashes)


def _writer(files: Mapping[str, Content]) -> Made:
    def make(folder: Path) -> list[str]:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content() if callable(content) else content)
        return list(files)

    return make
