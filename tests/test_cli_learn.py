"""``bncli learn`` and ``bncli predict`` as users run them: on real data, as whole processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bncli.cli import app
from bncli.cli.process import Process

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bncli(tmp_path, sample_data):
    """Run the real command in a folder of its own, where ``data`` leads to the real sets."""
    (tmp_path / "data").symlink_to(sample_data)

    def run(*args, code=0, stdin=None):
        done = subprocess.run(
            [sys.executable, "-m", "bncli", *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            input=stdin,
            check=False,
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout.decode(), done.stderr.decode()

    return run


@pytest.fixture
def within(monkeypatch, tmp_path, sample_data, capfd):
    """The same without a process of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sample_data)

    def run(*args, code=0):
        assert app.run(Process(), [str(arg) for arg in args]) == code
        return capfd.readouterr()

    return run


WINTER, SUMMER = "data/weather_winter.parquet", "data/weather_summer.parquet"


def test_the_dew_point_from_temperature_and_humidity(bncli, tmp_path):
    columns = "temp,humid,wind_dir,wind_speed,visib"
    bncli("fit", WINTER, "--columns", columns, "--target", "dewp", "-o", "winter.json")
    out, err = bncli(
        *("learn", WINTER, "--target", "dewp", "-s", "winter.json", "-o", "learned.json"),
        *("--keep-head", "--missing", "mean"),
    )
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert lines["task"] == "regression: mean squared error of 'dewp'"
    assert lines["rows"].startswith("5827 learned from, 636 rows held out")
    assert "before" in lines["loss"]
    assert lines["raw"].startswith("columns")
    assert err.splitlines()[-1] == (
        "learned gamma and beta of 5 features and the head, kept in learned.json"
    )
    record = json.loads((tmp_path / "learned.json").read_text())
    # The dew point's variance is 140, and physics makes it almost a plane of the two.
    assert record["learned"]["before"] > 100
    assert record["learned"]["after"] < 3
    out, err = bncli("predict", SUMMER, "-s", "learned.json", "-o", "scores.parquet")
    assert (out, err.splitlines()[-1]) == ("", "scored 6604 rows, kept in scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")["prediction"].to_numpy()
    truth = pl.read_parquet(tmp_path / SUMMER)["dewp"].to_numpy()
    # sample_data/README.md: a straight line fitted in winter has RMSE 2.51 F in summer.
    assert np.sqrt(np.nanmean((scores - truth) ** 2)) < 4


def test_penguins_by_species_from_a_pipe_to_a_pipe(bncli, tmp_path):
    rows = (tmp_path / "data/penguins.csv").read_bytes()
    bncli("fit", "data/penguins.csv", "--target", "species", "-o", "penguins.json")
    common = ("-s", "penguins.json", "--target", "species", "--epochs", "60", "-q", "--keep-head")
    common = (*common, "--no-compare")
    bncli("learn", "data/penguins.csv", *common, "-o", "file.json")
    bncli("learn", "-", "--format", "csv", *common, "-o", "pipe.json", stdin=rows)
    assert (tmp_path / "pipe.json").read_bytes() == (tmp_path / "file.json").read_bytes()
    out, _ = bncli(
        *("predict", "-", "--format", "csv", "-s", "pipe.json", "-o", "-", "--keep", "species"),
        stdin=rows,
    )
    head, *lines = out.splitlines()
    assert head.split(",")[:2] == ["row", "species"]
    right = [line.split(",")[1] == line.split(",")[-1] for line in lines]
    assert len(right) == 344
    assert sum(right) > 330


def test_visits_to_a_doctor_are_hardly_predicted_and_it_says_so(bncli, tmp_path):
    train = "data/visits_train.parquet"
    bncli("fit", train, "--target", "mdvis", "--exclude", "true_odds", "-o", "visits.json")
    out, _ = bncli(
        *("learn", train, "--target", "mdvis", "-s", "visits.json", "-o", "learned.parquet"),
        *("--optimizer", "sgd", "--lr", "0.05", "--momentum-sgd", "0.5", "--patience", "5"),
        *("--lr-schedule", "cosine", "--weight-decay", "1e-4", "--seed", "3", "--no-compare"),
    )
    assert "regression: mean squared error of 'mdvis'" in out
    shown, _ = bncli("inspect", "learned.parquet", "--json")
    record = json.loads(shown)["learned"]
    assert 0.85 * record["before"] < record["after"] < record["before"]
    assert record["options"]["momentum_sgd"] == 0.5


