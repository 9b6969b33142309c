"""How a function becomes a command: its groups of options unfolded, its help in groups."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints

from typer.core import TyperCommand, TyperGroup

from bncli.cli.coercion import plain_first

# An option whose value may be left out: what it then has, and what counts as a value of it.
STANDING_ALONE = {
    "--by-batch": ("8192", r"[+-]?[0-9][0-9.]*"),
    "--explain": ("all", r"[^-].*"),
}


class Program(TyperGroup):
    """The program itself, with its own few options."""

    def get_params(self, ctx: Any) -> list[Any]:
        return plain_first(super().get_params(ctx))


class Command(TyperCommand):
    """A command whose help lists its options by group, the command's own first."""

    def get_params(self, ctx: Any) -> list[Any]:
        return plain_first(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _completed(args))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        params: list[Any] = self.get_params(ctx)
        for param in params:
            record = param.get_help_record(ctx)
            if record is not None:
                own = "Options"
                if param.param_type_name == "argument":
                    # Its Python type says nothing to a reader.
                    own, record = "Arguments", (param.metavar, param.help)
                title = getattr(param, "rich_help_panel", None) or own
                groups.setdefault(title, []).append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _completed(args: list[str]) -> list[str]:
    """The arguments with the value filled in that an option standing alone has."""
    completed: list[str] = []
    for at, arg in enumerate(args):
        if arg == "--":
            return completed + args[at:]
        completed.append(arg)
        alone = STANDING_ALONE.get(arg)
        if alone is not None and not re.fullmatch(alone[1], args[at + 1] if args[at + 1 :] else ""):
            completed.append(alone[0])
    return completed


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each parameter that is a group replaced by the group's options.

    typer reads the flat signature; when called, the values are gathered into the groups again.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    own = [
        parameter.replace(annotation=hints[name])
        for name, parameter in inspect.signature(command).parameters.items()
        if name not in groups
    ]
    members = [parameter for kind in groups.values() for parameter in _members(kind)]

    @functools.wraps(command)
    def flat(**values: Any) -> None:
        for name, kind in groups.items():
            names = [field.name for field in fields(kind)]
            values[name] = kind(**{member: values.pop(member) for member in names})
        command(**values)

    flat.__signature__ = inspect.Signature([*own, *members])  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in own + members}
    return flat


def _members(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    ]
