"""Inputs that should not be: each ends as its case says, quickly, in words, and leaves nothing.

The cases are in tests/corpus/. They run in a process of their own (tests/isolated.py), in which a
crash, a hang or memory without bound is seen for what it is. Each case goes through one verb, in
turn; through all of them with ``BNCLI_CORPUS=all``.
"""

from __future__ import annotations

import json
import os
import re

import pytest
from corpus import CASES, FRAME, VERBS
from isolated import Worker

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    FRAME.write_parquet(folder / "good.parquet")
    return folder


@pytest.fixture(scope="module")
def worker(sound):
    with Worker() as worker:
        made = worker.run(["fit", "good.parquet", "--columns", "a", "-o", "stats.json"], sound)
        assert made.code == 0
        yield worker


def command(verb, data, sound):
    if verb == "fit":
        return ["fit", *data, "-o", "out.json"]
    if verb == "transform":
        return ["transform", *data, "-s", str(sound / "stats.json"), "-o", "out.parquet"]
    # Of several files, the folder that holds them is one side.
    return ["shift", str(sound / "good.parquet"), data[0] if len(data) == 1 else ".", "--json"]


def verbs(place):
    """Those of a case, by its place in the corpus."""
    whole = os.environ.get("BNCLI_CORPUS") == "all"
    return VERBS if whole else VERBS[place % len(VERBS) :][:1]


@pytest.mark.parametrize(("place", "name"), [*enumerate(CASES)], ids=list(CASES))
def test_it_ends_as_it_must(place, name, worker, sound, tmp_path):
    case = CASES[name]
    data = list(case.make(tmp_path))
    before = set(tmp_path.iterdir())
    for verb in verbs(place):
        run = worker.alone if case.crashes else worker.run
        outcome = run([*command(verb, data, sound), *case.options], tmp_path)
        assert outcome.faults() == []
        assert outcome.code == case.ends(verb), f"{verb}: {outcome.err}"
        if outcome.code:
            assert re.search(case.told, outcome.err, re.S), f"{verb}: {outcome.err}"
            assert set(tmp_path.iterdir()) == before, "a failed run left something behind"
        elif verb == "shift":
            json.loads(outcome.out, parse_constant=refuse)
        elif verb == "fit":
            assert re.search(case.told if not case.code else "", outcome.err, re.S)
            json.loads((tmp_path / "out.json").read_text("utf-8"), parse_constant=refuse)
        for made in set(tmp_path.iterdir()) - before:
            made.unlink()


def refuse(name):
    raise AssertionError(f"{name} in what should be JSON")


def test_there_are_enough_of_every_format():
    assert len(CASES) >= 120
    for kind in ("parquet", "csv", "ndjson", "arrow file", "arrow stream", "places"):
        assert sum(name.startswith(kind) for name in CASES) >= 20, kind
