"""Statistics of a file: bncli fit beside everything that computes a mean and a variance."""

from bench.model import Goal, Job
from bench.tables import Table

M = 1_000_000
POLARS, DECODE = "polars: mean and variance", "polars: decode only"
PLAIN, SKETCHES, FULL = "bncli fit --no-profile", "bncli fit --no-joint", "bncli fit"
BNCLI = {
    PLAIN: "bncli fit {data} --no-profile -o {out}.json",
    SKETCHES: "bncli fit {data} --no-joint -o {out}.json",
    FULL: "bncli fit {data} -o {out}.json",
}

JOBS = (
    Job(
        "fit",
        "Mean and variance of 10 million rows of 20 float64 columns, Parquet",
        data={"data": Table(10 * M)},
        contenders={
            POLARS: "polars moments {data}",
            DECODE: "polars decode {data}",
            **BNCLI,
            "DuckDB: avg and var_pop": "duckdb moments {data}",
            "scikit-learn: partial_fit on Arrow batches": "sklearn moments {data}",
            "pandas + scikit-learn: fit in memory": "pandas moments {data}",
            "dask-ml: StandardScaler.fit": "dask moments {data}",
            "Spark: avg and var_pop": "spark moments {data}",
        },
        check="moments",
        goals=(
            Goal(PLAIN, 1.1, POLARS),
            Goal(SKETCHES, 2.5, DECODE),
            Goal(PLAIN, 400, what="peak"),
            Goal(FULL, 400, what="peak"),
        ),
    ),
    Job(
        "fit-40m",
        "The same of 40 million rows",
        data={"data": Table(40 * M)},
        contenders={
            POLARS: "polars moments {data}",
            DECODE: "polars decode {data}",
            **BNCLI,
            "DuckDB: avg and var_pop": "duckdb moments {data}",
        },
        check="moments",
        goals=(Goal(PLAIN, 0.95, POLARS), Goal(PLAIN, 1.35, DECODE), Goal(SKETCHES, 2.5, DECODE)),
        quick=False,
    ),
    Job(
        "running",
        "Running statistics over mini-batches of 256 rows, 10 million rows of 20 columns",
        data={"data": Table(10 * M)},
        contenders={
            PLAIN: BNCLI[PLAIN],
            "bncli fit --running exponential": (
                "bncli fit {data} --no-profile --running exponential --batch-size 256 -o {out}.json"
            ),
        },
        check="moments",
        goals=(Goal("bncli fit --running exponential", 1.15, PLAIN),),
    ),
    Job(
        "csv",
        "Mean and variance of 5 million rows of 20 columns, CSV",
        data={"data": Table(5 * M, suffix=".csv")},
        contenders={
            POLARS: "polars moments {data}",
            **BNCLI,
            "DuckDB: avg and var_pop": "duckdb moments {data}",
            "scikit-learn: partial_fit on Arrow batches": "sklearn moments {data}",
            "pandas + scikit-learn: fit in memory": "pandas moments {data}",
        },
        check="moments",
        goals=(Goal(PLAIN, 1.0, POLARS),),
    ),
    Job(
        "wide",
        "Mean and variance of 20,000 rows of 5,000 float32 columns, Parquet",
        data={"data": Table(20_000, 5_000, "float32")},
        contenders={
            POLARS: "polars moments {data}",
            **BNCLI,
            "DuckDB: avg and var_pop": "duckdb moments {data}",
            "scikit-learn: partial_fit on Arrow batches": "sklearn moments {data}",
            "pandas + scikit-learn: fit in memory": "pandas moments {data}",
        },
        check="moments",
        # polars and scikit-learn sum float32 in float32.
        tolerance=1e-4,
        goals=(Goal(PLAIN, 1.2, POLARS),),
    ),
)
