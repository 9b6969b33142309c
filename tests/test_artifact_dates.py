"""Dates and lag-1 sums in artifacts: lossless, checked field by field, absent in older ones."""

from __future__ import annotations

import copy
import datetime as dt
import re

import numpy as np
import polars as pl
import pytest

import bncli
from bncli import artifact
from bncli.artifact.model import from_record, to_record
from bncli.errors import ArtifactError

ROWS = 40
TABLE = pl.DataFrame(
    {
        "x": np.random.default_rng(0).normal(size=ROWS),
        "when": [dt.date(2024, 1, 1) + dt.timedelta(days=at) for at in range(ROWS - 1)] + [None],
        "took": [dt.timedelta(hours=1)] * ROWS,
    }
)
RECORD = to_record(bncli.fit(TABLE))
DAY = 86_400_000_000
FIRST = 19_723 * DAY  # 2024-01-01


def changed(path, value):
    record = copy.deepcopy(RECORD)
    *way, last = path
    holder = record
    for step in way:
        holder = holder[step]
    holder[last] = value
    return record


def test_the_record_says_when_in_few_words():
    assert RECORD["temporal"] == [
        {
            "feature": "when",
            "type": "Date",
            "count": ROWS - 1,
            "missing": 1,
            "first": FIRST,
            "last": FIRST + (ROWS - 2) * DAY,
            "width": 1,
            "steps": f"{FIRST} {DAY}*{ROWS - 2}",
            "rows": f"1*{ROWS - 1}",
        }
    ]
    assert RECORD["others"] == [{"feature": "took", "type": "Duration(time_unit='us')"}]
    assert RECORD["channels"][0]["state"]["lag"]["pairs"] == ROWS - 1


@pytest.mark.parametrize("name", ["kept.json", "kept.parquet"])
def test_what_is_saved_loads_to_the_same_record(tmp_path, name):
    artifact.save(from_record(RECORD), tmp_path / name)
    assert to_record(artifact.load(tmp_path / name)) == RECORD


TEMPORAL = ["temporal", 0]
LAG = ["channels", 0, "state", "lag"]
WRONG = {
    "more rows than there are": ([*TEMPORAL, "missing"], 2, "temporal[0].count and missing are"),
    "no such width": ([*TEMPORAL, "width"], 7, "temporal[0].width is no width"),
    "a negative count": ([*TEMPORAL, "count"], -1, "temporal[0].count must be from 0"),
    "no first": ([*TEMPORAL, "first"], None, "temporal[0] has ends that are not in"),
    "a first outside": ([*TEMPORAL, "first"], 0, "temporal[0] has ends that are not in"),
    "a last before": ([*TEMPORAL, "last"], FIRST, "temporal[0] has ends that are not in"),
    "a first of text": ([*TEMPORAL, "first"], "2024", "temporal[0].first must be an integer"),
    "steps of words": ([*TEMPORAL, "steps"], "one two", "temporal[0].steps must be whole"),
    "steps of nothing": ([*TEMPORAL, "steps"], "", "temporal[0].steps must be as many"),
    "a bomb": ([*TEMPORAL, "steps"], "1*99999 " * 9 + "1", "temporal[0].steps must be as many"),
    "steps back": ([*TEMPORAL, "steps"], f"{FIRST} -{DAY}*{ROWS - 2}", "must be positive after"),
    "too long": ([*TEMPORAL, "steps"], "9" * 19 + f" {DAY}*{ROWS - 2}", "must be of 64 bits"),
    "no rows": ([*TEMPORAL, "rows"], f"0*{ROWS - 1}", "temporal[0].rows must be positive"),
    "rows too many": ([*TEMPORAL, "rows"], f"2*{ROWS - 1}", "temporal[0].rows must be positive"),
    "a column twice": ([*TEMPORAL, "feature"], "x", "temporal[0].feature is 'x' once more"),
    "others twice": (["others", 0, "feature"], "when", "others[0].feature is 'when' once more"),
    "no list": (["temporal"], {}, "temporal must be a list"),
    "pairs of all rows": ([*LAG, "pairs"], ROWS, "lag.pairs must be below count"),
    "no pairs": ([*LAG, "pairs"], 0, "lag.pairs must be from 1"),
    "negative squares": ([*LAG, "squares"], -1.0, "lag.squares must be at least 0"),
    "lag a number": (LAG, 0.5, "lag must be an object"),
}


@pytest.mark.parametrize(("path", "value", "message"), WRONG.values(), ids=list(WRONG))
def test_a_field_that_is_wrong_is_named(path, value, message):
    with pytest.raises(ArtifactError, match=re.escape(message)):
        from_record(changed(path, value), "x.json")


def older() -> dict:
    """As a program wrote it that knew neither dates nor lags."""
    record = copy.deepcopy(RECORD)
    del record["temporal"], record["others"], record["channels"][0]["state"]["lag"]
    return record


def test_an_older_artifact_loads_and_stays_as_it_was():
    assert to_record(from_record(older())) == older()


def test_an_older_artifact_merges_with_a_newer_one():
    with pytest.warns(match="not all parts have 'when'"):
        merged = bncli.merge([from_record(older()), from_record(RECORD)])
    assert merged.profile.lag.pairs.tolist() == [ROWS - 1]
    assert not merged.profile.temporal
    assert from_record(to_record(merged)).profile.rows == 2 * ROWS


def test_two_artifacts_add_up_their_lags_and_dates():
    merged = bncli.merge([from_record(RECORD), from_record(RECORD)]).profile
    assert merged.lag.pairs.tolist() == [2 * (ROWS - 1)]
    assert merged.temporal["when"].count == 2 * (ROWS - 1)
    assert merged.temporal["when"].missing == 2
    assert merged.other_types == {"when": "Date", "took": "Duration(time_unit='us')"}


def test_an_update_goes_on_where_the_artifact_ended(tmp_path):
    later = TABLE.with_columns(pl.col("when").dt.offset_by("39d"))
    fitted = bncli.fit(later, update=from_record(RECORD))
    when = fitted.profile.temporal["when"]
    assert when.to_record()["steps"] == f"{FIRST} {DAY}*{2 * (ROWS - 1) - 1}"
