"""``shift --by``: every group as a comparison of its own, all judged together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

import bncli
from bncli.data.dataset import open_dataset
from bncli.data.keys import Key
from bncli.engine import keyed, slicing
from bncli.engine.keyed import ByKey, KeyCounts, count_keys
from bncli.errors import ColumnMissing, DataError, UsageError
from bncli.report.formats import FORMATS, render
from bncli.shift.by_group import ByGroup
from bncli.shift.places import LEAST_ROWS, Places, chosen

pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")

KEYS = {
    "penguins": "species",
    "flights": "carrier",
    "weather": "origin",
    "digits": "label",
}


@pytest.fixture(scope="module")
def sides(sample_data) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Real data by name, both sides. The birds, which were caught in pairs: every second pair."""

    def read(name: str) -> pl.DataFrame:
        return pl.read_parquet(sample_data / f"{name}.parquet")

    birds = read("penguins").with_row_index("at")
    odd = pl.col("at") // 2 % 2 == 1
    flights = ["carrier", "dep_delay", "air_time", "distance", "origin", "seats"]
    return {
        "penguins": (birds.filter(odd).drop("at"), birds.filter(~odd).drop("at")),
        "flights": (
            read("flights_january").select(flights),
            read("flights_july").select(flights),
        ),
        "weather": (read("weather_winter"), read("weather_summer")),
        "digits": (read("digits_train"), read("digits_test_corrupt")),
    }


def by_key(found: ByGroup) -> dict[str, object]:
    return {group.key: group for group in found.groups}


@pytest.mark.parametrize("name", KEYS)
def test_a_group_is_what_a_comparison_of_its_rows_alone_says(sides, name):
    """Every measure, bit for bit; only the correction for asking often differs."""
    train, test = sides[name]
    key = KEYS[name]
    found = bncli.shift(train, test, by=key, joint=0).groups
    shared = set(train[key].unique()) & set(test[key].unique())
    assert {group.key for group in found.groups if group.together == 1} <= set(map(str, shared))
    for group in found.groups:
        if group.together > 1:
            continue
        parts = [side.filter(pl.col(key).cast(pl.String) == group.key) for side in (train, test)]
        alone = bncli.shift(*parts, exclude=[key], joint=0)
        expected = {one.label: one.measured for one in alone.columns if one.name != key}
        assert group.rows == (parts[0].height, parts[1].height)
        assert {column.label for column in group.columns} == set(expected)
        for column in group.columns:
            other = expected[column.label]
            assert dict(column.measures) == pytest.approx(dict(other.measures), abs=1e-12)
            assert dict(column.measured.chances) == pytest.approx(dict(other.chances), abs=1e-9)


