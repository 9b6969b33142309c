"""Signals, streams and how the process ends: always on a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
FULL = Path("/dev/full")
BNCLI = [sys.executable, "-m", "bncli"]
# Generous: the promise is two seconds, but test machines are busy.
PATIENCE_S = 30
STOPS = {"interrupted": signal.SIGINT, "terminated": signal.SIGTERM, "hang-up": signal.SIGHUP}


@contextmanager
def started(command, **options):
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process, number):
    """Send a signal; gives the exit code, standard output and standard error."""
    process.send_signal(number)
    process.wait(PATIENCE_S)
    return process.returncode, process.stdout.read(), process.stderr.read()


def script(work):
    """A process that works inside an output when a signal comes."""
    lines = [
        "import ctypes, time",
        "from bncli.cli.process import Process",
        "from bncli.data.atomic import atomic_file",
        "process = Process()",
        "with process:",
        "    with atomic_file('out.csv', overwrite=True) as draft:",
        "        draft.write_text('half')",
        "        print('ready', flush=True)",
        *(f"        {line}" for line in work),
        "process.leave(0)",
    ]
    return [sys.executable, "-c", "\n".join(lines)]


IN_PYTHON = ["time.sleep(600)"]
# A second lock of the same mutex waits for ever, and no signal wakes it: as a long call into
# a library does, from which Python gets no control back.
IN_A_LIBRARY = [
    "lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)",
    "lock(mutex), lock(mutex)",
]
SWALLOWED = ["try:", "    time.sleep(600)", "except BaseException:", "    time.sleep(600)"]


@pytest.mark.parametrize("number", STOPS.values(), ids=list(STOPS))
@pytest.mark.parametrize(
    "work", [IN_PYTHON, IN_A_LIBRARY, SWALLOWED], ids=["python", "library", "swallowed"]
)
def test_a_stopped_run_leaves_the_old_file_and_nothing_else(tmp_path, number, work):
    (tmp_path / "out.csv").write_text("old")
    with started(script(work), cwd=tmp_path, env=environment()) as process:
        assert process.stdout.readline() == b"ready\n"
        assert len(list(tmp_path.iterdir())) == 2
        code, _, err = stop(process, number)
    assert (code, err) == (128 + number, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"


def test_a_second_signal_does_not_cut_the_cleaning_short(tmp_path):
    work = ["try:", "    time.sleep(600)", "finally:", "    time.sleep(0.5)"]
    with started(script(work), cwd=tmp_path, env=environment()) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert stop(process, signal.SIGTERM)[0] in (130, 143)
    assert list(tmp_path.iterdir()) == []


def test_an_ignored_signal_stays_ignored(tmp_path):
    work = ["time.sleep(0.2)"]
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *script(work)]
    with started(command, cwd=tmp_path, env=environment()) as process:
        process.stdout.readline()
        assert stop(process, signal.SIGHUP)[0] == 0
    assert (tmp_path / "out.csv").read_text() == "half"


@pytest.mark.parametrize(("debug", "shown"), [(False, b""), (True, b"thread panicked\n")])
def test_what_libraries_print_to_descriptor_2_shows_only_when_debugging(debug, shown):
    code = (
        "import os, sys\nfrom bncli.cli.process import Process\nprocess = Process()\n"
        f"with process:\n    {'process.show_faults()' if debug else 'pass'}\n"
        "    os.write(2, b'thread panicked\\n')\n    print('error: ours', file=sys.stderr)\n"
        "process.leave(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, env=environment()
    )
    assert (done.returncode, done.stderr) == (1, shown + b"error: ours\n")


@pytest.mark.parametrize("number", STOPS.values(), ids=list(STOPS))
def test_a_fit_of_an_endless_stream_can_be_stopped(tmp_path, number):
    command = [*BNCLI, "fit", "-", "--format", "csv", "-o", "stats.json"]
    with started(command, cwd=tmp_path, env=environment()) as process:
        feed(process)
        code, out, err = stop(process, number)
    assert (code, out, err) == (128 + number, b"", b"")
    assert list(tmp_path.iterdir()) == []


def feed(process):
    """More than a pipe holds, so that the reader is at work when this returns."""
    process.stdin.write(b"a,b\n" + b"1.5,2.5\n" * 100_000)
    process.stdin.flush()


@pytest.fixture(scope="module")
def artifact(sample_data, tmp_path_factory):
    path = tmp_path_factory.mktemp("fitted") / "year.json"
    command = [*BNCLI, "fit", sample_data / "weather_year.parquet", "-q", "-o", path]
    subprocess.run(command, check=True, env=environment())
    return path


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("verb", ["transform", "inspect"])
def test_a_reader_that_goes_away_ends_it_silently(artifact, sample_data, verb, unbuffered):
    transform = ["transform", sample_data / "weather_year.parquet", "-s", artifact, "-o", "-"]
    options = {"transform": [*transform, "--to", "csv"], "inspect": ["inspect", artifact, "--json"]}
    # A pipe smaller than what is written, so that the writer sees its reader go.
    variables = {**environment(), "PYTHONUNBUFFERED": unbuffered}
    with started([*BNCLI, *options[verb]], env=variables, pipesize=4096) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(not FULL.exists(), reason="no such device here")
def test_standard_output_on_a_full_disk_is_an_error(artifact):
    with FULL.open("wb") as full:
        done = subprocess.run(
            [*BNCLI, "inspect", artifact],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(),
        )
    assert (done.returncode, done.stderr) == (3, b"error: no space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_neither_the_work_nor_the_exit_code(tmp_path, sample_data, closed):
    (tmp_path / "stats.json").write_text("{}")
    command = ["sh", "-c", f'"$@" {closed}', "sh", *BNCLI, "inspect", "stats.json"]
    done = subprocess.run(
        command, capture_output=True, check=False, cwd=tmp_path, env=environment()
    )
    assert done.returncode == 3
    assert done.stdout == b""
    assert done.stderr.startswith(b"" if "2>" in closed else b"error: ")


def environment():
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("BNCLI_")}
    return {**inherited, "PYTHONPATH": str(ROOT)}
