"""Adapting: the formulas in exact arithmetic, real shifts that it does and does not take away."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import standardizers
from applying import exact_root, ulps
from hypothesis import assume, given
from hypothesis import strategies as st

import bncli
from bncli.artifact.model import to_record
from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import BncliWarning, ColumnMissing, DataError, UsageError
from bncli.standardize.adapt import adapted
from bncli.standardize.affine import coefficients
from bncli.standardize.combine import merge, merge_all
from bncli.stats.running import Cumulative, Exponential

WINTER, SUMMER = "weather_winter.parquet", "weather_summer.parquet"

units = st.lists(st.integers(-50, 50), min_size=1, max_size=30)
priors = st.sampled_from([0.0, 0.5, 1.0, 8.0, 1e6])


def made(values, **options):
    one = {"gamma": np.ones(1), "beta": np.zeros(1)}
    return standardizers.fitted({"x": values}, **one, **options)


def exact(values) -> tuple[Fraction, Fraction]:
    numbers = [Fraction(float(value)) for value in values]
    mean = sum(numbers) / len(numbers)
    return mean, sum((x - mean) ** 2 for x in numbers) / len(numbers)


@given(units, units, priors, st.booleans(), st.integers(-9, 12))
def test_statistics_are_mixed_as_the_formulas_say(old, new, prior, pooled, digits):
    old, new = (np.array(values) + 10.0**digits for values in (old, new))
    found = adapted(made(old), made(new).profile, prior, pooled)
    share = Fraction(len(new)) / (Fraction(prior) + len(new))
    before = Fraction(made(old).mean[0]), Fraction(made(old).variance[0])
    after = exact(new)
    mean = (1 - share) * before[0] + share * after[0]
    variance = (1 - share) * before[1] + share * after[1]
    if pooled:
        variance += share * (1 - share) * (after[0] - before[0]) ** 2
    sd = float(exact_root(variance)) if variance else 0.0
    assert ulps(found.mean[0], mean, float(mean), sd, 1e-300) <= 2
    # The training mean is a rounded number, so the gap between the means is one, too.
    slack = float(np.spacing(np.abs(old).max())) * (1 + float(abs(after[0] - before[0])))
    assert found.variance[0] == pytest.approx(float(variance), rel=1e-13, abs=slack * pooled)


@given(units, units)
def test_a_prior_of_all_training_rows_with_pooled_is_the_fit_of_both_together(old, new):
    mixed = adapted(made(old), made(new).profile, float(len(old)), pooled=True)
    both = merge(made(old), made(new))
    assert mixed.mean == pytest.approx(both.mean, rel=1e-14, abs=1e-14)
    assert mixed.variance == pytest.approx(both.variance, rel=1e-13, abs=1e-13)


@given(units, units, units, priors, st.booleans())
def test_parts_adapted_apart_merge_to_the_adaptation_to_all_of_them(old, a, b, prior, pooled):
    base = made(old)
    parts = [adapted(base, made(part).profile, prior, pooled) for part in (a, b)]
    whole = adapted(base, made(a + b).profile, prior, pooled)
    merged = merge_all(parts)
    assert merged.mean == pytest.approx(whole.mean, rel=1e-14, abs=1e-14)
    assert merged.variance == pytest.approx(whole.variance, rel=1e-13, abs=1e-13)
    assert merged.profile.rows == whole.profile.rows


@pytest.mark.parametrize("policy", [None, Exponential(0.1), Exponential(0.1, 0), Cumulative()])
def test_without_a_prior_the_statistics_are_those_of_new_data_alone(policy):
    old, new = made(np.arange(20.0), policy=policy), made(np.arange(7.0) ** 2)
    found = adapted(old, new.profile)
    mean, variance = new.profile.moments.value(), new.profile.moments.variance(old.policy.ddof)
    assert (found.mean.tolist(), found.variance.tolist()) == (mean.tolist(), variance.tolist())


def test_gamma_beta_and_eps_are_kept():
    old = standardizers.rich(eps=0.25, eps_relative=True)
    found = adapted(old, standardizers.rich(seed=1).profile, 5)
    assert found.gamma.tolist() == old.gamma.tolist()
    assert found.beta.tolist() == old.beta.tolist()
    assert (found.eps, found.eps_relative) == (0.25, True)


def test_adapting_again_starts_from_the_adapted_statistics():
    first = adapted(made([0, 2]), made([10, 12]).profile, 2)
    assert first.mean[0] == 6
    assert adapted(first, made([20, 22]).profile, 2).mean[0] == 13.5


def test_a_channel_without_new_values_keeps_its_statistics():
    nan = float("nan")
    found = adapted(made([1, 5]), made([nan, nan]).profile)
    assert (found.mean[0], found.variance[0]) == (3, 4)
    assert coefficients(found).forward(np.array([5.0]))[0] == pytest.approx(1)


def test_a_channel_without_training_values_gets_those_of_new_data_whatever_the_prior():
    nan = float("nan")
    found = adapted(made([nan, nan]), made([1, 5]).profile, 1000)
    assert (found.mean[0], found.variance[0]) == (3, 4)


def test_one_new_value_moves_the_mean_but_no_unbiased_variance():
    old = made(np.arange(20.0), policy=Exponential(1.0))
    found = adapted(old, made([100.0]).profile, 1)
    assert found.mean[0] == pytest.approx((old.mean[0] + 100) / 2)
    assert found.variance[0] == old.variance[0]


def test_new_data_of_one_value_becomes_beta_only_where_nothing_else_counts():
    alone = coefficients(adapted(made([1, 5]), made([7, 7]).profile))
    assert alone.constant.all()
    mixed = adapted(made([1, 5]), made([7, 7]).profile, 2)
    assert not mixed.constant.any()
    assert mixed.mean[0] == 5
    assert coefficients(mixed).forward(np.array([7.0]))[0] == pytest.approx(2 / np.sqrt(2))
    both = adapted(made([7, 7]), made([7, 7, 7]).profile, 2)
    assert both.constant.all()


@pytest.mark.parametrize("prior", [-1.0, float("nan"), float("inf")])
def test_a_prior_that_is_no_count_is_refused(prior):
    with pytest.raises(UsageError, match="prior"):
        adapted(made([1, 2]), made([1, 2]).profile, prior)


def test_parts_of_different_training_statistics_do_not_merge():
    new = made([1, 5]).profile
    first, second = adapted(made([1, 2]), new, 3), adapted(made([1, 3]), new, 3)
    with pytest.raises(UsageError, match="part 2 was adapted from other statistics of 'x'"):
        merge(first, second)
    with pytest.raises(UsageError, match="running policy is adapted in part 1 and pooled in"):
        merge(first, made([1, 2]))
    with pytest.raises(UsageError, match="prior of adapted is"):
        merge(first, adapted(made([1, 2]), new, 4))


def test_a_fit_does_not_give_or_go_on_from_adapted_statistics(tmp_path):
    frame = pl.DataFrame({"x": [1.0, 2.0, 4.0] * 20})
    with pytest.raises(UsageError, match="no fit gives adapted statistics"):
        bncli.fit(frame, running="adapted")
    with pytest.raises(UsageError, match="mixed"):
        bncli.fit(frame, update=bncli.fit(frame).adapt(frame))


# --- real data ------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch, tmp_path, sample_data, capfd):
    """A command line in a folder of its own, where ``data`` leads to the real sets."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sample_data)

    def command(*args):
        return app.run(Process(), [str(arg) for arg in args]), *capfd.readouterr()

    return command


