"""Refusing an output before any work is done for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def check_artifact(
    output: str | None, overwrite: bool, inputs: Sequence[str], reading: Any = None
) -> None:
    """The artifact could be written there in the end, and would replace none of the inputs.

    Raises UsageError, OutputExists; DataError when an input is not there.
    """
    if output is None:
        return
    from bncli.artifact.store import output_format

    output_format(output)
    refuse_inputs(output, overwrite, inputs, reading)


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
