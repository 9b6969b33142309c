"""Every exporter against ``transform``: the real systems, on real data and on what is hard there.

The bar is 4 units in the last place of max(|y|, |beta|) in double, as the standard has it. What a
target cannot do better for its own arithmetic is said beside its test.
"""

from __future__ import annotations

import json
import os
import sqlite3
from functools import cache
from pathlib import Path

import duckdb
import exporting
import numpy as np
import polars as pl
import postgres
import pytest
import sqlglot
import sqlglot.expressions as exp
from applying import Statistics, standardizer
from exporting import CASES, ROW, case_of, cases, hostile, module, named, transformed
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bncli
from bncli.cli import app
from bncli.cli.process import Process
from bncli.errors import BncliWarning, ExtraMissing, UsageError
from bncli.export.model import EXPORTERS
from bncli.export.sql import BIGQUERY_HAS_NOT, DIALECTS, _Writer
from bncli.standardize.affine import coefficients

ROOT = Path(__file__).resolve().parent.parent

# Some cases have constant and all-missing columns, of which fit and export warn.
pytestmark = pytest.mark.filterwarnings("ignore::bncli.errors.BncliWarning")

BATCHNORM = {"op": "batchnorm"}
RUNNERS = {
    "polars": ("polars", {}, exporting.run_polars),
    "sklearn": ("sklearn", {}, exporting.run_sklearn),
    "onnx": ("onnx", {}, exporting.run_onnx),
    "duckdb": ("sql", {}, exporting.run_duckdb),
    "sqlite": ("sql", {"dialect": "sqlite"}, exporting.run_sqlite),
}
# scikit-learn divides by sqrt(variance + eps) / gamma, where transform multiplies.
BIT_FOR_BIT = set(RUNNERS) - {"sklearn"}


