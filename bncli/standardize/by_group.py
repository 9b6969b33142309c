"""A standardizer that has statistics per group, as those see it who know of none."""

from __future__ import annotations

from bncli.errors import UsageError
from bncli.standardize.standardizer import Standardizer


def refuse_groups(standardizer: Standardizer, verb: str, name: str = "the artifact") -> None:
    """Raises UsageError where there are statistics per group, which ``verb`` would leave out."""
    groups = standardizer.profile.groups
    if groups is not None:
        raise UsageError(
            f"{name} has statistics by '{groups.column}', and {verb} takes those of all rows only",
            fix="give it an artifact that was fitted without --by",
        )
