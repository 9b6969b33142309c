"""Sound files damaged at random, 100 of each format here and 2,000 in ``bench.mutate``."""

from __future__ import annotations

import random

import pytest
from bench.mutate import FORMATS, Rounds, case, mutated

pytestmark = pytest.mark.thorough

ROUNDS, SEED = 100, 11


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    made = Rounds(tmp_path_factory.mktemp("rounds"))
    yield made
    made.worker.close()


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("name", FORMATS)
def test_damage_ends_in_an_error_or_does_no_harm(name, half, rounds):
    findings, ends = [], 0
    for number in range(half, ROUNDS, 2):
        found, ended = rounds.run(name, number, SEED)
        findings += found
        ends += ended["exit 3"] + ended["crash, told"]
    assert findings == []
    # Most of what is damaged must be noticed, or nothing was damaged.
    assert ends > ROUNDS / 8


def test_a_round_can_be_made_again_and_damages():
    assert case("parquet", 5, 1) == case("parquet", 5, 1)
    assert case("parquet", 5, 1) != case("parquet", 5, 2)
    sound = bytes(range(256)) * 4
    changed = sum(mutated(sound, random.Random(seed)) != sound for seed in range(100))
    assert changed > 90
