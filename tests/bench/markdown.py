"""Records as Markdown: a table of goals, a table of every job, and their places in a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bench.records import EntryRecord, GoalRecord, GrowthRecord, JobRecord

UNITS = {"wall": "{:.2f} s", "peak": "{:.0f} MB"}
NAMES = {"wall": "wall", "cpu": "CPU", "peak": "peak"}
HEAD = (
    "| program | wall s (range) | ratio | CPU s | ratio | peak MB | result | runs |\n"
    "|---|--:|--:|--:|--:|--:|---|--:|"
)
GOALS_HEAD = (
    "| job | measured | against | at most | wall | CPU | peak | reached |\n"
    "|---|---|---|--:|--:|--:|--:|---|"
)


def goals_table(jobs: Mapping[str, JobRecord]) -> str:
    """One row a goal, over all jobs."""
    rows = [_goal_row(name, goal) for name, job in jobs.items() for goal in job["goals"]]
    rows += [_growth_row(name, job["growth"]) for name, job in jobs.items() if job["growth"]]
    return "\n".join([GOALS_HEAD, *rows])


def job_table(job: JobRecord) -> str:
    """Medians of a job; ratios are to the first contender that ran."""
    base = next((entry["median"] for entry in job["entries"] if entry["median"]), {})
    lines = [HEAD, *(_entry_row(entry, base) for entry in job["entries"])]
    reduced = f" (tables with {job['scale']:g} of the rows)" if job["scale"] != 1 else ""
    before = f"Load average before: {job['load']:.1f}."
    made = f"`{job['command']}`{reduced}: {_versions(job['entries'])}. {before}"
    return "\n".join([*lines, "", made])


def caveats(jobs: Mapping[str, JobRecord], cores: int) -> list[str]:
    """What a reader must know of the figures before believing them."""
    smaller = [name for name, job in jobs.items() if job["scale"] != 1]
    # A job's own end leaves about one process per core in the average that the next one sees.
    busy = [name for name, job in jobs.items() if job["load"] > 2 * cores]
    told = {"fewer rows than the jobs are named after": smaller, "a machine busy otherwise": busy}
    return [
        f"**Preliminary**: of {what}: {', '.join(names)}." for what, names in told.items() if names
    ]


def failures(jobs: Mapping[str, JobRecord]) -> list[str]:
    """What must not be: bncli that does not run, or contenders that found something else."""
    entries = [(name, entry) for name, job in jobs.items() for entry in job["entries"]]
    broken = [
        f"{name}: {entry['label']} {entry['absent']}"
        for name, entry in entries
        if entry["absent"] and entry["label"].startswith("bncli")
    ]
    differing = [
        f"{name}: {entry['label']}: its result {entry['agrees']}"
        for name, entry in entries
        if entry["agrees"].startswith("DIFFERS")
    ]
    return broken + differing


def replaced(page: str, blocks: Mapping[str, str]) -> str:
    """The page with the text between ``<!-- bench: NAME -->`` and ``<!-- end -->`` renewed.

    Raises ValueError where the page has no place for a block.
    """
    for name, text in blocks.items():
        begin, end = f"<!-- bench: {name} -->", "<!-- end -->"
        before, found, after = page.partition(begin)
        _, closed, rest = after.partition(end)
        if not (found and closed):
            raise ValueError(f"the page has no {begin} ... {end}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{rest}"
    return page


def _entry_row(entry: EntryRecord, base: Mapping[str, float]) -> str:
    if not entry["median"]:
        return f"| {entry['label']} | {entry['absent']} | | | | | | |"
    median, runs = entry["median"], entry["runs"]
    walls = sorted(run["wall"] for run in runs)
    cells = (
        entry["label"],
        f"{median['wall']:.2f} ({walls[0]:.2f} to {walls[-1]:.2f})",
        _ratio(median["wall"] / base["wall"]),
        f"{median['cpu']:.2f}",
        _ratio(median["cpu"] / base["cpu"]),
        f"{median['peak']:.0f}",
        entry["agrees"],
        f"{len(runs)}",
    )
    return f"| {' | '.join(cells)} |"


def _goal_row(job: str, goal: GoalRecord) -> str:
    write = _ratio if goal["of"] else UNITS[goal["what"]].format
    reached = {name: value <= goal["at_most"] for name, value in goal["measured"].items()}
    figures = {name: write(value) for name, value in goal["measured"].items()}
    start = (job, goal["contender"], goal["of"] or "", write(goal["at_most"]))
    return _goal_cells(start, figures, _reached(reached))


def _growth_row(job: str, growth: GrowthRecord) -> str:
    reached = {
        name: abs(value - 1) <= growth["within"] for name, value in growth["measured"].items()
    }
    figures = {name: f"{value:.2f}" for name, value in growth["measured"].items()}
    start = (job, "exponent of time in size, starting up taken off", "", f"1 ± {growth['within']}")
    return _goal_cells(start, figures, _reached(reached))


def _goal_cells(start: tuple[str, ...], figures: Mapping[str, str], reached: str) -> str:
    return f"| {' | '.join((*start, *(figures.get(name, '') for name in NAMES), reached))} |"


def _reached(verdicts: Mapping[str, bool]) -> str:
    """yes, no, or by which of the figures alone."""
    if not verdicts:
        return "not measured"
    if all(verdicts.values()):
        return "yes"
    reached = [NAMES[name] for name, verdict in verdicts.items() if verdict]
    return f"{reached[0]} only" if reached else "**no**"


def _ratio(value: float) -> str:
    """Two decimals; of what is small, one over it; of what is large, none."""
    if value < 0.3:
        return f"1/{1 / value:.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _versions(entries: Iterable[EntryRecord]) -> str:
    versions = (part for entry in entries for part in entry["version"].split(", ") if part)
    return ", ".join(dict.fromkeys(versions))
