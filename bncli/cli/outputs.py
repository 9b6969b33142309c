"""Refusing an output before any work is done for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bncli.errors import UsageError


def check_artifact(
    output: str | None,
    overwrite: bool,
    inputs: Sequence[str],
    reading: Any = None,
    beside: Iterable[str | None] = (),
) -> None:
    """The artifact could be written there in the end, and would replace none of the inputs.

    inputs: data. beside: artifacts and other files that are read, None for one that was not named.
    Raises UsageError, OutputExists; DataError when an input is not there.
    """
    if output is None:
        return
    from bncli.artifact.store import output_format

    output_format(output)
    refuse_inputs(output, overwrite, inputs, reading)
    from bncli.data.targets import refuse_input_as_output

    refuse_input_as_output((path for path in beside if path is not None), output)


def refuse_twice(outputs: Iterable[str | None]) -> None:
    """Two outputs are two files. None: one that was not asked for. Raises UsageError."""
    named = [output for output in outputs if output is not None and output != "-"]
    places = [os.path.realpath(path) for path in named]
    for path, place in zip(named, places, strict=True):
        if places.count(place) > 1 and not place.startswith("/dev/"):
            raise UsageError(f"'{path}' is named for two outputs", fix="name two files")


def refuse_inputs(output: str, overwrite: bool, inputs: Sequence[str], reading: Any = None) -> None:
    """A file could be written there in the end, and would replace none of the inputs.

    Raises UsageError, OutputExists; DataError when an input is not there.
    """
    from bncli.data.formats import ReadOptions
    from bncli.data.locate import locate
    from bncli.data.targets import check_target, refuse_input_as_output

    check_target(output, overwrite)
    if Path(output).exists():
        files = locate(inputs, reading or ReadOptions())
        refuse_input_as_output((file.path for file in files if not file.pipe), output)


def printed(output: str | None, as_json: bool) -> tuple[str | None, bool]:
    """``-o -`` prints the artifact, as ``--json`` does."""
    return (None, True) if output == "-" else (output, as_json)


def check_export(artifact: str, output: str | None, overwrite: bool) -> None:
    """The export could be written there in the end, and would not replace the artifact.

    Raises UsageError, OutputExists.
    """
    if output in (None, "-"):
        return
    from bncli.data.targets import check_target, refuse_input_as_output

    check_target(str(output), overwrite)
    if Path(str(output)).exists():
        refuse_input_as_output([artifact], str(output))
