"""Plain values of options, understood without pydantic.

typer turns the texts of a command line into values by way of pydantic, whose import takes longer
than ``bncli inspect`` itself. Texts, numbers and choices that are what they should be need none of
it; anything else goes to typer, so every error message is typer's own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

_UNSURE = object()
_NUMBERS: dict[Any, re.Pattern[str]] = {
    int: re.compile(r"[+-]?[0-9]{1,18}"),
    float: re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?"),
}
_TYPES = (str, *_NUMBERS)


@dataclass(frozen=True, slots=True, eq=False)
class PlainFirst:
    """Stands where typer keeps what coerces one parameter; ``typers`` gives typer's own."""

    annotation: Any
    low: float
    high: float
    typers: Callable[[], Any]

    def itself(self) -> PlainFirst:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        plain = _plain(value, self.annotation, param.multiple or param.nargs == -1)
        if isinstance(plain, int | float) and not self.low <= plain <= self.high:
            plain = _UNSURE
        return self.typers().coerce(value, param=param, ctx=ctx) if plain is _UNSURE else plain


def plain_first(params: list[Any]) -> list[Any]:
    """typer's parameters, which now understand plain values themselves."""
    for param in params:
        typers, kind = param.get_runtime_param, param.type_descriptor
        if not isinstance(getattr(typers, "__self__", None), PlainFirst):
            low = -math.inf if kind.parameter_info.min is None else kind.parameter_info.min
            high = math.inf if kind.parameter_info.max is None else kind.parameter_info.max
            param.get_runtime_param = PlainFirst(kind.annotation, low, high, typers).itself
    return params


def _plain(value: Any, annotation: Any, several: bool) -> Any:
    if value is None:
        return () if several else None
    if several:
        texts = annotation == list[str] and isinstance(value, list | tuple)
        return list(value) if texts and all(isinstance(v, str) for v in value) else _UNSURE
    if annotation in _TYPES and type(value) is annotation:
        return value
    if get_origin(annotation) is Literal and value in get_args(annotation):
        return value
    pattern = _NUMBERS.get(annotation)
    if pattern is not None and isinstance(value, str) and pattern.fullmatch(value):
        return annotation(value)
    return _UNSURE
