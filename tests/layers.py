"""The table of layers, and a reader of imports that finds what breaks it.

A module imports only from rooms below its own, and from its own room. Third-party packages
are named per room; the heavy ones may only be imported inside functions. Imports that only
type checkers see count for the layers, but not for the third-party column: they load nothing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Room -> its layer. A module directly under bncli/ is a room of its own.
LAYERS = {
    "bncli.__main__": 7,
    "bncli.cli": 6,
    "bncli": 5,
    "bncli.api": 5,
    "bncli.report": 4,
    "bncli.export": 4,
    "bncli.artifact": 3,
    "bncli.shift": 3,
    "bncli.engine": 3,
    "bncli.standardize": 2,
    "bncli.data": 2,
    "bncli.stats": 1,
    "bncli.errors": 0,
    "bncli.registry": 0,
    "bncli.version": 0,
}

# Siblings that the table lets import each other: importer -> imported.
SIBLINGS = {("bncli", "bncli.api"), ("bncli.registry", "bncli.errors")}

# Room or module -> third-party packages that it may import; the longest name that fits counts.
THIRD_PARTY = {
    "bncli.cli": {"typer", "rich"},
    "bncli.report": {"rich", "jinja2"},
    "bncli.export": {"numpy", "onnx", "safetensors", "sqlglot"},
    "bncli.artifact": {"numpy", "pyarrow"},
    "bncli.shift": {"numpy", "scipy.special", "scipy.stats"},
    # The rows that a dataset hands to an engine, and that an engine hands back, are polars frames.
    "bncli.engine": {"numpy", "polars"},
    "bncli.engine.spark": {"numpy", "polars", "pyspark"},
    "bncli.engine.dask": {"numpy", "polars", "dask", "distributed"},
    "bncli.standardize": {"numpy"},
    "bncli.data": {"numpy", "polars", "pyarrow"},
    "bncli.stats": {"numpy"},
}

# Slow or optional: imported inside the function that needs them, so that nobody else waits.
INSIDE_FUNCTIONS = (
    "onnx",
    "safetensors",
    "sqlglot",
    "sklearn",
    "pyspark",
    "dask",
    "distributed",
    "deltalake",
    "jinja2",
    "scipy.stats",
    "pyarrow.dataset",
)

# The command line starts fast: everything but these waits until a command runs.
CLI_AT_START = ("typer", "rich", "bncli.cli", "bncli.errors", "bncli.registry")


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module: the dotted name, its line, and when it happens."""

    name: str
    line: int
    in_function: bool = False
    for_types: bool = False


def violations(sources: Mapping[str, str]) -> list[str]:
    """One line per import that breaks the table. sources: dotted module name -> its text."""
    found = []
    for module, text in sources.items():
        for imported in imports(module, text, set(sources)):
            problem = _problem(module, imported)
            if problem:
                found.append(f"{module}, line {imported.line}: {problem}")
    return found


def imports(module: str, text: str, known: set[str]) -> Iterator[Import]:
    """Every import of a module, wherever it stands, and every "package.module:name" it loads.

    known: all modules of the package, so that ``from bncli import api`` means ``bncli.api``.
    """
    yield from _walk(ast.parse(text), module, known, Import("", 0))


def _walk(node: ast.AST, module: str, known: set[str], place: Import) -> Iterator[Import]:
    for name in _names(node, module, known):
        yield Import(name, node.lineno, place.in_function, place.for_types)  # type: ignore[attr-defined]
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    typed = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in ast.iter_child_nodes(node):
        for_types = place.for_types or (typed and child in node.body)  # type: ignore[attr-defined]
        below = Import("", 0, place.in_function or inside, for_types)
        yield from _walk(child, module, known, below)


def _names(node: ast.AST, module: str, known: set[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = _base(node, module, known)
        full = [f"{base}.{alias.name}" for alias in node.names]
        # A third-party attribute looks like a submodule: scipy.special of `from scipy import`.
        ours = base.split(".")[0] == "bncli"
        return [name if name in known or not ours else base for name in full]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        entry = re.fullmatch(r"(bncli(?:\.\w+)*):\w+", node.value)
        return [entry[1]] if entry else []
    return []


def _base(node: ast.ImportFrom, module: str, known: set[str]) -> str:
    if not node.level:
        return node.module or ""
    is_package = any(name.startswith(f"{module}.") for name in known)
    steps = module.split(".")
    package = steps[: len(steps) - node.level + is_package]
    return ".".join([*package, *([node.module] if node.module else [])])


def _problem(module: str, imported: Import) -> str | None:
    at_start = not (imported.in_function or imported.for_types)
    if room(module) == "bncli.cli" and at_start and _outside(imported.name, CLI_AT_START):
        return f"imports {imported.name} at start-up; import it inside the command"
    if _within(imported.name, ("bncli",)):
        return _layer_problem(room(module), room(imported.name), imported.name)
    return None if imported.for_types else _third_party_problem(module, imported)


def _layer_problem(importer: str, target: str, name: str) -> str | None:
    if importer == target or (importer, target) in SIBLINGS:
        return None
    if LAYERS[target] < LAYERS[importer]:
        return None
    higher = "beside" if LAYERS[target] == LAYERS[importer] else "above"
    return f"imports {name}, which stands {higher} it (layer {LAYERS[target]})"


def _third_party_problem(module: str, imported: Import) -> str | None:
    name = imported.name
    if not _outside(name, ()):
        return None
    fitting = [key for key in THIRD_PARTY if _within(module, (key,))]
    allowed = THIRD_PARTY[max(fitting, key=len)] if fitting else set()
    if not _within(name, tuple(allowed)):
        return f"imports {name}; its third-party column says {', '.join(sorted(allowed)) or '-'}"
    if not imported.in_function and _within(name, INSIDE_FUNCTIONS):
        return f"imports {name} at module level; it is slow or optional: inside functions only"
    return None


def room(module: str) -> str:
    """The part of the table that a module belongs to: its folder, or itself under bncli/."""
    name = ".".join(module.split(".")[:2])
    if name not in LAYERS:
        raise KeyError(f"{name} has no row in the table of layers")
    return name


def _within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def _outside(name: str, prefixes: tuple[str, ...]) -> bool:
    """Neither the standard library nor one of the prefixes."""
    return name.split(".", maxsplit=1)[0] not in sys.stdlib_module_names and not _within(
        name, prefixes
    )
