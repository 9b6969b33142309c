"""``predict``: one row of scores per row, in order, by the head that was kept."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import standardizers

import bncli
from bncli.errors import BncliWarning, ColumnMissing, NonFinite, OutputExists, UsageError

FORMATS = {
    "parquet": pl.read_parquet,
    "csv": pl.read_csv,
    "ndjson": pl.read_ndjson,
    "arrow": pl.read_ipc,
}


@pytest.fixture(scope="module")
def penguins(sample_data):
    return pl.read_parquet(sample_data / "penguins.parquet").drop("year")


def learned(frame, target, **choices):
    given = bncli.fit(frame, target=target)
    quick = {"steps": 100, "compare": False, "keep_head": True}
    return bncli.learn(frame, given, target=target, **{**quick, **choices})


@pytest.fixture(scope="module")
def species(penguins):
    return learned(penguins, "species")


def by_hand(frame, found):
    """The logits of complete rows, from the artifact's numbers alone."""
    head = found.head
    places = [found.features.index(name) for name in head.features]
    x = frame[list(head.features)].to_numpy().astype(np.float64)
    z = (x - found.mean[places]) / np.sqrt(found.variance[places] + found.eps)
    y = z * found.gamma[places] + found.beta[places]
    return y @ head.weight.T + head.bias


@pytest.mark.filterwarnings("ignore:2 of 344 rows lack a feature")
@pytest.mark.parametrize("suffix", FORMATS)
def test_probabilities_and_the_class_in_every_format(penguins, species, suffix, tmp_path):
    out = tmp_path / f"scores.{suffix}"
    assert bncli.predict(penguins, species, out).rows == 344
    scores = FORMATS[suffix](out)
    names = [f"probability_{name}" for name in ("Adelie", "Chinstrap", "Gentoo")]
    assert scores.columns == ["row", *names, "class"]
    assert scores["row"].to_list() == list(range(344))
    shares = np.exp(by_hand(penguins, species))
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(scores[names].to_numpy(), shares, rtol=1e-9)
    likeliest = np.array(["Adelie", "Chinstrap", "Gentoo"])[np.nan_to_num(shares).argmax(axis=1)]
    complete = ~np.isnan(shares[:, 0])
    assert scores["class"].to_numpy()[complete].tolist() == likeliest[complete].tolist()
    assert (scores["class"] == penguins["species"]).sum() > 330


def test_rows_that_lack_a_feature_have_no_score_and_are_told(penguins, species, tmp_path):
    with pytest.warns(BncliWarning, match="2 of 344 rows lack a feature and got no score"):
        bncli.predict(penguins, species, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    lacking = penguins["bill_length_mm"].is_null()
    for name in scores.columns[1:]:
        assert (scores[name].is_null() == lacking).all()


def test_the_mean_takes_their_place_where_it_did_in_learning(penguins, tmp_path):
    found = learned(penguins, "body_mass_g", missing="mean")
    bncli.predict(penguins, found, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert scores.columns == ["row", "prediction"]
    filled = penguins.with_columns(
        pl.col(name).fill_null(float(mean))
        for name, mean in zip(found.features, found.mean, strict=True)
    )
    expected = by_hand(filled, found)[:, 0]
    np.testing.assert_allclose(scores["prediction"].to_numpy(), expected, rtol=1e-9)


KINDS = {
    "boolean": (pl.Boolean, lambda i: bool(i % 2)),
    "integer": (pl.Int64, lambda i: 7 + 10 * (i % 2)),
    "number": (pl.Float64, lambda i: 0.5 + (i % 2)),
    "text": (pl.String, lambda i: "ja" if i % 2 else "nein"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_class_has_the_kind_of_the_target(kind, tmp_path):
    dtype, value = KINDS[kind]
    random = np.random.default_rng(0)
    y = [value(i) for i in range(400)]
    x = np.array([y_i == value(1) for y_i in y]) + random.normal(0, 0.3, 400)
    frame = pl.DataFrame({"x": x, "y": pl.Series(y, dtype=dtype)})
    found = learned(frame, "y")
    assert found.head.kind == kind
    bncli.predict(frame, found, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert scores["class"].dtype == dtype
    assert (scores["class"] == frame["y"]).mean() > 0.9


def test_a_whole_number_of_another_width_comes_back_as_int64(tmp_path):
    frame = pl.DataFrame({"x": np.arange(300.0) % 7, "y": pl.Series(np.arange(300) % 7 // 4)})
    small = frame.with_columns(pl.col("y").cast(pl.UInt8))
    bncli.predict(small, learned(small, "y"), tmp_path / "scores.parquet")
    assert pl.read_parquet(tmp_path / "scores.parquet")["class"].dtype == pl.Int64


@pytest.mark.filterwarnings("ignore:2 of 344 rows lack a feature")
def test_columns_can_be_kept_beside_the_scores_as_they_are(sample_data, species, tmp_path):
    csv = sample_data / "penguins.csv"
    bncli.predict(csv, species, tmp_path / "scores.csv", keep="isl*,bill_length_mm")
    scores = pl.read_csv(tmp_path / "scores.csv", infer_schema=False)
    assert scores.columns[:3] == ["row", "island", "bill_length_mm"]
    original = pl.read_csv(csv, infer_schema=False)
    assert scores["island"].equals(original["island"])
    same = pl.read_csv(tmp_path / "scores.csv")["bill_length_mm"]
    assert same.equals(pl.read_csv(csv)["bill_length_mm"])


def test_a_kept_column_that_has_the_name_of_a_score_is_refused(penguins, species, tmp_path):
    named = penguins.rename({"island": "class"})
    with pytest.raises(UsageError, match="column 'class' is kept, and the scores have one"):
        bncli.predict(named, species, tmp_path / "scores.csv", keep="class")


def test_chunks_change_no_bit(penguins, species, tmp_path, monkeypatch):
    many = pl.concat([penguins.drop_nulls()] * 9)
    bncli.predict(many, species, tmp_path / "whole.parquet")
    monkeypatch.setattr("bncli.engine.work._READ_ROWS", 1024)
    bncli.predict(many, species, tmp_path / "parts.parquet")
    whole, parts = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("whole", "parts"))
    assert whole.equals(parts)
    assert whole["row"].to_list() == list(range(333 * 9))


def test_no_rows_are_scored_to_no_rows(penguins, species, tmp_path):
    bncli.predict(penguins.head(0), species, tmp_path / "scores.parquet")
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert scores.height == 0
    assert scores.columns[-1] == "class"


def test_a_constant_feature_is_beta_as_in_transform(tmp_path):
    frame = pl.DataFrame({"x": np.arange(200.0) % 9, "flat": np.full(200, 3.0)})
    frame = frame.with_columns(y=pl.col("x") * 2 + 1)
    with pytest.warns(BncliWarning, match="'flat' is constant"):
        found = learned(frame, "y")
    moved = frame.with_columns(flat=pl.lit(99.0))
    for name, data in (("same", frame), ("moved", moved)):
        bncli.predict(data, found, tmp_path / f"{name}.parquet")
    same, other = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("same", "moved"))
    assert same.equals(other)


def test_what_cannot_be_scored_is_told_and_nothing_written(penguins, species, tmp_path):
    out = tmp_path / "scores.parquet"
    without = bncli.fit(penguins)
    with pytest.raises(UsageError, match="holds no head to score with"):
        bncli.predict(penguins, without, out)
    with pytest.raises(ColumnMissing, match=r"lacks a column.*'body_mass_g'"):
        bncli.predict(penguins.drop("body_mass_g"), species, out)
    infinite = penguins.drop_nulls().with_columns(body_mass_g=pl.lit(float("inf")))
    with pytest.raises(NonFinite, match="row 1: column 'body_mass_g' holds inf"):
        bncli.predict(infinite, species, out)
    assert not out.exists()
    out.write_text("mine")
    with pytest.raises(OutputExists):
        bncli.predict(penguins.drop_nulls(), species, out)
    assert out.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["scores.parquet"]


def test_columns_in_another_order_and_others_beside_them_change_nothing(
    penguins, species, tmp_path
):
    complete = penguins.drop_nulls()
    turned = complete.select(reversed(complete.columns)).with_columns(more=pl.lit(1))
    for name, data in (("plain", complete), ("turned", turned)):
        bncli.predict(data, species, tmp_path / f"{name}.parquet")
    plain, other = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("plain", "turned"))
    assert plain.equals(other)


def test_a_head_goes_through_the_artifact_without_a_change(penguins, species, tmp_path):
    complete = penguins.drop_nulls()
    for kind in ("json", "parquet"):
        species.save(tmp_path / f"learned.{kind}")
        bncli.predict(complete, tmp_path / f"learned.{kind}", tmp_path / f"{kind}.csv")
    bncli.predict(complete, species, tmp_path / "direct.csv")
    texts = {(tmp_path / f"{n}.csv").read_bytes() for n in ("json", "parquet", "direct")}
    assert len(texts) == 1


def test_a_stranger_s_head_over_channels_without_statistics_scores_nothing(tmp_path):
    found = standardizers.rich(head=standardizers.kept_head(features=("nothing", "temp")))
    frame = pl.DataFrame({"temp": [1.0, 2.0], "nothing": [1.0, 2.0]})
    bncli.predict(frame, found, tmp_path / "scores.parquet")
    assert pl.read_parquet(tmp_path / "scores.parquet").height == 2
