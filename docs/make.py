"""Write the pages of docs/ that are made from the program: ``python3 dev docs``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from bncli.cli.app import program
from bncli.report import explained

_COMMANDS = """\
# The command line

Made by `python3 dev docs` from the program itself: what `bncli --help` and `bncli COMMAND --help`
print. Every option can also stand in a file (`--config bncli.toml`, or the table `[tool.bncli]` of
`pyproject.toml`) and in a variable (`BNCLI_BATCH_SIZE`): the command line beats the environment,
which beats the file.
"""


def commands() -> str:
    """``docs/commands.md``: the help of every command, in the order of ``bncli --help``."""
    group: Any = typer.main.get_command(program())
    width = {"terminal_width": 100, "max_content_width": 100}
    context = group.make_context("bncli", ["--help-is-not-asked"], resilient_parsing=True, **width)
    pages = [_COMMANDS, _help("bncli", group.get_help(context))]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(name, [], parent=context, resilient_parsing=True, **width)
        pages.append(_help(f"bncli {name}", command.get_help(inner)))
    return "\n".join(pages)


def _help(title: str, text: str) -> str:
    lines = (line.rstrip() for line in text.strip().splitlines())
    return "\n".join((f"## {title}", "", "```text", *lines, "```", ""))


PAGES: dict[str, Callable[[], str]] = {"commands.md": commands, "measures.md": explained.page}
"""File name -> its text. A test compares every one with what is kept."""


def main() -> None:
    for name, page in PAGES.items():
        target = Path(__file__).parent / name
        target.write_text(page(), encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
