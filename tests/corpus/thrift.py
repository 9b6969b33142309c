"""Thrift's compact protocol, enough to take a Parquet footer apart and put it together wrongly.

A struct is ``{field id: (type, value)}``, a list ``[element type, values]``; everything else is a
plain value. Source: the compact protocol's specification in the Thrift repository.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

Struct: TypeAlias = dict[int, tuple[int, Any]]
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


class Reader:
    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def struct(self) -> Struct:
        found: Struct = {}
        last = 0
        while head := self._byte():
            last = last + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            found[last] = (kind, self._value(kind))
        return found

    def _value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == DOUBLE:
            return struct.unpack("<d", self._take(8))[0]
        if kind == BINARY:
            return self._take(self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            size = self._varint() if head >> 4 == 15 else head >> 4
            return [head & 15, [self._element(head & 15) for _ in range(size)]]
        if kind == STRUCT:
            return self.struct()
        raise ValueError(f"type {kind}")

    def _element(self, kind: int) -> Any:
        return self._byte() == TRUE if kind in (TRUE, FALSE) else self._value(kind)

    def _take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        self.at += size
        return piece

    def _byte(self) -> int:
        return self._take(1)[0]

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return found

    def _zigzag(self) -> int:
        raw = self._varint()
        return (raw >> 1) ^ -(raw & 1)


def written(value: Struct) -> bytes:
    """The bytes of a struct; every field's id in full, which readers must take as well."""
    parts = []
    for number, (kind, inner) in value.items():
        kind_now = (TRUE if inner else FALSE) if kind in (TRUE, FALSE) else kind
        parts.append(bytes([kind_now]) + _zigzag(number) + _written(kind, inner))
    return b"".join(parts) + b"\0"


def _written(kind: int, value: Any) -> bytes:
    if kind in (TRUE, FALSE):
        return b""
    if kind == BYTE:
        return bytes([value])
    if kind in (I16, I32, I64):
        return _zigzag(value)
    if kind == DOUBLE:
        return struct.pack("<d", value)
    if kind == BINARY:
        return varint(len(value)) + value
    if kind in (LIST, SET):
        inner, items = value
        head = bytes([240 | inner]) + varint(len(items))
        booleans = inner in (TRUE, FALSE)
        return head + b"".join(
            bytes([TRUE if item else FALSE]) if booleans else _written(inner, item)
            for item in items
        )
    return written(value)


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)
