"""The quick look at many values alike, and merging many at once: the same as one by one."""

from __future__ import annotations

import copy
import functools
import json
import random
from typing import Any

import numpy as np
import polars as pl
import pytest
import standardizers

import bncli
from bncli.artifact import check, rules
from bncli.artifact.model import from_record, to_record
from bncli.artifact.numbers import scanned
from bncli.artifact.shape import Problems, entries, fields, flag, integer, nullable, number, text
from bncli.errors import ArtifactError
from bncli.standardize.combine import merge, merge_all
from bncli.stats.balanced import folded, merged_tree
from bncli.stats.moments import Moments
from bncli.stats.running import Algorithm2, Cumulative, Exponential, Pooled

POLICIES = [Pooled(), Pooled(ddof=1), Exponential(0.1), Cumulative(), Algorithm2()]
JUNK = [
    None,
    True,
    -1,
    0,
    3,
    0.5,
    -0.5,
    float("nan"),
    float("inf"),
    1e308,
    2**70,
    "",
    "x",
    "\ud800",
]
JUNK += [[], [1.0], [1.0, 0.0], {}, {"a": 1}, "x" * 1001, "1.0 2.0", "1.0  2.0", "nan", 10**400]

CHECKERS = {
    "integers": (integer(0, 9), [0, 3, 9]),
    "numbers": (number(), [0.5, -3.0, 1e300]),
    "positive numbers": (number(0), [0.0, 2.5]),
    "texts": (text(5), ["", "abc", "día"]),
    "flags": (flag, [True, False]),
    "perhaps": (nullable(number(0)), [None, 1.0]),
    "pairs": (entries(number(0), number()), [[1.0, -1.0], [0.0, 2.0]]),
    "objects": (
        fields({"lag": None}, a=integer(), b=nullable(text()), lag=nullable(number())),
        [{"a": 1, "b": None}, {"a": 2, "b": "x"}],
    ),
    "nothing": (fields(), [{}, {}]),
    "sequences": (check.sequence(100), ["", "1.0", "1.5 -2e-05"]),
}


def one_by_one(checker: Any, values: list[Any]) -> tuple[list[Any], bool]:
    problems = Problems()
    found = [checker(value, "it", problems) for value in values]
    return found, not problems.total and not problems.unknown


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


@pytest.mark.parametrize("name", CHECKERS)
def test_what_is_in_order_is_seen_at_once_and_cleaned_alike(name):
    checker, good = CHECKERS[name]
    found = checker.many(good)
    assert found is not None
    assert repr(plain(found)) == repr(plain(one_by_one(checker, good)[0]))


@pytest.mark.parametrize("name", CHECKERS)
def test_the_quick_look_never_passes_what_one_by_one_refuses(name):
    checker, good = CHECKERS[name]
    for junk in JUNK:
        for at in range(len(good) + 1):
            values = [*good[:at], junk, *good[at:]]
            found = checker.many(values)
            expected, fine = one_by_one(checker, values)
            if found is not None:
                assert fine
                assert repr(plain(found)) == repr(plain(expected))


def test_objects_of_many_shapes_are_left_to_the_slow_look():
    checker, _ = CHECKERS["objects"]
    assert checker.many([{"a": 1, "b": None}, {"a": 1, "b": None, "lag": 2.0}]) is None
    assert checker.many([{"a": 1}]) is None
    assert checker.many([{"a": 1, "b": None, "new": 1}]) is None
    assert checker.many([]) == []


def paths(value: Any, way: tuple[Any, ...] = ()):
    yield way
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(child, (*way, key))


def damaged(record: Any, dice: random.Random) -> Any:
    record = copy.deepcopy(record)
    *way, last = dice.choice(
        [each for each in paths(record) if "channels" in each and len(each) > 2]
    )
    holder = record
    for step in way:
        holder = holder[step]
    holder[last] = copy.deepcopy(dice.choice(JUNK))
    return record