def numbers(path: Path) -> pl.DataFrame:
    frame = pl.read_parquet(path)
    return frame.select(
        pl.col(n).cast(pl.Float64) for n, t in frame.schema.items() if t.is_numeric()
    )


def mapped(run) -> dict:
    """The shift report between training and new.parquet, adapted to and back in its units."""
    run("transform", "new.parquet", "-s", "adapted.json", "-o", "out.parquet", "-q")
    run("inverse", "out.parquet", "-s", "old.json", "-o", "mapped.parquet", "-q")
    return json.loads(run("shift", "old.parquet", "mapped.parquet", "--json", "-q")[1])


REAL = [WINTER, "visits_train.parquet", "flights_january.parquet", "penguins.parquet"]


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    ("scale", "offset", "eps"), [(1.8, 32.1, "1e-8"), (0.001, 1e3, "0"), (250, -7, "1e-8")]
)
def test_a_shift_of_location_and_scale_is_gone_after_adapting(run, name, scale, offset, eps):
    old = numbers(Path("data") / name)
    old.write_parquet("old.parquet")
    old.select(pl.all() * scale + offset).write_parquet("new.parquet")
    run(
        "fit", "old.parquet", "-o", "old.json", "-q", "--gamma", f"{old.columns[0]}=3", "--eps", eps
    )
    told = json.loads(run("adapt", "new.parquet", "-s", "old.json", "--json", "-q")[1])
    assert (told["before"], told["after"]) == ("major", "none")
    assert run("adapt", "new.parquet", "-s", "old.json", "-o", "adapted.json", "-q")[0] == 0
    report = mapped(run)
    assert report["verdict"] == "none"
    assert {column["severity"] for column in report["columns"]} == {"none"}


