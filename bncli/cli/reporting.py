"""``inspect`` and ``convert``: what an artifact says, and in which form."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from bncli.cli.options import JSON, OVERWRITE, Affine, General

ARTIFACT = typer.Argument(metavar="ARTIFACT", show_default=False, help="File that bncli fit wrote.")


def inspect(
    artifact: Annotated[str, ARTIFACT],
    as_json: JSON = False,
    *,
    general: General,
) -> None:
    """Show what is in an artifact.

    \b
    Example:
      bncli inspect winter.json
    """
    from bncli import api
    from bncli.cli import tables

    standardizer = api.load(artifact)
    if as_json:
        from bncli.artifact import dumps

        sys.stdout.write(dumps(standardizer))
        return
    tables.show_origin(standardizer, artifact)
    tables.show_statistics(standardizer)
    tables.show_categories(standardizer)


def convert(
    source: Annotated[str, ARTIFACT],
    target: Annotated[
        str,
        typer.Argument(metavar="FILE", show_default=False, help="New artifact, .json or .parquet."),
    ],
    overwrite: OVERWRITE = False,
    *,
    affine: Affine,
    general: General,
) -> None:
    """Write an artifact in the other format.

    Nothing is lost either way. Gamma and beta can be set on the way.

    \b
    Example:
      bncli convert winter.json winter.parquet
    """
    from bncli import api

    api.convert(source, target, overwrite=overwrite, **affine.chosen())
