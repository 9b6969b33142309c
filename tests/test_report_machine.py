"""``shift --json`` as documented: fields, absent measures, no tokens JSON does not have."""

from __future__ import annotations

import json

import numpy as np
from profiles import side_of

from bncli.report.machine import to_json, to_text
from bncli.shift.compare import ShiftOptions, ShiftReport, compare

TOP = {
    *("format", "version", "verdict", "shifted", "compared", "not_compared", "schema", "gate"),
    *("train", "test", "columns", "joint", "timeline", "labels"),
}
COLUMN = {
    *("name", "channel", "n_train", "n_test", "min_detectable", "kind", "severity", "reasons"),
    *("measures", "p_adjusted", "rank_error"),
}
NUMERIC = [
    *("location", "scale", "ks", "ks_p", "psi", "js", "hellinger", "tv", "w1", "w1_sd"),
    *("w2", "w2_location", "w2_scale", "w2_shape", "removable", "out_of_range"),
    *("missing_train", "missing_test", "missing_p"),
]
CATEGORICAL = [
    *("psi", "js", "hellinger", "tv", "missing_train", "missing_test", "missing_p"),
    *("chi2", "chi2_p", "cramers_v", "unseen", "vanished"),
]


def report(**options) -> ShiftReport:
    rng = np.random.default_rng(0)
    train = {"x": rng.normal(size=300), "c": ["a", "b"] * 150, "id": list(map(str, range(300)))}
    test = {"x": rng.normal(1, size=200), "c": ["a"] * 200, "id": list(map(str, range(200)))}
    return compare(side_of(train, "old"), side_of(test, "new"), ShiftOptions(**options))


def test_the_documented_fields_are_there():
    record = to_json(report(fail_on=("major", "schema")))
    assert set(record) >= TOP
    assert (record["format"], record["version"]) == ("bncli.shift", 1)
    assert record["train"] == {"name": "old", "rows": 300}
    assert record["gate"] == {"rules": ["major", "schema"], "failed": ["major"]}
    assert record["not_compared"] == [{"name": "id", "reason": "looks like an identifier"}]
    assert record["schema"] == {"only_train": [], "only_test": [], "type_changed": []}
    assert (record["shifted"], record["compared"]) == (2, 2)
    for column in record["columns"]:
        assert set(column) >= COLUMN


def test_measures_stand_in_the_documented_order_and_absent_where_they_do_not_apply():
    by_name = {column["name"]: column for column in to_json(report())["columns"]}
    documented = {"x": NUMERIC, "c": CATEGORICAL}
    for name, expected in documented.items():
        found = list(by_name[name]["measures"])
        assert [measure for measure in found if measure in expected] == expected
    assert not set(by_name["x"]["measures"]) & {"chi2", "unseen"}
    assert not set(by_name["c"]["measures"]) & {"ks", "w2", "removable"}
    assert isinstance(by_name["c"]["measures"]["vanished"], int)


JOINT = [
    *("rows", "columns", "left_out", "auc_linear", "auc_expected", "auc_linear_restandardized"),
    *("frechet", "frechet_mean", "frechet_variance", "frechet_correlation", "frechet_expected"),
    *("frechet_restandardized", "auc", "auc_p", "pairs", "notes"),
]


def test_the_joint_part_has_the_documented_fields():
    rng = np.random.default_rng(0)
    train, test = (
        {name: rng.normal(at, size=50) for name in "xyz"} | {"flat": np.ones(50)} for at in (0, 1)
    )
    found = to_json(compare(side_of(train), side_of(test)))
    joint = found["joint"]
    assert list(joint) == JOINT
    assert (joint["rows"], joint["columns"]) == ([50, 50], ["x", "y", "z"])
    assert joint["left_out"] == [{"name": "flat", "reason": "constant in training"}]
    assert joint["auc"] is joint["auc_p"] is found["joint_absent"] is None
    parts = sum(joint[f"frechet_{part}"] for part in ("mean", "variance", "correlation"))
    assert abs(parts - joint["frechet"] ** 2) < 1e-12
    assert [list(pair) for pair in joint["pairs"]] == (
        [["first", "second", "train", "test", "p_adjusted"]] * 3
    )


def test_why_there_is_no_joint_part_is_told():
    found = to_json(report())
    assert found["joint"] is None
    assert found["joint_absent"] == "fewer than two numeric columns can be compared"


def test_parts_not_asked_for_are_null():
    record = to_json(report(joint=0))
    assert record["joint"] is record["joint_absent"] is None
    assert record["joint"] is record["timeline"] is record["labels"] is None


def test_the_text_is_plain_json_and_the_same_every_time():
    text = to_text(report())
    assert text == to_text(report())
    assert json.loads(text) == to_json(report())
    assert text.isascii()
    assert text.endswith("}\n")


def test_names_reach_no_terminal_raw_even_as_json():
    name = "\x1b[31m\u202e\x9b\ud800"
    side = side_of({name: np.arange(9.0)}, name)
    text = to_text(compare(side, side))
    assert not {"\x1b", "\u202e", "\x9b"} & set(text)
    assert json.loads(text)["columns"][0]["name"] == name