def test_a_shift_of_shape_is_left_and_the_report_said_so_beforehand(run):
    old = numbers(Path("data") / WINTER).select("temp", "dewp", "humid", "pressure")
    old.write_parquet("old.parquet")
    standard = [(pl.col(n) - pl.col(n).mean()) / pl.col(n).std() for n in old.columns]
    old.select(x.abs().sqrt() for x in standard).write_parquet("new.parquet")
    before = json.loads(run("shift", "old.parquet", "new.parquet", "--json", "-q")[1])
    removable = {column["name"]: column["measures"]["removable"] for column in before["columns"]}
    run("fit", "old.parquet", "-o", "old.json", "-q")
    run("adapt", "new.parquet", "-s", "old.json", "-o", "adapted.json", "-q")
    report = mapped(run)
    assert report["verdict"] == "major"
    assert sum(column["severity"] == "none" for column in report["columns"]) <= 1
    # What was said to be left, by W2 squared, is what is left.
    was = {column["name"]: column["measures"]["w2"] for column in before["columns"]}
    for column in report["columns"]:
        left = (column["measures"]["w2"] / was[column["name"]]) ** 2
        assert left == pytest.approx(1 - removable[column["name"]], rel=1e-3)


def test_what_is_told_of_the_rest_is_what_the_rest_is(run, sample_data):
    run("fit", f"data/{WINTER}", "-o", "old.json", "-q")
    numbers(sample_data / WINTER).write_parquet("old.parquet")
    numbers(sample_data / SUMMER).write_parquet("new.parquet")
    for prior in (0, 3000):
        options = ("-s", "old.json", "--prior", prior, "-q", "--overwrite")
        run("adapt", "new.parquet", *options, "-o", "adapted.json")
        told = json.loads(run("adapt", "new.parquet", *options, "--json")[1])
        for path in ("out.parquet", "mapped.parquet"):
            Path(path).unlink(missing_ok=True)
        report = {column["name"]: column for column in mapped(run)["columns"]}
        for move in told["columns"]:
            found = report[move["name"]]["measures"]
            assert move["after"] == report[move["name"]]["severity"], move
            if not prior and move["left"] is not None:
                assert move["left"] == pytest.approx(1 - move["removable"], abs=1e-5)
            if move["location"] is not None and not prior:
                assert found["location"] == pytest.approx(0, abs=1e-9)


def test_the_statistics_move_as_far_as_the_shift_report_says(sample_data):
    old = bncli.fit(sample_data / WINTER)
    new = old.adapt(sample_data / SUMMER)
    report = {c.name: c.measures for c in bncli.shift(old, sample_data / SUMMER).columns}
    for move in bncli.adaptation(old, new).moves:
        assert move.location == pytest.approx(report[move.name]["location"], rel=1e-9)
        assert np.log(move.scale) == pytest.approx(report[move.name]["scale"], rel=1e-9, abs=1e-12)
        if move.removable is not None:
            assert move.removable == pytest.approx(report[move.name]["removable"], abs=2e-3)


@pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")
def test_an_artifact_without_a_profile_adapts_too(sample_data):
    old = bncli.fit(sample_data / WINTER, profile=False)
    found = bncli.adaptation(old, old.adapt(sample_data / SUMMER))
    temp = found.moves[2]
    assert (temp.label, temp.before, temp.after) == ("temp", "major", "none")
    assert (temp.removable, temp.left) == (None, None)


