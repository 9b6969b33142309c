"""Artifacts from strangers: each loads to a valid standardizer, or is an ArtifactError."""

from __future__ import annotations

import copy
import json
import math
import random
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import standardizers

from bncli import artifact
from bncli.artifact import by_rules, parse
from bncli.artifact.migrate import migrated
from bncli.artifact.model import from_record, to_record
from bncli.errors import ArtifactError, BncliWarning, UsageError
from bncli.standardize.adapt import adapted
from bncli.stats.running import Algorithm2, Exponential

RECORD = to_record(standardizers.rich(policy=Exponential(0.1), joint=True))
STORES = standardizers.STORES
GROUPS = to_record(standardizers.rich(policy=Exponential(0.1), by=STORES))
SUMS_OF_GROUPS = to_record(standardizers.rich(policy=Algorithm2(), by=STORES))
ADAPTED = to_record(
    adapted(standardizers.rich(), standardizers.rich(20, seed=1).profile, 20.0, True)
)
SUMS = to_record(standardizers.rich(policy=Algorithm2(), rows=20))


def changed(path, value, record=RECORD):
    """A copy of the record with the field at ``path`` (names and indices) set."""
    record = copy.deepcopy(record)
    *way, last = path
    holder = record
    for step in way:
        holder = holder[step]
    holder[last] = value
    return record


def load_text(text, tmp_path: Path):
    path = tmp_path / "stats.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return artifact.load(path)


def assert_valid(standardizer):
    """What everything that uses a standardizer may rely on."""
    channels = len(standardizer.channels)
    assert channels > 0
    assert len({(c.feature, c.channel) for c in standardizer.channels}) == channels
    assert standardizer.gamma.shape == standardizer.beta.shape == (channels,)
    assert np.isfinite(standardizer.gamma).all()
    assert np.isfinite(standardizer.beta).all()
    assert not np.isinf(standardizer.mean).any()
    assert not (standardizer.variance < 0).any()
    assert standardizer.eps >= 0
    if standardizer.head is not None:
        head = standardizer.head
        assert set(head.features) <= {c.feature for c in standardizer.channels}
        scores = head.scores(np.zeros((len(head.features), 3)))
        assert scores.shape == (max(1, len(head.classes)), 3)
        assert np.isfinite(head.weight).all()
        assert np.isfinite(head.bias).all()
    if standardizer.profile.groups is not None:
        assert_valid_groups(standardizer)
    for sketch in standardizer.profile.quantiles:
        assert (np.diff(sketch.points) >= 0).all()
        assert (sketch.weights > 0).all()
        assert math.isclose(sketch.weights.sum(), sketch.count, rel_tol=1e-6)
    joint = standardizer.profile.covariance
    if joint is not None:
        assert 0 <= joint.channels[0] <= joint.channels[-1] < channels
        for state in joint.groups.values():
            assert np.isfinite(state.m2).all()
            assert np.array_equal(state.m2, state.m2.T)
            assert (np.diagonal(state.m2) >= 0).all()
    assert from_record(to_record(standardizer)).channels == standardizer.channels


def assert_valid_groups(standardizer):
    groups = standardizer.profile.groups
    shape = (len(set(groups.keys)), len(standardizer.channels))
    assert groups.moments.shape == groups.missing.shape == groups.running.shape == shape
    assert (groups.moments.count >= 0).all()
    means, variances = standardizer.policy.read(groups.running, groups.moments)
    assert not np.isinf(means).any()
    assert not np.isinf(variances).any()
    assert not (variances < 0).any()


