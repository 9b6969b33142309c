"""The command lines into which faults are put, and the inputs they need."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

ROWS = 400


@dataclass(frozen=True, slots=True)
class Case:
    """One command line. outputs: the files it writes; where it is run: beside in/ and out/."""

    args: str
    outputs: tuple[str, ...]


def _writing(verb: str, suffix: str, more: str = "") -> Case:
    source = "in/a.parquet" if verb == "transform" else "in/z.parquet"
    target = f"out/x{suffix}"
    return Case(f"{verb} {source} -s in/s.json -o {target} --overwrite {more}", (target,))


CASES: dict[str, Case] = {
    "fit json": Case("fit in/a.parquet -o out/s.json --overwrite", ("out/s.json",)),
    "fit parquet": Case("fit in/a.csv -o out/s.parquet --overwrite", ("out/s.parquet",)),
    "fit gz": Case("fit in/a.csv.gz -o out/s.json --overwrite", ("out/s.json",)),
    "fit ndjson": Case("fit in/a.ndjson -o out/s.json --overwrite", ("out/s.json",)),
    "fit arrow": Case("fit in/a.arrow -o out/s.json --overwrite", ("out/s.json",)),
    "fit --batch-stats": Case(
        "fit in/a.parquet --batch-size 64 --batch-stats out/b.csv -o out/s.json --overwrite",
        ("out/b.csv", "out/s.json"),
    ),
    "transform parquet": _writing("transform", ".parquet"),
    "transform csv": _writing("transform", ".csv"),
    "transform csv.gz": _writing("transform", ".csv.gz"),
    "transform ndjson": _writing("transform", ".ndjson"),
    "transform arrow": _writing("transform", ".arrow"),
    "transform folder": Case(
        "transform in/a.parquet -s in/s.json -o out/x/ --to csv --overwrite",
        ("out/x/part-00000.csv",),
    ),
    "transform batch": _writing("transform", ".parquet", "--statistics batch --batch-size 64"),
    "inverse parquet": _writing("inverse", ".parquet"),
    "inverse csv": _writing("inverse", ".csv"),
    "merge": Case("merge in/s.json in/s.parquet -o out/m.json --overwrite", ("out/m.json",)),
    "convert": Case("convert in/s.json out/c.parquet --overwrite", ("out/c.parquet",)),
    "adapt": Case("adapt in/a.parquet -s in/s.json -o out/s.json --overwrite", ("out/s.json",)),
    "export": Case("export in/s.json --to sql -o out/x.sql --overwrite", ("out/x.sql",)),
    "learn": Case(
        "learn in/a.csv -s in/s.json --target temp --steps 3 --no-compare --keep-head"
        " --trace out/t.ndjson -o out/l.json --overwrite",
        ("out/t.ndjson", "out/l.json"),
    ),
    "predict": Case("predict in/a.parquet -s in/k.json -o out/p.csv --overwrite", ("out/p.csv",)),
    "shift reports": Case(
        "shift in/s.json in/a.parquet --html out/r.html --markdown out/r.md --junit out/r.xml"
        " --overwrite",
        ("out/r.html", "out/r.md", "out/r.xml"),
    ),
}


def make_inputs(folder: Path, sample_data: Path) -> None:
    """Write in/ and out/ into ``folder``: some hundred real rows in every format, and artifacts."""
    import polars as pl

    import bncli

    (folder / "in").mkdir()
    for name in ("out", "tmp"):
        (folder / name).mkdir()
    wanted = ["temp", "humid", "pressure", "wind_speed", "origin"]
    winter = pl.read_parquet(sample_data / "weather_winter.parquet").select(wanted).head(ROWS)
    path = folder / "in" / "a"
    winter.write_parquet(path.with_suffix(".parquet"))
    winter.write_csv(path.with_suffix(".csv"))
    winter.write_csv(path.with_suffix(".csv.gz"), compression="gzip")
    winter.write_ndjson(path.with_suffix(".ndjson"))
    winter.write_ipc(path.with_suffix(".arrow"))
    for suffix in ("json", "parquet"):
        bncli.fit(winter, target="temp").save(folder / "in" / f"s.{suffix}")
    fitted = bncli.load(folder / "in" / "s.json")
    fitted.transform(winter, folder / "in" / "z.parquet")
    with warnings.catch_warnings(action="ignore"):
        # Few steps do not bring the loss down.
        learned = bncli.learn(winter, fitted, target="temp", steps=2, keep_head=True, compare=False)
    learned.save(folder / "in" / "k.json")
