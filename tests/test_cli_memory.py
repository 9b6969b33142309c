"""Where memory runs out, or a library ends the process: words, an exit code, and nothing left."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="Linux has a guarding parent"),
]

BNCLI = [sys.executable, "-m", "bncli"]
PATIENCE_S = 60
MIB = 1 << 20
# Where the documented bound lies: docs/reliability.md.
ENOUGH = 3072 * MIB


def run(folder, *args, limit=None, code=None):
    """A real run under a limit of address space; code: what the child executes before bncli."""
    command = [sys.executable, "-c", code] if code else BNCLI
    environment = {key: text for key, text in os.environ.items() if key[:6] != "BNCLI_"}
    return subprocess.run(
        [*command, *args],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory, sample_data):
    path = tmp_path_factory.mktemp("memory")
    (path / "a.parquet").symlink_to(sample_data / "weather_year.parquet")
    assert run(path, "fit", "a.parquet", "-o", "s.json", "-q").returncode == 0
    return path


RUNS = {
    "fit": ("fit", "a.parquet", "-o", "new.json", "-q"),
    "transform": ("transform", "a.parquet", "-s", "s.json", "-o", "new.parquet", "-q"),
    "shift": ("shift", "s.json", "a.parquet", "--html", "new.html", "-q"),
}


@pytest.mark.parametrize("verb", RUNS)
def test_three_gibibytes_of_address_space_are_enough(folder, tmp_path, verb):
    for name in ("a.parquet", "s.json"):
        (tmp_path / name).symlink_to(folder / name)
    done = run(tmp_path, *RUNS[verb], "--threads", "2", limit=ENOUGH)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("mebibytes", [64, 512, 1030, 1200])
def test_too_little_memory_is_told_and_leaves_nothing(folder, tmp_path, mebibytes):
    for name in ("a.parquet", "s.json"):
        (tmp_path / name).symlink_to(folder / name)
    done = run(tmp_path, *RUNS["transform"], limit=mebibytes * MIB)
    names = {path.name for path in tmp_path.iterdir()} - {"a.parquet", "s.json"}
    if done.returncode == 0:
        assert names == {"new.parquet"}
    else:
        assert done.returncode == 3
        assert done.stderr.startswith("error: there is not enough memory")
        assert done.stderr.count("\n") == 2
        assert names == set()


# A run whose child comes to grief while it writes, as a library would have it.
GRIEF = """
import os, signal, sys
from bncli.cli.guard import Guard
from bncli.cli.process import Process
guard = Guard()
guard.divide()
process = Process(guard)
with process:
    from bncli.data.atomic import atomic_file
    with atomic_file(sys.argv[-1], overwrite=True) as draft:
        draft.write_text('half')
        print('ready', flush=True)
        {grief}
process.leave(0)
"""
SAYS = "os.write(2, b'memory allocation of 8 bytes failed'); "
ENDS = {
    "no memory": (SAYS + "os.kill(os.getpid(), signal.SIGABRT)", 3, "not enough memory"),
    "killed by the system": ("os.kill(os.getpid(), signal.SIGKILL)", 3, "the system ended the run"),
    "cut short": ("os.kill(os.getpid(), signal.SIGBUS)", 3, "cut short"),
    "crash": ("os.kill(os.getpid(), signal.SIGSEGV)", 1, "a library ended it (SIGSEGV)"),
    "abort": ("os.abort()", 1, "a library ended it (SIGABRT)"),
}


@pytest.mark.parametrize(("grief", "code", "words"), ENDS.values(), ids=list(ENDS))
def test_a_run_that_a_library_ends_is_told_and_leaves_the_old_file(tmp_path, grief, code, words):
    (tmp_path / "out.csv").write_text("old")
    done = run(tmp_path, "-o", "out.csv", code=GRIEF.format(grief=grief))
    assert (done.returncode, done.stdout) == (code, "ready\n")
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"


# Holds the interpreter, as OpenBLAS does that gets no memory: no signal handler runs.
SPINS = "import ctypes; ctypes.PyDLL(None).sleep(600)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_library_that_holds_the_interpreter_is_stopped_all_the_same(tmp_path, number):
    (tmp_path / "out.csv").write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", GRIEF.format(grief=SPINS), "out.csv"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 128 + number
        assert process.stderr.read() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_the_run_ends_with_its_parent(tmp_path):
    code = GRIEF.format(grief="print(os.getpid(), flush=True); import time; time.sleep(600)")
    process = subprocess.Popen(
        [sys.executable, "-c", code, "out.csv"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    with process:
        process.stdout.readline()
        child = Path(f"/proc/{int(process.stdout.readline())}")
        assert child.exists()
        process.kill()
    deadline = time.monotonic() + PATIENCE_S
    while child.exists() and "zombie" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT", "SIGILL"])
def test_a_crash_over_a_file_is_that_files_fault(tmp_path, number):
    (tmp_path / "t.parquet").write_text("damaged")
    (tmp_path / "out.csv").write_text("old")
    grief = GRIEF.format(grief=f"os.kill(os.getpid(), signal.{number})")
    done = run(tmp_path, "t.parquet", "-o", "out.csv", code=grief)
    assert done.returncode == 3
    assert f"a library crashed while reading t.parquet ({number}): the file is dam" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "t.parquet"]
    assert (tmp_path / "out.csv").read_text() == "old"
