"""What the guides under docs/ show is what the program does."""

from __future__ import annotations

import shutil

import pytest
import readme
from conftest import ROOT

GUIDES = ["adapt.md", "export.md", "groups.md", "reports.md", "shift.md"]


@pytest.mark.thorough
@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_of_a_guide_prints_what_the_guide_shows(guide, tmp_path):
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    readme.check((ROOT / "docs" / guide).read_text(encoding="utf-8"), tmp_path)