def off(found, wanted, *sizes):
    """How far apart two columns are in units in the last place of the largest of these sizes.

    Raises AssertionError where one is missing and the other is not.
    """
    assert (np.isnan(found) == np.isnan(wanted)).all()
    largest = np.maximum.reduce([np.abs(wanted), *(np.full(wanted.shape, s) for s in sizes)])
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.abs(found - wanted) / np.spacing(largest)).max(initial=0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", RUNNERS)
def test_the_real_system_gives_what_transform_gives(name, case, tmp_path):
    target, options, run = RUNNERS[name]
    frame, fitted = case_of(case)
    found = run(bncli.export(fitted, target, **options), frame, fitted)
    pairs = zip(found, transformed(frame, fitted, tmp_path), fitted.beta, strict=True)
    worst = max(off(ours, theirs, abs(beta)) for ours, theirs, beta in pairs)
    assert worst <= (0 if name in BIT_FOR_BIT else 4)


def test_postgresql_gives_what_transform_gives(tmp_path):
    if postgres.binaries() is None:
        assert not os.environ.get("CI"), "PostgreSQL is not installed; python3 dev test does it"
        pytest.skip("PostgreSQL is not installed")
    with postgres.server() as psql:
        for frame, fitted in cases().values():
            exported = bncli.export(fitted, "sql", dialect="postgres", keep=[ROW])
            found = exporting.run_postgres(exported, frame, fitted, psql)
            for ours, theirs in zip(found, transformed(frame, fitted, tmp_path), strict=True):
                np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("case", CASES)
def test_a_folded_batchnorm_agrees_to_1e_6_of_what_it_adds_up(case, tmp_path):
    frame, fitted = case_of(case)
    found = exporting.run_onnx(bncli.export(fitted, "onnx", **BATCHNORM), frame, fitted)
    truth = transformed(frame, fitted, tmp_path)
    with np.errstate(divide="ignore"):
        moved = np.abs(fitted.mean * fitted.gamma) / fitted.spread
    for ours, theirs, beta, far in zip(found, truth, fitted.beta, moved, strict=True):
        # x * a and mean * a are rounded, so their size counts: |mean| standard deviations.
        assert off(ours, theirs, abs(beta), far if np.isfinite(far) else 0) <= 4
        if far < 1e9:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_float_graph_is_off_by_the_roundings_of_float_alone(case):
    frame, fitted = case_of(case)
    if case == "awkward":
        with pytest.raises(UsageError, match="float32 does not hold the numbers of 'huge'"):
            bncli.export(fitted, "onnx", dtype="float32")
        frame = frame.drop("huge", "negative far")
        fitted = exporting.learned(bncli.fit(frame, eps=1e-12))
    found = exporting.run_onnx(bncli.export(fitted, "onnx", dtype="float32"), frame, fitted)
    # The input is rounded to float before the graph sees it, so the truth is of what it sees.
    values = np.stack(exporting.floats(frame, fitted), 1).astype(np.float32).astype(np.float64)
    truth = coefficients(fitted).forward(values)
    for ours, theirs, beta in zip(found, truth.T, fitted.beta, strict=True):
        assert ours.dtype == np.float32
        assert off(ours, theirs.astype(np.float32), np.float32(abs(beta))) <= 4


# --- SQL ------------------------------------------------------------------------------------


def evaluate(node, row):
    """The value of a parsed expression of SQL, in Python's own doubles."""
    match node:
        case exp.Null():
            return None
        case exp.Column():
            return row[node.name]
        case exp.Literal():
            return float(node.this)
        case exp.Paren():
            return evaluate(node.this, row)
        case exp.Neg():
            return -evaluate(node.this, row)
        case exp.Cast():
            value = evaluate(node.this, row)
            return None if value is None else float(value)
    if isinstance(node, exp.Nullif):
        return evaluate(node.this, row)
    left, right = evaluate(node.this, row), evaluate(node.expression, row)
    if left is None or right is None:
        return None
    kinds = {exp.Add: float.__add__, exp.Sub: float.__sub__, exp.Mul: float.__mul__}
    return {**kinds, exp.Div: float.__truediv__}[type(node)](left, right)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("case", ["hostile", "awkward", "learned"])
def test_each_dialect_parses_back_to_the_same_names_and_numbers(dialect, case, tmp_path):
    frame, fitted = case_of(case)
    if (case, dialect) == ("hostile", "bigquery"):
        with pytest.raises(UsageError, match="bigquery has no columns named 'a\"b'"):
            bncli.export(fitted, "sql", dialect=dialect)
        frame = frame.select(name for name in frame.columns if not set(name) & BIGQUERY_HAS_NOT)
        fitted = exporting.learned(bncli.fit(frame))
    text = bncli.export(fitted, "sql", dialect=dialect, table="weather", keep=["key"]).text
    (query,) = sqlglot.parse(text.strip().removesuffix(";"), read=dialect)
    assert [table.name for table in query.find_all(sqlglot.exp.Table)] == ["weather"]
    kept, *selects = query.selects
    assert kept.name == "key"
    assert [select.alias for select in selects] == list(fitted.features)
    assert all(column.this.quoted for column in query.find_all(sqlglot.exp.Column))
    truth = transformed(frame, fitted, tmp_path)
    values = exporting.floats(frame, fitted)
    for at in (0, 5, 7):
        row = dict(zip(fitted.features, (column[at] for column in values), strict=True))
        for select, wanted in zip(selects, truth, strict=True):
            found = evaluate(select.this, row)
            assert np.float64("nan" if found is None else found) == pytest.approx(
                wanted[at], rel=0, abs=0, nan_ok=True
            )


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)


@settings(max_examples=150)
@given(NUMBERS)
@example(5e-324)
@example(1.7976931348623157e308)
@example(-0.0)
def test_a_number_in_sqlite_and_duckdb_is_the_very_double(value):
    for dialect, connection in connections().items():
        number = _Writer(sqlglot.exp, dialect)._number(value).sql(dialect=dialect)
        (found,) = connection.execute(f"select {number}").fetchone()
        assert (found, type(found)) == (value, float)


@cache
def connections():
    return {"sqlite": sqlite3.connect(":memory:"), "duckdb": duckdb.connect()}


def test_the_table_is_written_as_the_user_wrote_it_and_is_nothing_but_a_table():
    _, fitted = case_of("penguins")
    for dialect, table in (("postgres", 'public."My Table"'), ("bigquery", "`a-b`.c.d")):
        text = bncli.export(fitted, "sql", dialect=dialect, table=table).text
        assert text.rstrip().endswith(f"FROM {table};")
    for wrong in ("data; drop table data", "(select 1)", "data where 1", "", "data, other"):
        with pytest.raises(UsageError, match="no name of a table in duckdb"):
            bncli.export(fitted, "sql", table=wrong)


