"""What an exporter is, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bncli.errors import ExtraMissing, UsageError
from bncli.export.columns import notes
from bncli.registry import Registry
from bncli.standardize.standardizer import Standardizer

# Adding a target: one file with an Exporter, one line here.
EXPORTERS = Registry(
    "export target",
    onnx="bncli.export.onnx:ONNX",
    torch="bncli.export.torch:TORCH",
    sklearn="bncli.export.sklearn:SKLEARN",
    sql="bncli.export.sql:SQL",
    polars="bncli.export.polars:POLARS",
    **{"json-schema": "bncli.export.json_schema:JSON_SCHEMA"},
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What came out.

    content: of the file; is_text: UTF-8, which may go to a terminal. snippet: a program that uses
    the file, for whoever asked. notes: what should be known of some columns, a sentence each.
    """

    content: bytes
    is_text: bool = True
    snippet: str = ""
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.content.decode()


@dataclass(frozen=True, slots=True)
class Exporter:
    """One target. write: gets the standardizer, the file's name, and its own options by name."""

    write: Callable[..., Exported]
    options: tuple[str, ...] = ()


def exported(
    standardizer: Standardizer, target: str, name: str, options: Mapping[str, Any]
) -> Exported:
    """The standardizer as ``target``; name: of the file it will be in, for snippets.

    Raises UsageError for a target or an option that is not known, or a column that the target
    cannot hold; ExtraMissing; DataError where a scale does not fit a float64.
    """
    exporter: Exporter = EXPORTERS[target]
    foreign = [f"--{option}" for option in options if option not in exporter.options]
    if foreign:
        own = ", ".join(f"--{option}" for option in exporter.options) or "no options"
        raise UsageError(
            f"{', '.join(foreign)} has no meaning for {target}", fix=f"{target} takes {own}"
        )
    found = exporter.write(standardizer, name, **options)
    told = () if target == "json-schema" else notes(standardizer)
    return Exported(found.content, found.is_text, found.snippet, (*told, *found.notes))


def needed(package: str, extra: str, target: str) -> Any:
    """Import a package that only an extra installs. Raises ExtraMissing."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ExtraMissing(
            f"export --to {target} needs the package '{package.partition('.')[0]}'",
            fix=f"pip install 'bncli[{extra}]'",
        ) from error