def test_inspect_shows_what_was_learned(within):
    within("fit", "data/penguins.csv", "--target", "species", "-o", "penguins.json")
    within(
        *("learn", "data/penguins.csv", "--target", "species", "-s", "penguins.json", "-q"),
        *("-o", "learned.json", "--keep-head", "--no-compare", "--steps", "30"),
    )
    out, _ = within("inspect", "learned.json")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if line)
    assert lines["learned"].startswith(
        "multiclass of 'species' in 30 steps: cross-entropy 1.07257 before, "
    )
    assert lines["head"] == (
        "multiclass of 'species' from 5 features, classes Adelie, Chinstrap, Gentoo"
    )
    for again in ("learned.parquet", "back.json"):
        within("convert", "learned.json", again) if again.endswith("parquet") else within(
            "convert", "learned.parquet", again
        )
    assert Path("back.json").read_bytes() == Path("learned.json").read_bytes()


def test_the_artifact_goes_to_standard_output_as_json(within):
    within("fit", "data/penguins.csv", "--target", "sex", "-o", "penguins.json")
    command = ("learn", "data/penguins.csv", "--target", "sex", "-s", "penguins.json")
    options = ("--steps", "9", "--no-compare", "-q")
    within(*command, *options, "-o", "learned.json")
    for printing in (("--json",), ("-o", "-")):
        out, _ = within(*command, *options, *printing)
        assert out == Path("learned.json").read_text()
    out, err = within(*command, "--steps", "9", "--no-compare")
    assert out.startswith("task         binary: cross-entropy of 'sex'\n")
    assert "kept in" not in err


def test_gamma_and_beta_are_what_transform_uses(within):
    within("fit", WINTER, "--columns", "temp,humid", "--target", "dewp", "-o", "winter.json")
    within(*("learn", WINTER, "--target", "dewp", "-s", "winter.json", "-o", "learned.json", "-q"))
    for name in ("winter", "learned"):
        within("transform", WINTER, "-s", f"{name}.json", "-o", f"{name}.parquet", "-q")
    plain, moved = (pl.read_parquet(f"{n}.parquet")["temp"] for n in ("winter", "learned"))
    channel = json.loads(Path("learned.json").read_text())["channels"][0]
    expected = plain.to_numpy() * channel["gamma"] + channel["beta"]
    np.testing.assert_allclose(moved.to_numpy(), expected, rtol=1e-9, atol=1e-12)


def test_a_merge_and_an_update_keep_what_was_learned(within):
    columns = ("--columns", "temp,humid", "--target", "dewp")
    within("fit", WINTER, *columns, "-o", "winter.json")
    within("fit", SUMMER, *columns, "-o", "summer.json")
    learn = ("learn", WINTER, "--target", "dewp", "--no-compare", "--keep-head", "-q")
    within(*learn, "-s", "winter.json", "-o", "learned.json")
    within("merge", "learned.json", "summer.json", "-o", "both.json", "-q")
    within("fit", SUMMER, *columns, "--update", "learned.json", "-o", "updated.json", "-q")
    record = json.loads(Path("learned.json").read_text())
    for name in ("both.json", "updated.json"):
        found = json.loads(Path(name).read_text())
        assert found["head"] == record["head"]
        assert found["learned"] == record["learned"]
        assert found["rows"] == 6463 + 6604
    within(*learn, "-s", "winter.json", "--seed", "1", "-o", "other.json")
    _, err = within("merge", "learned.json", "other.json", "-o", "no.json", code=2)
    assert "different gamma or beta" in err
    assert not Path("no.json").exists()


