"""Learning gamma and beta of a standardizer from rows and a target.

Decisions. The running statistics stay those of the artifact, as its policy fitted them: BN is the
first layer here, so what it normalizes are the columns themselves, and nothing that is learned
moves their statistics. Training normalizes by each mini-batch's own statistics; losses on the
held-out rows are told by the running ones, as ``transform`` and ``predict`` have them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from bncli.data.targets import PathLike, check_target, refuse_input_as_output
from bncli.engine.lesson import Given, Lesson, prepared
from bncli.engine.memory import keep_freed_memory
from bncli.engine.trace import Trace, trace_file
from bncli.errors import BncliWarning
from bncli.standardize.kept import KeptHead
from bncli.standardize.learning import Descent, Limit, Outcome, Reached, Run, Watch
from bncli.standardize.network import Batch, Network
from bncli.standardize.standardizer import Standardizer
from bncli.standardize.target import Target

Progress = Callable[[int, int, float], None]
"""Called with the rows done, the rows planned, and the loss of the last mini-batch."""

# Of the run on raw columns: rows that take a second or two, how many times the steps of learning,
# how often its learning rate is divided by ten, how often it is looked at in as many steps.
_CHEAP_ROWS = 1 << 20
_MOST_TIMES = 10
_TENTHS = 12
_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Telling:
    """Who hears of each step. trace: a file for a line of JSON each."""

    trace: PathLike | None = None
    overwrite: bool = False
    progress: Progress | None = None


def learn(given: Given, telling: Telling) -> Standardizer:
    """The standardizer with learned gamma and beta, a record of it, and the head if it is kept.

    Raises ColumnMissing, DataError, NonFinite, UsageError; warns with BncliWarning where the loss
    became infinite, did not fall, or many rows were left out.
    """
    if telling.trace is not None:
        check_target(telling.trace, telling.overwrite)
        refuse_input_as_output((stamp.path for stamp in given.dataset.stamps), telling.trace)
    keep_freed_memory()
    with ExitStack() as stack:
        lesson = prepared(given, stack)
        outcome = _learned(lesson, telling)
        compared = _compared(lesson, outcome) if given.options.compare else None
    given.dataset.check_unchanged()
    for text in _notes(lesson, outcome):
        warnings.warn(text, BncliWarning, stacklevel=2)
    return _result(lesson, outcome, compared)


def _learned(lesson: Lesson, telling: Telling) -> Outcome:
    options, network = lesson.options, lesson.network
    schedule = options.schedule(options.rate, lesson.planned)
    run = Run(network, options.descent(), schedule, lesson.held)
    with ExitStack() as stack:
        watches: list[Watch] = []
        if telling.trace is not None:
            stream = stack.enter_context(trace_file(telling.trace, telling.overwrite))
            watches.append(Trace(stream, network, lesson.target).add)
        if telling.progress is not None:
            watches.append(_teller(lesson, telling.progress))
        first = network.start(*lesson.start)
        return run.learn(first, lesson.epoch, options.stop, watches)


def _teller(lesson: Lesson, progress: Progress) -> Watch:
    size, planned = lesson.options.batch_size, lesson.planned

    def tell(batch: Batch, descent: Descent) -> None:
        progress(descent.steps * size, planned * size, lesson.target.loss(descent.loss))

    return tell


@dataclass(frozen=True, slots=True)
class Comparison:
    """Steps to come down to the held-out loss that learning ended with, with BN and on the raw
    columns. rate: of the raw run; budget: the steps it was given."""

    normalized: Reached
    raw: Reached
    rate: float
    budget: int

    def to_record(self, target: Target) -> dict[str, Any]:
        return {
            "steps": self.normalized.steps,
            "raw_steps": self.raw.steps,
            "budget": self.budget,
            "raw_loss": target.loss(self.raw.best) if math.isfinite(self.raw.best) else None,
            "raw_lr": self.rate,
        }


def _compared(lesson: Lesson, learned: Outcome) -> Comparison | None:
    """How many steps the same head needs on the raw columns; None where nothing was learned.

    The same optimizer, order and first weights. The budget is ten times the steps that were
    taken, less where those would be many rows, but never fewer steps than learning took. The
    learning rate of raw columns is the largest of the one given and its tenths that lowers the
    loss within the steps that learning took.
    """
    if not learned.after < learned.before:
        return None
    options, steps = lesson.options, learned.steps
    budget = max(steps, min(_MOST_TIMES * steps, _CHEAP_ROWS // options.batch_size))
    every = max(1, steps // _LOOKS)

    def reached(network: Network, rate: float, planned: int, patience: int) -> Reached:
        run = Run(network, options.descent(), options.schedule(rate, planned), lesson.held)
        limit = Limit(learned.after, planned, every, patience)
        return run.steps_to_reach(network.start(*lesson.start), lesson.epoch, limit)

    normalized = reached(lesson.network, options.rate, steps, steps)
    for tenths in range(_TENTHS + 1):
        rate = options.rate / 10**tenths
        raw = reached(replace(lesson.network, eps=None), rate, budget, steps)
        if not raw.hopeless:
            return Comparison(normalized, raw, rate, budget)
    return None


def _result(lesson: Lesson, outcome: Outcome, compared: Comparison | None) -> Standardizer:
    """The artifact: gamma and beta of the features learned, of other channels as they were."""
    standardizer, places = lesson.given.standardizer, list(lesson.places)
    found = lesson.network.parameters(outcome.parameters)
    gamma, beta = standardizer.gamma.copy(), standardizer.beta.copy()
    gamma[places], beta[places] = found.gamma, found.beta
    return standardizer.replace(
        gamma=gamma,
        beta=beta,
        head=_head(lesson, outcome) if lesson.options.keep_head else None,
        learned=_record(lesson, outcome, compared),
    )


def _head(lesson: Lesson, outcome: Outcome) -> KeptHead:
    target = lesson.target
    own = target.parameters(lesson.network.parameters(outcome.parameters))
    return KeptHead(
        target.task,
        target.name,
        target.kind,
        target.classes,
        lesson.features,
        lesson.options.missing,
        own.weight.copy(),
        own.bias.copy(),
    )


def _record(lesson: Lesson, outcome: Outcome, compared: Comparison | None) -> dict[str, Any]:
    survey, target = lesson.survey, lesson.target
    return {
        "target": target.name,
        "task": target.task,
        "features": list(lesson.features),
        "loss": lesson.network.head.loss,
        "before": target.loss(outcome.before),
        "after": target.loss(outcome.after),
        "steps": outcome.steps,
        "epochs": outcome.epochs,
        "kept_step": outcome.kept,
        "stopped": outcome.reason,
        "rows": survey.rows,
        "held_out": survey.held_out,
        "without_target": survey.without_target,
        "incomplete": survey.incomplete,
        "compared": None if compared is None else compared.to_record(target),
        "options": lesson.options.to_record(target.scale),
    }


def _notes(lesson: Lesson, outcome: Outcome) -> Sequence[str]:
    """What somebody who learns should be told."""
    survey, rate, notes = lesson.survey, lesson.options.rate, []
    if outcome.reason == "diverged":
        notes.append(
            f"the loss was not finite any more after {outcome.steps} steps: the parameters kept "
            f"are those after {outcome.kept}\n  try a smaller --lr than {rate:g}"
        )
    elif not outcome.after < outcome.before:
        notes.append(
            f"the loss did not fall: {lesson.target.loss(outcome.before):g} before, "
            f"{lesson.target.loss(outcome.after):g} after"
            f"\n  try a smaller --lr than {rate:g}, or more --epochs"
        )
    if survey.gaps == "drop" and survey.incomplete * 10 > survey.samples.rows:
        worst = int(survey.lacking.argmax())
        notes.append(
            f"{survey.incomplete} of {survey.samples.rows} rows lack a feature and were left out, "
            f"{survey.lacking[worst]} of them '{survey.samples.inputs.features[worst]}'"
            "\n  keep them with --missing mean, or fit without that column"
        )
    return notes
