"""The machine that the figures are of, without its name."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine() -> dict[str, str | int]:
    return {
        "processor": _first(r"model name\s*:\s*(.*)", "/proc/cpuinfo") or platform.processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(int(_first(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 2**20),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def described(facts: dict[str, str | int]) -> str:
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB of memory,"
        f" {facts['system']}, Python {facts['python']}"
    )


def _first(pattern: str, path: str) -> str:
    """The first match in a file of the system; empty where there is no such file."""
    file = Path(path)
    found = re.search(pattern, file.read_text()) if file.exists() else None
    return found[1].strip() if found else ""