WRONG = {
    "rows a float": (["rows"], 50.5, "rows must be an integer"),
    "rows a flag": (["rows"], True, "rows must be an integer, and is True"),
    "rows negative": (["rows"], -1, "rows must be from 0"),
    "rows too long": (["rows"], 10**5000, "rows must be from 0 .* very long integer"),
    "too few batches": (["batches"], 1, "batches is 1"),
    "too many batches": (["batches"], 51, "batches is 51"),
    "no batch size": (["batch_size"], 0, "batch_size must be from 1"),
    "negative eps": (["eps"], -1e-9, "eps must be at least 0"),
    "eps text": (["eps"], "1e-8", "eps must be a number, and is '1e-8'"),
    "eps too long": (["eps"], 10**400, "eps is an integer too long"),
    "unknown policy": (["running", "policy"], "mean", "running.policy is 'mean'"),
    "policy a list": (["running", "policy"], [], "running.policy must be text"),
    "momentum": (["running", "momentum"], 1.5, "running.momentum must be from 0 to 1"),
    "no momentum": (["running", "momentum"], None, "running.momentum must be given"),
    "no initial": (["running", "initial"], None, "running.initial must be given"),
    "initial of three": (["running", "initial"], [0, 1, 2], "running.initial must be a list of 2"),
    "initial variance": (["running", "initial"], [0.0, -1.0], r"running.initial\[1\] must be"),
    "no channels": (["channels"], [], "channels must have 1 to"),
    "channels an object": (["channels"], {}, "channels must be a list"),
    "a channel a number": (["channels", 1], 7, r"channels\[1\] must be an object"),
    "channel twice": (["channels", 1, "feature"], "temp", r"channels\[1\] is 'temp', 0 once more"),
    "half a surrogate": (["channels", 1, "feature"], "\ud800", "half of a surrogate"),
    "negative variance": (["channels", 1, "variance"], -1.0, r"channels\[1\].variance must be"),
    "mean NaN": (["channels", 1, "mean"], math.nan, r"channels\[1\].mean must be finite"),
    "mean infinite": (["channels", 1, "mean"], math.inf, r"channels\[1\].mean must be finite"),
    "mean null": (["channels", 1, "mean"], None, r"channels\[1\].mean must be null if and only"),
    "mean of none": (["channels", 3, "mean"], 1.0, r"channels\[3\].mean must be null if and only"),
    "mean outside": (["channels", 1, "mean"], 99.0, r"channels\[1\].mean must be from min"),
    "mean edited": (
        ["channels", 1, "mean"],
        12.0,
        r"channels\[1\].mean is 12.0, and the channel's",
    ),
    "variance edited": (["channels", 0, "variance"], 3.0, r"channels\[0\].variance is 3.0, and"),
    "running edited": (["channels", 0, "running_mean"], 3.0, r"\[0\].running_mean is 3.0, and"),
    "constant edited": (["channels", 0, "constant"], True, r"channels\[0\].constant is True, and"),
    "missing edited": (["channels", 1, "missing"], 0, r"channels\[1\].missing is 0, and"),
    "min over max": (["channels", 1, "min"], 1e9, r"channels\[1\].mean must be from min"),
    "count over rows": (["channels", 0, "count"], 51, r"channels\[0\].count and missing are more"),
    "gamma NaN": (["channels", 0, "gamma"], math.nan, r"channels\[0\].gamma must be finite"),
    "keep above 1": (
        ["channels", 0, "state", "running", "mean"],
        [1.5, 0.0],
        r"running.mean\[0\] must be from 0 to 1",
    ),
    "M2 upside down": (
        ["channels", 0, "state", "moments", "m2"],
        [1.0, -2.0],
        "must be a large part and a small one",
    ),
    "state missing": (["channels", 0, "state"], {}, r"channels\[0\].state.moments is missing"),
    "state null": (["channels", 0, "state"], None, r"channels\[0\].state must be an object"),
    "sketches of some": (["channels", 0, "quantiles"], None, "profile must be true if every"),
    "profile denied": (["profile"], False, "profile must be true if every"),
    "category twice": (
        ["categories", 0, "values"],
        [["a", 1], ["a", 1]],
        r"categories\[0\].values names a value twice",
    ),
    "category of 0": (["categories", 0, "values", 0, 1], 0, r"values\[0\]\[1\] must be from 1"),
    "category sum": (["categories", 0, "values"], [], r"categories\[0\].values add up to 0"),
    "category exact": (["categories", 0, "exact"], False, "exact does not agree with bound 0"),
    "category rows": (["categories", 0, "missing"], 50, "and missing are more than 50 rows"),
    "category capacity": (["categories", 0, "capacity"], 1, "are more than capacity 1"),
    "category a channel": (["categories", 0, "feature"], "temp", "feature is 'temp' once more"),
    "fit a list": (["fit"], [1], "fit must be an object"),
    "joint channel": (["covariance", "channels"], [0, 1, 2, 3, 9], "names channel 9 of 5"),
    "joint order": (["covariance", "channels"], [0, 2, 1, 3, 4], "channels must be ascending"),
    "joint twice": (["covariance", "channels"], [0, 1, 1, 3, 4], "channels must be ascending"),
    "joint of none": (["covariance", "channels"], [], "channels must have 1 to 512"),
    "joint rows": (["covariance", "rows"], 51, r"covariance.rows must be at most 50"),
    "joint rows few": (["covariance", "rows"], 49, r"groups count 50 rows, and there are 49"),
    "joint groups": (["covariance", "groups"], {}, "covariance.groups must be a list"),
    "joint null group": (["covariance", "groups", 0], None, r"groups\[0\] must be an object"),
    "joint count": (["covariance", "groups", 0, "count"], 0, r"\[0\].count must be from 1"),
    "joint lacking": (["covariance", "groups", 0, "lacking"], [5], "must be ascending places"),
    "joint lacking 2": (["covariance", "groups", 0, "lacking"], [3, 3], "ascending places of 5"),
    "joint same": (["covariance", "groups", 0, "lacking"], [1, 3], "lacking channels twice"),
    "joint length": (["covariance", "groups", 0, "lacking"], [], "pivot must be 5 numbers, and is"),
    "joint mean": (["covariance", "groups", 0, "mean"], "0.0 nan 0 0", "mean must be numbers"),
    "joint inf": (["covariance", "groups", 0, "mean"], "0 1e999 0 0", "mean must be finite"),
    "joint triangle": (["covariance", "groups", 0, "m2"], "1.0", r"m2 must be 10 numbers"),
    "joint square": (
        ["covariance", "groups", 0, "m2"],
        " ".join(["-1.0"] * 10),
        "no negative sum of squares",
    ),
    "joint product": (
        ["covariance", "groups", 0, "m2"],
        "1.0 1.1 1.0" + " 0.0" * 7,
        "larger than its sums of squares",
    ),
    "source": (["sources", 0, "bytes"], -5, r"sources\[0\].bytes must be from 0"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_a_wrong_field_is_named(case):
    path, value, told = WRONG[case]
    with pytest.raises(ArtifactError, match=told) as caught:
        from_record(changed(path, value), "stats.json")
    assert str(caught.value).startswith("stats.json: ")


LEARNED = to_record(
    standardizers.rich(head=standardizers.kept_head(), learned=standardizers.learning())
)
WRONG_LEARNED = {
    "a task of another kind": (["head", "task"], "ranking", "head.task is 'ranking', and must be"),
    "a task of two classes": (["head", "task"], "binary", "head.classes are 3, which no binary"),
    "classes of a regression": (["head", "task"], "regression", "head.classes are 3, which no"),
    "a class twice": (["head", "classes", 1], "EWR", "head.classes name a class twice"),
    "too many classes": (["head", "classes"], list(map(str, range(1001))), "have 0 to 1,000"),
    "classes that are no numbers": (["head", "kind"], "integer", "'EWR', which is no integer"),
    "an unknown kind": (["head", "kind"], "date", "head.kind is 'date', and must be"),
    "an unknown feature": (["head", "features", 0], "wind", "name 'wind', which no channel is of"),
    "a feature twice": (["head", "features", 0], "temp", "head.features name a column twice"),
    "no features": (["head", "features"], [], "head.features must have 1 to"),
    "an output less": (["head", "weight"], [[1.0, 2.0]], "head.weight must be 3 lists of 2"),
    "a ragged weight": (["head", "weight", 1], [1.0], "head.weight must be 3 lists of 2"),
    "an infinite weight": (["head", "weight", 1, 0], math.inf, r"weight\[1\]\[0\] must be finite"),
    "a short bias": (["head", "bias"], [0.0], "head.bias must have 3 numbers, and has 1"),
    "a bias NaN": (["head", "bias", 0], math.nan, r"head.bias\[0\] must be finite"),
    "gaps of another kind": (["head", "missing"], "median", "head.missing is 'median'"),
    "no head but a number": (["head"], 7, "head must be an object"),
    "a loss below 0": (["learned", "after"], -1.0, "learned.after must be at least 0"),
    "no step": (["learned", "steps"], 0, "learned.steps must be from 1"),
    "an unknown reason": (["learned", "stopped"], "bored", "learned.stopped is 'bored'"),
    "options a list": (["learned", "options"], [], "learned.options must be an object"),
    "a budget of nothing": (["learned", "compared", "budget"], 0, "budget must be from 1"),
    "an unknown column": (["learned", "features"], ["wind"], "learned.features name 'wind'"),
}


@pytest.mark.parametrize("case", list(WRONG_LEARNED))
def test_a_wrong_field_of_a_learning_is_named(case):
    path, value, told = WRONG_LEARNED[case]
    with pytest.raises(ArtifactError, match=told):
        from_record(changed(path, value, LEARNED), "stats.json")


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        ("integer", "-7", True),
        ("integer", "1.5", False),
        ("integer", str(2**63), False),
        ("number", "2.5", True),
        ("number", "inf", False),
        ("number", "nan", False),
        ("boolean", "true", True),
        ("boolean", "True", False),
    ],
)
def test_a_class_must_read_back_as_the_target_s_kind(kind, name, fits):
    plain = {"integer": ["1", "2"], "number": ["1", "2"], "boolean": ["false", "x"]}[kind]
    record = copy.deepcopy(LEARNED)
    record["head"].update(kind=kind, classes=[*plain[:1], name], task="binary")
    record["head"].update(weight=[[1.0, 2.0]], bias=[0.0])
    if fits:
        assert from_record(record).head.classes[1] == name
    else:
        with pytest.raises(ArtifactError, match=r"head\.classes name"):
            from_record(record)