def test_what_no_query_can_ask_for_is_refused_by_name():
    _, fitted = case_of("penguins")
    with pytest.raises(UsageError, match="column 'year' would come out twice"):
        bncli.export(fitted, "sql", keep=["year"])
    with pytest.raises(UsageError, match="no dialect named 'mysql'"):
        bncli.export(fitted, "sql", dialect="mysql")
    for name in ("", "a\0b"):
        with pytest.raises(UsageError, match="name"):
            bncli.export(standardizer({name: Statistics()}), "sql")


# --- Python -----------------------------------------------------------------------------------


def test_polars_expressions_take_integers_that_no_double_holds(tmp_path):
    frame = pl.DataFrame({"x": [2**62, 2**62 + 2, 2**62 + 4, None], "y": [2**53 + 1] * 4})
    fitted = bncli.fit(frame, eps=0).with_affine(gamma={"x": 2}, beta={"x": 0.5})
    bncli.transform(frame, fitted, tmp_path / "out.parquet")
    standardized = module(bncli.export(fitted, "polars").text)["standardize"](frame)
    assert standardized["x"].to_list() == pl.read_parquet(tmp_path / "out.parquet")["x"].to_list()
    assert standardized["x"][0] < standardized["x"][1] < standardized["x"][2]


def test_polars_keeps_null_and_nan_apart_and_other_columns_as_they_are():
    frame = pl.DataFrame({"x": [1.0, None, float("nan"), 5.0], "word": list("abcd")})
    standardize = module(bncli.export(bncli.fit(frame), "polars").text)["standardize"]
    for found in (standardize(frame), standardize(frame.lazy()).collect()):
        assert found.columns == ["x", "word"]
        assert found["x"].is_null().to_list() == [False, True, False, False]
        assert found["x"].is_nan().to_list() == [False, None, True, False]
        assert found["word"].to_list() == list("abcd")


def test_the_scaler_is_a_fitted_standardscaler_that_goes_on(sample_data):
    from sklearn.base import clone
    from sklearn.preprocessing import StandardScaler

    frame = pl.read_parquet(sample_data / "penguins.parquet").select(pl.col("^.*_(mm|g)$"))
    fitted = bncli.fit(frame, preset="sklearn")
    scaler = module(bncli.export(fitted, "sklearn").text)["scaler"]()
    assert isinstance(scaler, StandardScaler)
    theirs = StandardScaler().fit(named(frame, fitted))
    for name in ("mean_", "var_", "scale_"):
        np.testing.assert_allclose(getattr(scaler, name), getattr(theirs, name), rtol=1e-13)
    assert scaler.n_features_in_ == theirs.n_features_in_ == 4
    assert scaler.feature_names_in_.tolist() == theirs.feature_names_in_.tolist()
    counts = (scaler.n_samples_seen_, theirs.n_samples_seen_)
    assert counts[0] == counts[1]
    assert type(counts[0]) is np.int64
    more = named(frame.head(50), fitted)
    scaler.partial_fit(more)
    theirs.partial_fit(more)
    np.testing.assert_allclose(scaler.transform(more), theirs.transform(more), rtol=1e-12)
    clone(scaler)


def test_a_scaler_of_columns_with_missing_values_counts_each_by_itself(sample_data):
    fitted = bncli.fit(sample_data / "weather_winter.parquet")
    scaler = module(bncli.export(fitted, "sklearn").text)["scaler"]()
    assert scaler.n_samples_seen_.dtype == np.int64
    assert scaler.n_samples_seen_.tolist() == fitted.profile.moments.count.tolist()


def test_a_learned_beta_makes_it_a_pipeline_of_two():
    from sklearn.pipeline import Pipeline

    _, fitted = case_of("learned")
    found = module(bncli.export(fitted, "sklearn").text)["scaler"]()
    assert isinstance(found, Pipeline)
    assert len(found) == 2


# --- every target -------------------------------------------------------------------------------


@pytest.mark.parametrize("target", list(EXPORTERS))
@pytest.mark.parametrize("case", CASES)
def test_the_same_standardizer_gives_the_same_bytes(target, case):
    _, fitted = case_of(case)
    first, second = (bncli.export(fitted, target).content for _ in range(2))
    assert first == second


