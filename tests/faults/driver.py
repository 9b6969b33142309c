"""A process in which call after call fails: ``driver.py FOLDER STEP [NAME...]``, shim preloaded.

Every case is run once as it is, then with each fault at each STEP-th call in turn. One line of
JSON a case: what was counted, and every promise that was broken.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

OLD = b"the old file\n"
MOST_LINES = 4


@dataclass
class Tally:
    """What came of the faults of one case."""

    name: str
    calls: int = 0
    faults: int = 0
    refused: int = 0
    survived: int = 0
    strays: int = 0
    broken: list[str] = field(default_factory=list)


def main() -> None:
    folder, step, *names = sys.argv[1:]
    os.chdir(folder)
    # Nothing of what libraries print themselves: as on the real command line.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # As on the real command line: no traces of destructors.
    sys.unraisablehook = lambda _: None
    from faults.cases import CASES
    from faults.shim import FAULTS, Shim

    shim = Shim(Path.cwd())
    for name in names or CASES:
        tally = Tally(name)
        Injection(CASES[name], shim, tally).all(FAULTS, int(step))
        print(json.dumps(vars(tally)), flush=True)


class Injection:
    """Faults in one command line."""

    def __init__(self, case, shim, tally) -> None:
        self.case, self.shim, self.tally = case, shim, tally
        self.outputs = [Path(name) for name in case.outputs]

    def all(self, faults, step) -> None:
        self.reset()
        # Twice: what is imported or cached by the first run is no call of the others.
        for _ in range(2):
            code, said = self.run()
            assert code == 0, said
        self.new = {path: path.read_bytes() for path in self.outputs}
        self.names = self.there()
        for place, fault in enumerate(faults):
            self.reset()
            self.shim.arm(fault, 0)
            self.run()
            calls = self.shim.disarm()
            self.tally.calls += calls
            # Another start for each, so that a coarse step meets other calls.
            for at in range(1 + place % step, calls + 1, step):
                self.one(fault, at)

    def one(self, fault, at) -> None:
        self.reset()
        self.shim.arm(fault, at)
        code, said = self.run()
        self.shim.disarm()
        place = self.shim.place
        if not place:
            return
        self.tally.faults += 1
        self.tally.refused += code != 0
        self.tally.survived += code == 0
        what = f"{fault.name} at {place.replace(str(Path.cwd()), '')}"
        self.tally.broken += [f"{what}: {problem}" for problem in self.problems(code, said, place)]

    def reset(self) -> None:
        for path in self.outputs:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(OLD)

    def run(self) -> tuple[int, str]:
        from bncli.cli import app
        from bncli.cli.process import Process

        said, out = io.StringIO(), io.TextIOWrapper(io.BytesIO())
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(out):
            code = app.run(Process(), self.case.args.split())
        return code, said.getvalue()

    def there(self) -> set[str]:
        return {str(path) for place in ("out", "tmp") for path in Path(place).rglob("*")}

    def problems(self, code, said, place):
        now = {path: path.read_bytes() if path.exists() else None for path in self.outputs}
        for path, content in now.items():
            if content not in (OLD, self.new[path]):
                size = "gone" if content is None else f"{len(content)} bytes"
                yield f"{path} is neither the old file nor the new one: {size}"
            elif code == 0 and content != self.new[path]:
                yield f"exit 0, and {path} is the old file"
        yield from self.stray(place)
        if code == 0 and place.startswith(("write", "pwrite", "fsync", "fdatasync")):
            yield "exit 0, and what was written may be lost"
        if code not in (0, 2, 3):
            yield f"exit {code}: {said}"
        if code:
            lines = said.splitlines()
            error = [line for line in lines if line.startswith("error: ")]
            if len(error) != 1 or len(lines) > MOST_LINES:
                yield f"exit {code}, and it says {said!r}"
        if re.search(r"Traceback|panicked|\.rs:\d+|\.py\b", said):
            yield f"it says {said!r}"

    def stray(self, place):
        """What may be left is a draft that could not be removed, and the next run does so."""
        more = self.there() - self.names
        if not more:
            return
        self.tally.strays += 1
        if not place.startswith(("unlink", "rmdir")):
            yield f"left {sorted(more)}"
        code, said = self.run()
        if code or self.there() != self.names:
            yield f"the next run: exit {code}, {said!r}, leaves {sorted(self.there() - self.names)}"
            for path in self.there() - self.names:
                Path(path).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