def test_an_artifact_without_learning_says_nothing_of_it():
    assert not {"learned", "head"} & RECORD.keys()
    found = from_record(RECORD)
    assert (found.learned, found.head) == (None, None)


WRONG_SKETCH = {
    "not sorted": ("points", "60.0 1.0", "points must be sorted"),
    "not numbers": ("points", "1.0 abc", "points must be numbers"),
    "an exponent alone": ("points", "1.0 e", "points must be numbers"),
    "NaN": ("points", "1.0 nan", "points must be numbers"),
    "underscores": ("points", "1_0 2_0", "points must be numbers"),
    "two spaces": ("points", "1.0  2.0", "points must be numbers"),
    "beyond float64": ("points", "1.0 1e999", "points must be finite"),
    "a long number": ("points", "0" * 1000, "points must be numbers"),
    "below minimum": ("points", "-1e5 1.0", "points must be from minimum"),
    "no points": ("points", "", "has no points"),
    "negative weight": ("weights", "-1.0", "weights must be positive"),
    "wrong total": ("weights", "2.0", "weights must add up to count 50"),
    "wrong length": ("weights", "1.0 49.0", "weights are 2, and points are 50"),
    "no minimum": ("minimum", None, "no minimum"),
    "another count": ("count", 49, "count must be the channel's 50"),
    "negative spread": ("spread", -1.0, "spread must be at least 0"),
}


