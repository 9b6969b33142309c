"""Rounds of a real command that is killed, interrupted or terminated at a random moment."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
PATIENCE_S = 60
WHILE_WRITING, SHORTLY_S = 0.7, 0.1
OLD = b"the old file\n"

COMMANDS = {
    "fit": (
        "fit in/a.csv -o out/s.json --batch-stats out/b.parquet",
        ("out/s.json", "out/b.parquet"),
    ),
    "transform parquet": (
        "transform in/a.parquet -s in/s.json -o out/x.parquet",
        ("out/x.parquet",),
    ),
    "transform csv": ("transform in/a.parquet -s in/s.json -o out/x.csv", ("out/x.csv",)),
    "transform folder": (
        "transform in/a.parquet -s in/s.json -o out/x/ --to arrow",
        ("out/x/part-00000.arrow",),
    ),
    "inverse": ("inverse in/z.parquet -o out/z.ndjson", ("out/z.ndjson",)),
    "merge": ("merge in/s.json in/s.json -o out/m.parquet", ("out/m.parquet",)),
    "shift": (
        "shift in/s.json in/a.parquet --html out/r.html --junit out/r.xml -q",
        ("out/r.html", "out/r.xml"),
    ),
}
_LEFTOVER = re.compile(r"\.(?P<target>.+)\.bncli-\d+-[0-9a-f]{8}")


@dataclass
class Loop:
    """Rounds in one folder. found: how the runs ended; broken: promises that were not kept."""

    folder: Path
    seed: int = 0
    names: tuple[str, ...] = tuple(COMMANDS)
    copies: int = 6
    found: Counter = field(default_factory=Counter)
    leftovers: int = 0
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        for name in ("in", "out", "tmp"):
            (self.folder / name).mkdir()
        self._make_inputs()
        self.new: dict[str, bytes] = {}
        self.took: dict[str, float] = {}
        for name in self.names:
            outputs = COMMANDS[name][1]
            self._reset(outputs)
            started = time.monotonic()
            self._whole_run(name)
            self.took[name] = time.monotonic() - started
            self.new |= {output: (self.folder / output).read_bytes() for output in outputs}

    def rounds(self, count: int) -> None:
        for at in range(count):
            self.round(self.names[at % len(self.names)], SIGNALS[at % 3])

    def round(self, name: str, number: signal.Signals) -> None:
        outputs = COMMANDS[name][1]
        self._reset(outputs)
        share = self.random.random()
        process = self._start(name)
        began = time.monotonic()
        if self.random.random() < WHILE_WRITING:
            moment = f"{share:.3f} of {SHORTLY_S} s after the first draft"
            while process.poll() is None and not self._there():
                time.sleep(0.0005)
            time.sleep(share * SHORTLY_S)
        else:
            moment = f"{share:.3f} of the run"
            time.sleep(share * self.took[name])
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE_S)
        self.found[number.name if process.returncode else "done before"] += 1
        if not process.returncode:
            # Other work on this machine may have held up the first run.
            self.took[name] = min(self.took[name], time.monotonic() - began)
        what = f"{name}, {number.name} at {moment}"
        problems = [
            *self._ending(process.returncode, number, said),
            *self._files(outputs, process.returncode),
            *self._strays(name, number),
        ]
        self.broken += [f"{what}: {problem}" for problem in problems]

    def _ending(self, code: int, number: signal.Signals, said: str):
        if code not in (0, -number) and (code != 128 + number or number == signal.SIGKILL):
            yield f"exit {code}, {said!r}"
        # Before bncli's own first line runs, an interrupt is told by Python in its own way.
        if "Traceback" in said and "bncli" in said.replace("-m bncli", ""):
            yield f"it says {said!r}"

    def _files(self, outputs: tuple[str, ...], code: int):
        for output in outputs:
            path = self.folder / output
            content = path.read_bytes() if path.exists() else None
            if content not in (OLD, self.new[output]):
                yield f"{output} is neither the old file nor the new one"
            elif code == 0 and content == OLD:
                yield f"{output} is the old file, and the exit code 0"

    def _strays(self, name: str, number: signal.Signals):
        if list((self.folder / "tmp").iterdir()):
            yield f"temporary files: {sorted((self.folder / 'tmp').iterdir())}"
        strays = self._there()
        if not strays:
            return
        self.leftovers += len(strays)
        if number != signal.SIGKILL:
            yield f"{number.name} left {strays}"
        targets = {Path(output.split("/")[1]).name for output in COMMANDS[name][1]}
        for stray in strays:
            match = _LEFTOVER.fullmatch(stray)
            if match is None or match["target"] not in targets:
                yield f"not recognisable: {stray}"
        self._whole_run(name)
        if self._there():
            yield f"the next run left {self._there()}"

    def _whole_run(self, name: str) -> None:
        process = self._start(name)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said

    def _there(self) -> list[str]:
        wanted = {output.split("/")[1] for _, outputs in COMMANDS.values() for output in outputs}
        return sorted({path.name for path in (self.folder / "out").iterdir()} - wanted)

    def _reset(self, outputs: tuple[str, ...]) -> None:
        for output in outputs:
            path = self.folder / output
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(OLD)

    def _start(self, name: str) -> subprocess.Popen[str]:
        inherited = {key: text for key, text in os.environ.items() if key[:6] != "BNCLI_"}
        place = {"PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp")}
        return subprocess.Popen(
            [sys.executable, "-m", "bncli", *COMMANDS[name][0].split(), "--overwrite"],
            cwd=self.folder,
            env=inherited | place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _make_inputs(self) -> None:
        import polars as pl

        import bncli

        sample_data, inputs = ROOT / "sample_data", self.folder / "in"
        shutil.copy(sample_data / "weather_year.parquet", inputs / "one.parquet")
        year = pl.read_parquet(inputs / "one.parquet")
        many = pl.concat([year] * self.copies)
        many.write_parquet(inputs / "a.parquet")
        many.write_csv(inputs / "a.csv")
        fitted = bncli.fit(year)
        fitted.save(inputs / "s.json")
        fitted.transform(many, inputs / "z.parquet")
