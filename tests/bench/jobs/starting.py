"""Small jobs, where starting up is most of the time; and merging many small artifacts."""

from bench.artifacts import Artifacts
from bench.model import Goal, Growth, Job
from bench.tables import Table

HELLO = "typer: --help of a hello-world application"
COUNTS = (125, 250, 500, 1000)


def merging(count: int) -> str:
    return f"bncli merge of {count:,} artifacts"


JOBS = (
    Job(
        "start",
        "Starting up, and showing an artifact of 20 columns",
        data={"data": Table(100_000)},
        before=("bncli fit {data} -o {tmp}/stats.json",),
        contenders={
            HELLO: "typer --help",
            "bncli --help": "bncli --help",
            "bncli inspect": "bncli inspect {tmp}/stats.json",
        },
        goals=(Goal("bncli --help", 1.2, HELLO), Goal("bncli inspect", 1.8, HELLO)),
    ),
    Job(
        "merge",
        "Merge artifacts of 100 columns (moments, without sketches)",
        data={f"of{count}": Artifacts(count) for count in COUNTS},
        contenders={
            "bncli --help": "bncli --help",
            **{
                merging(count): f"bncli merge {{of{count}}}/*.json -o {{out}}.json"
                for count in COUNTS
            },
        },
        goals=(Goal(merging(1000), 2.0, what="wall"),),
        growth=Growth({merging(count): count for count in COUNTS}, start="bncli --help"),
        quick=False,
    ),
)