def test_measures_of_a_group_are_those_of_scipy(sides):
    train, test = sides["flights"]
    group = by_key(bncli.shift(train, test, by="carrier").groups)["VX"]
    (column,) = (one for one in group.columns if one.label == "dep_delay")
    ours, theirs = (
        side.filter(pl.col("carrier") == "VX")["dep_delay"].drop_nulls().cast(pl.Float64).to_numpy()
        for side in (train, test)
    )
    expected = stats.ks_2samp(ours, theirs)
    assert column.measures["ks"] == pytest.approx(expected.statistic, abs=1e-12)
    assert column.measures["ks_p"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert column.measures["location"] == pytest.approx(
        (theirs.mean() - ours.mean()) / ours.std(), rel=1e-12
    )


def test_all_columns_of_all_groups_are_judged_together(sides):
    """Benjamini-Hochberg over columns times groups, by SciPy's own."""
    found = bncli.shift(*sides["flights"], by="carrier").groups
    raw = [
        min(1.0, len(one.measured.chances) * min(one.measured.chances.values()))
        for one in found.columns
    ]
    expected = stats.false_discovery_control(raw, method="bh")
    assert [one.p_adjusted for one in found.columns] == pytest.approx(expected, abs=1e-12)


def test_chance_alone_moves_no_group():
    """Fifty groups of five columns from one source: raw p-values would call a dozen."""
    rng = np.random.default_rng(1)
    frames = [
        pl.DataFrame(
            {"g": np.arange(20_000) % 50, **{f"x{c}": rng.normal(size=20_000) for c in range(5)}}
        )
        for _ in range(2)
    ]
    report = bncli.shift(*frames, by="g", fail_on=("minor",))
    assert (report.groups.verdict, report.groups.shifted, report.gate.failed) == ("none", 0, ())
    assert min(one.measures["ks_p"] for one in report.groups.columns) < 0.05


def test_a_shift_that_all_rows_together_hide_is_found_in_its_group_and_stops_the_gate():
    """Two groups that move in opposite ways, so that the whole stays what it was."""
    rng = np.random.default_rng(2)
    group = np.repeat(["up", "down", "still"], 2_000)
    train, test = (
        pl.DataFrame({"g": group, "x": rng.normal(at, 1)})
        for at in (np.repeat([0.0, 1.0, 5.0], 2_000), np.repeat([1.0, 0.0, 5.0], 2_000))
    )
    report = bncli.shift(train, test, by="g", fail_on=("major", "share=0.1", "psi=0.25"))
    assert report.verdict == "none"
    assert [(one.key, one.severity) for one in report.groups.groups] in (
        [("up", "major"), ("down", "major"), ("still", "none")],
        [("down", "major"), ("up", "major"), ("still", "none")],
    )
    # A share is that of the columns over all rows, of which none moved.
    assert report.gate.failed == ("major", "psi=0.25")
    for name in ("markdown", "html"):
        assert "2 of 3 groups moved (2 major)" in render(report, name)


def test_groups_of_one_side_are_named_and_the_mix_is_told_of_the_key(sides):
    train, test = sides["penguins"]
    gone = train.filter(pl.col("species") != "Gentoo")
    report = bncli.shift(gone, test, by="species")
    found = report.groups
    assert {group.key for group in found.groups} == {"Adelie", "Chinstrap"}
    assert found.only_train == ()
    assert found.only_test == (("Gentoo", test.filter(pl.col("species") == "Gentoo").height),)
    (mix,) = (column for column in report.columns if column.label == "species")
    assert mix.kind == "categorical"
    assert mix.measures["unseen"] == pytest.approx(found.only_test[0][1] / test.height)
    assert mix.severity == "major"


def test_a_key_of_numbers_is_a_category_and_no_number(sides):
    report = bncli.shift(*sides["digits"], by="label")
    (mix,) = (column for column in report.columns if column.label == "label")
    assert (mix.kind, mix.severity) == ("categorical", "none")
    assert set(by_key(report.groups)) == set(map(str, range(10)))
    assert all(group.severity == "major" for group in report.groups.groups)
    assert not report.schema


def test_the_same_keys_from_text_and_from_numbers_are_the_same_groups(sides, tmp_path):
    train, test = (
        pl.DataFrame({"shop": np.arange(400) % 4, "x": np.random.default_rng(s).normal(size=400)})
        for s in (0, 1)
    )
    train.with_columns(pl.col("shop").cast(pl.Float64)).write_parquet(tmp_path / "train.parquet")
    test.write_csv(tmp_path / "test.csv")
    found = bncli.shift(tmp_path / "train.parquet", tmp_path / "test.csv", by="shop").groups
    assert sorted(group.key for group in found.groups) == ["0", "1", "2", "3"]
    assert (found.only_train, found.only_test) == ((), ())


def test_rows_without_a_key_are_in_no_group_and_told(sides):
    train, test = sides["penguins"]
    report = bncli.shift(train, test, by="sex")
    found = report.groups
    assert found.keyless == (train["sex"].null_count(), test["sex"].null_count())
    assert sum(group.rows[0] for group in found.groups) == train["sex"].len() - found.keyless[0]
    assert "have no" in render(report, "markdown")


def test_few_rows_are_said(sides):
    train, test = sides["penguins"]
    small = pl.concat(
        [train.filter(pl.col("species") == kind).head(12) for kind in ("Adelie", "Gentoo")]
    )
    report = bncli.shift(small, test, by="species", columns="body_mass_g")
    assert all(group.too_few_rows for group in report.groups.groups)
    assert "too few rows" in " ".join(report.groups.notes)
    assert json.loads(render(report, "json"))["groups"]["groups"][0]["too_few_rows"] is True


def test_groups_of_few_rows_are_compared_together(sides):
    train, test = sides["flights"]
    many = bncli.shift(train, test, by="seats", columns="dep_delay,distance").groups
    rows = [
        dict(side["seats"].drop_nulls().cast(pl.String).value_counts().iter_rows())
        for side in (train, test)
    ]
    shared = [key for key in rows[0] if key in rows[1]]
    small = [key for key in shared if min(side[key] for side in rows) < LEAST_ROWS]
    assert len(small) > 1
    (rest,) = (group for group in many.groups if group.together > 1)
    assert rest.together == len(small)
    assert rest.rows == tuple(sum(side[key] for key in small) for side in rows)
    parts = [side.filter(pl.col("seats").cast(pl.String).is_in(small)) for side in (train, test)]
    alone = bncli.shift(*parts, columns="dep_delay,distance", joint=0)
    expected = {one.label: one.measures["ks"] for one in alone.columns}
    assert {one.label: one.measures["ks"] for one in rest.columns} == expected


def test_the_largest_groups_are_compared_one_by_one(monkeypatch):
    counts = {f"k{at}": 20 + at for at in range(50)}
    assert len(chosen(counts, counts, 1000).keys) == 20
    assert chosen(counts, counts, 1000).keys[0] == "k49"
    lopsided = counts | {"k49": 11}
    assert "k49" not in chosen(counts, lopsided, 1000).keys
    assert chosen(counts, {}, 3) == Places(())
    assert chosen({"a": 5}, {"a": 1}, 3) == Places(("a",))  # one alone is no more together
    assert chosen({"a": 5, "b": 9}, {"a": 1, "b": 9}, 3) == Places((), ("b", "a"))


def test_an_artifact_by_the_key_is_compared_by_what_it_keeps(sides, tmp_path):
    train, test = sides["flights"]
    path = tmp_path / "carriers.json"
    bncli.fit(train, by="carrier").save(path)
    found = by_key(bncli.shift(path, test, by="carrier").groups)
    full = by_key(bncli.shift(train, test, by="carrier").groups)
    assert set(found) == set(full)
    for key, group in found.items():
        expected = {one.label: one for one in full[key].columns}
        assert group.rows == full[key].rows
        for column in group.columns:
            ours, theirs = column.measures, expected[column.label].measures
            for name in {"location", "scale", "missing_train", "missing_test"} & set(theirs):
                assert ours[name] == pytest.approx(theirs[name], rel=1e-9, abs=1e-12)
            assert "ks" not in ours
    other = by_key(bncli.shift(test, path, by="carrier").groups)
    assert set(other) == set(found)
    same = bncli.shift(path, path, by="carrier").groups
    assert (same.verdict, same.only_train, same.only_test) == ("none", (), ())


def test_small_groups_of_an_artifact_are_together_what_their_rows_are(sides):
    train, test = sides["flights"]
    fitted = bncli.fit(train, by="seats", columns="dep_delay")
    found, full = (
        next(
            group
            for group in bncli.shift(side, test, by="seats", columns="dep_delay").groups.groups
            if group.together > 1
        )
        for side in (fitted, train)
    )
    assert (found.rows, found.together) == (full.rows, full.together)
    names = ("location", "scale", "missing_train")
    for name in names:
        assert found.columns[0].measures[name] == pytest.approx(
            full.columns[0].measures[name], rel=1e-9
        )


def test_what_cannot_be_grouped_is_refused_by_name(sides, tmp_path):
    train, test = sides["penguins"]
    with pytest.raises(ColumnMissing, match="'isle'"):
        bncli.shift(train, test, by="isle")
    with pytest.raises(DataError, match=r"holds 40\.3, and groups are named by"):
        bncli.shift(train, test, by="bill_length_mm")
    with pytest.raises(UsageError, match="statistics of all rows only, and --by asks for 'island'"):
        bncli.shift(bncli.fit(train), test, by="island")
    with pytest.raises(UsageError, match="groups by 'species', and --by asks for 'island'"):
        bncli.shift(train, bncli.fit(test, by="species"), by="island")
    with pytest.raises(UsageError, match="two ways"):
        bncli.shift(train, test, by="island", by_batch=50)


def test_identifiers_are_no_groups(monkeypatch):
    monkeypatch.setattr(keyed, "MOST_KEYS", 90)
    frame = pl.DataFrame({"id": [f"n{at}" for at in range(100)], "x": np.arange(100.0)})
    with pytest.raises(DataError, match="'id' has more than 90 different values"):
        bncli.shift(frame, frame, by="id")


def test_many_large_groups_are_sealed_and_stay_within_their_rank_error(monkeypatch):
    rng = np.random.default_rng(3)
    monkeypatch.setattr(slicing, "HELD_VALUES", 40_000)
    frames = [
        pl.DataFrame({"g": rng.integers(0, 12, 120_000), "x": rng.normal(at, 1, 120_000)})
        for at in (0.0, 0.4)
    ]
    found = bncli.shift(*frames, by="g").groups
    assert any("sketches" in note for note in found.notes)
    for group in found.groups:
        (column,) = group.columns
        ours, theirs = (f.filter(pl.col("g") == int(group.key))["x"].to_numpy() for f in frames)
        expected = stats.ks_2samp(ours, theirs).statistic
        assert abs(column.measures["ks"] - expected) <= column.measured.rank_error


def test_the_cut_finds_every_row_of_every_group_in_any_chunks():
    rng = np.random.default_rng(4)
    frame = pl.DataFrame({"g": rng.integers(0, 30, 5_000), "at": np.arange(5_000)})
    dataset = open_dataset(frame)
    places = {str(key): key % 4 for key in range(20)}
    cut = ByKey(KeyCounts(Key.of(dataset, "g"), dataset), places, ("0", "1", "2", "3"))
    found: dict[int, list[int]] = {}
    for chunk in dataset.chunks(64, read_rows=640):
        for piece in cut.pieces(chunk):
            rows = piece.frame["at"].to_list()
            assert (piece.first, piece.last) == (rows[0], rows[-1])
            found.setdefault(piece.place, []).extend(rows)
    for place, rows in found.items():
        own = frame.filter((pl.col("g") < 20) & (pl.col("g") % 4 == place))
        assert rows == own["at"].to_list()
    assert cut.counts.rows == count_keys(dataset, "g").rows
    assert sum(cut.counts.rows.values()) == 5_000


# --- the key of an artifact that is compared as a whole ---------------------------------------


@pytest.mark.parametrize("profile", [True, False])
def test_the_key_of_an_artifact_is_no_column_that_the_other_side_has_more(sides, profile):
    """A key of numbers is in the data, and no channel of an artifact that was fitted by it."""
    train, test = sides["digits"]
    fitted = bncli.fit(train, by="label", profile=profile)
    plain = bncli.fit(train)
    for pair in (
        (fitted, test),
        (test, fitted),
        (fitted, fitted),
        (fitted, plain),
        (plain, fitted),
    ):
        report = bncli.shift(*pair, fail_on=("schema",))
        assert not report.schema
        assert report.gate.failed == ()
        assert [one.name for one in report.not_compared] == []


def test_a_column_that_is_no_key_still_counts_for_the_schema(sides):
    train, test = sides["digits"]
    fitted = bncli.fit(train, by="label")
    report = bncli.shift(fitted, test.with_columns(new=1.0), fail_on=("schema",))
    assert (report.schema.only_test, report.gate.failed) == (("new",), ("schema",))
    # A key of text is a category of the artifact, too: that it is gone is told.
    winter, summer = sides["weather"]
    gone = bncli.shift(bncli.fit(winter, by="origin"), summer.drop("origin"))
    assert gone.schema.only_train == ("origin",)


# --- from the shell ---------------------------------------------------------------------------


def cli(*arguments, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "bncli", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, capture_output=True, check=False, env=environment, input=stdin)


@pytest.fixture(scope="module")
def birds(sides, tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("birds")
    train, test = sides["penguins"]
    paths = folder / "odd.csv", folder / "even.csv"
    train.write_csv(paths[0])
    heavier = pl.col("body_mass_g") + pl.when(pl.col("species") == "Gentoo").then(900).otherwise(0)
    test.with_columns(heavier).write_csv(paths[1])
    return paths


def test_the_shell_shows_the_worst_group_first_and_the_gate_stops(birds):
    done = cli("shift", *birds, "--by", "species", "--fail-on", "major", "-q")
    assert done.returncode == 4
    lines = done.stdout.decode().splitlines()
    at = lines.index("by species: 3 groups on both sides")
    assert lines[at + 1].startswith("1 of 3 moved (1 major, 2 none)")
    table = [line.split()[0] for line in lines[at + 5 : at + 8]]
    assert table[0] == "Gentoo"
    assert "body_mass_g: psi" in lines[at + 5]
    assert set(table) == {"Adelie", "Chinstrap", "Gentoo"}


def test_json_has_a_section_for_groups_and_null_without_them(birds):
    record = json.loads(render(bncli.shift(*birds, by="species"), "json"))["groups"]
    assert (record["by"], record["verdict"]) == ("species", "major")
    assert (record["shifted"], record["compared"]) == (1, 3)
    first = record["groups"][0]
    assert (first["key"], first["together"], first["severity"]) == ("Gentoo", 1, "major")
    assert first["columns"][0]["name"] == "body_mass_g"
    assert first["columns"][0]["reasons"]
    assert json.loads(render(bncli.shift(*birds), "json"))["groups"] is None


@pytest.mark.parametrize("side", [0, 1])
def test_one_side_may_be_a_pipe(birds, side):
    paths: list[object] = list(birds)
    text = Path(birds[side]).read_bytes()
    paths[side] = "-"
    arguments = ("--by", "species", "--format", "csv", "--json")
    piped = json.loads(cli("shift", *paths, *arguments, stdin=text).stdout)["groups"]
    whole = json.loads(render(bncli.shift(*birds, by="species"), "json"))["groups"]
    assert [one["key"] for one in piped["groups"]] == [one["key"] for one in whole["groups"]]
    for ours, theirs in zip(piped["groups"], whole["groups"], strict=True):
        for mine, other in zip(ours["columns"], theirs["columns"], strict=True):
            assert mine["measures"] == pytest.approx(other["measures"], rel=1e-9, abs=1e-9)
            assert (mine["name"], mine["severity"]) == (other["name"], other["severity"])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_tells_of_the_groups(birds, name):
    text = render(bncli.shift(*birds, by="species"), name)
    assert {"Adelie", "Chinstrap", "Gentoo"} <= set(
        text.replace("<", " ").replace("`", " ").replace('"', " ").replace(">", " ").split()
    )
