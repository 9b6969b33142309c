"""The verbs of the command line and the modules they live in, imported when they are asked for.

Decision. Building a verb from its signature takes a few milliseconds, and no command line needs
more than one of them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from importlib import import_module

import typer

from bncli.cli.command import Command, spread

HOMES = {
    "fit": "fitting",
    "transform": "applying",
    "inverse": "applying",
    "shift": "shifting",
    "learn": "learning",
    "predict": "learning",
    "adapt": "adapting",
    "merge": "fitting",
    "inspect": "reporting",
    "export": "exporting",
    "convert": "reporting",
}
"""In the order in which they are used, which is the order of the help."""


def among(words: Container[str]) -> list[str]:
    """The verbs that are among the words of a command line; all where none is."""
    return [verb for verb in HOMES if verb in words] or list(HOMES)


def register(app: typer.Typer, verbs: Iterable[str] = tuple(HOMES)) -> typer.Typer:
    """Make these verbs commands of ``app``, and give it back."""
    for verb in verbs:
        home = import_module(f"bncli.cli.{HOMES[verb]}")
        app.command(cls=Command)(spread(getattr(home, verb)))
    return app
