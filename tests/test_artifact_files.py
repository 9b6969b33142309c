"""Artifacts as files: lossless, deterministic, in the contract's words, whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
import standardizers
from folds import bits, joint_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from bncli import artifact
from bncli.artifact.json_file import indented
from bncli.artifact.model import from_record, to_record
from bncli.artifact.store import FORMATS
from bncli.errors import ArtifactError, OutputExists, UsageError
from bncli.standardize.adapt import adapted
from bncli.stats.running import POLICIES, Algorithm2, Cumulative, Exponential, Pooled
from bncli.version import __version__

GOLDEN = Path(__file__).parent / "golden" / "artifact-v1.json"

VARIANTS = {
    "pooled": standardizers.rich(),
    "unbiased": standardizers.rich(policy=Pooled(ddof=1)),
    "exponential": standardizers.rich(policy=Exponential(0.01, initial=(0.5, 2.0))),
    "cumulative": standardizers.rich(policy=Cumulative()),
    "algorithm2": standardizers.rich(policy=Algorithm2(), eps=0.0, eps_relative=True),
    "adapted": adapted(standardizers.rich(), standardizers.rich(70, seed=1).profile, 20.0, True),
    "no profile": standardizers.rich(profile=False),
    "sealed": standardizers.rich(rows=3000, batch_size=100),
    "no rows": standardizers.rich(rows=0),
    "joint": standardizers.rich(joint=True),
    "joint, no rows": standardizers.rich(rows=0, joint=True),
    "groups": standardizers.rich(by=standardizers.STORES),
    "groups, exponential": standardizers.rich(by=standardizers.STORES, policy=Exponential(0.1)),
    "groups, algorithm2": standardizers.rich(by=standardizers.STORES, policy=Algorithm2()),
    "one group": standardizers.rich(by=["a"] * 50),
    "no groups": standardizers.rich(by=[None] * 50),
    "default gamma": standardizers.rich(gamma=np.ones(0), beta=np.zeros(0)),
    "learned": standardizers.rich(learned=standardizers.learning()),
    "with a head": standardizers.rich(
        head=standardizers.kept_head(), learned=standardizers.learning(compared=None)
    ),
}


@pytest.fixture(params=VARIANTS)
def standardizer(request):
    return VARIANTS[request.param]


def make_golden():
    """How tests/golden/artifact-v1.json was made, once: it is never made again."""
    GOLDEN.write_text(artifact.dumps(VARIANTS["exponential"]), encoding="utf-8")


def test_every_running_policy_is_among_the_variants():
    assert {s.policy.name for s in VARIANTS.values()} == set(POLICIES)


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_what_is_saved_loads_to_the_same_record(standardizer, suffix, tmp_path):
    path = tmp_path / f"stats.{suffix}"
    artifact.save(standardizer, path)
    assert to_record(artifact.load(path)) == to_record(standardizer)


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_arrays_load_bit_for_bit(standardizer, suffix, tmp_path):
    path = tmp_path / f"stats.{suffix}"
    artifact.save(standardizer, path)
    loaded = artifact.load(path)
    for state in ("moments", "missing", "running"):
        ours, theirs = (getattr(s.profile, state).arrays() for s in (standardizer, loaded))
        assert all(a.tobytes() == b.tobytes() for a, b in zip(ours, theirs, strict=True))
    for name in ("mean", "variance"):
        assert getattr(loaded, name).tobytes() == getattr(standardizer, name).tobytes()
    for ours, theirs in zip(standardizer.profile.quantiles, loaded.profile.quantiles, strict=True):
        assert ours.points.tobytes() == theirs.points.tobytes()
        assert ours.weights.tobytes() == theirs.weights.tobytes()


@pytest.mark.parametrize("suffix", list(FORMATS))
@pytest.mark.parametrize("name", ["joint", "joint, no rows"])
def test_a_covariance_loads_bit_for_bit(name, suffix, tmp_path):
    path = tmp_path / f"stats.{suffix}"
    artifact.save(VARIANTS[name], path)
    ours, theirs = VARIANTS[name].profile.covariance, artifact.load(path).profile.covariance
    assert joint_bits(theirs) == joint_bits(ours)
    assert set(ours.groups) == ({0b01000, 0b01010} if "no rows" not in name else set())


@pytest.mark.parametrize("suffix", list(FORMATS))
@pytest.mark.parametrize("name", [name for name in VARIANTS if "group" in name])
def test_statistics_per_group_load_bit_for_bit(name, suffix, tmp_path):
    path = tmp_path / f"stats.{suffix}"
    artifact.save(VARIANTS[name], path)
    ours, theirs = VARIANTS[name].profile.groups, artifact.load(path).profile.groups
    assert (theirs.column, theirs.type, theirs.keys) == (ours.column, ours.type, ours.keys)
    assert theirs.rows.tolist() == ours.rows.tolist()
    assert theirs.batches.tolist() == ours.batches.tolist()
    for state in ("moments", "missing", "running"):
        assert bits(getattr(theirs, state)) == bits(getattr(ours, state))


def test_the_numbers_of_ten_thousand_groups_stay_a_few_megabytes(tmp_path):
    """A text per channel and field, one number for all where they are the same."""
    random = np.random.default_rng(1)
    keys = [str(key) for key in random.integers(0, 1000, 10_000)]
    made = standardizers.fitted({"x": random.normal(size=10_000)}, by=keys, batch_size=8192)
    text = artifact.dumps(made)
    assert json.loads(text)["by"]["channels"][0]["nulls"] == "0"
    assert len(text) / len(made.profile.groups) < 200


def test_json_to_parquet_to_json_gives_the_same_bytes(standardizer, tmp_path):
    first, middle, last = (tmp_path / name for name in ("a.json", "b.parquet", "c.json"))
    artifact.save(standardizer, first)
    artifact.save(artifact.load(first), middle)
    artifact.save(artifact.load(middle), last)
    assert last.read_bytes() == first.read_bytes()


def test_parquet_to_json_to_parquet_gives_the_same_bytes(standardizer, tmp_path):
    first, middle, last = (tmp_path / name for name in ("a.parquet", "b.json", "c.parquet"))
    artifact.save(standardizer, first)
    artifact.save(artifact.load(first), middle)
    artifact.save(artifact.load(middle), last)
    assert last.read_bytes() == first.read_bytes()


@settings(max_examples=50)
@given(
    st.lists(
        st.floats(-1e150, 1e150, allow_nan=False) | st.just(math.nan), min_size=1, max_size=30
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_any_finite_column_survives_both_forms(values, name):
    made = standardizers.fitted({name: values}, batch_size=4, categories={name + "2": [name]})
    record = to_record(made.replace(fit={"name": name}))
    for kind in FORMATS:
        path_free = FORMATS[kind].encode(record, "x")
        assert path_free == FORMATS[kind].encode(to_record(from_record(record)), "x")


def test_the_record_has_the_fields_of_the_contract_in_their_order():
    record = to_record(VARIANTS["exponential"])
    assert " ".join(list(record)[:12]) == (
        "format version created_by rows batches batch_size eps eps_relative running sources "
        "channels categories"
    )
    assert " ".join(record["channels"][0]) == (
        "feature channel type layout count missing min max mean variance running_mean "
        "running_variance gamma beta constant state quantiles"
    )
    first_six = list(record["categories"][0])[:6]
    assert " ".join(first_six) == "feature type count missing values exact"
    assert list(record["running"]) == ["policy", "momentum", "ddof", "initial"]
    assert (record["format"], record["version"]) == ("bncli.standardizer", 1)
    assert record["created_by"] == f"bncli {__version__}"


def test_json_has_indent_2_letters_as_they_are_and_ends_with_a_newline():
    text = artifact.dumps(VARIANTS["pooled"])
    assert text.startswith('{\n  "format": "bncli.standardizer",\n  "version": 1,\n')
    assert text.endswith("}\n")
    assert "größe" in text
    assert '"eps": 1e-08' in text
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_statistics_are_null_if_and_only_if_nothing_was_counted(standardizer):
    for channel in to_record(standardizer)["channels"]:
        for name in ("mean", "variance", "min", "max"):
            assert (channel[name] is None) == (channel["count"] == 0)


def test_exponential_running_values_of_an_empty_channel_are_the_initial_ones():
    empty = to_record(VARIANTS["exponential"])["channels"][3]
    assert (empty["count"], empty["running_mean"], empty["running_variance"]) == (0, 0.5, 2.0)


def test_no_profile_is_told_apart_from_an_empty_one():
    bare, empty = to_record(VARIANTS["no profile"]), to_record(VARIANTS["no rows"])
    assert (bare["profile"], bare["channels"][0]["quantiles"]) == (False, None)
    assert empty["profile"] is True
    assert empty["channels"][0]["quantiles"]["count"] == 0
    assert from_record(bare).profile.quantiles == ()
    assert from_record(bare).profile.categories == {}


def test_categories_given_as_none_are_saved_as_none_at_all():
    made = VARIANTS["no profile"]
    profile = made.profile
    object.__setattr__(profile, "categories", None)
    assert to_record(made.replace(profile=profile))["categories"] == []


def test_a_number_that_is_not_finite_is_never_saved(tmp_path):
    made = VARIANTS["pooled"].replace(gamma=np.array([1.0, math.inf, 1.0, 1.0, 1.0]))
    with pytest.raises(ArtifactError, match=r"channels\[1\].gamma is inf"):
        artifact.save(made, tmp_path / "stats.json")
    assert list(tmp_path.iterdir()) == []


def test_parquet_has_one_typed_row_per_channel_for_other_tools(tmp_path):
    path = tmp_path / "stats.parquet"
    artifact.save(VARIANTS["pooled"], path)
    frame = pl.read_parquet(path)
    assert frame.height == 5
    assert frame["mean"].dtype == pl.Float64
    assert frame["mean"].to_list() == [c["mean"] for c in to_record(VARIANTS["pooled"])["channels"]]
    rest = json.loads(pq.read_metadata(path).metadata[b"bncli"])
    assert rest["rows"] == 50
    assert "channels" not in rest


def test_the_first_bytes_tell_the_format_not_the_name(tmp_path):
    artifact.save(VARIANTS["pooled"], tmp_path / "a.parquet")
    renamed = (tmp_path / "a.parquet").rename(tmp_path / "a.json")
    assert to_record(artifact.load(renamed)) == to_record(VARIANTS["pooled"])


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match=r"\.json or \.parquet"):
        artifact.save(VARIANTS["pooled"], tmp_path / "stats.toml")


def test_an_existing_file_is_replaced_only_when_asked(tmp_path):
    path = tmp_path / "stats.json"
    path.write_text("mine")
    with pytest.raises(OutputExists):
        artifact.save(VARIANTS["pooled"], path)
    assert path.read_text() == "mine"
    artifact.save(VARIANTS["pooled"], path, overwrite=True)
    assert artifact.load(path).channels == VARIANTS["pooled"].channels
    assert list(tmp_path.iterdir()) == [path]


def test_a_transform_output_carries_its_standardizer(standardizer, tmp_path):
    path = tmp_path / "out.parquet"
    frame = pl.LazyFrame({"temp": [1.0]})
    frame.sink_parquet(path, metadata=artifact.metadata(standardizer))
    for loaded in (artifact.embedded(path), artifact.load(path)):
        assert to_record(loaded) == to_record(standardizer)


def test_sketches_too_large_for_a_footer_are_left_out_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr("bncli.artifact.store._MAX_EMBEDDED", 1000)
    path = tmp_path / "out.parquet"
    frame = pl.LazyFrame({"temp": [1.0]})
    frame.sink_parquet(path, metadata=artifact.metadata(VARIANTS["joint"]))
    loaded = artifact.embedded(path)
    assert loaded.mean.tobytes() == VARIANTS["pooled"].mean.tobytes()
    assert loaded.profile.quantiles == ()
    assert loaded.profile.covariance is None


def test_a_covariance_of_64_columns_is_no_more_than_a_few_hundred_kilobytes():
    dice = np.random.default_rng(0)
    columns = {f"c{at}": dice.normal(size=500) for at in range(64)}
    with_it, without = (
        artifact.dumps(standardizers.fitted(columns, joint=joint)) for joint in (True, False)
    )
    assert 0 < len(with_it) - len(without) < 100_000


def test_an_artifact_is_told_from_data(standardizer, tmp_path):
    for name in ("a.json", "a.parquet"):
        artifact.save(standardizer, tmp_path / name)
        assert artifact.is_artifact(tmp_path / name)
    carrying = tmp_path / "out.parquet"
    pl.LazyFrame({"temp": [1.0]}).sink_parquet(carrying, metadata=artifact.metadata(standardizer))
    (tmp_path / "rows.json").write_text('{"format": "mp3"}\n{"format": "bncli.standardizer"}\n')
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing else")
    for name in ("out.parquet", "rows.json", "bad.parquet", "", "none"):
        assert not artifact.is_artifact(tmp_path / name)


def test_a_data_file_without_a_standardizer_carries_none(tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert artifact.embedded(tmp_path / "a.parquet") is None
    assert artifact.embedded(tmp_path / "a.csv") is None
    with pytest.raises(ArtifactError, match="without a standardizer"):
        artifact.load(tmp_path / "a.parquet")


def test_the_frozen_file_of_version_1_loads_and_is_written_again_byte_for_byte():
    text = GOLDEN.read_text(encoding="utf-8")
    loaded = artifact.load(GOLDEN)
    assert loaded.profile.rows == 50
    assert loaded.policy == Exponential(0.01, initial=(0.5, 2.0))
    made_by = json.loads(text)["created_by"]
    assert artifact.dumps(loaded).replace(f"bncli {__version__}", made_by, 1) == text


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_artifacts_are_indented_as_the_standard_library_does(value):
    assert indented(value) == json.dumps(value, indent=2, ensure_ascii=False)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_no_nan_is_ever_written(bad):
    with pytest.raises(ValueError, match="JSON"):
        indented({"list": [1.0, bad]})
