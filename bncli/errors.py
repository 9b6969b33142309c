"""Every error bncli raises on purpose, as one tree; only ``cli/app.py`` prints them.

    BncliError                 a fault in bncli itself            exit 1
    |- UsageError              the command line is at fault       exit 2
    |  |- OutputExists
    |  |- ExtraMissing
    |- DataError               bad or unreadable data             exit 3
    |  |- Unreadable
    |  |- ColumnMissing
    |  |- BadValue
    |  |- NonFinite
    |- ArtifactError           bad or unreadable artifact         exit 3

Each says what happened, where (file, column, row) and how to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST_PLACE = 400


class BncliError(Exception):
    """What went wrong (``message``), where, and how to mend it (``fix``)."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.message = message
        self.where = where
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{place(self.where)}: {self.message}" if self.where else self.message
        return f"{head}\n  {self.fix}" if self.fix else head


def place(where: str) -> str:
    """A name longer than any file's would push the message itself off the line."""
    return where if len(where) <= _LONGEST_PLACE else f"{where[:100]}...{where[-100:]}"


class UsageError(BncliError):
    """The command line, or the arguments of a verb, cannot be meant."""

    exit_code = 2


class OutputExists(UsageError):
    """The target is there already and ``overwrite`` was not given."""


class ExtraMissing(UsageError):
    """A part of bncli needs a package that only an extra installs."""


class DataError(BncliError):
    """The data cannot be read, or not be used as asked."""

    exit_code = 3


class Unreadable(DataError):
    """A file is missing, corrupt, truncated, or of another format than it says."""


class ColumnMissing(DataError):
    """A column that is needed is not there."""


class BadValue(DataError):
    """A cell holds what its column cannot hold."""


class NonFinite(DataError):
    """A numeric column holds +inf or -inf."""


class ArtifactError(BncliError):
    """An artifact is missing, damaged, of another kind, or of a newer version."""

    exit_code = 3


class BncliWarning(UserWarning):
    """Something the user should know that does not stop the work."""


def listed(problems: Iterable[str], most: int = 10) -> str:
    """Join several problems into one message, one a line, with the count of the rest."""
    lines = list(problems)
    rest = len(lines) - most
    shown = lines[:most] + ([f"... and {rest} more"] if rest > 0 else [])
    return "\n  ".join(shown)
