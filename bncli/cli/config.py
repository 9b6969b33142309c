"""Defaults of options from outside: command line beats environment beats file.

Files: ``--config FILE``, otherwise the table ``[tool.bncli]`` of the nearest pyproject.toml. Keys
are option names without dashes; a table named after a command (``[fit]``) speaks for that
command alone and wins over the shared keys. Environment: ``BNCLI_BATCH_SIZE`` for every
command, ``BNCLI_FIT_BATCH_SIZE`` for one; several values are parted by line ends.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from bncli.cli import verbs
from bncli.errors import UsageError

ORIGINS = "bncli.origins"
_CONFIG = "bncli.config"


@dataclass(frozen=True, slots=True)
class _Key:
    """What a key sets: an option's parameter; ``value`` False for the "--no-" form of a flag."""

    parameter: str
    value: bool
    several: bool


def read_defaults(context: typer.Context, path: str | None) -> str | None:
    """Callback of ``--config``: put the defaults of this command where typer looks for them."""
    path = path or context.meta.get(_CONFIG)
    context.meta[_CONFIG] = path
    if context.parent is None or context.resilient_parsing:
        return path
    name, keys = str(context.info_name), _keys(context.command)
    file, table = _read(path)
    if table:
        _check(table, _commands(), file)
    found: dict[str, tuple[Any, str]] = {}
    for values in (table, table.get(name, {})):
        found |= _settings(values, keys, file)
    for prefix in ("BNCLI_", f"BNCLI_{name.upper()}_"):
        found |= _environment(prefix, keys)
    context.default_map = {parameter: value for parameter, (value, _) in found.items()}
    context.meta[ORIGINS] = {parameter: origin for parameter, (_, origin) in found.items()}
    return path


def _commands() -> dict[str, dict[str, _Key]]:
    """Of every verb, the one that runs and the others."""
    group: Any = typer.main.get_command(verbs.register(typer.Typer()))
    return {name: _keys(command) for name, command in group.commands.items()}


def _keys(command: Any) -> dict[str, _Key]:
    keys = {}
    for param in command.params:
        if param.param_type_name == "option" and param.name != "config":
            forms = [(name, True) for name in param.opts]
            forms += [(name, False) for name in param.secondary_opts]
            for form, value in forms:
                keys[form.lstrip("-")] = _Key(param.name, value, param.multiple)
    return {name: key for name, key in keys.items() if len(name) > 1}


def _settings(values: Mapping[str, Any], keys: Mapping[str, _Key], file: str) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        key = keys.get(name.replace("_", "-"))
        if key is not None and not isinstance(value, dict):
            found[key.parameter] = (_fitted(value, key, f"{file}: {name}"), file)
    return found


def _environment(prefix: str, keys: Mapping[str, _Key]) -> dict[str, Any]:
    found = {}
    for name, key in keys.items():
        variable = prefix + name.upper().replace("-", "_")
        text = os.environ.get(variable)
        if text:
            value = text.splitlines() if key.several else text
            found[key.parameter] = (_fitted(value, key, variable), variable)
    return found


def _fitted(value: Any, key: _Key, where: str) -> Any:
    """The value as the command line would give it."""
    if not key.value:
        return not _truth(value, where)
    if key.several:
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return value


def _truth(value: Any, where: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    try:
        return words[str(value).lower()]
    except KeyError:
        raise UsageError(f"'{value}' is neither true nor false", where=where) from None


def _read(path: str | None) -> tuple[str, dict[str, Any]]:
    """The name of the file and its table; an empty table where there is no file.

    Raises UsageError when a named file is missing, or any is no valid TOML.
    """
    file = Path(path) if path else _nearest_pyproject()
    if file is None:
        return "", {}
    import tomllib

    try:
        whole = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "not readable").lower()
        raise UsageError(f"cannot read '{file}': {reason}", fix="name another --config") from error
    except ValueError as error:
        raise UsageError(f"is no valid TOML: {error}", where=file.name) from error
    own = whole.get("tool", {}).get("bncli") if isinstance(whole.get("tool"), dict) else None
    if own is None:
        own = whole if path and file.name != "pyproject.toml" else {}
    if not isinstance(own, dict):
        raise UsageError("'tool.bncli' is no table", where=file.name)
    return file.name, own


def _nearest_pyproject() -> Path | None:
    try:
        here = Path.cwd()
    except OSError:
        return None
    files = (folder / "pyproject.toml" for folder in (here, *here.parents))
    return next((file for file in files if file.is_file()), None)


def _check(table: Mapping[str, Any], commands: Mapping[str, Mapping[str, _Key]], file: str) -> None:
    """A misspelt key must not pass as if it were obeyed. Raises UsageError."""
    shared = {key for keys in commands.values() for key in keys}
    for name, value in table.items():
        if isinstance(value, dict):
            _known(name, commands, "command", file)
            for inner in value:
                _known(inner, commands[name], f"option of {name}", file)
        else:
            _known(name, shared, "option", file)


def _known(name: str, names: Iterable[str], kind: str, file: str) -> None:
    wanted, names = name.replace("_", "-"), list(names)
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(names))}"
        raise UsageError(f"no {kind} named '{name}'", where=file, fix=hint)
