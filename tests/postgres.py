"""A PostgreSQL server of our own: in a folder of its own, on a socket there, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Psql = Callable[..., str]


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None


@contextmanager
def server() -> Iterator[Psql]:
    """Start a server and give a function that runs one statement and returns what psql prints."""
    folder = binaries()
    assert folder is not None, "PostgreSQL is not installed"
    # PostgreSQL refuses to be run by root, and its folder must be reachable for who runs it.
    user = "nobody" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="bncli-postgres-", dir="/tmp"))
    try:
        if user:
            entry = pwd.getpwnam(user)
            os.chown(place, entry.pw_uid, entry.pw_gid)
        data = place / "data"
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{place}'"
        run = _Runner(place, user)
        run(
            folder / "initdb", "-A", "trust", "-U", "bncli", "-E", "UTF8", "--no-locale", "-D", data
        )
        run(folder / "pg_ctl", "-w", "-D", data, "-l", place / "log", "-o", options, "start")
        try:
            yield _psql(folder, run, place)
        finally:
            run(folder / "pg_ctl", "-w", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Runner:
    """Runs a command as the user who owns the server."""

    def __init__(self, place: Path, user: str | None) -> None:
        self._place, self._user = place, user

    def __call__(self, *command: object, given: str | None = None) -> str:
        # The server that pg_ctl leaves behind would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
            done = subprocess.run(
                [str(part) for part in command],
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                stdout=printed,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                user=self._user,
                cwd=self._place,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                check=False,
            )
            printed.seek(0)
            text = printed.read()
        assert done.returncode == 0, text
        return text


def _psql(folder: Path, run: _Runner, place: Path) -> Psql:
    def psql(statement: str, given: str | None = None) -> str:
        address = ("-h", place, "-U", "bncli", "-d", "postgres")
        quiet = ("-X", "-q", "-v", "ON_ERROR_STOP=1")
        return run(folder / "psql", *address, *quiet, "-c", statement, given=given)

    return psql