def test_divergence_ends_with_0_a_loud_warning_and_a_whole_artifact(within):
    within("fit", WINTER, "--columns", "temp,humid", "--target", "dewp", "-o", "winter.json")
    _, err = within(
        *("learn", WINTER, "--target", "dewp", "-s", "winter.json", "-o", "learned.json"),
        *("--optimizer", "sgd", "--lr", "1e9"),
    )
    assert "warning: the loss was not finite any more after " in err
    assert "try a smaller --lr than 1e+09" in err
    record = json.loads(Path("learned.json").read_text())
    assert record["learned"]["stopped"] == "diverged"
    assert [channel["gamma"] for channel in record["channels"]] == [1.0, 1.0]
    within("transform", WINTER, "-s", "learned.json", "-o", "out.parquet", "-q")


WRONG = {
    "no target": ((), 2, "target"),
    "an unknown target": (("--target", "dewpp"), 3, "did you mean 'dewp'"),
    "an unknown optimizer": (("--target", "dewp", "--optimizer", "lbfgs"), 2, "sgd"),
    "a rate of 0": (("--target", "dewp", "--lr", "0"), 2, "--lr 0"),
    "no first weights": (("--target", "dewp", "--init", "none.json"), 3, "none.json"),
    "first weights of no shape": (("--target", "dewp", "--init", "stats.json"), 3, "weight"),
    "first weights that are no JSON": (("--target", "dewp", "--init", WINTER), 3, "is no JSON"),
    "a trace over an input": (("--target", "dewp", "--trace", "stats.json"), 2, "both input and"),
    "an output that is there": (("--target", "dewp", "-o", "stats.json"), 2, "is there already"),
    "a time as target": (("--target", "time_hour"), 3, "which is no target"),
}


@pytest.mark.parametrize(("options", "expected", "told"), WRONG.values(), ids=list(WRONG))
def test_errors_are_short_and_leave_nothing_behind(within, options, expected, told):
    within("fit", WINTER, "--columns", "temp,humid", "-o", "stats.json")
    out, err = within("learn", WINTER, "-s", "stats.json", *options, code=expected)
    assert out == ""
    assert told in err
    assert err.count("\n") <= 4
    assert sorted(path.name for path in Path().iterdir()) == ["data", "stats.json"]


def test_a_trace_that_is_there_is_kept(within):
    within("fit", WINTER, "--columns", "temp,humid", "-o", "stats.json")
    Path("trace.ndjson").write_text("mine")
    options = ("-s", "stats.json", "--target", "dewp", "--trace", "trace.ndjson")
    _, err = within("learn", WINTER, *options, code=2)
    assert "is there already" in err
    assert Path("trace.ndjson").read_text() == "mine"


def test_a_failure_leaves_no_trace_file(within):
    Path("bad.csv").write_text("x,y\n" + "".join(f"{row},{row * 2}\n" for row in range(50)))
    within("fit", "bad.csv", "--column", "x", "--target", "y", "-o", "stats.json", "-q")
    Path("bad.csv").write_text("x,y\n" + "1,2\n" * 40 + "2,inf\n")
    command = ("learn", "bad.csv", "--target", "y", "-s", "stats.json", "--trace", "t.ndjson")
    _, err = within(*command, "-o", "learned.json", code=3)
    assert "row 41: the target holds inf" in err
    assert sorted(path.name for path in Path().iterdir()) == ["bad.csv", "data", "stats.json"]


def test_a_name_that_a_terminal_would_obey_is_written_out(within):
    name = "evil\x1b[31m\nname"
    rows = np.arange(200.0)
    frame = pl.DataFrame({"x": rows % 7, name: rows % 7 * 3})
    frame.write_parquet("rows.parquet")
    within("fit", "rows.parquet", "--column", "x", "-o", "stats.json", "-q")
    command = ("learn", "rows.parquet", "--target", name, "-s", "stats.json", "-o", "l.json")
    out, err = within(*command, "--keep-head", "--no-compare")
    shown, _ = within("inspect", "l.json")
    assert "\x1b" not in out + err + shown
