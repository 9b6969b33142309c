"""The preloaded library: built once, armed through ctypes."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
READS, WRITES, NAMES, LOOKS, ENDS = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Fault:
    """What a call fails with. stays: so do all later ones; kinds: the calls that count."""

    number: int
    kinds: int
    stays: bool = False

    @property
    def name(self) -> str:
        return errno.errorcode[self.number] + (" from then on" if self.stays else "")


FAULTS = (
    Fault(errno.ENOSPC, WRITES),
    Fault(errno.ENOSPC, WRITES, stays=True),
    Fault(errno.EIO, READS, stays=True),
    Fault(errno.EIO, READS | WRITES | NAMES | LOOKS | ENDS),
    Fault(errno.EACCES, NAMES | LOOKS),
)


@cache
def built() -> Path | None:
    """The shim, compiled; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = Path(tempfile.gettempdir()) / f"bncli-shim-{SOURCE.stat().st_mtime_ns}.so"
    if not library.exists():
        draft = library.with_suffix(f".{os.getpid()}")
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", draft, SOURCE, "-ldl", "-pthread"]
        subprocess.run(command, check=True)
        draft.replace(library)
    return library


class Shim:
    """The library as this process has it preloaded. root: the folder whose files can fail."""

    def __init__(self, root: Path) -> None:
        self._library = ctypes.CDLL(os.environ["LD_PRELOAD"])
        self._library.fault_disarm.restype = ctypes.c_long
        self._library.fault_place.restype = ctypes.c_char_p
        self._library.fault_arm.argtypes = (ctypes.c_long, *(ctypes.c_int,) * 3)
        self._library.fault_root(os.fsencode(root))

    def arm(self, fault: Fault, at: int) -> None:
        """at: the call that fails, from 1 on; 0 to count them only."""
        self._library.fault_arm(at, fault.number, fault.stays, fault.kinds)

    def disarm(self) -> int:
        """How many calls there were."""
        return int(self._library.fault_disarm())

    @property
    def place(self) -> str:
        """The call that failed, and on what; empty where none did."""
        return os.fsdecode(self._library.fault_place())
