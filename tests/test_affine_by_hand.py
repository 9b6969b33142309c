"""Gamma and beta by hand: as words, as files, from another artifact; names that are not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import standardizers
from hypothesis import given
from hypothesis import strategies as st

import bncli
from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import BncliError, BncliWarning, UsageError
from bncli.standardize.by_hand import from_pairs, parse_pairs, with_values

WINTER = "weather_winter.parquet"


@pytest.fixture(scope="module")
def winter(sample_data):
    return bncli.fit(sample_data / WINTER)


@pytest.fixture
def run(monkeypatch, tmp_path, sample_data, capfd):
    """A command line in a folder of its own, where ``data`` leads to the real sets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sample_data)

    def command(*args):
        return app.run(Process(), [str(arg) for arg in args]), *capfd.readouterr()

    return command


def by_feature(standardizer):
    rows = zip(standardizer.gamma.tolist(), standardizer.beta.tolist(), strict=True)
    names = (channel.label for channel in standardizer.channels)
    return dict(zip(names, rows, strict=True))


def written(path: Path, rows: list[dict]) -> Path:
    frame = pl.DataFrame(rows)
    match path.suffix:
        case ".csv":
            frame.write_csv(path)
        case ".json":
            path.write_text(json.dumps(rows))
        case ".ndjson":
            frame.write_ndjson(path)
        case _:
            frame.write_parquet(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "parquet"])
def test_a_file_sets_the_features_it_lists_and_no_other(suffix, winter, tmp_path):
    rows = [
        {"feature": "temp", "channel": 0, "gamma": 2.0, "beta": -1.5},
        {"feature": "dewp", "channel": 0, "gamma": 0.1, "beta": 1e300},
    ]
    found = by_feature(winter.with_affine(written(tmp_path / f"affine.{suffix}", rows)))
    assert (found.pop("temp"), found.pop("dewp")) == ((2.0, -1.5), (0.1, 1e300))
    assert len(found) == 9
    assert set(found.values()) == {(1.0, 0.0)}


def test_a_column_or_a_cell_that_is_left_out_keeps_the_value(winter, tmp_path):
    path = tmp_path / "affine.csv"
    path.write_text("feature,gamma,beta\ntemp,2,\ndewp,,3\n")
    found = by_feature(winter.with_affine(path))
    assert (found["temp"], found["dewp"]) == ((2.0, 0.0), (1.0, 3.0))
    only_beta = pl.DataFrame({"feature": ["humid"], "beta": [4]})
    assert by_feature(winter.with_affine(only_beta))["humid"] == (1.0, 4.0)


def test_features_whose_names_look_like_numbers_are_found_in_a_csv(tmp_path):
    fitted = bncli.fit(pl.DataFrame({"007": [1.0, 2.0], "1e3": [3.0, 5.0]}))
    path = tmp_path / "affine.csv"
    path.write_text("feature,gamma\n007,2\n1e3,3\n")
    assert fitted.with_affine(path).gamma.tolist() == [2.0, 3.0]


def test_single_values_go_over_those_of_a_file_and_of_the_identity(winter, tmp_path):
    path = written(tmp_path / "affine.csv", [{"feature": "temp", "gamma": 2.0, "beta": 1.0}])
    assert by_feature(winter.with_affine(path, beta={"temp": 5}))["temp"] == (2.0, 5.0)
    gamma, beta = by_feature(winter.with_affine("identity", gamma={"temp": 3}))["temp"]
    assert (gamma, beta) == (3.0, winter.mean[2])


def test_another_standardizer_or_its_artifact_gives_its_own(winter, tmp_path):
    learned = winter.with_affine(gamma={"temp": 2, "humid": -3}, beta={"dewp": 1e-7})
    learned.save(tmp_path / "learned.json")
    learned.save(tmp_path / "learned.parquet")
    for source in (learned, tmp_path / "learned.json", tmp_path / "learned.parquet"):
        assert by_feature(winter.with_affine(source)) == by_feature(learned)


def test_a_tensor_takes_one_value_for_all_channels_or_one_for_each():
    flat = standardizers.fitted({"a": [1, 2], "b": [1, 3], "c": [2, 5]})
    named = [("image", 0, "CHW:2x1x1"), ("image", 1, "CHW:2x1x1"), ("x", 0, None)]
    channels = tuple(
        replace(channel, feature=feature, channel=number, layout=layout)
        for channel, (feature, number, layout) in zip(flat.channels, named, strict=True)
    )
    made = flat.replace(profile=replace(flat.profile, channels=channels))
    made = made.replace(gamma=np.ones(3), beta=np.zeros(3))
    assert with_values(made, from_pairs({"image": 4}, "gamma")).gamma.tolist() == [4, 4, 1]
    assert with_values(made, from_pairs({"image[1]": 4}, "beta")).beta.tolist() == [0, 4, 0]
    with pytest.raises(UsageError, match=r"gamma of 'image\[1\]' is given twice"):
        with_values(made, from_pairs({"image": 4, "image[1]": 5}, "gamma"))


@given(st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False))
def test_a_name_may_hold_anything_that_is_written_before_the_last_equals(name, value):
    assert parse_pairs([f"{name}={value!r}"], "gamma") == {name: value}