def test_a_missing_column_stops_it_or_keeps_its_statistics(sample_data):
    old = bncli.fit(sample_data / WINTER)
    new = pl.read_parquet(sample_data / SUMMER).drop("temp")
    with pytest.raises(ColumnMissing, match=r"lacks a column that the artifact .*'temp'"):
        old.adapt(new)
    with pytest.warns(BncliWarning, match="'temp' has no present value in the new data"):
        kept = old.adapt(new, options=bncli.ReadOptions(missing_columns="null"))
    assert [c.feature for c in kept.channels] == [c.feature for c in old.channels]
    assert (kept.mean[2], kept.variance[2]) == (old.mean[2], old.variance[2])
    assert kept.profile.missing.total[2] == new.height
    with pytest.raises(DataError, match="column 'temp' is String, and the artifact was fitted on"):
        old.adapt(new.with_columns(temp=pl.lit("cold")))


def test_columns_in_another_order_are_found_by_name(sample_data):
    old, new = bncli.fit(sample_data / WINTER), pl.read_parquet(sample_data / SUMMER)
    straight = old.adapt(new)
    turned = old.adapt(new.select(reversed(new.columns)))
    assert turned.mean.tolist() == straight.mean.tolist()
    assert turned.profile.lag.squares.tolist() == straight.profile.lag.squares.tolist()
    assert {"origin"} == turned.profile.categories.keys()
    assert turned.profile.temporal.keys() == old.profile.temporal.keys() == {"time_hour"}
    assert turned.profile.covariance.channels == straight.profile.covariance.channels
    ours, theirs = (s.profile.covariance.complete(range(11)) for s in (turned, straight))
    assert ours.count == theirs.count
    np.testing.assert_allclose(ours.covariance(), theirs.covariance(), rtol=1e-12, atol=1e-12)
    assert [c.feature for c in turned.channels] == [c.feature for c in old.channels]


def test_few_and_constant_new_values_are_said(sample_data):
    old = bncli.fit(sample_data / WINTER, columns="temp,dewp")
    few = pl.DataFrame({"temp": [1.0, 2.0, 5.0], "dewp": [1.0, 1.0, 1.0]})
    with pytest.warns(BncliWarning) as caught:
        old.adapt(few)
    told = [str(warning.message) for warning in caught]
    assert told[0] == "'dewp' has one value only in the new data; it becomes beta everywhere"
    assert told[1].startswith("'temp' has less than 30 present values")
    old.adapt(few, prior=100)


def test_the_artifact_says_where_it_came_from(sample_data, tmp_path):
    old = bncli.fit(sample_data / WINTER)
    new = old.adapt(sample_data / SUMMER, prior=10, pooled=True)
    new.save(tmp_path / "adapted.json")
    record = to_record(bncli.load(tmp_path / "adapted.json"))
    assert record["running"]["policy"] == "adapted"
    assert (record["running"]["prior"], record["running"]["pooled"]) == (10.0, True)
    assert [source["name"] for source in record["sources"]] == [SUMMER]
    origin = record["fit"]["adapted"]
    assert (origin["rows"], origin["sources"][0]["name"]) == (6463, WINTER)


def test_the_command_shows_the_moves_and_keeps_the_artifact(run):
    run("fit", f"data/{WINTER}", "-o", "old.json", "-q")
    code, out, err = run("adapt", f"data/{SUMMER}", "-s", "old.json", "-o", "adapted.json")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == [
        *("feature", "new", "moved", "sd", "ratio"),
        *("shift", "removable", "left", "after"),
    ]
    temp = next(line.split() for line in lines if line.startswith("temp"))
    assert temp == ["temp", "6603", "+4.46", "1.04", "major", "100%", "0%", "none"]
    assert err.splitlines()[-1] == "adapted 11 channels to 6604 rows, kept in adapted.json"
    again = run("adapt", f"data/{SUMMER}", "-s", "old.json", "-o", "-", "-q")
    assert again == (0, Path("adapted.json").read_text(), "")
    quiet = ("adapt", f"data/{SUMMER}", "-s", "old.json", "-o", "b.parquet", "-q")
    assert run(*quiet) == (0, "", "")
    assert run(*quiet)[0] == 2
    code, _, err = run("adapt", f"data/{SUMMER}", "-s", "old.json", "--prior", "-1")
    assert (code, err.splitlines()[0]) == (2, "error: a prior of -1.0 is not 0 or more values")


