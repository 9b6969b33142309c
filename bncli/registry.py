"""Name -> implementation, imported only when asked for, with a hint for a near miss."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from bncli.errors import UsageError


class Registry:
    """A named family of implementations, each given as ``"package.module:attribute"``.

    >>> POLICIES = Registry("running policy", pooled="bncli.stats.running:Pooled")
    >>> POLICIES["pooled"].__name__
    'Pooled'
    """

    def __init__(self, kind: str, /, **entries: str) -> None:
        self.kind = kind
        self._entries = entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __getitem__(self, name: str) -> Any:
        """Raises UsageError, naming the nearest known name, when there is no such entry."""
        if name not in self._entries:
            near = difflib.get_close_matches(name, self._entries, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(self._entries)}"
            raise UsageError(f"no {self.kind} named '{name}'", fix=hint)
        module, _, attribute = self._entries[name].partition(":")
        return getattr(import_module(module), attribute)
