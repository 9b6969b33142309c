"""What CI installs is pinned by hash, and is what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

PINNED = (ROOT / "requirements" / "ci.txt").read_text()
# name==version, perhaps a marker, and at least one hash.
_PIN = re.compile(r"^(\S+)==(\S+)( ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)


def asked() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    build = (ROOT / "requirements" / "build.in").read_text().split()
    return [*project["dependencies"], *project["optional-dependencies"]["dev"], *build]


def test_every_line_is_a_pin_with_hashes():
    assert _PIN.sub("", PINNED).strip() == ""
    assert len(_PIN.findall(PINNED)) > len(asked())


@pytest.mark.parametrize("text", asked())
def test_a_pin_meets_what_pyproject_asks_for(text):
    requirement = Requirement(text)
    versions = [version for name, version, *_ in _PIN.findall(PINNED) if name == requirement.name]
    assert versions, "python3 dev pins"
    assert all(map(requirement.specifier.contains, versions)), "python3 dev pins"


def test_ci_installs_by_hash_what_it_builds_with_as_well():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    kept = (ROOT / "requirements" / "build.in").read_text().split()
    assert set(build) <= set(kept)
    assert "--require-hashes" in (ROOT / "dev").read_text()
