"""The kept corpus of the fuzzer, run without it: each input loads validly or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.artifacts import load

CORPUS = sorted((Path(__file__).parent / "fuzz" / "corpus").iterdir())


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name[:12])
def test_an_input_of_the_fuzzer_does_no_harm(path):
    load(path.read_bytes())


def test_the_corpus_holds_what_loads_and_what_does_not():
    loaded = sum(load(path.read_bytes()) for path in CORPUS)
    assert 0 < loaded < len(CORPUS)