@pytest.mark.parametrize("target", list(EXPORTERS))
def test_an_adapted_standardizer_exports_its_own_statistics(target, tmp_path):
    frame, fitted = case_of("weather_winter")
    adapted = fitted.adapt(frame.select(pl.all() * 3 + 1), prior=100)
    exported = bncli.export(adapted, target)
    for name, (kind, options, run) in RUNNERS.items():
        if kind == target and name != "sqlite":
            found = run(bncli.export(adapted, target, **options), frame, adapted)
            pairs = zip(found, transformed(frame, adapted, tmp_path), strict=True)
            assert max(off(ours, theirs, 0) for ours, theirs in pairs) <= 4
    assert exported.content


@pytest.mark.parametrize("target", list(EXPORTERS))
def test_an_option_of_another_target_is_refused(target):
    _, fitted = case_of("penguins")
    op = "centred" if target == "torch" else "normalize"
    options = {"op": op, "dtype": "float64", "dialect": "duckdb", "table": "t", "keep": []}
    for name, value in options.items():
        if name in EXPORTERS[target].options:
            bncli.export(fitted, target, **{name: value})
        else:
            with pytest.raises(UsageError, match=f"--{name} has no meaning for {target}"):
                bncli.export(fitted, target, **{name: value})


def test_an_unknown_target_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'onnx'"):
        bncli.export(case_of("penguins")[1], "onx")


@pytest.mark.parametrize(
    ("target", "package"),
    [("onnx", "onnx"), ("torch", "safetensors.numpy"), ("sql", "sqlglot")],
)
def test_a_missing_package_is_told_with_its_extra(target, package, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ExtraMissing, match=rf"pip install 'bncli\[{target}\]'"):
        bncli.export(case_of("penguins")[1], target)


@pytest.mark.filterwarnings("default::bncli.errors.BncliWarning")
def test_columns_that_come_out_missing_and_integers_that_are_rounded_are_named():
    frame = pl.DataFrame({"wide": [2**60, 2**60 + 8], "none": [None, float("nan")]})
    with pytest.warns(BncliWarning, match="'none' has no present value"):
        fitted = bncli.fit(frame)
    with pytest.warns(BncliWarning) as caught:
        bncli.export(fitted, "sql")
    told = " ".join(str(warning.message) for warning in caught)
    assert "all of 'none' comes out missing" in told
    assert "integers beyond 2**53 of 'wide' are rounded" in told


@pytest.mark.parametrize("target", ["polars", "sklearn", "sql"])
def test_targets_without_tensors_refuse_them_by_name(target, sample_data):
    fitted = bncli.fit(sample_data / "patches_daylight.parquet")
    with pytest.raises(UsageError, match=f"--to {target} has no tensor columns.*'image"):
        bncli.export(fitted, target)


@pytest.mark.parametrize("target", ["onnx", "torch", "sklearn"])
def test_statistics_per_group_are_refused_by_name(target, sample_data):
    fitted = bncli.fit(sample_data / "weather_winter.parquet", by="origin")
    with pytest.raises(UsageError, match="statistics per group of 'origin' are not exported"):
        bncli.export(fitted, target)


@pytest.mark.parametrize("layout", ["CHW", "HWC"])
def test_onnx_takes_the_channels_of_images_where_they_are(layout, sample_data, tmp_path):
    import onnxruntime

    frame = pl.read_parquet(sample_data / "patches_daylight.parquet").head(40)
    images = np.stack([np.array(row) for row in frame["image"].ext.storage().to_list()])
    images = images.reshape(40, 3, 32, 32).astype(np.float64)
    if layout == "HWC":
        images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    shape = images.shape[1:]
    flat = pl.Series("image", images.reshape(40, -1), dtype=pl.Array(pl.Float64, 3072)).to_frame()
    told = bncli.ReadOptions(tensors={"image": f"{layout}:{'x'.join(map(str, shape))}"})
    fitted = exporting.learned(bncli.fit(flat, options=told))
    bncli.transform(flat, fitted, tmp_path / "out.parquet", options=told)
    truth = np.stack(pl.read_parquet(tmp_path / "out.parquet")["image"].to_numpy())
    for op in ("normalize", "batchnorm"):
        if op == "batchnorm" and layout == "HWC":
            with pytest.raises(UsageError, match="takes channels first, and 'image' is HWC"):
                bncli.export(fitted, "onnx", op=op)
            continue
        session = onnxruntime.InferenceSession(bncli.export(fitted, "onnx", op=op).content)
        (found,) = session.run(None, {"image": images})
        gap = np.abs(found.reshape(40, -1) - truth)
        assert gap.max() <= (0 if op == "normalize" else 1e-6)


