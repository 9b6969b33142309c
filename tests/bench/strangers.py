"""Mutate artifacts, in both forms, and see that each loads to something valid or is refused.

    PYTHONPATH=.:tests python -m bench.strangers --rounds 100000

A third of the rounds flips bits and bytes of JSON, a third replaces, removes, doubles and moves
parts of the record, a third damages Parquet. Any error but ArtifactError, and anything that loads
and is not valid, is a finding.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import standardizers
from test_artifact_strangers import LEARNED, STORES, load_or_refuse, mutated

from bench.mutate import mutated as damaged
from bncli import artifact
from bncli.artifact.model import from_record, to_record
from bncli.artifact.parse import parsed
from bncli.stats.running import Algorithm2, Exponential

_FOLDER = tempfile.TemporaryDirectory(prefix="bncli-strangers-")


@cache
def _standardizers() -> list[Any]:
    kinds = (Exponential(0.1), Algorithm2())
    return [standardizers.rich(rows=9, policy=p, joint=True, by=STORES[:9]) for p in kinds]


@cache
def _records() -> list[dict[str, Any]]:
    return [*map(to_record, _standardizers()), LEARNED]


@cache
def _texts() -> list[bytes]:
    return [artifact.dumps(one).encode() for one in _standardizers()]


@cache
def _files() -> list[bytes]:
    path = Path(_FOLDER.name) / "sound.parquet"
    found = []
    for one in _standardizers():
        artifact.save(one, path, overwrite=True)
        found.append(path.read_bytes())
    return found


def _text(dice: random.Random) -> bool:
    data = damaged(dice.choice(_texts()), dice)
    return load_or_refuse(lambda: from_record(parsed(data, "x"), "x"))


def _structure(dice: random.Random) -> bool:
    record = mutated(dice.choice(_records()), dice)
    return load_or_refuse(lambda: from_record(record, "x"))


def _parquet(dice: random.Random) -> bool:
    path = Path(_FOLDER.name) / "odd.parquet"
    path.write_bytes(damaged(dice.choice(_files()), dice))
    return load_or_refuse(lambda: artifact.load(path))


KINDS: dict[str, Callable[[random.Random], bool]] = {
    "JSON text": _text,
    "structure": _structure,
    "Parquet": _parquet,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.strangers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args(arguments)
    started, ends, findings = time.monotonic(), Counter[str](), 0
    for number in range(given.rounds):
        name, kind = list(KINDS.items())[number % len(KINDS)]
        try:
            loaded = kind(random.Random(f"{given.seed} {number}"))
            ends[f"{name} {'loaded' if loaded else 'refused'}"] += 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            findings += 1
            print(f"round {number}, {name}: {type(error).__name__}: {error}", flush=True)
    told = ", ".join(f"{end}: {count}" for end, count in sorted(ends.items()))
    print(f"{given.rounds} rounds, {told}; {findings} findings; {time.monotonic() - started:.0f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
