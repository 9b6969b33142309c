"""Reports of covariate shift: bncli shift beside decoding alone, and beside drift libraries."""

from bench.model import Goal, Job
from bench.tables import Table

M = 1_000_000
SHIFT, AGAINST_ARTIFACT = "bncli shift --json", "bncli shift --json, training side an artifact"
DECODE_BOTH, DECODE_ONE = "polars: decode both files", "polars: decode the test side"
BOTH_SIDES = "bncli shift {train} {test} --json"


def sides(rows: int) -> dict[str, Table]:
    return {"train": Table(rows), "test": Table(rows, moved=True)}


JOBS = (
    Job(
        "shift",
        "Shift report, all measures, of 10 million rows of 20 columns on either side",
        data=sides(10 * M),
        before=("bncli fit {train} -o {tmp}/stats.json",),
        contenders={
            DECODE_BOTH: "polars decode {train} {test}",
            SHIFT: BOTH_SIDES,
            DECODE_ONE: "polars decode {test}",
            AGAINST_ARTIFACT: "bncli shift {tmp}/stats.json {test} --json",
            "NannyML: univariate drift": "nannyml shift {train} {test}",
        },
        check="shift",
        # Two sketches of a rank error of 0.2 % each.
        tolerance=0.01,
        goals=(
            Goal(SHIFT, 3.5, DECODE_BOTH),
            Goal(AGAINST_ARTIFACT, 3.0, DECODE_ONE),
            Goal(SHIFT, 1 / 15, "NannyML: univariate drift"),
            Goal(SHIFT, 700, what="peak"),
        ),
        quick=False,
    ),
    Job(
        "drift",
        "Shift report of 1 million rows of 20 columns on either side, beside drift libraries",
        data=sides(M),
        contenders={
            DECODE_BOTH: "polars decode {train} {test}",
            SHIFT: BOTH_SIDES,
            "Evidently: DataDriftPreset": "evidently shift {train} {test}",
            "NannyML: univariate drift": "nannyml shift {train} {test}",
            "whylogs: profiles and drift scores": "whylogs shift {train} {test}",
            "pandas + SciPy: KS and W1 by column": "scipy shift {train} {test}",
        },
        check="shift",
        tolerance=0.01,
        goals=(
            Goal(SHIFT, 1 / 60, "Evidently: DataDriftPreset"),
            Goal(SHIFT, 1 / 4, "NannyML: univariate drift"),
        ),
    ),
)
