"""Damage sound files at random, and see that nothing but an error comes of it.

    PYTHONPATH=.:tests python -m bench.mutate --rounds 2000
    PYTHONPATH=.:tests python -m bench.mutate --rounds 500 --format parquet --seed 7 --from 1500

Every round is a file of its own, made from the seed and its number alone, so that a finding can be
made again. It goes through fit, and every fourth through transform or shift as well. What must
hold: exit 0, 2 or 3; no crash of the interpreter that is not told, no trace or panic text, an end
within 20 seconds, memory within a limit; what was fitted holds no NaN and no infinity.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from corpus.arrow import file, stream
from corpus.model import FRAME
from corpus.parquet_parts import sound
from isolated import Outcome, Worker

ROUNDS, SEED, WORKERS = 2000, 6, 2
_ODD = (0, 1, 0x7F, 0x80, 0xFF)
_TABLE = FRAME.with_columns(
    pl.Series("c", [f"code {at}" for at in range(len(FRAME))]).cast(pl.Categorical),
    pl.Series("l", [[at, at + 1] for at in range(len(FRAME))]),
    pl.Series("d", range(len(FRAME))).cast(pl.Date),
)
_ARROW = _TABLE.with_columns(pl.col("c").cast(pl.String)).to_arrow(
    compat_level=pl.CompatLevel.oldest()
)
_PLAIN = _TABLE.drop("l")

Maker = Callable[[], bytes]
#: Format -> the sound files that are damaged in turn, and the name they go by.
FORMATS: dict[str, tuple[str, tuple[Maker, ...]]] = {
    "parquet": (
        "t.parquet",
        (
            partial(sound, _ARROW),
            partial(sound, _ARROW, compression="none", row_group_size=20),
            partial(sound, _ARROW, compression="zstd", data_page_version="2.0"),
            partial(sound, _ARROW, compression="gzip", use_dictionary=False),
        ),
    ),
    "arrow-file": ("t.arrow", (partial(file, _ARROW), partial(file, _ARROW, compression="lz4"))),
    "arrow-stream": (
        "t.arrow",
        (partial(stream, _ARROW), partial(stream, _ARROW, compression="zstd")),
    ),
    "csv": ("t.csv", (lambda: _PLAIN.write_csv().encode(),)),
    "ndjson": ("t.ndjson", (lambda: _TABLE.write_ndjson().encode(),)),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A round in which something happened that must not."""

    format: str
    round: int
    faults: tuple[str, ...]
    args: tuple[str, ...]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to four changes: bits, bytes, numbers, a cut, a piece doubled, dropped or moved."""
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4))):
        if not found:
            break
        at, size = dice.randrange(len(found)), dice.choice((1, 4, 16, 200))
        if dice.random() < 0.3:
            at = max(0, len(found) - 1 - dice.randrange(400))  # footers stand at the end
        match dice.randrange(9):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                found[at] = dice.randrange(256)
            case 2:
                found[at] = dice.choice(_ODD)
            case 3:
                number = dice.choice((-1, 2**31 - 1, -(2**31), 2**62, 1 << dice.randrange(60)))
                found[at : at + 8] = number.to_bytes(8, "little", signed=True)
            case 4:
                del found[at:]
            case 5:
                found[at:at] = found[at : at + size]
            case 6:
                del found[at : at + size]
            case 7:
                to = dice.randrange(len(found))
                found[to : to + size] = found[at : at + size]
            case _:
                found[at : at + size] = dice.randbytes(size)
    return bytes(found)


def case(name: str, number: int, seed: int) -> bytes:
    """The file of one round."""
    _, makers = FORMATS[name]
    dice = random.Random(f"{name} {seed} {number}")
    return mutated(makers[number % len(makers)](), dice)


class Rounds:
    """Runs rounds in a folder that holds a sound file and its statistics."""

    def __init__(self, folder: Path, patience_s: float = 20.0) -> None:
        self.folder = folder
        self.worker = Worker(patience_s=patience_s)
        _TABLE.write_parquet(folder / "good.parquet")
        made = self.worker.run(["fit", "good.parquet", "-o", "stats.json"], folder)
        assert made.code == 0, made

    def run(self, name: str, number: int, seed: int) -> tuple[list[Finding], Counter[str]]:
        """The findings of a round, and how its command lines ended."""
        path = self.folder / FORMATS[name][0]
        path.write_bytes(case(name, number, seed))
        findings, ends = [], Counter[str]()
        for args in self._command_lines(path.name, number):
            outcome = self.worker.run(args, self.folder)
            faults = [*outcome.faults(), *self._left(args, outcome)]
            ends["crash, told" if outcome.crashed else f"exit {outcome.code}"] += 1
            if faults:
                findings.append(Finding(name, number, tuple(faults), outcome.args))
        return findings, ends

    def _command_lines(self, data: str, number: int) -> Iterator[list[str]]:
        yield ["fit", data, "-o", "out.json", "--overwrite"]
        if number % 8 == 0:
            yield ["transform", data, "-s", "stats.json", "-o", "out.parquet", "--overwrite"]
        if number % 8 == 4:
            yield ["shift", "good.parquet", data, "--json"]

    def _left(self, args: list[str], outcome: Outcome) -> Iterator[str]:
        """What a run left that it must not, which is then removed."""
        for path in self.folder.iterdir():
            if path.name.startswith("."):
                yield f"left {path.name} behind"
                path.unlink()
            elif path.name.startswith("out."):
                if outcome.code:
                    yield f"failed and left {path.name}"
                elif path.suffix == ".json":
                    yield from _not_finite(path)
                path.unlink()


def _not_finite(path: Path) -> Iterator[str]:
    found: list[str] = []
    json.loads(path.read_text("utf-8"), parse_constant=found.append)
    if found:
        yield f"{found[0]} in the artifact"


def _share(name: str, numbers: range, seed: int) -> tuple[list[Finding], Counter[str], list[str]]:
    findings: list[Finding] = []
    ends = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(Path(folder))
        for number in numbers:
            found, ended = rounds.run(name, number, seed)
            findings += found
            ends += ended
        rounds.worker.close()
        return findings, ends, rounds.worker.crashes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.mutate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each format [2000]")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first round [0]")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--format", choices=list(FORMATS), action="append")
    parser.add_argument("--workers", type=int, default=WORKERS)
    given = parser.parse_args(arguments)
    failed = 0
    for name in given.format or FORMATS:
        started = time.monotonic()
        last = given.first + given.rounds
        shares = [range(given.first + at, last, given.workers) for at in range(given.workers)]
        with ThreadPoolExecutor(given.workers) as pool:
            results = list(pool.map(lambda share: _share(name, share, given.seed), shares))  # noqa: B023
        findings = [finding for found, _, _ in results for finding in found]
        ends = sum((ended for _, ended, _ in results), Counter[str]())
        told = ", ".join(f"{end}: {count}" for end, count in sorted(ends.items()))
        print(
            f"{name}: {given.rounds} rounds, {told}; {len(findings)} findings; "
            f"{time.monotonic() - started:.0f} s",
            flush=True,
        )
        for finding in findings:
            print(f"  round {finding.round}: {' '.join(finding.args)}: {'; '.join(finding.faults)}")
        failed += len(findings)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