def test_an_onnx_model_says_which_columns_it_takes():
    import onnxruntime

    _, fitted = case_of("hostile")
    content = bncli.export(fitted, "onnx").content
    model = onnxruntime.InferenceSession(content)
    features = json.loads(model.get_modelmeta().custom_metadata_map["features"])
    assert features == hostile().columns
    (given,), (made,) = model.get_inputs(), model.get_outputs()
    assert (given.name, given.type, given.shape) == ("features", "tensor(double)", ["rows", 16])
    assert (made.name, made.shape) == ("standardized", ["rows", 16])
    assert [node.op_type for node in _nodes(content)] == ["Sub", "Mul", "Add"]
    narrow = bncli.export(fitted, "onnx", dtype="float32").content
    assert [node.op_type for node in _nodes(narrow)] == ["Sub", "Sub", "Mul", "Add"]
    folded = bncli.export(fitted, "onnx", op="batchnorm").content
    assert [node.op_type for node in _nodes(folded)] == ["BatchNormalization"]


def _nodes(content):
    import onnx

    return onnx.load_from_string(content).graph.node


# --- the command line ---------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch, tmp_path, sample_data, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sample_data)
    assert app.run(Process(), ["fit", "data/penguins.parquet", "-o", "p.json", "-q"]) == 0

    def command(*args):
        return app.run(Process(), [str(arg) for arg in args]), *capfd.readouterr()

    return command


def test_text_goes_to_standard_output_and_to_files(run):
    code, out, err = run("export", "p.json", "--to", "sql", "--dialect", "spark", "--table", "a.b")
    assert (code, err) == (0, "")
    assert out.startswith("SELECT\n")
    assert out.endswith("FROM a.b;\n")
    options = ("--to", "sql", "--dialect", "spark", "--table", "a.b", "-o", "p.sql")
    assert run("export", "p.json", *options) == (0, "", "exported to p.sql\n")
    assert Path("p.sql").read_text() == out
    code, _, err = run("export", "p.json", *options)
    assert (code, err.splitlines()[0]) == (2, "error: 'p.sql' is there already")
    assert run("export", "p.json", *options, "--overwrite", "-q") == (0, "", "")
    code, _, err = run("export", "p.json", *options[:-1], "p.json", "--overwrite")
    assert (code, err.splitlines()[0]) == (2, "error: 'p.json' is both input and output")


def test_bytes_go_to_a_file_and_to_a_pipe_only_when_asked(run):
    code, out, err = run("export", "p.json", "--to", "onnx")
    assert (code, out) == (2, "")
    assert err == "error: onnx is no text\n  name a file with -o, or -o - for a pipe\n"
    assert run("export", "p.json", "--to", "onnx", "-o", "p.onnx")[0] == 0
    assert Path("p.onnx").read_bytes() == bncli.export("p.json", "onnx").content


def test_the_program_that_loads_a_state_dict_is_printed(run):
    code, out, err = run("export", "p.json", "--to", "torch", "-o", "bn.safetensors")
    assert (code, err) == (0, "exported to bn.safetensors\n")
    compile(out, "load.py", "exec")
    assert "load_file('bn.safetensors'), strict=True)" in out
    assert "torch.nn.BatchNorm1d(5, eps=1e-08, dtype=torch.float64)" in out


def test_a_stranger_s_names_never_reach_the_terminal_raw(run, monkeypatch):
    frame = pl.DataFrame({"\x1b[31mred": [1.0, 2.0], "flat\x1b]0;x": [1.0, 1.0]})
    bncli.fit(frame).save("odd.json")
    for target in ("polars", "sklearn", "json-schema"):
        code, out, _ = run("export", "odd.json", "--to", target)
        assert code == 0
        assert "\x1b" not in out
    # A name in SQL is what it is.
    assert "\x1b" in run("export", "odd.json", "--to", "sql")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    code, out, err = run("export", "odd.json", "--to", "sql")
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "error: a name in it would move the terminal"
    _, out, err = run("export", "odd.json", "--to", "torch", "-o", "bn.safetensors")
    assert "\x1b" not in out + err