def verdict(record: Any) -> tuple[list[str], Any]:
    try:
        return [], to_record(from_record(copy.deepcopy(record)))
    except ArtifactError as error:
        return str(error).splitlines(), None


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
@pytest.mark.parametrize("profile", [True, False])
@pytest.mark.parametrize("policy", [Pooled(), Exponential(0.1), Algorithm2()], ids=repr)
def test_an_artifact_is_refused_in_the_same_words_with_and_without_the_quick_looks(
    policy, profile, sample_data, monkeypatch
):
    rows = pl.read_parquet(sample_data / "weather_winter.parquet").head(200)
    fitted = bncli.fit(rows, running=policy.name, batch_size=64, profile=profile)
    record = json.loads(json.dumps(to_record(fitted)))
    dice = random.Random(repr(policy))
    cases = [record, *(damaged(record, dice) for _ in range(60))]
    quick = [verdict(case) for case in cases]
    with monkeypatch.context() as slow:
        slow.setattr(rules, "_all_in_order", lambda record: False)
        slow.setattr(check, "_record", without_many(check._record.__wrapped__, slow))
        assert [verdict(case) for case in cases] == quick
    assert quick[0][0] == []
    assert sum(bool(told) for told, _ in quick) > 20


def without_many(make: Any, patch: Any) -> Any:
    """Makes the checkers of a record that look at every value by itself."""

    def made(policy: Any) -> Any:
        from bncli.artifact import shape

        def items(checker: Any, least: int = 0, most: int = 10_000_000) -> Any:
            return shape.items(shape.Checker(checker.check, checker.schema), least, most)

        patch.setattr(check, "items", items)
        return make(policy)

    return made


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", []),
        ("1.5", [1.5]),
        ("-0.0 1e+300 5e-324", [-0.0, 1e300, 5e-324]),
        ("1e999", [np.inf]),
        *(
            (bad, None)
            for bad in (" 1", "1 ", "1  2", "nan", "1_0", "e", "٣", "1\n2", "0" * 33, "1,2")
        ),
    ],
)
def test_numbers_in_a_text_are_read_strictly(written, read):
    assert scanned(written) == read


# --- merging --------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 31, 33])
def test_a_tree_of_all_at_once_is_the_tree_of_pairs_to_the_bit(count):
    dice = np.random.default_rng(count)
    states = [
        Moments.stack(
            [
                Moments(*(np.array([v]) for v in (9, 1e9 * x, y, z, 1e-9 * z, -5.0, x)))
                for x, y, z in dice.random((4, 3))
            ]
        )
        for _ in range(count)
    ]
    whole = merged_tree(type(states[0]).stack([state[None] for state in states]))
    pairs = folded(states, Moments.merge)
    for mine, theirs in zip(whole.arrays(), pairs.arrays(), strict=True):
        assert mine.tobytes() == theirs.tobytes()


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("profile", [True, False])
def test_many_parts_merge_to_the_same_artifact_as_two_by_two(policy, profile, sample_data):
    rows = pl.read_parquet(sample_data / "flights_january.parquet").head(1100)
    options = {"running": policy.name, "ddof": policy.ddof, "batch_size": 40, "by": "carrier"}
    tables = [rows[at : at + 100] for at in range(0, 1100, 100)]
    tables[5] = tables[5].select(sorted(rows.columns))
    parts = [bncli.fit(table, profile=profile, **options) for table in tables]
    two_by_two = folded(parts, merge)
    assert json.dumps(to_record(merge_all(parts))) == json.dumps(to_record(two_by_two))


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_parts_of_other_types_and_columns_merge_as_two_by_two():
    tables = [{"a": np.arange(30) + at, "b": np.linspace(0, 1, 30) ** (at + 1)} for at in range(7)]
    parts = [
        standardizers.fitted({name: table[name] for name in sorted(table, reverse=at % 2 == 1)})
        for at, table in enumerate(tables)
    ]
    ours, theirs = merge_all(parts), functools.reduce(merge, parts)
    assert [c.label for c in ours.channels] == [c.label for c in theirs.channels]
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-15)
    np.testing.assert_allclose(ours.variance, theirs.variance, rtol=1e-14)
    assert ours.profile.rows == 210
