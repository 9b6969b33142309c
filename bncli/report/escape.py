"""Column names, values and file names are untrusted: what they hold never reaches a reader raw.

``printable`` is for every format; ``code_span`` and ``plain`` make its result safe in Markdown.
"""

from __future__ import annotations

import re
import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"  # part of how Persian, Hindi and emoji are written
# Nothing in it means anything to Markdown, nor to a site that links www.x.org, a@b.c and #12.
_PLAIN = re.compile(r"(?!.*(?:www\.|//))[^\W_](?:[^\W_]|[ ,.;:%()=+'/>→-])*")


def printable(text: str, encoding: str = "utf-8", most: int | None = None) -> str:
    """The text with control, direction-changing and unencodable characters written out.

    An escape becomes ``\\x1b``, a right-to-left override ``\\u202e``; a backslash itself stays.
    encoding: of the terminal or file. most: characters kept at most, the last ones an ellipsis.
    """
    if most is not None:
        text = text[: most + 1]  # a name of a megabyte is cut before each letter is looked at
    if not text.isprintable():
        text = "".join(map(_visible, text))
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
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


def code_span(text: str, most: int = 80) -> str:
    """The text as Markdown code, also inside a table: no markup, link or mention works there.

    GitHub's tables take ``\\|`` for a bar, but not after a backslash, so that one is written out.
    Source: the specification of GitHub Flavored Markdown, 4.10 and 6.3.
    """
    shown = printable(text, most=most) or "(empty)"
    shown = shown.replace("\\|", "\\\\x7c").replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    # One blank at each end is dropped, but not where there is nothing else.
    pad = " " if shown.strip() and shown.strip("` ") != shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def plain(text: str, most: int = 300) -> str:
    """The text as it is where Markdown sees only words in it, else as code."""
    return text if len(text) <= most and _PLAIN.fullmatch(text) else code_span(text, most)


def _visible(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