WRONG = {
    "unknown": ([{"feature": "tmp", "gamma": 1}], "no feature is named 'tmp'; did you mean 'temp'"),
    "channel": ([{"feature": "temp", "channel": 1, "gamma": 1}], r"is named 'temp\[1\]'"),
    "twice": ([{"feature": "temp", "gamma": 1}] * 2, "gamma of 'temp' is given twice"),
    "not finite": ([{"feature": "temp", "beta": float("inf")}], "beta of 'temp' is inf"),
    "NaN": ([{"feature": "temp", "gamma": float("nan")}], "gamma of 'temp' is nan"),
    "text": ([{"feature": "temp", "gamma": "two"}], "row 1: gamma of 'temp' is 'two'"),
    "flag": ([{"feature": "temp", "gamma": True}], "row 1: gamma of 'temp' is True"),
    "half a channel": ([{"feature": "temp", "channel": 0.5, "gamma": 1}], "channel of 'temp'"),
    "no name": ([{"feature": None, "gamma": 1}], "row 1: feature is None"),
    "another column": ([{"feature": "temp", "gama": 1}], "has columns named 'gama'"),
    "no values": ([{"feature": "temp", "channel": 0}], "has only feature, channel"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("suffix", ["parquet", "json"])
def test_what_cannot_be_meant_is_named(case, suffix, winter, tmp_path):
    rows, told = WRONG[case]
    if suffix == "json" and case in ("not finite", "NaN"):
        told = "is not allowed as a number"
    with pytest.raises(BncliError, match=told) as caught:
        winter.with_affine(written(tmp_path / f"affine.{suffix}", rows))
    assert caught.value.exit_code in (2, 3)
    assert "affine." in str(caught.value)


def test_many_problems_are_told_together(winter):
    with pytest.raises(UsageError) as caught:
        winter.with_affine(gamma={"no": 1, "none": 2, "temp": float("inf")})
    assert len(str(caught.value).splitlines()) == 4


def test_the_command_line_sets_them_at_a_fit_and_transform_uses_them(run):
    assert run(
        "fit", f"data/{WINTER}", "-o", "w.json", "--gamma", "temp=2", "--beta", "temp=1", "-q"
    ) == (0, "", "")
    assert run("transform", f"data/{WINTER}", "-s", "w.json", "-o", "out.parquet", "-q")[0] == 0
    temp = pl.read_parquet("out.parquet")["temp"]
    assert temp.mean() == pytest.approx(1)
    assert temp.std(ddof=0) == pytest.approx(2)
    kept = json.loads(Path("w.json").read_text())["fit"]
    assert (kept["gamma"], kept["beta"], kept["affine"]) == ({"temp": 2.0}, {"temp": 1.0}, None)


def test_convert_sets_them_on_an_artifact_without_the_data(run):
    run("fit", f"data/{WINTER}", "-o", "w.json", "-q")
    Path("affine.csv").write_text("feature,gamma,beta\ntemp,2,1\n")
    done = run("convert", "w.json", "w.parquet", "--affine", "affine.csv", "--gamma", "humid=0.5")
    assert done == (0, "", "")
    found = by_feature(bncli.load("w.parquet"))
    assert (found["temp"], found["humid"], found["dewp"]) == ((2.0, 1.0), (0.5, 0.0), (1.0, 0.0))
    assert run("convert", "w.parquet", "same.json", "--affine", "identity")[0] == 0
    assert bncli.load("same.json").beta.tolist() == bncli.load("w.json").mean.tolist()


def test_a_wrong_name_stops_the_command_before_the_rows_are_read(run, monkeypatch):
    monkeypatch.setattr("bncli.api.fitting.fold_dataset", None)
    code, out, err = run("fit", f"data/{WINTER}", "-o", "w.json", "--gamma", "tmp=2")
    assert (code, out) == (2, "")
    assert err.startswith("error: no feature is named 'tmp'; did you mean 'temp'?")
    code, _, err = run("fit", f"data/{WINTER}", "--beta", "temp")
    assert (code, err) == (2, "error: --beta: 'temp' is no NAME=NUMBER\n  --beta temp=2\n")
    assert not Path("w.json").exists()


def test_gamma_and_beta_stay_through_an_update_and_can_be_set_in_it(run):
    run("fit", f"data/{WINTER}", "-o", "w.json", "-q", "--gamma", "temp=2", "--beta", "dewp=1")
    summer = "data/weather_summer.parquet"
    run("fit", summer, "-o", "both.json", "-q", "--update", "w.json", "--gamma", "humid=3")
    found = by_feature(bncli.load("both.json"))
    assert (found["temp"], found["dewp"], found["humid"]) == ((2.0, 0.0), (1.0, 1.0), (3.0, 0.0))


def test_a_head_that_was_learned_with_other_values_is_left_out_and_that_is_said():
    head = standardizers.kept_head()
    made = standardizers.rich(head=head, learned=standardizers.learning())
    fluent = bncli.Standardizer(**{name: getattr(made, name) for name in made.__slots__})
    assert fluent.with_affine(gamma={"temp": fluent.gamma[0]}).head is head
    with pytest.warns(BncliWarning, match="the head was learned with other gamma and beta"):
        assert fluent.with_affine(gamma={"temp": 9}).head is None
