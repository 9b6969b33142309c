"""Column names, values and file names are untrusted: what they hold never reaches a screen raw."""

from __future__ import annotations

import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # part of how Persian, Hindi and emoji are written


def printable(text: str, encoding: str = "utf-8", most: int | None = None) -> str:
    """The text with control, direction-changing and unencodable characters written out.

    An escape becomes ``\\x1b``, a right-to-left override ``\\u202e``; a backslash itself stays.
    encoding: of the terminal or file. most: characters kept at most, the last ones an ellipsis.
    """
    shown = "".join(map(_visible, text)).encode(encoding, "backslashreplace").decode(encoding)
    if most is None or len(shown) <= most:
        return shown
    dots = "…" if holds(encoding, "…") else "..."
    return shown[: max(0, most - len(dots))] + dots[:most]


def holds(encoding: str, text: str) -> bool:
    """Whether a text can be written in an encoding."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
