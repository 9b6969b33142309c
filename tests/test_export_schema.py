"""The JSON Schema of artifacts: it takes what the loader takes, and refuses what that refuses.

The loader's own description of single fields and the schema come from one place; here they are
held against each other on thousands of damaged records. What ties fields together is the
loader's alone.
"""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import standardizers
from test_artifact_files import VARIANTS

import bncli
from bncli.artifact.check import _record
from bncli.artifact.model import to_record
from bncli.artifact.shape import MAX_INTEGER, Problems

GOLDEN = Path(__file__).parent / "golden" / "artifact-v1.json"
SCHEMA = json.loads(bncli.export(VARIANTS["pooled"], "json-schema").text)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def takes(record: Any) -> bool:
    return bool(VALIDATOR.is_valid(record))


def well_shaped(record: Any) -> bool:
    """What the loader says of the shape, before it looks at how fields fit together."""
    running = record.get("running") if isinstance(record, dict) else None
    policy = running.get("policy") if isinstance(running, dict) else None
    problems = Problems()
    clean = _record(policy)(record, "", problems)
    known = ("format", "bncli.standardizer"), ("version", 1)
    return not problems.total and all(clean[name] == value for name, value in known)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", VARIANTS)
def test_it_takes_every_kind_of_artifact(name):
    jsonschema.validate(json.loads(json.dumps(to_record(VARIANTS[name]))), SCHEMA)


def test_it_takes_the_frozen_artifact_of_version_1():
    jsonschema.validate(json.loads(GOLDEN.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("name", ["weather_year", "flights_july", "digits_train", "penguins"])
def test_it_takes_artifacts_of_real_data(name, sample_data, tmp_path):
    bncli.fit(sample_data / f"{name}.parquet", preset="sklearn").save(tmp_path / "a.json")
    jsonschema.validate(json.loads((tmp_path / "a.json").read_text()), SCHEMA)


@pytest.mark.parametrize("target", ["json-schema"])
def test_it_does_not_depend_on_what_is_exported(target):
    texts = {bncli.export(made, target).text for made in VARIANTS.values()}
    assert len(texts) == 1


JUNK = [None, True, -1, 0, 3, 0.5, -0.5, "", "x", [], [1], {}, {"a": 1}, "x" * 1001]


def paths(value: Any, way: tuple[Any, ...] = ()):
    """Every place in a record."""
    yield way
    if isinstance(value, dict | list):
        children = value.items() if isinstance(value, dict) else enumerate(value)
        for key, child in children:
            yield from paths(child, (*way, key))


def damaged(record: Any, dice: random.Random) -> Any:
    """A copy with something of it gone, doubled, or something else."""
    record = copy.deepcopy(record)
    *way, last = dice.choice(list(paths(record))[1:])
    holder = record
    for step in way:
        holder = holder[step]
    match dice.randrange(4):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        case _:
            holder[last] = copy.deepcopy(dice.choice(JUNK))
    return record


@pytest.mark.parametrize("name", ["pooled", "exponential", "algorithm2", "adapted", "groups"])
def test_it_says_of_every_damage_what_the_loader_says_of_the_shape(name):
    dice = random.Random(name)
    record = json.loads(json.dumps(to_record(VARIANTS[name])))
    verdicts = {True: 0, False: 0}
    for _ in range(150):
        made = damaged(record, dice)
        if not isinstance(made.get("running"), dict) or "policy" not in made["running"]:
            assert not takes(made)
            continue
        # Which policies there are, and that fit is an object, is no matter of one field's shape.
        odd = made["running"]["policy"] != record["running"]["policy"]
        if odd or not isinstance(made.get("fit"), dict):
            assert (
                not takes(made)
                or made["running"]["policy"]
                in SCHEMA["allOf"][0]["properties"]["running"]["properties"]["policy"]["enum"]
            )
            continue
        verdict = well_shaped(made)
        assert takes(made) == verdict, list(VALIDATOR.iter_errors(made))[:3]
        verdicts[verdict] += 1
    assert min(verdicts.values()) > 10


def test_what_json_schema_cannot_say_is_left_to_the_loader():
    record = json.loads(json.dumps(to_record(standardizers.rich())))
    # 50.0 is an integer to JSON Schema; a number has no largest size there.
    for way, value in ((["rows"], 50.0), (["eps"], MAX_INTEGER * 4)):
        made = copy.deepcopy(record)
        made[way[0]] = value
        assert takes(made)
        assert not well_shaped(made)


def test_options_may_be_nested_as_deep_as_the_loader_takes_them():
    record = json.loads(json.dumps(to_record(standardizers.rich())))
    for depth in range(4, 12):
        deep: Any = 1
        for _ in range(depth):
            deep = [deep]
        made = {**record, "fit": {"deep": deep}}
        assert takes(made) == well_shaped(made) == (depth <= 7)


def test_numbers_of_every_size_are_taken():
    made = standardizers.rich(gamma=np.array([1e300, -1e-300, 0.0, 5e-324, 1.0]))
    assert takes(json.loads(json.dumps(to_record(made))))
