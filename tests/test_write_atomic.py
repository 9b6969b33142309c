"""Outputs appear whole or not at all; nothing else in the folder is touched."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bncli.data import atomic, drafts
from bncli.data.atomic import atomic_file, atomic_folder
from bncli.data.targets import disk_errors, refuse_input_as_output
from bncli.errors import DataError, OutputExists, UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path, text="new", **options) -> None:
    with atomic_file(path, **options) as draft:
        draft.write_text(text)


def test_a_file_appears_when_the_block_ends(tmp_path):
    with atomic_file(tmp_path / "a") as draft:
        draft.write_text("1")
        assert not (tmp_path / "a").exists()
        assert draft.parent == tmp_path
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "1"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    def half():
        with atomic_file(tmp_path / "a", overwrite=True) as draft:
            draft.write_text("half")
            raise failure

    (tmp_path / "a").write_text("old")
    with pytest.raises(failure):
        half()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("step", ["flush", "_keep_owner_and_mode", "_put_in_place"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_each_step_may_fail_and_the_old_file_stays(tmp_path, monkeypatch, step, number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(atomic, step, fail)
    with pytest.raises(DataError, match="disk"):
        write(tmp_path / "a", overwrite=True)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_file_that_is_there_is_replaced_only_with_overwrite(tmp_path):
    write(tmp_path / "a", "old")
    with pytest.raises(OutputExists, match="there already"):
        write(tmp_path / "a")
    assert (tmp_path / "a").read_text() == "old"
    write(tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").read_text() == "new"


def test_a_file_that_another_run_made_meanwhile_is_not_replaced(tmp_path):
    def race():
        with atomic_file(tmp_path / "a") as draft:
            draft.write_text("mine")
            (tmp_path / "a").write_text("theirs")

    with pytest.raises(OutputExists):
        race()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "theirs"


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write(tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_a_replaced_file_keeps_its_mode_and_a_new_one_has_the_default(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a")
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
        (tmp_path / "a").chmod(0o604)
        write(tmp_path / "a", overwrite=True)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o604
    finally:
        os.umask(before)


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "a")
    write(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


KILLED = """
import os, signal, sys
from bncli.data.atomic import atomic_file, atomic_folder
with {context}(sys.argv[1], overwrite=True) as draft:
    (draft / "part-0.csv" if draft.is_dir() else draft).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("context", "target"), [("atomic_file", "a"), ("atomic_folder", "a/")], ids=["file", "folder"]
)
def test_what_a_kill_leaves_is_cleared_by_the_next_run(tmp_path, context, target):
    path = f"{tmp_path}/{target}"
    run = [sys.executable, "-c", KILLED.format(context=context), path]
    assert subprocess.run(run, check=False).returncode == -signal.SIGKILL
    (leftover,) = names(tmp_path)
    assert leftover.startswith(".a.bncli-")
    (tmp_path / ".b.bncli-1-00000000").touch()
    with getattr(atomic, context)(path) as draft:
        (draft / "part-0.csv" if draft.is_dir() else draft).write_text("new")
    assert names(tmp_path) == [".b.bncli-1-00000000", "a"]


def test_the_draft_of_a_live_run_is_left_alone(tmp_path):
    ready, done = threading.Event(), threading.Event()

    def slowly():
        with atomic_file(tmp_path / "a", overwrite=True) as draft:
            draft.write_text("slow")
            ready.set()
            done.wait(20)

    thread = threading.Thread(target=slowly)
    thread.start()
    ready.wait(20)
    write(tmp_path / "a", "quick")
    assert (tmp_path / "a").read_text() == "quick"
    done.set()
    thread.join()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "slow"


def test_an_ending_process_can_remove_its_drafts(tmp_path):
    def end():
        with atomic_file(tmp_path / "a"):
            drafts.remove_own()

    with pytest.raises(FileNotFoundError):
        end()
    assert names(tmp_path) == []


def test_a_name_as_long_as_names_may_be(tmp_path):
    write(tmp_path / ("x" * 255))
    assert names(tmp_path) == ["x" * 255]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("none/a", "'none' is not there"),
        ("file/a", "director|folder"),
        ("folder", "is a folder"),
        ("x" * 256, "too long"),
        ("a\0b", "null"),
    ],
)
def test_a_target_that_cannot_be_is_refused_in_plain_words(tmp_path, target, message):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=message):
        write(f"{tmp_path}/{target}")
    assert names(tmp_path) == ["file", "folder"]


def test_devices_are_written_and_stay_devices():
    write("/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_device_is_an_error():
    with pytest.raises(DataError, match="the disk is full"):
        write("/dev/full")


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_text()))
    found: list[str] = []
    reader.start()
    write(tmp_path / "pipe", "through")
    reader.join(20)
    assert found == ["through"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_errors_of_rust_libraries_are_told_apart_by_their_number():
    with pytest.raises(DataError, match="full"), disk_errors("a"):
        raise OSError("No space left on device (os error 28)")
    with pytest.raises(BrokenPipeError), disk_errors("a"):
        raise OSError("Broken pipe (os error 32)")
    with pytest.raises(OSError, match="something else"), disk_errors("a"):
        raise OSError("something else")


def write_parts(path: str, *texts: str, **options) -> None:
    with atomic_folder(path, **options) as folder:
        for number, text in enumerate(texts):
            (folder / f"part-{number}.csv").write_text(text)


def test_a_folder_appears_whole(tmp_path):
    write_parts(f"{tmp_path}/out/", "1", "2")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["part-0.csv", "part-1.csv"]


def test_a_folder_of_parts_is_replaced_whole_with_overwrite(tmp_path):
    write_parts(f"{tmp_path}/out/", "1", "2")
    with pytest.raises(OutputExists):
        write_parts(f"{tmp_path}/out/", "3")
    write_parts(f"{tmp_path}/out/", "3", overwrite=True)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["part-0.csv"]


def test_a_folder_with_anything_else_in_it_is_never_replaced(tmp_path):
    write_parts(f"{tmp_path}/out/", "1")
    (tmp_path / "out" / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"'thesis\.tex', which is no part file"):
        write_parts(f"{tmp_path}/out/", "2", overwrite=True)
    assert names(tmp_path / "out") == ["part-0.csv", "thesis.tex"]


def test_a_system_that_cannot_swap_folders_renames_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.ctypes, "CDLL", lambda *_, **__: object())
    write_parts(f"{tmp_path}/out/", "1", "2")
    write_parts(f"{tmp_path}/out/", "3", overwrite=True)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["part-0.csv"]


def test_input_and_output_may_not_be_the_same_file_by_any_name(tmp_path):
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    for target in ("a", "link", "hard", "../" + tmp_path.name + "/a"):
        with pytest.raises(UsageError, match="both input and output"):
            refuse_input_as_output([tmp_path / "a"], tmp_path / target)
    refuse_input_as_output([tmp_path / "a"], tmp_path / "b")


def test_input_may_not_lie_in_the_folder_that_is_replaced(tmp_path):
    (tmp_path / "part-0.csv").touch()
    with pytest.raises(UsageError, match="both input and output"):
        refuse_input_as_output([tmp_path / "part-0.csv"], f"{tmp_path}/")