@pytest.mark.parametrize("case", list(WRONG_SKETCH))
def test_a_wrong_sketch_is_named(case):
    name, value, told = WRONG_SKETCH[case]
    with pytest.raises(ArtifactError, match=rf"channels\[0\].quantiles.*{told}"):
        from_record(changed(["channels", 0, "quantiles", name], value))


def test_a_sketch_of_nothing_has_no_points():
    with pytest.raises(ArtifactError, match=r"channels\[3\].quantiles must be empty"):
        from_record(changed(["channels", 3, "quantiles", "points"], "1.0"))


WRONG_GROUPS = {
    "no object": ([], 7, "by must be an object"),
    "a group twice": (["groups", 1], "7", "by.groups names a group twice"),
    "a group a number": (["groups", 0], 7, r"by.groups\[0\] must be text, and is 7"),
    "a group too many": (["groups"], ["1", "2"], "by.rows are 4, and groups are 2"),
    "the key a channel": (["column"], "temp", "by.column is one of the channels"),
    "no key": (["column"], None, "by.column must be text, and is None"),
    "a channel missing": (["channels"], [], "by.channels are 0, and the artifact has 5"),
    "a channel a number": (["channels", 0], 1, r"by.channels\[0\] must be an object"),
    "no rows": (["rows"], "0", "by.rows must be from 1"),
    "more rows": (["rows"], "50", "by.rows add up to more than 50 rows"),
    "rows beyond int64": (["rows"], "9" * 19, "by.rows must be from 1 to"),
    "rows with a fraction": (["rows"], "1.5", "by.rows must be a text of numbers"),
    "rows negative": (["rows"], "-1", "by.rows must be a text of numbers"),
    "rows a list": (["rows"], [1, 2], "by.rows must be a text of numbers"),
    "too many batches": (["batches"], "50", "by.batches cannot be of so many rows"),
    "too few batches": (["rows"], "45 1 1 1", "by.batches cannot be of so many rows"),
    "more missing": (["channels", 1, "nulls"], "40", "and infinite are more than there are rows"),
    "missing beyond int64": (["channels", 1, "nans"], "9223372036854775807", "more than there are"),
    "two numbers": (["channels", 1, "m2"], "1.0 2.0", r"\[1\].m2 are 2, and groups are 4"),
    "no number": (["channels", 1, "m2"], "", r"\[1\].m2 are 0, and groups are 4"),
    "NaN": (["channels", 1, "mean"], "nan", r"\[1\].mean must be a text of numbers"),
    "infinite": (["channels", 1, "mean"], "1e999", r"\[1\].mean must be finite"),
    "underscores": (["channels", 1, "mean"], "1_0", r"\[1\].mean must be a text of numbers"),
    "a signed word": (["channels", 1, "mean"], "e", r"\[1\].mean must be a text of numbers"),
    "negative M2": (["channels", 1, "m2"], "-1.0", r"\[1\].m2 must be at least 0"),
    "M2 upside down": (["channels", 1, "m2_low"], "-1e9", r"m2_low must be smaller than m2"),
    "mean outside": (["channels", 1, "mean"], "1e6", r"\[1\].mean must be from min to max"),
    "min over max": (["channels", 1, "min"], "1e9", r"\[1\].min is above max"),
    "of no value": (["channels", 3, "mean"], "1.0", r"\[3\] must be 0 where a group has no value"),
    "keep above 1": (["channels", 0, "running", "keep_mean"], "1.5", "must be from 0 to 1"),
    "no running": (["channels", 0, "running"], {}, r"running.keep_mean is missing"),
    "negative variance": (["channels", 0, "running", "add_variance"], "-1.0", "at least 0"),
}


