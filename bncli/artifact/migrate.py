"""Which version a record is of, and the steps that lead from an older one to the newest.

Adding version 2 is one function ``record -> record`` and one line in ``STEPS``; the frozen
file of version 1 among the tests then goes through it for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bncli.artifact.parse import shortened
from bncli.errors import ArtifactError

FORMAT = "bncli.standardizer"
VERSION = 1

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[int, Step] = {}
"""Version n -> the step that turns its records into those of version n + 1."""


def migrated(
    record: Any, name: str, steps: Mapping[int, Step] = STEPS, newest: int = VERSION
) -> dict[str, Any]:
    """The record as one of version ``newest``; its fields are not checked yet.

    Raises ArtifactError when it is something else, or of a version newer than this program.
    """
    version = _version(record, name)
    if version > newest:
        maker = record.get("created_by")
        by = f" made by {shortened(maker)}" if isinstance(maker, str) else ""
        raise ArtifactError(
            f"an artifact of version {shortened(version)}{by} is newer than this program, "
            f"which reads versions up to {newest}",
            where=name,
            fix="install a newer bncli: pip install --upgrade bncli",
        )
    for older in range(version, newest):
        record = steps[older](record)
    return record  # type: ignore[no-any-return]


def _version(record: Any, name: str) -> int:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        kind = record.get("format") if isinstance(record, dict) else None
        found = f"its format is {shortened(kind)}" if kind is not None else "it names no format"
        raise ArtifactError(
            f"this is no bncli artifact: {found}",
            where=name,
            fix="an artifact is what 'bncli fit DATA -o stats.json' writes",
        )
    version = record.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ArtifactError(
            f"version must be an integer of 1 or more, and is {shortened(version)}", where=name
        )
    return version
