"""What grows with rows, columns, threads and types of columns, and what must not."""

from bench.model import Goal, Growth, Job
from bench.tables import Table

M = 1_000_000
FIT = "bncli fit {%s} --no-profile -o {out}.json"
VERBS = {
    "fit": "bncli fit {%s} -o {out}.json",
    "transform": "bncli transform {%s} -s {tmp}/stats.json -o {out}.parquet",
    "inverse": "bncli inverse {%s} -s {tmp}/stats.json -o {out}.parquet",
    "shift": "bncli shift {%s} {%s} --json",
}
ROWS = tuple(2**power * M for power in range(7))
COLUMNS = (10, 50, 250, 1_000, 5_000)
START = "bncli fit of 100 rows"
KINDS = {
    "float64": Table(5 * M, with_missing=0),
    "float64, missing values in 4 of 20": Table(5 * M, with_missing=4),
    **{
        dtype: Table(5 * M, dtype=dtype, with_missing=0)
        for dtype in ("int64", "float32", "decimal")
    },
}
# bncli counts boolean columns as categories: there is nothing to measure without a profile.
BOOL = {"bool": Table(5 * M, dtype="bool", with_missing=0)}


def of(command: str, data: str) -> str:
    """The command on that data, on both of its sides where it has two."""
    return command.replace("%s", data)


def named(verb: str, rows: int) -> str:
    return f"bncli {verb}, {rows // M} million rows"


def of_types(name: str, title: str, options: str, kinds: dict[str, Table]) -> Job:
    labels = {kind: f"bncli fit{options}, {kind}" for kind in kinds}
    plain, missing, *others = labels.values()
    return Job(
        name,
        title,
        data={f"data{number}": table for number, table in enumerate(kinds.values())},
        contenders={
            label: f"bncli fit {{data{number}}}{options} -o {{out}}.json"
            for number, label in enumerate(labels.values())
        },
        goals=(Goal(missing, 1.15, plain), *(Goal(other, 1.0, plain) for other in others)),
    )


def of_threads(verb: str) -> Job:
    """Any number of threads: other times, the same bytes."""
    command = of(VERBS[verb], "data")
    return Job(
        f"threads-{verb}",
        f"bncli {verb} of 2 million rows of 20 columns by threads: the same bytes",
        data={"data": Table(2 * M)},
        before=("bncli fit {data} -o {tmp}/stats.json",),
        contenders={
            f"bncli {verb}": command,
            **{f"bncli {verb} --threads {n}": f"{command} --threads {n}" for n in (1, 2, 4)},
        },
        check="bytes",
    )


JOBS = (
    Job(
        "rows",
        "bncli fit --no-profile of 4 columns, by rows",
        data={"start": Table(100, 4), **{f"of{rows}": Table(rows, 4) for rows in ROWS}},
        contenders={
            START: of(FIT, "start"),
            **{named("fit", rows): of(FIT, f"of{rows}") for rows in ROWS},
        },
        growth=Growth({named("fit", rows): rows for rows in ROWS}, start=START),
        quick=False,
    ),
    Job(
        "columns",
        "bncli fit --no-profile of 20,000 rows of float32, by columns",
        data={
            "start": Table(100, 4, "float32"),
            **{f"of{columns}": Table(20_000, columns, "float32") for columns in COLUMNS},
        },
        contenders={
            START: of(FIT, "start"),
            **{f"bncli fit, {c:,} columns": of(FIT, f"of{c}") for c in COLUMNS},
        },
        growth=Growth({f"bncli fit, {c:,} columns": c for c in COLUMNS}, start=START),
        quick=False,
    ),
    Job(
        "shift-columns",
        "bncli shift of 20,000 rows of float32 on either side, by columns",
        data={
            "start": Table(100, 4, "float32"),
            **{f"train{c}": Table(20_000, c, "float32") for c in COLUMNS},
            **{f"test{c}": Table(20_000, c, "float32", moved=True) for c in COLUMNS},
        },
        contenders={
            "bncli shift of 100 rows": "bncli shift {start} {start} --json",
            **{
                f"bncli shift, {c:,} columns": f"bncli shift {{train{c}}} {{test{c}}} --json"
                for c in COLUMNS
            },
        },
        growth=Growth(
            {f"bncli shift, {c:,} columns": c for c in COLUMNS}, start="bncli shift of 100 rows"
        ),
        quick=False,
    ),
    Job(
        "memory",
        "Peak memory by rows, 4 columns; and one row group of 10 million rows and 1 GiB",
        data={
            "ten": Table(10 * M, 4),
            "hundred": Table(100 * M, 4),
            "group": Table(10 * M, 14, row_group=10 * M),
        },
        before=("bncli fit {ten} -o {tmp}/stats.json", "bncli fit {group} -o {tmp}/group.json"),
        contenders={
            **{
                named(verb, rows): of(command, data)
                for verb, command in VERBS.items()
                for rows, data in ((10 * M, "ten"), (100 * M, "hundred"))
            },
            "bncli fit, one row group": of(VERBS["fit"], "group"),
            "bncli transform, one row group": (
                "bncli transform {group} -s {tmp}/group.json -o {out}.parquet"
            ),
            "bncli shift, one row group": of(VERBS["shift"], "group"),
        },
        goals=tuple(
            Goal(named(verb, 100 * M), 1.1, named(verb, 10 * M), what="peak") for verb in VERBS
        ),
        once=True,
        quick=False,
    ),
    of_types(
        "types-plain", "Types of columns, moments alone, 5M rows of 20", " --no-profile", KINDS
    ),
    of_types("types", "Types of columns, full profile, 5M rows of 20", "", KINDS | BOOL),
    *(of_threads(verb) for verb in ("fit", "transform", "shift")),
)