@pytest.mark.parametrize("case", list(WRONG_GROUPS))
def test_wrong_statistics_of_groups_are_named(case):
    path, value, told = WRONG_GROUPS[case]
    with pytest.raises(ArtifactError, match=told):
        from_record(changed(["by", *path], value, GROUPS))


@pytest.mark.parametrize("means", ["99.0", "0.5", "1e-300"])
def test_groups_that_count_mini_batches_that_cannot_be_are_refused(means):
    path = ["by", "channels", 0, "running", "means"]
    with pytest.raises(ArtifactError, match="counts mini-batches that there are not"):
        from_record(changed(path, means, SUMS_OF_GROUPS))


def test_running_values_of_groups_that_do_not_fit_a_float64_are_refused():
    largest = "1.7976931348623157e+308"
    record = changed(["running", "initial"], [0.0, float(largest)], GROUPS)
    running = record["by"]["channels"][0]["running"]
    running["keep_variance"], running["add_variance"] = "1.0", largest
    with pytest.raises(ArtifactError, match=r"by.channels\[0\].running has values that do not fit"):
        from_record(record)


def test_statistics_per_group_are_optional():
    assert from_record({k: v for k, v in GROUPS.items() if k != "by"}).profile.groups is None
    assert from_record(changed(["by"], None, GROUPS)).profile.groups is None
    assert from_record(RECORD).profile.groups is None


def test_more_groups_than_memory_would_hold_are_refused(monkeypatch):
    monkeypatch.setattr(by_rules, "MOST_CELLS", 19)
    with pytest.raises(ArtifactError, match=r"by.groups times the channels are more than 19"):
        from_record(GROUPS)


def test_sums_of_more_batches_than_there_are_are_refused():
    record = changed(["channels", 0, "state", "running", "mean"], [99.0, 1.0, 0.0], SUMS)
    with pytest.raises(ArtifactError, match="counts more mini-batches than there are"):
        from_record(record)


WRONG_ADAPTED = {
    "no prior": (["running", "prior"], None, "running.prior must be given for the adapted policy"),
    "negative prior": (["running", "prior"], -1, "running.prior must be at least 0"),
    "another prior": (["running", "prior"], 30.0, "running_mean is .* and the channel's state"),
    "not pooled": (["running", "pooled"], False, "running_variance is .* and the channel's state"),
    "training mean": (
        ["channels", 0, "state", "running", "training_mean"],
        "x",
        "training_mean must be a number",
    ),
    "training variance": (
        ["channels", 0, "state", "running", "training_variance"],
        -1.0,
        "training_variance must be at least 0",
    ),
}


