"""``learn``: the rows it takes, the target it finds, and what becomes of them in the artifact."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import bncli
from bncli import artifact
from bncli.data.dataset import open_dataset
from bncli.data.inputs import Inputs
from bncli.engine import samples as reading
from bncli.engine.epochs import InOrder, Shuffled, Training
from bncli.engine.samples import drawn, open_samples
from bncli.engine.survey import Aside
from bncli.errors import BncliWarning, ColumnMissing, DataError, NonFinite, UsageError

ROOT = Path(__file__).resolve().parent.parent
QUICK = {"steps": 20, "compare": False}


def table(rows=600, seed=0, **columns):
    """Two features, and targets of every kind that depend on them."""
    random = np.random.default_rng(seed)
    a, b = random.normal(40, 12, rows), random.normal(-3, 0.01, rows)
    line = (a - 40) / 12 - (b + 3) / 0.01
    place = np.digitize(line, [-0.8, 0.8])
    return pl.DataFrame(
        {
            "a": a,
            "b": b,
            "line": 500 * line + 2000 + random.normal(0, 10, rows),
            "flag": line > 0,
            "word": np.array(["low", "mid", "top"])[place],
            "grade": place + 1,
            **columns,
        }
    )


def fitted(frame, target, **options):
    return bncli.fit(frame, columns="a,b", target=target, **options)


def learned(frame, target, **choices):
    return bncli.learn(frame, fitted(frame, target), target=target, **{**QUICK, **choices})


@pytest.fixture(scope="module")
def weather(sample_data):
    path = sample_data / "weather_winter.parquet"
    return path, bncli.fit(path, target="dewp", exclude="wind_gust,pressure,month,hour")


# --- the same bytes -------------------------------------------------------------------------


def test_a_seed_gives_the_same_bytes_and_another_one_others(weather):
    texts = [
        artifact.dumps(bncli.learn(*weather, target="dewp", keep_head=True, **QUICK, seed=seed))
        for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.fixture
def small_reads(monkeypatch):
    """Many segments and pools, as a large file has."""
    monkeypatch.setattr(reading, "_READ_ROWS", 300)


def written(frame, folder):
    """The same rows in every way that they may come."""
    yield "parquet", folder / "rows.parquet"
    frame.write_parquet(folder / "rows.parquet", row_group_size=97)
    yield "csv", folder / "rows.csv"
    frame.write_csv(folder / "rows.csv")
    yield "ndjson", folder / "rows.ndjson"
    frame.write_ndjson(folder / "rows.ndjson")
    yield "arrow", folder / "rows.arrow"
    frame.write_ipc(folder / "rows.arrow", record_batch_size=41)
    yield "frame", frame
    yield "query", frame.lazy()
    yield "arrow reader, once", frame.to_arrow().to_reader(max_chunksize=33)


def test_every_format_and_chunking_learns_the_same(small_reads, tmp_path):
    frame = table(2000, extra=pl.Series([None, 1.5, -2.0, 0.25] * 500))
    given = bncli.fit(frame, columns="a,b,extra", target="word")
    options = {"target": "word", "missing": "mean", "keep_head": True, "batch_size": 64}
    texts = {}
    for name, data in list(written(frame, tmp_path)):
        found = bncli.learn(data, given, **options, epochs=2, compare=False)
        texts[name] = artifact.dumps(found)
    assert len(set(texts.values())) == 1, {name: hash(text) for name, text in texts.items()}


def test_any_number_of_threads_learns_the_same(tmp_path):
    table(3000).write_parquet(tmp_path / "rows.parquet")
    fitted(table(3000), "word").save(tmp_path / "stats.json")
    command = [sys.executable, "-m", "bncli", "learn", "rows.parquet", "--target", "word", "-q"]
    command += ["-s", "stats.json", "--keep-head", "--batch-size", "1500", "--epochs", "3"]
    texts = []
    for threads in ("1", "4"):
        counts = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
        subprocess.run(
            [*command, "--threads", threads, "-o", f"{threads}.json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **counts},
            check=True,
        )
        texts.append((tmp_path / f"{threads}.json").read_bytes())
    assert texts[0] == texts[1]


# --- epochs ---------------------------------------------------------------------------------


def training(frame, stack, share=0.25, in_training=False, drop_gaps=True):
    opened = open_samples(open_dataset(frame), Inputs(("a",), (None,)), "y", False, stack)
    aside = Aside(share, 3, in_training)
    return Training(opened, aside, np.zeros(1), drop_gaps, not drop_gaps)


def numbered(rows):
    """y is the row's number; every seventh row lacks its feature, every eleventh its target."""
    number = pl.int_range(rows, eager=True)
    a = number.to_frame("n").select(pl.when(pl.col("n") % 7 != 3).then(pl.col("n") * 1.0))
    y = number.to_frame("n").select(pl.when(pl.col("n") % 11 != 5).then("n"))
    return pl.DataFrame({"a": a.to_series(), "y": y.to_series()})


