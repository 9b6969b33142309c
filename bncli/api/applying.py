"""``transform`` and ``inverse``: rows through a standardizer, forth and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bncli import artifact
from bncli.api.fluent import Data, Given, carried, record_of, refuse_as_output
from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine import apply
from bncli.engine.work import Applied
from bncli.errors import UsageError
from bncli.standardize.standardizer import Standardizer as Record


def transform(data: Data, standardizer: Given, output: str | Path, **options: Any) -> Applied:
    """Standardize rows; other columns pass through untouched, in place.

    Options are those of ``engine.apply.transform``. Parquet output carries the standardizer.
    """
    return _applied(apply.transform, data, standardizer, output, options)


def inverse(
    data: Data,
    standardizer: Given | None = None,
    output: str | Path | None = None,
    **options: Any,
) -> Applied:
    """Bring standardized rows back; without a standardizer, by the one the Parquet file carries.

    Options are those of ``engine.apply.inverse``.
    """
    if output is None:
        raise UsageError("inverse needs an output", fix="-o FILE")
    found = carried(data) if standardizer is None else standardizer
    return _applied(apply.inverse, data, found, output, options)


def _applied(
    verb: Callable[..., Applied],
    data: Data,
    standardizer: Given,
    output: str | Path,
    options: Mapping[str, Any],
) -> Applied:
    given = dict(options)
    read = given.pop("options", None) or ReadOptions()
    refuse_as_output(output, standardizer)
    found = record_of(standardizer)
    given["embed"] = artifact.metadata(found)
    if not isinstance(standardizer, Record):
        given["artifact"] = Path(standardizer).name
    dataset = open_dataset(data, read)
    return with_retyping(dataset, lambda dataset: verb(dataset, found, output, **given))
