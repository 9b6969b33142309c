"""``export``: a standardizer in another system."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from bncli.api.fluent import Given, record_of, refuse_as_output
from bncli.data.atomic import atomic_file
from bncli.errors import BncliWarning
from bncli.export.model import Exported, exported


def export(
    standardizer: Given,
    to: str,
    output: str | Path | None = None,
    *,
    overwrite: bool = False,
    **options: Any,
) -> Exported:
    """The standardizer as ``to``: onnx, torch, sklearn, sql, polars or json-schema.

    output: a file for it, written whole or not at all; what comes back has the same content, and
    for torch a program that loads the file. Options are the target's own: op and dtype of onnx;
    op of torch; dialect, table and keep of sql.

    Raises UsageError, ArtifactError, OutputExists, ExtraMissing; warns with BncliWarning of
    columns of which there is something to know.
    """
    refuse_as_output(output, standardizer)
    name = Path(output).name if output is not None else "FILE"
    found = exported(record_of(standardizer), to, name, options)
    for note in found.notes:
        warnings.warn(note, BncliWarning, stacklevel=2)
    if output is not None:
        with atomic_file(output, overwrite) as draft:
            draft.write_bytes(found.content)
    return found