def usable(rows, share=0.25):
    number = np.arange(rows)
    aside = drawn(0, rows, share, 3)
    return number[(number % 7 != 3) & (number % 11 != 5) & ~aside].tolist()


@pytest.mark.parametrize("rows", [2, 299, 300, 301, 1200, 1201, 4000])
def test_an_epoch_has_every_usable_row_once_and_no_other(small_reads, rows):
    with ExitStack() as stack:
        for make in (lambda t: Shuffled(t, 64, 0), lambda t: InOrder(t, 64)):
            epoch = make(training(numbered(rows), stack))
            for number in (0, 1):
                pairs = [(b.x[0].tolist(), b.y.tolist()) for b in epoch(number)]
                assert all(x == y for x, y in pairs)
                assert sorted(y for _, ys in pairs for y in ys) == usable(rows)


def test_shuffled_mini_batches_are_whole_but_for_the_last(small_reads):
    with ExitStack() as stack:
        epoch = Shuffled(training(numbered(4000), stack), 64, 0)
        sizes = [len(batch.y) for batch in epoch(0)]
    assert set(sizes[:-1]) == {64}
    assert sum(sizes) == len(usable(4000))


def test_every_epoch_has_an_order_of_its_own_and_mixes_far_rows(small_reads):
    with ExitStack() as stack:
        epoch = Shuffled(training(numbered(4000), stack), 64, 0)
        first, later, again = ([b.y.copy() for b in epoch(number)] for number in (0, 1, 0))
    assert [b.tolist() for b in first] == [b.tolist() for b in again]
    assert not np.array_equal(first[0], later[0])
    # Pools of four segments of 300 rows, and a last one of two: neighbours come from all of them.
    spread = [len({int(row) // 300 for row in batch}) for batch in first[:-1]]
    assert min(spread) >= 2
    assert np.mean([several >= 4 for several in spread]) > 0.7


def test_in_order_mini_batches_are_rows_start_to_stop_less_what_is_left_out(small_reads):
    with ExitStack() as stack:
        batches = list(InOrder(training(numbered(1000), stack), 64)(0))
    expected = usable(1000)
    assert [b.rows for b in batches] == [(at, min(at + 64, 1000)) for at in range(0, 1000, 64)]
    for batch in batches:
        start, stop = batch.rows
        assert batch.y.tolist() == [row for row in expected if start <= row < stop]


def test_a_share_is_drawn_by_row_number_wherever_the_rows_are_cut():
    whole = drawn(0, 100_000, 0.1, 7)
    parts = [drawn(at, 1000, 0.1, 7) for at in range(0, 100_000, 1000)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert abs(whole.mean() - 0.1) < 0.005
    assert drawn(0, 1000, 1.0, 7).all()
    assert not drawn(0, 1000, 0.0, 7).any()


# --- the target -----------------------------------------------------------------------------


TARGETS = {
    "line": ("regression", ()),
    "flag": ("binary", ("false", "true")),
    "word": ("multiclass", ("low", "mid", "top")),
    "grade": ("multiclass", ("1", "2", "3")),
}


@pytest.mark.parametrize("target", TARGETS)
def test_the_task_is_found_from_the_target(target):
    found = learned(table(), target, keep_head=True)
    assert (found.head.task, found.head.classes) == TARGETS[target]
    assert found.learned["after"] < 0.7 * found.learned["before"]


AUTO = {
    "two words": (["yes", "no"], "binary", ("no", "yes")),
    "two numbers": ([-1, 1], "binary", ("-1", "1")),
    "two fractions": ([0.5, 2.25], "binary", ("0.5", "2.25")),
    "whole floats": ([0.0, 1.0, 2.0], "multiclass", ("0", "1", "2")),
    "numbers with a gap": ([1, 2, 4], "regression", ()),
    "numbers from 2 on": ([2, 3, 4], "regression", ()),
    "twenty-one numbers": (list(range(21)), "regression", ()),
    "twenty numbers": (list(range(20)), "multiclass", tuple(map(str, range(20)))),
    "categories": (pl.Series(["b", "a", "c"], dtype=pl.Categorical), "multiclass", tuple("abc")),
}


@pytest.mark.filterwarnings("ignore:the loss did not fall")
@pytest.mark.parametrize(("values", "task", "classes"), AUTO.values(), ids=list(AUTO))
def test_auto_looks_at_the_values(values, task, classes):
    column = pl.Series(values)
    frame = table(630).with_columns(y=column.gather([row % len(column) for row in range(630)]))
    found = learned(frame, "y", keep_head=True)
    assert (found.head.task, found.head.classes) == (task, classes)


@pytest.mark.filterwarnings("ignore:the loss did not fall")
def test_classes_that_only_come_late_are_known_from_the_start(small_reads):
    frame = table(3000).sort("word")
    found = learned(frame, "word", keep_head=True, shuffle=False, batch_size=50)
    assert found.head.classes == ("low", "mid", "top")


def test_a_class_of_held_out_rows_only_is_a_class():
    frame = table(400)
    (alone,) = np.flatnonzero(drawn(0, 400, 0.1, 0))[:1]
    words = ["rare" if row == alone else word for row, word in enumerate(frame["word"])]
    found = learned(frame.with_columns(word=pl.Series(words)), "word", keep_head=True)
    assert "rare" in found.head.classes
    assert math.isfinite(found.learned["after"])


def test_the_loss_before_is_that_of_the_target_s_own_distribution():
    frame = table(2000)
    held = drawn(0, 2000, 0.1, 0)
    y = frame["line"].to_numpy()
    expected = ((y[held] - y[~held].mean()) ** 2).mean()
    assert learned(frame, "line").learned["before"] == pytest.approx(expected, rel=1e-9)
    word = frame["word"].to_numpy()
    shares = {w: ((word[~held] == w).sum() + 1) / ((~held).sum() + 3) for w in set(word)}
    entropy = -np.mean([math.log(shares[w]) for w in word[held]])
    assert learned(frame, "word").learned["before"] == pytest.approx(entropy, rel=1e-9)


def test_a_unit_of_the_target_changes_nothing_but_the_unit():
    frame = table().with_columns(far=pl.col("line") * 1e6 + 1e9)
    near, far = (learned(frame, name, keep_head=True) for name in ("line", "far"))
    np.testing.assert_allclose(near.gamma, far.gamma, rtol=1e-6)
    np.testing.assert_allclose(near.head.weight * 1e6, far.head.weight, rtol=1e-6)
    assert far.learned["after"] == pytest.approx(near.learned["after"] * 1e12, rel=1e-6)


def test_it_comes_down_to_least_squares():
    frame = table(2000)
    y = frame["line"].to_numpy()
    x = np.column_stack([frame["a"] - 40, frame["b"] + 3, np.ones(2000)])
    exact = np.linalg.lstsq(x, y, rcond=None)[1][0] / 2000
    # Mini-batches of all rows have the statistics of all rows.
    chosen = {"steps": 3000, "lr_schedule": "cosine", "batch_size": 2000, "validation": 0.0}
    assert learned(frame, "line", **chosen).learned["after"] == pytest.approx(exact, rel=1e-6)


# --- rows that are left out -----------------------------------------------------------------


def holed(rows=900):
    frame = table(rows)
    a = [None if row % 10 == 0 else value for row, value in enumerate(frame["a"])]
    b = [math.nan if row % 10 == 1 else value for row, value in enumerate(frame["b"])]
    line = [None if row % 10 == 2 else value for row, value in enumerate(frame["line"])]
    return frame.with_columns(a=pl.Series(a), b=pl.Series(b), line=pl.Series(line))


@pytest.mark.filterwarnings("ignore:.*lack a feature")
def test_rows_without_a_target_or_a_feature_are_counted_and_left_out():
    record = learned(holed(), "line").learned
    assert (record["without_target"], record["incomplete"]) == (90, 180)
    assert record["rows"] + record["held_out"] == 900 - 90 - 180


def test_many_rows_left_out_are_told_with_the_column_at_fault():
    frame = holed().with_columns(a=pl.lit(None, pl.Float64).alias("a")).head(900)
    part = frame.with_columns(a=pl.when(pl.int_range(900) % 2 == 0).then(1.0 * pl.int_range(900)))
    with pytest.warns(BncliWarning, match=r"of 900 rows lack a feature.*of them 'a'"):
        learned(part, "line")


def test_a_missing_feature_can_have_the_mean_in_its_place():
    record = learned(holed(), "line", missing="mean").learned
    assert record["rows"] + record["held_out"] == 900 - 90


def test_a_column_that_nobody_has_a_value_of_is_no_help_and_no_harm():
    frame = table().with_columns(none=pl.lit(None, pl.Float64))
    with pytest.warns(BncliWarning, match="'none'"):
        given = bncli.fit(frame, columns="a,b,none", target="line")
    with pytest.raises(DataError, match="600 of 600 rows lack a feature, most of them 'none'"):
        bncli.learn(frame, given, target="line", **QUICK)
    found = bncli.learn(frame, given, target="line", missing="mean", keep_head=True, **QUICK)
    assert found.head.weight[0, 2] == 0.0
    assert found.gamma[2] == 1.0


@pytest.mark.parametrize("column", ["a", "line"])
def test_an_infinity_stops_it_by_file_row_and_column(column, tmp_path):
    frame = table()
    values = [math.inf if row == 417 else value for row, value in enumerate(frame[column])]
    path = tmp_path / "rows.csv"
    frame.with_columns(pl.Series(column, values)).write_csv(path)
    given = fitted(frame, "line")
    told = "column 'a'" if column == "a" else "the target"
    with pytest.raises(NonFinite, match=rf"rows.csv, row 418: {told} holds inf"):
        bncli.learn(path, given, target="line", **QUICK)
    record = bncli.learn(path, given, target="line", nonfinite="missing", **QUICK).learned
    assert record["without_target"] + record["incomplete"] == 1


def test_with_nothing_held_out_losses_are_of_the_rows_learned_from():
    record = learned(table(), "line", validation=0.0).learned
    assert (record["rows"], record["held_out"]) == (600, 0)
    assert record["after"] < record["before"]


def test_of_a_few_rows_none_may_be_held_out_which_is_told():
    with pytest.warns(BncliWarning, match="none of 5 rows was drawn to be held out"):
        record = learned(table(5), "line", validation=0.01).learned
    assert (record["rows"], record["held_out"]) == (5, 0)


# --- tensor columns -------------------------------------------------------------------------


def test_digits_are_read_from_images(sample_data, tmp_path):
    train, clean, corrupt = (
        sample_data / f"digits_{name}.parquet" for name in ("train", "test_clean", "test_corrupt")
    )
    given = bncli.fit(train, target="label")
    found = bncli.learn(train, given, target="label", epochs=60, keep_head=True, compare=False)
    assert found.learned["task"] == "multiclass"
    assert (found.head.weight.shape, found.gamma.shape) == ((10, 64), (1,))
    found.save(tmp_path / "digits.json")
    right = {}
    for name, path in (("clean", clean), ("corrupt", corrupt)):
        bncli.predict(path, tmp_path / "digits.json", tmp_path / f"{name}.parquet")
        classes = pl.read_parquet(tmp_path / f"{name}.parquet")["class"]
        right[name] = (classes == pl.read_parquet(path)["label"]).mean()
    assert right["clean"] > 0.9
    # The images moved, and nothing was adapted to them.
    assert right["corrupt"] < right["clean"]


def pictures(rows=400):
    """A plain column and a tensor of 2 x 1 x 3, and a target that looks at both."""
    random = np.random.default_rng(2)
    tensor = random.normal([[[5.0]], [[-2.0]]], [[[3.0]], [[0.1]]], size=(rows, 2, 1, 3))
    plain = random.normal(100, 7, rows)
    y = tensor[:, 0, 0, 1] - 20 * tensor[:, 1, 0, 2] + plain / 7
    image = pl.Series("image", tensor.reshape(rows, -1)).reshape((rows, 2, 1, 3))
    return pl.DataFrame({"image": image, "plain": plain, "y": y})


def test_plain_and_tensor_columns_are_learned_together(tmp_path):
    frame = pictures()
    given = bncli.fit(frame, target="y")
    found = bncli.learn(frame, given, target="y", steps=800, keep_head=True, compare=False)
    assert found.learned["after"] < 0.02 * found.learned["before"]
    assert found.head.weight.shape == (1, 7)
    assert found.gamma.shape == (3,)
    bncli.predict(frame, found, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")["prediction"].to_numpy()
    assert ((scores - frame["y"].to_numpy()) ** 2).mean() < 0.02 * frame["y"].var()
    # Linear in the inputs: the weights find the two pixels that matter.
    assert set(np.abs(found.head.weight[0]).argsort()[-3:].tolist()) == {1, 5, 6}


def test_channels_last_gives_the_same_network_as_channels_first():
    frame = pictures()
    first = frame["image"].to_numpy()
    last = pl.Series("image", np.moveaxis(first, 1, -1).reshape(400, -1)).reshape((400, 1, 3, 2))
    turned = frame.with_columns(last)
    options = bncli.ReadOptions(tensors={"image": "HWC"})
    plain = bncli.fit(frame, target="y")
    other = bncli.fit(turned, target="y", options=options)
    pair = [
        bncli.learn(data, given, target="y", keep_head=True, **QUICK)
        for data, given in ((frame, plain), (turned, other))
    ]
    np.testing.assert_allclose(pair[0].head.weight, pair[1].head.weight, rtol=1e-12)


def test_missing_rows_and_values_of_a_tensor_are_gaps_like_any_other(tmp_path):
    tensor = pictures()["image"].to_numpy().copy()
    tensor[5, 0, 0, 1] = np.nan
    rows = [None if row == 9 else values.ravel().tolist() for row, values in enumerate(tensor)]
    image = pl.Series("image", rows, dtype=pl.Array(pl.Float64, 6)).reshape((400, 2, 1, 3))
    frame = pictures().with_columns(image)
    given = bncli.fit(frame, target="y")
    for missing, lost in (("drop", 2), ("mean", 0)):
        found = bncli.learn(frame, given, target="y", missing=missing, keep_head=True, **QUICK)
        record = found.learned
        assert (record["incomplete"], record["rows"] + record["held_out"]) == (2, 400 - lost)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BncliWarning)
            bncli.predict(frame, found, tmp_path / f"{missing}.parquet")
        scores = pl.read_parquet(tmp_path / f"{missing}.parquet")["prediction"]
        assert scores.is_null().arg_true().to_list() == ([5, 9] if lost else [])


# --- what is kept ---------------------------------------------------------------------------


def test_gamma_and_beta_are_kept_and_the_running_statistics_stay(weather):
    path, given = weather
    found = bncli.learn(path, given, target="dewp", **QUICK)
    assert found.mean.tolist() == given.mean.tolist()
    assert found.variance.tolist() == given.variance.tolist()
    assert (found.gamma != 1).any()
    assert (found.beta != 0).any()
    assert found.head is None
    assert found.learned["options"]["batch_size"] == 256


def test_the_target_among_the_features_is_left_out_with_a_warning():
    frame = table()
    given = bncli.fit(frame, columns="a,b,line")
    with pytest.warns(BncliWarning, match="target 'line' is a feature of the artifact"):
        found = bncli.learn(frame, given, target="line", keep_head=True, **QUICK)
    assert found.head.features == ("a", "b")
    assert (found.gamma[2], found.beta[2]) == (1.0, 0.0)


def test_the_loss_after_is_that_of_predict_on_the_held_out_rows(weather, tmp_path):
    path, given = weather
    found = bncli.learn(path, given, target="dewp", keep_head=True, missing="mean", **QUICK)
    bncli.predict(path, found, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")["prediction"].to_numpy()
    truth = pl.read_parquet(path)["dewp"].to_numpy()
    held = drawn(0, len(truth), 0.1, 0)
    expected = ((scores - truth)[held] ** 2).mean()
    assert found.learned["held_out"] == held.sum()
    assert found.learned["after"] == pytest.approx(expected, rel=1e-9)


def test_divergence_keeps_the_last_good_parameters_and_gives_advice():
    frame = table()
    with pytest.warns(BncliWarning, match=r"not finite any more after \d+ steps.*\n.*smaller --lr"):
        found = learned(frame, "line", optimizer="sgd", lr=1e12, steps=500)
    assert found.learned["stopped"] == "diverged"
    assert found.learned["after"] <= found.learned["before"]
    assert np.isfinite(found.gamma).all()
    assert artifact.dumps(found)


def test_a_loss_that_did_not_fall_is_told():
    with pytest.warns(BncliWarning, match="the loss did not fall"):
        learned(table(), "line", lr=1e-300)


def test_the_comparison_counts_steps_with_and_without_normalization():
    frame = table()
    given = fitted(frame, "flag")
    record = bncli.learn(frame, given, target="flag", optimizer="sgd", steps=60).learned["compared"]
    # Column b is -3 +- 0.01: on raw columns its slope needs a very long time.
    assert record["steps"] <= 60
    assert record["raw_steps"] is None
    assert record["budget"] >= 600
    assert record["raw_loss"] > 0


def test_a_comparison_on_columns_that_need_no_normalization_is_no_success_story():
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 2))
    y = x @ [2.0, -1.0] + random.normal(size=2000)
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": y})
    compared = bncli.learn(frame, fitted(frame, "y"), target="y", epochs=5).learned["compared"]
    assert compared["raw_steps"] is not None
    assert compared["raw_steps"] <= 3 * compared["steps"]


def test_patience_stops_early_and_is_told():
    record = learned(table(), "line", steps=None, epochs=200, patience=3).learned
    assert record["stopped"] == "patience"
    assert record["epochs"] < 200
    assert record["kept_step"] < record["steps"]


def test_a_trace_has_the_lines_of_the_contract(tmp_path):
    path = tmp_path / "trace.ndjson"
    learned(table(), "word", trace=path, shuffle=False, batch_size=100, steps=8)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(8))
    assert [line["rows"] for line in lines[5:]] == [[500, 600], [0, 100], [100, 200]]
    assert list(lines[0]) == ["step", "rows", "loss", "gamma", "beta", "weight", "bias"]
    assert np.shape(lines[0]["weight"]) == (3, 2)
    assert np.shape(lines[0]["gamma"]) == (2,)


def test_a_shuffled_trace_has_no_rows_and_ends_at_what_is_kept(tmp_path):
    path = tmp_path / "trace.ndjson"
    found = learned(table(), "line", trace=path, keep_head=True)
    last = json.loads(path.read_text().splitlines()[-1])
    assert last["rows"] is None
    assert last["gamma"] == found.gamma.tolist()
    assert last["weight"] == found.head.weight.tolist()
    assert last["bias"] == found.head.bias.tolist()


def test_first_weights_are_where_it_starts(tmp_path):
    first = {"weight": [[3.0, -2.0]], "bias": [1990.0]}
    (tmp_path / "init.json").write_text(json.dumps(first))
    path = tmp_path / "trace.ndjson"
    for init in (first, tmp_path / "init.json"):
        learned(table(), "line", init=init, trace=path, overwrite=True, steps=1, lr=1e-9)
        line = json.loads(path.read_text())
        np.testing.assert_allclose(line["weight"], first["weight"], atol=1e-6)
        np.testing.assert_allclose(line["bias"], first["bias"], atol=1e-6)


WRONG_WEIGHTS = {
    "a list": [1.0],
    "no bias": {"weight": [[1.0, 2.0]]},
    "a column too many": {"weight": [[1.0, 2.0, 3.0]], "bias": [0.0]},
    "an output too many": {"weight": [[1.0, 2.0]] * 2, "bias": [0.0]},
    "a text": {"weight": [[1.0, "2"]], "bias": [0.0]},
    "an infinity": {"weight": [[1.0, math.inf]], "bias": [0.0]},
    "true": {"weight": [[1.0, True]], "bias": [0.0]},
}


@pytest.mark.parametrize("init", WRONG_WEIGHTS.values(), ids=list(WRONG_WEIGHTS))
def test_first_weights_of_another_shape_are_refused(init):
    with pytest.raises(DataError, match=r"weight|bias"):
        learned(table(), "line", init=init)


def test_targets_that_are_none_are_refused():
    frame = table().with_columns(
        one=pl.lit("same"),
        day=pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 8, 22), eager=True).head(600),
        empty=pl.lit(None, pl.Float64),
    )
    refused = {
        "lime": (ColumnMissing, "did you mean 'line'"),
        "day": (DataError, "'day' is Date, which is no target"),
        "one": (DataError, "one class only"),
        "empty": (DataError, "too few rows.*\n.*600 of 600 rows have no target"),
    }
    for target, (kind, told) in refused.items():
        with pytest.raises(kind, match=told):
            bncli.learn(frame, fitted(frame, "line"), target=target, **QUICK)
    given = fitted(frame, "line")
    with pytest.raises(UsageError, match="3 classes, and --task binary takes two"):
        bncli.learn(frame, given, target="word", task="binary", **QUICK)
    with pytest.raises(DataError, match="holds text, which no regression predicts"):
        bncli.learn(frame, given, target="word", task="regression", **QUICK)
    with pytest.raises(ColumnMissing, match="lacks a column"):
        bncli.learn(frame.drop("a"), given, target="line", **QUICK)


