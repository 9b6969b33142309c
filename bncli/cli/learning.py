"""``learn`` and ``predict``: gamma and beta from a target, and scores with the head."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from bncli.cli import console
from bncli.cli.options import (
    ARTIFACT_OUTPUT,
    DATA,
    JSON,
    NONFINITE,
    OUTPUT,
    OVERWRITE,
    STANDARDIZER,
    General,
    given,
)
from bncli.cli.outputs import check_artifact, printed, refuse_twice
from bncli.cli.reading import Reading

_DESCENT = "Descent"


@dataclass(frozen=True, slots=True)
class Descent:
    """How the loss is brought down."""

    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            rich_help_panel=_DESCENT,
            help="Times through the rows. [default: 30; with --steps as many as these take]",
        ),
    ] = None
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            rich_help_panel=_DESCENT,
            help="Stop after so many mini-batches. [default: none]",
        ),
    ] = None
    batch_size: Annotated[
        int,
        typer.Option(
            "--batch-size",
            metavar="ROWS",
            min=2,
            rich_help_panel=_DESCENT,
            help="Rows of a mini-batch.",
        ),
    ] = 256
    optimizer: Annotated[
        Literal["sgd", "adam"],
        typer.Option(rich_help_panel=_DESCENT, help="As PyTorch has them."),
    ] = "adam"
    lr: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            rich_help_panel=_DESCENT,
            help="Learning rate. [default: 0.03 of adam, 0.1 of sgd]",
        ),
    ] = None
    momentum_sgd: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            rich_help_panel=_DESCENT,
            help="What sgd keeps of its velocity. [default: 0]",
        ),
    ] = None
    weight_decay: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            rich_help_panel=_DESCENT,
            help="Of each parameter, added to its gradient.",
        ),
    ] = 0.0
    lr_schedule: Annotated[
        Literal["constant", "cosine", "step"],
        typer.Option(
            rich_help_panel=_DESCENT,
            help="The rate over the steps: as it is, down to 0, or a tenth after each third.",
        ),
    ] = "constant"
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="EPOCHS",
            min=1,
            rich_help_panel=_DESCENT,
            help="Stop after so many without a better held-out loss, and keep the best. "
            "[default: never]",
        ),
    ] = None
    seed: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            rich_help_panel=_DESCENT,
            help="Seed of what is held out, and of the order.",
        ),
    ] = 0
    no_shuffle: Annotated[
        bool,
        typer.Option(
            "--no-shuffle", rich_help_panel=_DESCENT, help="Mini-batches in dataset order."
        ),
    ] = False
    init: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_DESCENT,
            help="JSON: the head's first weight and bias. [default: 0 and the target's mean]",
        ),
    ] = None
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=_DESCENT,
            help="NDJSON: loss and parameters of every step. [default: none]",
        ),
    ] = None

    def chosen(self) -> dict[str, Any]:
        return given(
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            lr=self.lr,
            momentum_sgd=self.momentum_sgd,
            weight_decay=self.weight_decay,
            lr_schedule=self.lr_schedule,
            patience=self.patience,
            seed=self.seed,
            shuffle=not self.no_shuffle,
            init=self.init,
            trace=self.trace,
        )


def learn(
    data: DATA,
    target: Annotated[
        str, typer.Option(metavar="NAME", help="Column to predict; never standardized.")
    ],
    standardizer: STANDARDIZER,
    output: ARTIFACT_OUTPUT = None,
    overwrite: OVERWRITE = False,
    as_json: JSON = False,
    task: Annotated[
        Literal["auto", "regression", "binary", "multiclass"],
        typer.Option(help="What the target is; auto looks at its values."),
    ] = "auto",
    validation: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Rows held out, to tell the loss of. [default: 0.1; with --no-shuffle 0]",
        ),
    ] = None,
    missing: Annotated[
        Literal["drop", "mean"],
        typer.Option(help="Rows that lack a feature: left out, or the mean in its place."),
    ] = "drop",
    nonfinite: NONFINITE = "error",
    target_scale: Annotated[
        Literal["sd", "none"] | None,
        typer.Option(
            help="Learn a number in its standard deviations, or as it is. "
            "[default: sd; with --init none]",
        ),
    ] = None,
    keep_head: Annotated[
        bool, typer.Option("--keep-head", help="Keep the head in the artifact, for predict.")
    ] = False,
    no_compare: Annotated[
        bool, typer.Option("--no-compare", help="Do not count the steps on the raw columns.")
    ] = False,
    *,
    descent: Descent,
    reading: Reading,
    general: General,
) -> None:
    """Learn gamma and beta, by descent through batch normalization.

    A linear head predicts the target; its loss on held-out rows is told before and after.

    \b
    Example:
      bncli learn sample_data/penguins.csv --target species -s penguins.json -o learned.json
    """
    from bncli import api
    from bncli.cli import tables

    options = reading.options()
    output, as_json = printed(output, as_json)
    refuse_twice((output, descent.trace))
    check_artifact(output, overwrite, data, options, beside=(standardizer, descent.init))
    with console.descent(general.quiet) as progress:
        learned = api.learn(
            data,
            standardizer,
            target=target,
            task=task,
            missing=missing,
            nonfinite=nonfinite,
            keep_head=keep_head,
            compare=not no_compare,
            overwrite=overwrite,
            options=options,
            **descent.chosen(),
            **given(validation=validation, target_scale=target_scale, progress=progress),
        )
        if output is not None:
            learned.save(output, overwrite=overwrite)
    if as_json:
        from bncli.artifact import dumps

        sys.stdout.write(dumps(learned))
    elif not general.quiet or output is None:
        tables.show_learned(learned)
    if output is not None and not general.quiet:
        tables.say_learned(learned, output)


def predict(
    data: DATA,
    standardizer: STANDARDIZER,
    output: OUTPUT,
    overwrite: OVERWRITE = False,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Columns of DATA to write beside the scores: names and globs, comma separated. "
            "[default: none]",
        ),
    ] = None,
    nonfinite: NONFINITE = "error",
    to: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Format where no suffix tells: parquet, csv, ndjson, arrow. [default: as DATA]",
        ),
    ] = None,
    *,
    reading: Reading,
    general: General,
) -> None:
    """Score rows with a head that learn kept.

    \b
    Example:
      bncli predict sample_data/penguins.csv -s learned.json -o scores.parquet
    """
    from bncli import api

    with console.progress(general.quiet) as progress:
        applied = api.predict(
            data,
            standardizer,
            output,
            nonfinite=nonfinite,
            overwrite=overwrite,
            options=reading.options(),
            **given(keep=keep, to=to, progress=progress),
        )
    if not general.quiet and output != "-":
        rows = "1 row" if applied.rows == 1 else f"{applied.rows} rows"
        console.say(f"scored {rows}, kept in {output}")
