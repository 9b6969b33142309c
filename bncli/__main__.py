"""``python -m bncli`` and the ``bncli`` command."""

from __future__ import annotations

from typing import NoReturn

from bncli.cli import tuning
from bncli.cli.guard import Guard
from bncli.cli.process import Process


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    tuning.prepare()
    guard = Guard()
    guard.divide()
    process, code = Process(guard), 0
    # Signals first: an interrupt while the rest is imported ends quietly, too.
    with process:
        from bncli.cli.app import run

        code = run(process)
    process.leave(code)


if __name__ == "__main__":
    main()