@pytest.mark.parametrize("case", list(WRONG_ADAPTED))
def test_a_wrong_field_of_an_adapted_artifact_is_named(case):
    path, value, told = WRONG_ADAPTED[case]
    with pytest.raises(ArtifactError, match=told):
        from_record(changed(path, value, ADAPTED))


@pytest.mark.parametrize("name", list(RECORD))
def test_a_missing_field_is_named(name):
    record = {key: value for key, value in RECORD.items() if key != name}
    if name == "profile":
        assert from_record(record).profile.quantiles
    elif name == "covariance":
        assert from_record(record).profile.covariance is None
    else:
        with pytest.raises(ArtifactError, match=name):
            from_record(record)


def test_many_problems_are_told_together_up_to_ten_with_the_count_of_the_rest():
    record = copy.deepcopy(RECORD)
    for channel in record["channels"]:
        channel.update(gamma="x", beta="y", count=-1)
    with pytest.raises(ArtifactError) as caught:
        from_record(record, "stats.json")
    lines = str(caught.value).splitlines()
    assert lines[0] == "stats.json: 15 fields are wrong"
    assert len(lines) == 12
    assert lines[-1].strip() == "... and 5 more"


def test_what_a_stranger_wrote_is_shown_short_and_without_control_characters():
    record = changed(["running", "policy"], "\x1b[31m" * 1000)
    with pytest.raises(ArtifactError) as caught:
        from_record(record)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_unknown_fields_are_left_out_with_one_warning():
    record = copy.deepcopy(RECORD)
    record["colour"] = "blue"
    for channel in record["channels"]:
        channel["state"]["more"] = 1
    with pytest.warns(BncliWarning) as caught:
        loaded = from_record(record, "stats.json")
    [warning] = caught
    assert str(warning.message) == (
        "stats.json: left out 2 unknown fields: 'colour', channels[].state.'more'"
    )
    assert to_record(loaded) == RECORD


def test_a_newer_version_is_refused_by_name():
    newer = {"format": "bncli.standardizer", "version": 2, "created_by": "bncli 9.1", "new": []}
    with pytest.raises(ArtifactError, match=r"version 2 made by 'bncli 9\.1' is newer") as caught:
        from_record(newer)
    assert "pip install --upgrade bncli" in str(caught.value)


@pytest.mark.parametrize(
    "version", [0, -1, True, 1.0, "1", None, [], pytest.param(10**5000, id="huge")]
)
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(ArtifactError, match="version"):
        from_record(changed(["version"], version))


def test_older_versions_go_through_every_step_in_order():
    steps = {
        1: lambda record: {**record, "version": 2, "way": "1"},
        2: lambda record: {**record, "version": 3, "way": record["way"] + "2"},
    }
    old = {"format": "bncli.standardizer", "version": 1}
    assert migrated(old, "old.json", steps, newest=3)["way"] == "12"
    assert migrated({**old, "version": 3}, "new.json", steps, newest=3) == {**old, "version": 3}