def test_statistics_by_group_are_refused_before_any_reading():
    frame = table()
    given = bncli.fit(frame, columns="a,b", by="word", target="line")
    with pytest.raises(UsageError, match="statistics by 'word', and learn takes those of all"):
        bncli.learn(frame, given, target="line", **QUICK)
    scored = given.replace(head=learned(frame, "line", keep_head=True).head)
    with pytest.raises(UsageError, match="statistics by 'word', and predict takes those of all"):
        bncli.predict(frame, scored, "no.parquet")


def test_gamma_beta_and_the_head_stay_when_the_statistics_are_adapted(tmp_path):
    frame = table()
    found = learned(frame, "line", keep_head=True)
    moved = frame.with_columns(a=pl.col("a") * 3 - 70)
    adapted = bncli.adapt(moved, found)
    assert adapted.gamma.tolist() == found.gamma.tolist()
    assert adapted.head is found.head
    # The shift was one of location and scale: adapted statistics give the same scores again.
    bncli.predict(frame, found, tmp_path / "before.parquet")
    bncli.predict(moved, adapted, tmp_path / "after.parquet")
    before, after = (
        pl.read_parquet(tmp_path / f"{name}.parquet")["prediction"].to_numpy()
        for name in ("before", "after")
    )
    # eps is absolute, so that a larger variance feels it a little less.
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-6)


def test_too_many_classes_are_refused():
    frame = table(1200, many=pl.int_range(1200, eager=True).cast(pl.String))
    with pytest.raises(DataError, match="more than 1000 classes"):
        learned(frame, "many")


def test_progress_is_told_with_the_loss():
    seen = []
    learned(table(), "line", steps=None, epochs=4, progress=lambda *now: seen.append(now))
    rows, planned, losses = zip(*seen, strict=True)
    assert rows[-1] <= planned[-1]
    assert sorted(rows) == list(rows)
    assert all(math.isfinite(loss) for loss in losses)


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    frame = table()
    learned(frame.lazy(), "line")
    with pytest.raises(UsageError), warnings.catch_warnings():
        learned(frame.lazy(), "word", task="binary")
    assert list(tmp_path.iterdir()) == []
