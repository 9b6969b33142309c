"""The programs that are compared: how each is started, and the environment it lives in.

bncli, polars and typer are those of the environment that runs the harness. Every other program
has an environment of its own with fixed versions, made by ``--peers``, so that none bends
another's packages.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
BIN = "Scripts" if os.name == "nt" else "bin"


class Absent(Exception):
    """A program that cannot run here; the message says why."""


@dataclass(frozen=True, slots=True)
class Program:
    """A script of peers/ and the packages its environment holds; none: the harness's own.

    shown: whose versions stand in the report, the first packages' if not said.
    """

    script: str
    packages: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    starter: str = "python"


ARROW, PANDAS, PANDAS_2 = "pyarrow==26.0.1", "pandas==3.1.1", "pandas==2.3.3"
SKLEARN = "scikit-learn==1.9.1"
PROGRAMS = {
    "bncli": Program("", shown=("bncli",)),
    "polars": Program("with_polars.py", shown=("polars",)),
    "typer": Program("with_typer.py", shown=("typer",)),
    "duckdb": Program("with_duckdb.py", ("duckdb==2.0.1",)),
    "sklearn": Program("with_sklearn.py", (SKLEARN, ARROW), shown=("scikit-learn", "pyarrow")),
    "pandas": Program("with_pandas.py", (PANDAS, SKLEARN, ARROW), ("pandas", "scikit-learn")),
    "scipy": Program("with_scipy.py", ("scipy==1.17.1", PANDAS, ARROW), ("scipy", "pandas")),
    "dask": Program(
        "with_dask.py", ("dask-ml==2025.1.0", "dask[dataframe]==2026.8.0", SKLEARN, PANDAS, ARROW)
    ),
    "spark": Program("with_spark.py", ("pyspark==4.3.0",), starter="spark-submit"),
    # These three do not import with pandas 3; NannyML does not name statsmodels, but needs it.
    "evidently": Program("with_evidently.py", ("evidently==0.7.23", PANDAS_2, ARROW)),
    "nannyml": Program(
        "with_nannyml.py", ("nannyml==0.13.1", "statsmodels==0.15.0", PANDAS_2, ARROW)
    ),
    "whylogs": Program("with_whylogs.py", ("whylogs[viz]==1.6.4", PANDAS_2, ARROW)),
}


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs as they are on this machine. folder: holds an environment for each peer."""

    folder: Path

    def start(self, name: str) -> tuple[list[str], dict[str, str]]:
        """The beginning of a command line, and the environment variables of the process.

        Raises Absent where the program is not installed.
        """
        program = PROGRAMS[name]
        if name == "bncli":
            return _bncli(), dict(os.environ)
        if not program.packages:
            return [sys.executable, str(PEERS / program.script)], _variables(Path(sys.executable))
        if not self.has(name):
            raise Absent(self._reason(name))
        starter = self._bin(name) / program.starter
        return [str(starter), str(PEERS / program.script)], _variables(self._bin(name) / "python")

    def has(self, name: str) -> bool:
        stamp = self.folder / name / "installed.txt"
        return stamp.is_file() and stamp.read_text() == _stamp(name)

    def install(self, name: str) -> None:
        """Make the environment of a peer. Where that fails, its rows will say why."""
        home = self.folder / name
        try:
            _run(sys.executable, "-m", "venv", "--clear", str(home))
            _run(str(self._bin(name) / "python"), *PIP, *PROGRAMS[name].packages)
            (home / "installed.txt").write_text(_stamp(name))
        except subprocess.CalledProcessError as failed:
            lines = (failed.stderr or "").strip().splitlines() or ["no reason given"]
            (home / "failed.txt").write_text(lines[-1])

    def version(self, name: str) -> str:
        """Like "pandas 3.1.1, scikit-learn 1.9.1"; empty where it is not installed."""
        program = PROGRAMS[name]
        if not program.packages:
            return ", ".join(f"{package} {version(package)}" for package in program.shown)
        names = program.shown or (program.packages[0].split("=")[0].split("[")[0],)
        return _versions(self._bin(name) / "python", names) if self.has(name) else ""

    def _bin(self, name: str) -> Path:
        return self.folder / name / BIN

    def _reason(self, name: str) -> str:
        failed = self.folder / name / "failed.txt"
        told = f": {failed.read_text()}" if failed.is_file() else " (--peers installs it)"
        return f"not installed{told}"


PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def peers() -> Iterator[str]:
    """The programs that have an environment of their own."""
    return (name for name, program in PROGRAMS.items() if program.packages)


def _bncli() -> list[str]:
    """The command as users have it; from a checkout that is not installed, its module."""
    script = Path(sys.executable).parent / "bncli"
    return [str(script)] if script.exists() else [sys.executable, "-m", "bncli"]


def _variables(python: Path) -> dict[str, str]:
    """Without the harness's own path, and such that nobody phones home."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    quiet = ("DO_NOT_TRACK", "NML_DISABLE_USAGE_LOGGING", "WHYLOGS_NO_ANALYTICS")
    # Spark finds its own files by asking this Python.
    spark = {"PYSPARK_PYTHON": str(python), "SPARK_LOCAL_IP": "127.0.0.1"}
    return {**kept, **dict.fromkeys(quiet, "1"), **spark}


def _stamp(name: str) -> str:
    return "\n".join((platform.python_version(), *PROGRAMS[name].packages))


@cache
def _versions(python: Path, names: tuple[str, ...]) -> str:
    code = "import sys, importlib.metadata as m; print(*(m.version(n) for n in sys.argv[1:]))"
    versions = _run(str(python), "-c", code, *names).split()
    return ", ".join(f"{name} {version}" for name, version in zip(names, versions, strict=True))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout
