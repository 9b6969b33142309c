"""Tensor columns: one mean and one variance per channel, pooled over rows and positions."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bncli
from bncli.data.dataset import open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.tensors import flat, tensor_layouts, unflat
from bncli.engine.fitting import FitTask, fold_dataset
from bncli.engine.planning import Choice, plan_for
from bncli.errors import ArtifactError, DataError, UsageError
from bncli.stats.layout import Layout
from bncli.stats.running import Exponential, Pooled


def images(path) -> np.ndarray:
    """The image column of a real set, shape (rows, C, H, W), by Arrow's own reading."""
    column = pq.read_table(path, columns=["image"])["image"].combine_chunks()
    return column.to_numpy_ndarray()


@pytest.fixture(scope="module")
def patches(sample_data):
    return sample_data / "patches_daylight.parquet"


def nested(rows: np.ndarray, dtype=pl.Float64) -> pl.Series:
    """As polars' Array of the same shape."""
    flat_rows = pl.Series("image", rows.reshape(len(rows), -1).tolist())
    return flat_rows.cast(pl.Array(dtype, rows[0].size)).reshape(rows.shape)


# --- layouts -------------------------------------------------------------------------------


@given(
    st.sampled_from(["C", "CL", "LC", "CHW", "HWC", "HCW", "CDHW"]),
    st.data(),
    st.integers(0, 4),
)
def test_splitting_and_joining_channels_gives_the_rows_back(axes, data, rows):
    sizes = tuple(data.draw(st.integers(1, 3)) for _ in axes)
    layout = Layout(axes, sizes)
    values = np.arange(rows * layout.values, dtype=np.float64)
    parts = layout.split(values)
    assert [part.size for part in parts] == [rows * layout.positions] * layout.channels
    assert layout.joined(parts).tolist() == values.tolist()
    assert Layout.parse(str(layout)) == layout


def test_the_channel_axis_is_where_the_layout_says():
    rows = np.arange(24.0).reshape(2, 2, 2, 3)
    parts = Layout("HWC", (2, 2, 3)).split(rows.reshape(-1))
    assert parts[1].tolist() == rows[..., 1].reshape(-1).tolist()


@pytest.mark.parametrize(
    "text", ["", "CHW", "HW:2x2", "CC:2x2", "CHW:3x2", "CHW:0x2x2", "chw:1x1x1", "C:99999999999"]
)
def test_what_is_no_layout_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        Layout.parse(text)


# --- what is measured ----------------------------------------------------------------------


def test_statistics_of_images_are_those_of_every_channel(patches):
    pixels = images(patches).astype(np.float64)
    fitted = bncli.fit(patches, batch_size=32)
    assert [channel.label for channel in fitted.channels] == ["image[0]", "image[1]", "image[2]"]
    assert {channel.layout for channel in fitted.channels} == {"CHW:3x32x32"}
    np.testing.assert_allclose(fitted.mean, pixels.mean(axis=(0, 2, 3)), rtol=1e-15)
    np.testing.assert_allclose(fitted.variance, pixels.var(axis=(0, 2, 3)), rtol=1e-14)
    assert fitted.profile.moments.count.tolist() == [pixels[:, 0].size] * 3


def test_running_statistics_are_those_of_batch_norm_2d(sample_data):
    """PyTorch's recurrence over mini-batches of images, the last one ragged."""
    pixels = images(sample_data / "digits_train.parquet").astype(np.float64)
    mean, variance = np.zeros(1), np.ones(1)
    for start in range(0, len(pixels), 256):
        batch = pixels[start : start + 256]
        mean = 0.9 * mean + 0.1 * batch.mean(axis=(0, 2, 3))
        variance = 0.9 * variance + 0.1 * batch.var(axis=(0, 2, 3), ddof=1)
    fitted = bncli.fit(
        sample_data / "digits_train.parquet",
        columns="image",
        batch_size=256,
        running="exponential",
    )
    np.testing.assert_allclose(fitted.mean, mean, rtol=1e-13)
    np.testing.assert_allclose(fitted.variance, variance, rtol=1e-13)


def test_small_sets_keep_every_value_of_a_channel(patches):
    pixels = images(patches)
    dataset = open_dataset(patches)
    plan = plan_for(dataset, Choice(), 32, Pooled())
    profile = fold_dataset(FitTask(dataset, plan))
    for channel, sketch in enumerate(profile.quantiles):
        ordered = np.sort(pixels[:, channel].reshape(-1)).astype(np.float64)
        reach = sketch.rank_error * ordered.size + 1
        for q in (0.01, 0.25, 0.5, 0.9):
            value = sketch.quantile(np.array([q]))[0]
            low = np.searchsorted(ordered, value, side="left")
            high = np.searchsorted(ordered, value, side="right")
            assert low - reach <= q * ordered.size <= high + reach


def test_a_tensor_cut_into_segments_gives_the_same_bytes(tmp_path, patches):
    dataset = open_dataset(patches)
    plan = plan_for(dataset, Choice(), 4, Exponential())
    whole = fold_dataset(FitTask(dataset, plan))
    for rows in (4, 12, 80):
        cut = fold_dataset(FitTask(dataset, plan), rows_per_segment=rows)
        assert cut.moments.m2.tobytes() == whole.moments.m2.tobytes()
        for mine, theirs in zip(whole.quantiles, cut.quantiles, strict=True):
            assert mine.points.tobytes() == theirs.points.tobytes()


def test_missing_rows_and_missing_elements_are_left_out():
    rows = pl.Series(
        "image", [[[1.0, None], [3.0, 5.0]], None, [[7.0, 9.0], [float("nan"), 5.0]]]
    ).cast(pl.Array(pl.Float64, (2, 2)))
    fitted = bncli.fit(rows.to_frame())
    assert fitted.profile.moments.count.tolist() == [3, 3]
    assert fitted.profile.missing.nulls.tolist() == [3, 2]
    assert fitted.profile.missing.nans.tolist() == [0, 1]
    assert fitted.mean.tolist() == [(1 + 7 + 9) / 3, (3 + 5 + 5) / 3]


def test_tensors_and_plain_columns_are_measured_together(tmp_path):
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {"before": rng.normal(size=50), "image": nested(rng.normal(size=(50, 2, 3))).alias("i")}
    ).with_columns(after=pl.Series(rng.integers(0, 9, 50)))
    path = tmp_path / "batches.parquet"
    fitted = bncli.fit(frame, batch_size=7, batch_stats=path)
    assert [c.label for c in fitted.channels] == ["before", "image[0]", "image[1]", "after"]
    assert fitted.mean[0] == pytest.approx(frame["before"].mean(), rel=1e-14)
    table = pl.read_parquet(path)
    assert table.filter(feature="image", channel=1)["count"].to_list() == [21] * 7 + [3]
    assert table["missing"].sum() == 0


def test_infinities_are_told_by_row():
    rows = np.arange(10.0).reshape(5, 1, 2)
    rows[3, 0, 1] = np.inf
    frame = nested(rows).to_frame()
    with pytest.raises(DataError, match=r"row 4: column 'image\[0\]' holds inf"):
        bncli.fit(frame)
    assert bncli.fit(frame, nonfinite="missing").profile.missing.infinite.tolist() == [1]


# --- which columns -------------------------------------------------------------------------


def flat_list(tmp_path, values: np.ndarray):
    """A Parquet file with Arrow's fixed-size list, which says nothing of its layout."""
    path = tmp_path / "flat.parquet"
    array = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values[0].size)
    pq.write_table(pa.table({"image": array, "x": np.arange(float(len(values)))}), path)
    return path


def test_a_flat_list_is_laid_out_as_the_user_says(tmp_path):
    values = np.random.default_rng(3).normal(size=(20, 12))
    path = flat_list(tmp_path, values)
    assert [c.feature for c in bncli.fit(path).channels] == ["x"]
    chw = bncli.fit(path, options=ReadOptions(tensors={"image": "CHW:3x2x2"}))
    assert chw.mean[:3] == pytest.approx(values.reshape(20, 3, 4).mean(axis=(0, 2)), rel=1e-13)
    hwc = bncli.fit(path, options=ReadOptions(tensors={"image": "HWC:2x2x3"}))
    assert hwc.mean[:3] == pytest.approx(values.reshape(20, 4, 3).mean(axis=(0, 1)), rel=1e-13)


def test_layouts_that_cannot_be_are_refused_by_name(tmp_path):
    path = flat_list(tmp_path, np.zeros((4, 12)))
    asked = {
        "CHW:3x2x3": (UsageError, "a row of 'image' is 12"),
        "HW:3x4": (UsageError, "exactly one axis"),
        "nonsense": (UsageError, "--tensor image=nonsense"),
    }
    for text, (kind, words) in asked.items():
        with pytest.raises(kind, match=words):
            bncli.fit(path, options=ReadOptions(tensors={"image": text}))
    with pytest.raises(DataError, match="'x' is Float64, no tensor"):
        bncli.fit(path, options=ReadOptions(tensors={"x": "C:1"}))
    with pytest.raises(DataError, match="no column named 'y'"):
        bncli.fit(path, options=ReadOptions(tensors={"y": "C:1"}))


def test_lists_of_varying_length_are_refused_by_name():
    frame = pl.DataFrame({"tags": [[1.0], [2.0, 3.0]], "x": [1.0, 2.0]})
    with pytest.raises(DataError, match="'tags' holds lists of varying length"):
        bncli.fit(frame, options=ReadOptions(tensors={"tags": "C:2"}))
    with pytest.raises(DataError, match="'tags'"):
        bncli.fit(frame, columns="tags")


@pytest.mark.parametrize(
    ("metadata", "layout"),
    [
        ('{"shape":[2,3,4],"dim_names":["H","W","C"]}', "HWC:2x3x4"),
        ('{"shape":[2,3,4]}', "CHW:2x3x4"),
        ('{"shape":[2,3,4],"permutation":[2,0,1]}', "HWC:2x3x4"),
        ('{"shape":[24]}', "C:24"),
        ('{"shape":[4,6]}', "CL:4x6"),
        ("not json", "C:24"),
    ],
)
def test_arrows_tensor_type_says_how_it_is_laid_out(metadata, layout):
    kind = pl.Extension("arrow.fixed_shape_tensor", pl.Array(pl.UInt8, 24), metadata)
    assert {n: str(one) for n, one in tensor_layouts(pl.Schema({"t": kind}), {}).items()} == {
        "t": layout
    }


def test_flattening_and_back_keeps_nulls_and_type(patches):
    column = pl.read_parquet(patches)["image"].head(5)
    assert unflat(flat(column), column).equals(column)
    holes = pl.Series("m", [[1.0, None], None, [3.0, 4.0]], dtype=pl.Array(pl.Float64, 2))
    assert unflat(flat(holes), holes).to_list() == holes.to_list()
    empty = holes.head(0)
    assert unflat(flat(empty), empty).dtype == holes.dtype


# --- transform and inverse -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_images_are_standardized_per_channel_and_brought_back(tmp_path, patches, suffix):
    pixels = images(patches).astype(np.float64)
    fitted = bncli.fit(patches, eps=0.0)
    there, back = tmp_path / f"there.{suffix}", tmp_path / f"back.{suffix}"
    fitted.transform(patches, there)
    read = pl.read_parquet if suffix == "parquet" else pl.read_ipc
    column = read(there)["image"]
    y = flat(column).to_numpy().reshape(pixels.shape)
    mean, sd = pixels.mean(axis=(0, 2, 3)), pixels.std(axis=(0, 2, 3))
    expected = (pixels - mean[:, None, None]) / sd[:, None, None]
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-13)
    fitted.inverse(there, back)
    x = flat(read(back)["image"]).to_numpy().reshape(pixels.shape)
    limit = 4 * np.spacing(np.maximum(np.abs(pixels), np.maximum(mean, sd)[:, None, None]))
    assert (np.abs(x - pixels) <= limit).all()


def test_the_tensor_type_is_kept_by_a_transform(tmp_path, patches):
    fitted = bncli.fit(patches)
    fitted.transform(patches, tmp_path / "out.parquet", dtype="float32")
    kind = pq.read_schema(tmp_path / "out.parquet").field("image").type
    assert kind.extension_name == "arrow.fixed_shape_tensor"
    assert kind.shape == [3, 32, 32]
    assert kind.value_type == pa.float32()


def test_batch_mode_is_training_mode_batch_norm_2d(tmp_path, sample_data):
    path = sample_data / "patches_dusk.parquet"
    pixels = images(path).astype(np.float64)
    fitted = bncli.fit(path, batch_size=48).replace(
        gamma=np.array([2.0, 1.0, 0.5]), beta=np.array([0.0, 1.0, -1.0])
    )
    bncli.transform(path, fitted, tmp_path / "y.parquet", statistics="batch")
    y = flat(pl.read_parquet(tmp_path / "y.parquet")["image"]).to_numpy().reshape(pixels.shape)
    for start in range(0, len(pixels), 48):
        batch = pixels[start : start + 48]
        mean, variance = batch.mean(axis=(0, 2, 3)), batch.var(axis=(0, 2, 3))
        scale = fitted.gamma / np.sqrt(variance + fitted.eps)
        expected = (batch - mean[:, None, None]) * scale[:, None, None]
        expected += fitted.beta[:, None, None]
        np.testing.assert_allclose(y[start : start + 48], expected, rtol=1e-12, atol=1e-12)


def test_missing_values_of_a_tensor_stay_missing_or_are_filled(tmp_path):
    frame = pl.DataFrame(
        {"t": pl.Series([[[1.0, None]], None, [[3.0, 5.0]]], dtype=pl.Array(pl.Float64, (1, 2)))}
    )
    fitted = bncli.fit(frame, eps=0.0)
    fitted.transform(frame, tmp_path / "kept.parquet")
    kept = pl.read_parquet(tmp_path / "kept.parquet")["t"].to_list()
    assert kept[1] is None
    assert kept[0][0][1] is None
    assert kept[2][0][0] == pytest.approx(0.0)
    fitted.transform(frame, tmp_path / "filled.parquet", fill_missing=0.0)
    filled = pl.read_parquet(tmp_path / "filled.parquet")["t"].to_list()
    assert filled[0][0][1] == 0.0


def test_infinities_in_a_tensor_stop_a_transform_by_row(tmp_path):
    rows = np.arange(12.0).reshape(6, 1, 2)
    fitted = bncli.fit(nested(rows).to_frame())
    rows[4, 0, 0] = -np.inf
    bad = nested(rows).to_frame()
    with pytest.raises(DataError, match="row 5: column 'image' holds -inf"):
        fitted.transform(bad, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()
    fitted.transform(bad, tmp_path / "out.parquet", nonfinite="missing")
    assert pl.read_parquet(tmp_path / "out.parquet")["image"].to_list()[4][0][0] is None


def test_rows_of_another_shape_are_refused(tmp_path, sample_data, patches):
    fitted = bncli.fit(patches)
    with pytest.raises(DataError, match=r"was fitted on CHW:3x32x32"):
        fitted.transform(sample_data / "digits_train.parquet", tmp_path / "out.parquet")


# --- artifacts and reports -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_an_artifact_keeps_the_layout(tmp_path, patches, suffix):
    fitted = bncli.fit(patches)
    fitted.save(tmp_path / f"s.{suffix}")
    assert bncli.load(tmp_path / f"s.{suffix}").channels == fitted.channels


def test_artifacts_of_the_parts_merge(tmp_path, patches):
    frame = pl.read_parquet(patches)
    parts = [bncli.fit(part, batch_size=40) for part in (frame.head(80), frame.tail(80))]
    whole = bncli.fit(frame, batch_size=40)
    merged = bncli.merge(parts)
    np.testing.assert_allclose(merged.variance, whole.variance, rtol=1e-15)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda channels: channels.pop(), "not all of them"),
        (lambda channels: channels[1].update(layout="HWC:32x32x3"), "two things"),
        (lambda channels: [c.update(layout="CHW:3x1x1") for c in channels], "are more than"),
        (lambda channels: channels[0].update(layout="C:zillion"), "no layout"),
    ],
)
def test_a_strangers_layout_is_checked(tmp_path, patches, change, words):
    bncli.fit(patches).save(tmp_path / "s.json")
    record = json.loads((tmp_path / "s.json").read_text())
    change(record["channels"])
    (tmp_path / "s.json").write_text(json.dumps(record))
    with pytest.raises(ArtifactError, match=words):
        bncli.load(tmp_path / "s.json")


def test_a_shift_report_has_a_row_for_every_channel(sample_data, patches):
    report = bncli.shift(patches, sample_data / "patches_dusk.parquet")
    channels = {column.label: column for column in report.columns if column.name == "image"}
    assert set(channels) == {"image[0]", "image[1]", "image[2]"}
    ours, theirs = images(patches), images(sample_data / "patches_dusk.parquet")
    gap = theirs[:, 1].mean() - ours[:, 1].mean()
    assert channels["image[1]"].measures["location"] == pytest.approx(gap / ours[:, 1].std())


def test_a_clean_test_set_of_digits_has_not_moved(sample_data):
    folder = sample_data
    clean = bncli.shift(
        folder / "digits_train.parquet", folder / "digits_test_clean.parquet", columns="image"
    )
    corrupt = bncli.shift(
        folder / "digits_train.parquet", folder / "digits_test_corrupt.parquet", columns="image"
    )
    assert clean.verdict == "none"
    assert corrupt.verdict == "major"
