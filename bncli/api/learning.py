"""``learn`` and ``predict``: gamma and beta from a target, and scores with a head that was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bncli.api.fluent import Data, Given, Standardizer, fluent, record_of, refuse_as_output
from bncli.data.dataset import Dataset, open_dataset
from bncli.data.formats import ReadOptions
from bncli.data.retyping import with_retyping
from bncli.engine import learning, scoring
from bncli.engine.lesson import Given as Material
from bncli.engine.work import Applied
from bncli.errors import DataError, Unreadable
from bncli.standardize.by_group import refuse_groups
from bncli.standardize.options import LearnOptions
from bncli.standardize.standardizer import Standardizer as Record


def learn(
    data: Data,
    standardizer: Given,
    *,
    target: str,
    init: str | Path | dict[str, Any] | None = None,
    trace: str | Path | None = None,
    overwrite: bool = False,
    options: ReadOptions | None = None,
    progress: learning.Progress | None = None,
    **choices: Any,
) -> Standardizer:
    """Learn gamma and beta by descending through batch normalization into a head.

    target: the column to predict, never standardized. init: the head's first weights,
    ``{"weight": [[...] per output], "bias": [...]}``, or a JSON file of them. trace: a file for one
    line of JSON per step. overwrite: replace the trace. Further choices are those of
    ``LearnOptions``. The result's ``learned`` tells the losses on the held-out rows before and
    after; its ``head`` is there with ``keep_head=True``.

    Raises ColumnMissing, DataError, NonFinite, ArtifactError, UsageError; warns with BncliWarning
    where the loss became infinite or did not fall, and of rows that were left out.
    """
    settings = LearnOptions(**choices)
    record = record_of(standardizer)
    refuse_as_output(trace, standardizer, init)
    name = "the artifact" if isinstance(standardizer, Record) else Path(standardizer).name
    refuse_groups(record, "learn", name)
    weights = _read_weights(init) if isinstance(init, str | Path) else init
    telling = learning.Telling(trace, overwrite, progress)

    def work(dataset: Dataset) -> Record:
        return learning.learn(Material(dataset, record, target, settings, name, weights), telling)

    return fluent(with_retyping(open_dataset(data, options or ReadOptions()), work))


def predict(data: Data, standardizer: Given, output: str | Path, **options: Any) -> Applied:
    """Score rows with the head that ``learn`` kept; options are those of ``engine.scoring``.

    Raises UsageError where there is no head, and what ``transform`` raises.
    """
    given = dict(options)
    read = given.pop("options", None) or ReadOptions()
    refuse_as_output(output, standardizer)
    record = record_of(standardizer)
    if not isinstance(standardizer, Record):
        given["artifact"] = Path(standardizer).name
    refuse_groups(record, "predict", given.get("artifact", "the artifact"))

    def work(dataset: Dataset) -> Applied:
        return scoring.predict(dataset, record, output, **given)

    return with_retyping(open_dataset(data, read), work)


def _read_weights(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise Unreadable(reason, where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"is no JSON: {str(error).splitlines()[0]}", where=str(path)) from error
