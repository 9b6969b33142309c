"""Write docs/licences.md, what users of bncli install with it: ``python3 dev licences``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

_HEAD = """\
# Licences

Made by `python3 dev licences` from what the packages say of themselves. bncli is under the MIT
licence. These come with it, directly or as what another one needs:

| package | version | licence | needed by |
| --- | --- | --- | --- |
"""
_TARGET = Path(__file__).with_name("licences.md")


def main() -> None:
    rows = [
        f"| {name} | {found.version} | {licence(found)} | {', '.join(sorted(users))} |"
        for name, (found, users) in sorted(needed("bncli").items())
    ]
    _TARGET.write_text(_HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"docs/licences.md: {len(rows)} packages")


def needed(root: str) -> dict[str, tuple[Distribution, set[str]]]:
    """Every package that ``root`` needs without an extra, and who needs it."""
    found: dict[str, tuple[Distribution, set[str]]] = {}
    waiting = [(root, name) for name in requirements(root)]
    while waiting:
        user, name = waiting.pop()
        if name in found:
            found[name][1].add(user)
            continue
        try:
            found[name] = (distribution(name), {user})
        except PackageNotFoundError:
            # Of another platform or Python.
            continue
        waiting += [(name, below) for below in requirements(name)]
    return found


def requirements(name: str) -> Iterator[str]:
    for text in distribution(name).requires or ():
        requirement, _, marker = text.partition(";")
        if "extra" not in marker:
            yield re.split(r"[ <>=!~\[(]", requirement.strip())[0].lower().replace("_", "-")


def licence(found: Distribution) -> str:
    """An SPDX expression where there is one, else what the classifiers or the old field say."""
    metadata = found.metadata
    classified = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier") or ()
        if text.startswith("License ::")
    ]
    old = (metadata.get("License") or "").strip().splitlines()
    return metadata.get("License-Expression") or ", ".join(classified) or (old or ["not said"])[0]


if __name__ == "__main__":
    main()
