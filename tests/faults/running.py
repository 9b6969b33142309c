"""Running the driver, with the shim preloaded, on inputs made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from faults.shim import built

TESTS = Path(__file__).resolve().parent.parent


def tallies(folder: Path, step: int, names: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
    """What came of the faults, case by case. folder: as ``cases.make_inputs`` leaves it."""
    library = built()
    assert library is not None, "no C compiler"
    environment = {name: text for name, text in os.environ.items() if name[:6] != "BNCLI_"}
    environment |= {
        "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))),
        "LD_PRELOAD": str(library),
        "TMPDIR": str(folder / "tmp"),
    }
    command = [sys.executable, TESTS / "faults" / "driver.py", folder, str(step), *names]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from map(json.loads, process.stdout)
    assert process.returncode == 0, f"the driver ended with {process.returncode}"