TEXTS = {
    "nothing": ("", "no JSON"),
    "no JSON": ("temp,hum\n1,2\n", "no JSON"),
    "a list": ("[]", "no bncli artifact"),
    "a report": ('{"format": "bncli.shift", "version": 1}', "its format is 'bncli.shift'"),
    "deep lists": ("[" * 100_000, "nested too deeply"),
    "deep objects": ('{"a":' * 100_000, "nested too deeply"),
    "a key twice": ('{"rows": 1, "rows": 2}', "the key 'rows' stands twice"),
    "NaN": ('{"rows": NaN}', "NaN is not allowed"),
    "Infinity": ('{"rows": -Infinity}', "-Infinity is not allowed"),
    "beyond float64": ('{"rows": 1e999}', "beyond the range"),
    "many digits": ('{"rows": ' + "9" * 10_000 + "}", "an integer of 10,000 digits"),
    "a long fraction": ('{"rows": 0.' + "9" * 10_000 + "}", "digits"),
    "Latin-1": ('{"größe": 1}'.encode("latin-1"), "no UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "no UTF-8"),
    "half a surrogate": ('{"format": "\ud800"}', "no UTF-8"),
    "zeros": (b"\0" * 5000, "no JSON"),
}


@pytest.mark.parametrize("case", list(TEXTS))
def test_a_text_that_is_no_artifact_is_refused(case, tmp_path):
    text, told = TEXTS[case]
    with pytest.raises(ArtifactError, match=told) as caught:
        load_text(text, tmp_path)
    assert "stats.json" in str(caught.value)


def test_options_nested_deeper_than_any_are_refused(tmp_path):
    deep = "[" * 100 + "]" * 100
    text = json.dumps(changed(["fit"], {"deep": 0})).replace('"deep": 0', f'"deep": {deep}')
    with pytest.raises(ArtifactError, match="is nested too deeply"):
        load_text(text, tmp_path)


def test_an_escaped_half_of_a_surrogate_pair_is_refused(tmp_path):
    text = json.dumps(RECORD).replace("temp", "\\ud800")
    with pytest.raises(ArtifactError, match="half of a surrogate"):
        load_text(text, tmp_path)


def test_what_is_too_large_is_neither_loaded_nor_saved(tmp_path, monkeypatch):
    path = tmp_path / "stats.json"
    artifact.save(standardizers.rich(), path)
    monkeypatch.setattr(parse, "MAX_PARTS", 100)
    for suffix in ("json", "parquet"):
        with pytest.raises(ArtifactError, match="too large"):
            artifact.save(standardizers.rich(), tmp_path / f"more.{suffix}")
    with pytest.raises(ArtifactError, match="too large"):
        artifact.load(path)


def test_a_gigabyte_is_refused_at_once_by_a_limit_that_can_be_raised(tmp_path, monkeypatch):
    path = tmp_path / "stats.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(ArtifactError, match=r"1,073,741,824 bytes is too large.*268,435,456"):
        artifact.load(path)
    small = tmp_path / "small.json"
    artifact.save(standardizers.rich(), small)
    small.write_bytes(small.read_bytes() + b" " * 2**20)
    monkeypatch.setenv("BNCLI_MAX_ARTIFACT", "1")
    with pytest.raises(ArtifactError, match="BNCLI_MAX_ARTIFACT=1024"):
        artifact.load(small)
    monkeypatch.setenv("BNCLI_MAX_ARTIFACT", "2")
    assert to_record(artifact.load(small)) == to_record(standardizers.rich())
    monkeypatch.setenv("BNCLI_MAX_ARTIFACT", "many")
    with pytest.raises(UsageError, match="no size in MiB"):
        artifact.load(small)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ArtifactError, match=r"none.json: there is no such file"):
        artifact.load(tmp_path / "none.json")
    with pytest.raises(ArtifactError, match="this is a folder"):
        artifact.load(tmp_path)


