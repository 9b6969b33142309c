"""A JSON Schema of artifacts, made of the same description that the loader checks them with.

It says what ``bncli`` asks of the shape of an artifact's JSON: fields, types, bounds. What ties
fields to each other (a mean between minimum and maximum, say) it leaves to loading. Unknown
fields are allowed, as in loading, which leaves them out.
"""

from __future__ import annotations

import json
from typing import Any

from bncli.artifact.check import schema
from bncli.artifact.migrate import VERSION
from bncli.export.model import Exported, Exporter
from bncli.standardize.standardizer import Standardizer

_RECORD = {
    "rows": "Rows that were read.",
    "batches": "Mini-batches that they made.",
    "batch_size": "Rows of a mini-batch.",
    "eps": "Added to the variance; a share of it where eps_relative is true.",
    "running": "The policy by which mini-batches became the running statistics.",
    "sources": "The files that were read, by base name.",
    "channels": "One entry per column, or per channel of a tensor column, in file order.",
    "categories": "Counts of the values of categorical columns.",
    "fit": "The options that fitted it.",
    "profile": "Whether every channel has quantiles.",
}
_CHANNEL = {
    "feature": "Name of the column.",
    "channel": "Number of the channel in a tensor column, otherwise 0.",
    "layout": "How a tensor's rows are laid out, as CHW:3x32x32.",
    "count": "Present values.",
    "missing": "Nulls, NaN and what else was left out.",
    "mean": "Pooled mean of the rows.",
    "variance": "Pooled, biased variance of the rows.",
    "running_mean": "Mean that transform uses.",
    "running_variance": "Variance that transform uses.",
    "gamma": "Scale: y = gamma * (x - mean) / sqrt(variance + eps) + beta.",
    "beta": "Shift.",
    "constant": "Whether all present values are one.",
    "state": "What merging needs.",
    "quantiles": "Sketch of the distribution.",
}


def export(standardizer: Standardizer, name: str) -> Exported:
    shape = schema()
    channel = shape["properties"]["channels"]["items"]
    channel["properties"] = _described(channel["properties"], _CHANNEL)
    record = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bncli:standardizer:{VERSION}",
        "title": f"bncli artifact, version {VERSION}",
        **shape,
        "properties": _described(shape["properties"], _RECORD),
    }
    return Exported((json.dumps(record, indent=2) + "\n").encode())


JSON_SCHEMA = Exporter(export)


def _described(properties: dict[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    """The same properties, some with a description first."""
    return {
        name: {"description": texts[name], **said} if name in texts else said
        for name, said in properties.items()
    }
