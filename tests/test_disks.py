"""Real disks that are full, read-only or shared; inputs that change while they are read."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import ROOT
from faults.cases import CASES, make_inputs

from bncli.cli import app
from bncli.cli.process import Process

pytestmark = pytest.mark.thorough

OLD = b"the old file\n"
PAGE = 4096
FULL = Path("/dev/full")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts and changes users")


@pytest.fixture(scope="module")
def made(tmp_path_factory, sample_data):
    path = tmp_path_factory.mktemp("disks")
    make_inputs(path, sample_data)
    return path


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """in/ with inputs of every kind, and an empty out/."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capfd):
    def run(*args):
        code = app.run(Process(), [str(arg) for arg in args])
        return code, *capfd.readouterr()

    return run


@contextmanager
def mounted(place: Path, options: str):
    command = ["mount", "-t", "tmpfs", "-o", options, "bncli-test", place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no mounting here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(place: Path, free: int = PAGE) -> Path:
    """Fill a disk but for a page; gives the file that takes up the room."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as stream, suppress(OSError):
        while True:
            stream.write(b"x" * PAGE)
    os.truncate(ballast, ballast.stat().st_size // PAGE * PAGE - free)
    return ballast


def names(place: Path) -> set[str]:
    return {str(path.relative_to(place)) for path in place.rglob("*")}


@root_only
@pytest.mark.parametrize("name", CASES)
def test_a_full_disk_leaves_the_old_files(folder, run, name):
    case = CASES[name]
    with mounted(folder / "out", "size=2m"):
        for output in case.outputs:
            Path(output).parent.mkdir(exist_ok=True)
            Path(output).write_bytes(OLD)
        # A page would hold all of the SQL.
        ballast = fill(folder / "out", free=0 if name == "export" else PAGE)
        before = names(folder / "out")
        code, _, err = run(*case.args.split())
        assert code == 3
        *_, last = err.splitlines()
        assert last.startswith("error: cannot write 'out/")
        assert "the disk is full" in last
        assert names(folder / "out") == before
        # A file of several may have found room; none is half there.
        kept = [Path(output).read_bytes() for output in case.outputs]
        assert OLD in kept
        ballast.unlink()
        assert run(*case.args.split())[0] == 0
        now = [Path(output).read_bytes() for output in case.outputs]
        assert all(old in (OLD, new) for old, new in zip(kept, now, strict=True))
        assert names(folder / "out") == before - {"ballast"}


@root_only
@pytest.mark.parametrize("name", ["fit --batch-stats", "learn"])
def test_a_full_temporary_folder_is_told_with_its_name(folder, run, name, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "tmp"))
    with mounted(folder / "tmp", "size=64k"):
        fill(folder / "tmp")
        code, _, err = run(*CASES[name].args.split())
    assert code == 3
    assert "cannot be kept in a temporary file: no space left on device" in err
    assert f"make room in {folder / 'tmp'}, or set TMPDIR" in err
    assert names(folder / "out") == set()


DEVICES = {
    "fit": "fit in/a.parquet -o DEVICE",
    "merge": "merge in/s.json in/s.json -o DEVICE",
    "export": "export in/s.json --to sql -o DEVICE",
    "trace": "learn in/a.csv -s in/s.json --target temp --steps 3 --no-compare --trace DEVICE",
    "html": "shift in/s.json in/a.parquet -q --html DEVICE",
    "csv": "transform in/a.parquet -s in/s.json -o DEVICE --to csv",
    "ndjson": "transform in/a.parquet -s in/s.json -o DEVICE --to ndjson",
    "arrow": "transform in/a.parquet -s in/s.json -o DEVICE --to arrow",
    "parquet": "transform in/a.parquet -s in/s.json -o DEVICE --to parquet",
    "inverse": "inverse in/z.parquet -o DEVICE --to csv",
    "predict": "predict in/a.parquet -s in/k.json -o DEVICE --to csv",
}


@pytest.mark.skipif(not FULL.exists(), reason="no such device here")
@pytest.mark.parametrize("args", DEVICES.values(), ids=list(DEVICES))
def test_a_full_device_is_an_error_and_stays_a_device(folder, run, args):
    code, _, err = run(*args.replace("DEVICE", str(FULL)).split())
    assert code == 3
    assert err.splitlines()[-1].startswith("error: cannot write '/dev/full': the disk is full")
    assert stat.S_ISCHR(FULL.stat().st_mode)
    assert run(*args.replace("DEVICE", "/dev/null").split())[0] == 0


@root_only
@pytest.mark.parametrize("name", ["fit json", "transform csv", "transform folder", "convert"])
def test_a_read_only_disk_is_wrong_usage(folder, run, name):
    case = CASES[name]
    with mounted(folder / "out", "size=1m"):
        for output in case.outputs:
            Path(output).parent.mkdir(exist_ok=True)
            Path(output).write_bytes(OLD)
        subprocess.run(["mount", "-o", "remount,ro", folder / "out"], check=True)
        code, _, err = run(*case.args.split())
        assert code == 2
        assert err.startswith("error: cannot write 'out/")
        assert [Path(output).read_bytes() for output in case.outputs] == [OLD] * len(case.outputs)


@contextmanager
def another_user():
    """Permissions bind everybody but root."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder(folder):
    """The same where every user gets to: pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        shutil.copytree(folder, place, dirs_exist_ok=True)
        Path(place).chmod(0o755)
        os.chdir(place)
        yield Path(place)
        os.chdir(folder)


@root_only
def test_without_permission_nothing_is_written(open_folder, run):
    case = CASES["fit json"]
    Path("out/s.json").write_bytes(OLD)
    Path("out").chmod(0o555)
    with another_user():
        code, _, err = run(*case.args.split())
    assert (code, "permission" in err) == (2, True)
    Path("out").chmod(0o777)
    Path("out/s.json").chmod(0o444)
    with another_user():
        code, _, err = run(*case.args.split())
    assert (code, err) == (2, "error: cannot write 'out/s.json': permission denied\n")
    assert names(Path("out")) == {"s.json"}
    assert Path("out/s.json").read_bytes() == OLD


@root_only
@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "ndjson", "arrow"])
def test_data_without_permission_is_named(open_folder, run, suffix):
    Path("out").chmod(0o777)
    Path(f"in/a.{suffix}").chmod(0)
    with another_user():
        code, _, err = run("fit", f"in/a.{suffix}", "-o", "out/s.json")
    assert code == 3
    assert f"a.{suffix}" in err
    assert "permission denied" in err
    assert names(Path("out")) == set()


@pytest.mark.parametrize("overwrite", [True, False])
def test_of_two_runs_to_one_target_one_wins_whole(folder, overwrite):
    commands = [
        [
            *(sys.executable, "-m", "bncli", "transform", "in/a.parquet", "-s", "in/s.json"),
            *("-o", "out/x.csv", "-q", "--suffix", suffix, *(["--overwrite"] * overwrite)),
        ]
        for suffix in ("_one", "_two")
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [subprocess.Popen(c, env=environment, stderr=subprocess.PIPE) for c in commands]
    said = [process.communicate()[1].decode() for process in runs]
    codes = sorted(process.returncode for process in runs)
    assert codes == ([0, 0] if overwrite else [0, 2])
    assert overwrite or any("is there already" in text for text in said)
    head, *rows = Path("out/x.csv").read_text().splitlines()
    assert ("humid_one" in head) != ("humid_two" in head)
    assert len(rows) == 400
    assert names(Path("out")) == {"x.csv"}


# What happens to a file that is being read.
def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(path.read_bytes()[-200:])


def replace(path: Path) -> None:
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("change", [append, replace, truncate])
@pytest.mark.parametrize("suffix", ["parquet", "csv", "csv.gz", "ndjson", "arrow"])
@pytest.mark.parametrize("verb", ["fit", "transform"])
def test_a_source_that_changes_while_it_is_read_is_refused(
    folder, run, monkeypatch, verb, suffix, change
):
    """It changes after the run has looked at it, and before it has read to the end."""
    from bncli.data.dataset import Dataset

    source = Path(f"in/a.{suffix}")
    scan = Dataset.scan

    def changed_before(self):
        if not changes:
            changes.append(change(source))
        return scan(self)

    changes = []
    monkeypatch.setattr(Dataset, "scan", changed_before)
    target = {"fit": "out/s.json", "transform": "out/x.csv"}[verb]
    artifact = ["-s", "in/s.json"] if verb == "transform" else []
    Path(target).write_bytes(OLD)
    code, _, err = run(verb, source, *artifact, "-o", target, "--overwrite")
    assert code == 3
    assert err.startswith(f"error: a.{suffix}: changed while it was being read")
    assert names(Path("out")) == {target.removeprefix("out/")}
    assert Path(target).read_bytes() == OLD