def test_an_adapted_artifact_does_all_that_an_artifact_does(run):
    run("fit", f"data/{WINTER}", "-o", "old.json", "-q")
    run("adapt", f"data/{SUMMER}", "-s", "old.json", "--prior", 50, "-o", "adapted.json", "-q")
    assert run("convert", "adapted.json", "adapted.parquet")[0] == 0
    assert run("convert", "adapted.parquet", "again.json")[0] == 0
    assert Path("again.json").read_bytes() == Path("adapted.json").read_bytes()
    assert (
        "running   adapted (ddof 0, prior 50.0, pooled False)" in run("inspect", "adapted.json")[1]
    )
    run("transform", f"data/{SUMMER}", "-s", "adapted.json", "-o", "out.parquet", "-q")
    assert run("inverse", "out.parquet", "-o", "back.parquet", "-q")[0] == 0
    back, summer = pl.read_parquet("back.parquet"), pl.read_parquet(f"data/{SUMMER}")
    gap = (back["temp"] - summer["temp"]).abs().max()
    assert gap < 1e-12
    assert run("merge", "adapted.json", "adapted.parquet", "-o", "twice.json", "-q")[0] == 0
    assert bncli.load("twice.json").profile.rows == 2 * summer.height


@given(units, units, priors)
def test_adapted_artifacts_come_back_bit_for_bit(old, new, prior):
    assume(len(set(old)) > 1)
    found = adapted(made(old), made(new).profile, prior)
    record = to_record(found)
    from bncli.artifact.model import from_record

    loaded = from_record(record)
    assert loaded.mean.tobytes() == found.mean.tobytes()
    assert to_record(loaded) == record


def test_every_channel_of_a_tensor_is_adapted(sample_data):
    day, dusk = (sample_data / f"patches_{name}.parquet" for name in ("daylight", "dusk"))
    adapted_to = bncli.fit(day).adapt(dusk)
    alone = bncli.fit(dusk)
    assert [channel.label for channel in adapted_to.channels] == [f"image[{at}]" for at in range(3)]
    assert adapted_to.mean.tolist() == alone.mean.tolist()
    assert adapted_to.variance.tolist() == alone.variance.tolist()
    assert len(bncli.adaptation(bncli.fit(day), adapted_to).moves) == 3
    flat = pl.read_parquet(dusk)["image"].ext.storage().to_frame()
    assert flat["image"].dtype == pl.Array(pl.UInt8, 3072)
    assert bncli.fit(day).adapt(flat).mean.tolist() == alone.mean.tolist()


def test_statistics_per_group_are_refused_before_anything_is_read(sample_data):
    old = bncli.fit(sample_data / WINTER, by="origin")
    with pytest.raises(UsageError, match="statistics per group of 'origin' are not adapted"):
        old.adapt("there is no such file.parquet")


def test_groups_are_estimated_again_by_a_fit_that_takes_gamma_and_beta(sample_data, tmp_path):
    """What the refusal says to do: group by group the same as adapting each alone, prior 0."""
    winter, summer = (pl.read_parquet(sample_data / name) for name in (WINTER, SUMMER))
    chosen = {"columns": "temp,dewp", "gamma": {"temp": 3.0}, "beta": {"dewp": -1.0}}
    bncli.fit(winter, by="origin", **chosen).save(tmp_path / "old.json")
    again = bncli.fit(summer, by="origin", columns="temp,dewp", affine=tmp_path / "old.json")
    again.transform(summer, tmp_path / "by.parquet")
    found = pl.read_parquet(tmp_path / "by.parquet")
    for origin in ("EWR", "JFK", "LGA"):
        part = summer.filter(pl.col("origin") == origin)
        alone = bncli.fit(winter.filter(pl.col("origin") == origin), **chosen).adapt(part)
        alone.transform(part, tmp_path / "alone.parquet", overwrite=True)
        wanted = pl.read_parquet(tmp_path / "alone.parquet")
        ours = found.filter(pl.col("origin") == origin)
        for name in ("temp", "dewp"):
            expected = pytest.approx(wanted[name].to_numpy(), rel=1e-12, nan_ok=True)
            assert ours[name].to_numpy() == expected
