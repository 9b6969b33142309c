"""Write the pages of docs/ that are made from the program: ``python3 dev docs``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bncli.report import explained

PAGES: dict[str, Callable[[], str]] = {"measures.md": explained.page}
"""File name -> its text. A test compares every one with what is kept."""


def main() -> None:
    for name, page in PAGES.items():
        target = Path(__file__).parent / name
        target.write_text(page(), encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