def load_or_refuse(load) -> bool:
    """True when it loaded, to something valid. Any error but ArtifactError fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BncliWarning)
        try:
            loaded = load()
        except ArtifactError:
            return False
        assert_valid(loaded)
    return True


def small():
    return standardizers.rich(rows=9, policy=Exponential(0.1), joint=True, by=STORES[:9])


def test_flipped_bits_of_json_load_or_are_refused():
    dice = random.Random(1)
    text = artifact.dumps(small()).encode()
    loaded = 0
    for _ in range(1000):
        damaged = bytearray(text)
        for _ in range(dice.choice([1, 1, 2, 5])):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        loaded += load_or_refuse(
            lambda damaged=bytes(damaged): from_record(parse.parsed(damaged, "x"))
        )
    # A flipped letter in a name is no damage that could be told.
    assert 0 < loaded < 1000


ODD = [None, True, 0, -1, 1.5, -0.0, 1e308, 5e-324, 2**63, 10**400, math.nan, math.inf, "", "1"]
ODD += ["\ud800", [], [1], {}, {"a": 1}, [[]], "nan", " ", 2**53 + 1, -1e308]


def mutated(record, dice):
    """A copy with one to three nodes replaced, removed, doubled or moved."""
    record = copy.deepcopy(record)
    for _ in range(dice.randint(1, 3)):
        holders = [record]
        for holder in holders:
            values = holder.values() if isinstance(holder, dict) else holder
            holders += [value for value in values if isinstance(value, dict | list) and value]
        # Few nodes are near the root: give them their share.
        holder = dice.choice(holders[: dice.choice([1, 5, 20, 1000])])
        key = dice.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        other = dice.choice(holders)
        match dice.randrange(5):
            case 0:
                del holder[key]
            case 1:
                holder[key] = copy.deepcopy(other)
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 3 if isinstance(holder[key], int | float) and math.isfinite(holder[key]):
                holder[key] = holder[key] * dice.choice([-1, 0, 2, 1.0000001]) + dice.choice([0, 1])
            case _:
                holder[key] = copy.deepcopy(dice.choice(ODD))
        if not record:
            return {}
    return record


def test_mutated_records_of_a_learning_load_or_are_refused():
    dice = random.Random(4)
    parts = {name: LEARNED[name] for name in ("learned", "head")}
    loaded = sum(
        load_or_refuse(lambda: from_record({**LEARNED, **mutated(parts, dice)}, "stats.json"))
        for _ in range(1000)
    )
    assert 0 < loaded < 1000


@pytest.mark.parametrize("policy", [Exponential(0.1), Algorithm2()])
def test_mutated_records_load_or_are_refused(policy):
    dice = random.Random(2)
    record = to_record(standardizers.rich(rows=9, policy=policy, joint=True, by=STORES[:9]))
    loaded = sum(
        load_or_refuse(lambda: from_record(mutated(record, dice), "stats.json"))
        for _ in range(1000)
    )
    assert 0 < loaded < 1000


def test_flipped_bytes_of_parquet_load_or_are_refused(tmp_path):
    dice = random.Random(3)
    path = tmp_path / "stats.parquet"
    artifact.save(small(), path)
    content = path.read_bytes()
    loaded = 0
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(dice.choice([1, 2, 5])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        loaded += load_or_refuse(lambda: artifact.load(path))
    assert loaded < 300


@pytest.mark.parametrize("keep", [4, 100, 1000, -1, -8, -20])
def test_a_truncated_parquet_file_is_refused(keep, tmp_path):
    path = tmp_path / "stats.parquet"
    artifact.save(small(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="damaged"):
        artifact.load(path)


def rewritten(path, change):
    """Apply ``change`` to the table of a Parquet artifact, its metadata kept."""
    rest = pq.read_metadata(path).metadata[b"bncli"]
    pq.write_table(change(pq.read_table(path)).replace_schema_metadata({b"bncli": rest}), path)


TABLES = {
    "a missing column": (lambda t: t.drop_columns("gamma"), r"channels\[0\].gamma is missing"),
    "another type": (
        lambda t: t.set_column(t.column_names.index("gamma"), "gamma", pa.array(["1"] * len(t))),
        "column 'gamma' must be of type double",
    ),
    "a column twice": (lambda t: t.append_column("gamma", t["gamma"]), "gamma|damaged"),
    "no rows": (lambda t: t.slice(0, 0), "channels must have 1 to"),
    "nulls": (
        lambda t: t.set_column(0, "feature", pa.nulls(len(t), pa.string())),
        r"channels\[0\].feature must be text, and is None",
    ),
    "a state that is no JSON": (
        lambda t: t.set_column(
            t.column_names.index("state"), "state", pa.array(["[" * 10**5] * len(t))
        ),
        "nested too deeply",
    ),
}


@pytest.mark.parametrize("case", list(TABLES))
def test_a_wrong_table_is_refused(case, tmp_path):
    change, told = TABLES[case]
    path = tmp_path / "stats.parquet"
    artifact.save(small(), path)
    rewritten(path, change)
    with pytest.raises(ArtifactError, match=told):
        artifact.load(path)


def test_an_unknown_column_is_left_out_with_a_warning(tmp_path):
    path = tmp_path / "stats.parquet"
    artifact.save(small(), path)
    rewritten(path, lambda t: t.append_column("colour", pa.array(["blue"] * len(t))))
    with pytest.warns(BncliWarning, match=r"channels\[\]\.'colour'"):
        assert to_record(artifact.load(path)) == to_record(small())


def test_a_text_repeated_in_every_row_is_measured_before_it_is_spread_out(tmp_path, monkeypatch):
    path = tmp_path / "stats.parquet"
    artifact.save(small(), path)
    rewritten(
        path,
        lambda t: pa.concat_tables([t] * 100).set_column(
            t.column_names.index("type"), "type", pa.array(["x" * 100_000] * 100 * len(t))
        ),
    )
    monkeypatch.setattr(parse, "MAX_BYTES", 10_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ArtifactError, match="more text than an artifact may"):
        artifact.load(path)
