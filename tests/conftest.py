"""What every test may ask for: the real data, read in place and never written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Timings are the machine's; the same examples every time, so that a red run can be repeated.
settings.register_profile("bncli", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("bncli")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The folder of small real sets; its README says what each one shows."""
    return ROOT / "sample_data"


@pytest.fixture(scope="session")
def nist() -> Path:
    """The univariate sets of NIST's Statistical Reference Datasets."""
    return ROOT / "tests" / "data" / "nist"
