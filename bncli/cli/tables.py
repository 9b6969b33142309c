"""A standardizer as a table for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bncli.cli.console import printable, say, show_table

_MOST_ROWS = 100
_TEXTS = ("feature", "note", "category", "most frequent")


def show_statistics(standardizer: Any) -> None:
    """One row per channel; where the running statistics differ from the pooled, those too."""
    profile, moments = standardizer.profile, standardizer.profile.moments
    means, variances = moments.value().tolist(), moments.variance().tolist()
    columns = {
        "feature": [channel.label for channel in profile.channels],
        "count": [str(count) for count in moments.count.tolist()],
        "missing": [str(count) for count in profile.missing.total.tolist()],
        "mean": [_number(mean) for mean in means],
        "sd": [_number(variance**0.5) for variance in variances],
        "min": [_number(value) for value in moments.min.tolist()],
        "max": [_number(value) for value in moments.max.tolist()],
    }
    if standardizer.policy.name != "pooled":
        columns["running mean"] = [_number(value) for value in standardizer.mean.tolist()]
        columns["running variance"] = [_number(value) for value in standardizer.variance.tolist()]
    for name, default in (("gamma", 1.0), ("beta", 0.0)):
        values = getattr(standardizer, name).tolist()
        if any(value != default for value in values):
            columns[name] = [_number(value) for value in values]
    columns["note"] = _notes(moments)
    _show(columns)


def show_categories(standardizer: Any) -> None:
    """One row per categorical column."""
    found = standardizer.profile.categories
    if not found:
        return
    print()
    _show(
        {
            "category": list(found),
            "count": [str(states.count) for states in found.values()],
            "missing": [str(states.missing) for states in found.values()],
            "values": [_distinct(states) for states in found.values()],
            "most frequent": [_first(states) for states in found.values()],
        }
    )


def show_origin(standardizer: Any, name: str) -> None:
    """Where an artifact comes from and how it was fitted."""
    profile = standardizer.profile
    batches = f"{_count(profile.batches, 'mini-batch')} of {profile.batch_size}"
    policy = {
        key: value for key, value in standardizer.policy.to_record().items() if value is not None
    }
    running = policy.pop("policy")
    settings = ", ".join(f"{key} {value}" for key, value in policy.items())
    relative = " relative" if standardizer.eps_relative else ""
    sources = [f"{source.name} ({_count(source.rows, 'row')})" for source in standardizer.sources]
    lines = {
        "artifact": name,
        "rows": f"{profile.rows} in {batches}",
        "running": f"{running} ({settings})" if settings else running,
        "eps": f"{standardizer.eps!r}{relative}",
        "channels": str(len(profile.channels)),
        "sources": _some(sources) or "none",
    }
    if profile.groups is not None:
        lines["groups"] = _groups(profile.groups)
    if not profile.quantiles:
        lines["sketches"] = "none (fitted with --no-profile)"
    if profile.covariance is not None:
        kept, channels = len(profile.covariance.channels), _count(len(profile.channels), "channel")
        lines["joint"] = f"covariance of {kept} of {channels}"
    if standardizer.learned is not None:
        lines["learned"] = _learned(standardizer.learned)
    if standardizer.head is not None:
        lines["head"] = _head(standardizer.head)
    for key, value in lines.items():
        print(f"{key:<10}{printable(value)}")
    print()


def learned_lines(standardizer: Any) -> dict[str, str]:
    """What learning came to, as lines of a report."""
    record = standardizer.learned
    loss = f"{record['loss']} of '{record['target']}'"
    where = f"{_count(record['held_out'], 'row')} held out"
    lines = {
        "task": f"{record['task']}: {loss}",
        "rows": f"{record['rows']} learned from, {where if record['held_out'] else 'none held out'}"
        + _left_out(record),
        "loss": f"{record['before']:.6g} before, {record['after']:.6g} after "
        f"{_count(record['steps'], 'step')} ({record['stopped']})",
    }
    if record["compared"] is not None:
        lines["raw columns"] = _compared(record["compared"])
    return lines


def _left_out(record: Any) -> str:
    counts = {"no target": record["without_target"]}
    if record["options"].get("missing") == "drop":
        counts["a missing feature"] = record["incomplete"]
    told = [f"{count} with {what}" for what, count in counts.items() if count]
    return f"; left out: {', '.join(told)}" if told else ""


def _compared(compared: Any) -> str:
    with_bn = f"with batch normalization after {_count(compared['steps'] or 0, 'step')}"
    rate = f"learning rate {compared['raw_lr']:g}"
    if compared["raw_steps"] is not None:
        steps = _count(compared["raw_steps"], "step")
        return f"the same loss after {steps} ({rate}), {with_bn}"
    best = compared["raw_loss"]
    lowest = "" if best is None else f", lowest {best:.6g}"
    tried = f"not within {_count(compared['budget'], 'step')}"
    return f"the same loss {tried} ({rate}{lowest}), {with_bn}"


def _learned(record: Any) -> str:
    chosen = record["options"]
    options = f"{chosen.get('optimizer')}, lr {chosen.get('lr')}, seed {chosen.get('seed')}"
    return (
        f"{record['task']} of '{record['target']}' in {_count(record['steps'], 'step')}: "
        f"{record['loss']} {record['before']:.6g} before, {record['after']:.6g} after ({options})"
    )


def _head(head: Any) -> str:
    features = _count(len(head.features), "feature")
    classes = f", classes {_some(head.classes)}" if head.classes else ""
    return f"{head.task} of '{head.target}' from {features}{classes}"


def show_learned(standardizer: Any) -> None:
    """What learning came to, on standard output."""
    for key, value in learned_lines(standardizer).items():
        print(f"{key:<13}{printable(value)}")


def say_learned(standardizer: Any, output: str) -> None:
    """One line on standard error: what was learned and where it is kept."""
    features = _count(len(standardizer.learned["features"]), "feature")
    head = " and the head" if standardizer.head is not None else ""
    say(f"learned gamma and beta of {features}{head}, kept in {output}")


def say_summary(standardizer: Any, output: str) -> None:
    """One line on standard error: what was fitted and where it is kept."""
    rows, channels = standardizer.profile.rows, len(standardizer.channels)
    groups = standardizer.profile.groups
    parts = "" if groups is None else f" and in {_count(len(groups), 'group')}"
    say(f"fitted {_count(channels, 'channel')} on {_count(rows, 'row')}{parts}, kept in {output}")


def _groups(groups: Any, most: int = 3) -> str:
    """How many there are, and the largest."""
    rows = groups.rows.tolist()
    largest = sorted(range(len(rows)), key=lambda at: (-rows[at], at))[:most]
    named = ", ".join(f"{groups.keys[at]} ({_count(rows[at], 'row')})" for at in largest)
    rest = f", the largest {named}" if len(rows) > most else f": {named}" if rows else ""
    return f"{len(rows)} by {groups.column}{rest}"


def _show(columns: dict[str, list[str]]) -> None:
    said = {name: texts for name, texts in columns.items() if any(texts)}
    rows = list(zip(*said.values(), strict=True))
    show_table(list(said), rows[:_MOST_ROWS], _TEXTS)
    if len(rows) > _MOST_ROWS:
        print(f"... and {len(rows) - _MOST_ROWS} more; --json shows all")


def _notes(moments: Any) -> list[str]:
    pairs = zip(moments.count.tolist(), moments.constant.tolist(), strict=True)
    return ["all missing" if not count else "constant" if flat else "" for count, flat in pairs]


def _distinct(states: Any) -> str:
    return f"{len(states.values)}" if states.exact else f"over {len(states.values)}"


def _first(states: Any) -> str:
    ranked = states.ranked()
    return f"{ranked[0][0]} ({ranked[0][1]})" if ranked else ""


def _some(names: Sequence[str], most: int = 5) -> str:
    rest = [f"and {len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *rest])


def _count(number: int, what: str) -> str:
    plural = "" if number == 1 else "es" if what.endswith("h") else "s"
    return f"{number} {what}{plural}"


def _number(value: float) -> str:
    """Six digits; a dash where there is no such number."""
    return f"{value:.6g}" if abs(value) < float("inf") else "-"
