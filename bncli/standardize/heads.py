"""Heads: what stands on the normalized features and measures a loss.

Every head is linear, ``logits = weight @ y + bias``; they differ in what a logit means and in the
loss. ``measure`` gives the loss of each row, and its gradient by the row's logits.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bncli.registry import Registry
from bncli.stats.exact import FloatArray

# Adding a head: one class here, one line there.
HEADS = Registry(
    "task",
    regression="bncli.standardize.heads:Linear",
    binary="bncli.standardize.heads:Logistic",
    multiclass="bncli.standardize.heads:Softmax",
)


class Head(Protocol):
    """loss: what its loss is called."""

    loss: str

    def outputs(self, classes: int) -> int:
        """How many logits a row has."""

    def prior(self, counts: FloatArray) -> FloatArray:
        """The bias that answers with the shares of the classes, shape (outputs,)."""

    def measure(self, logits: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(loss of each row, its gradient by the logits); shapes (rows,) and (outputs, rows).

        logits: shape (outputs, rows); y: the target, or the class's number, shape (rows,).
        """

    def scores(self, logits: FloatArray) -> FloatArray:
        """What is predicted: values, or a probability per class; shape (scores, rows)."""


class Linear:
    """A number, by squared error."""

    loss = "mean squared error"

    def outputs(self, classes: int) -> int:
        return 1

    def prior(self, counts: FloatArray) -> FloatArray:
        return np.zeros(1)

    def measure(self, logits: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        off = logits - y
        return off[0] * off[0], 2.0 * off

    def scores(self, logits: FloatArray) -> FloatArray:
        return logits


class Logistic:
    """One of two classes, by cross-entropy in nats; the logit is the second one's log-odds."""

    loss = "cross-entropy"

    def outputs(self, classes: int) -> int:
        return 1

    def prior(self, counts: FloatArray) -> FloatArray:
        no, yes = np.log(_smoothed(counts))
        return np.array([yes - no])

    def measure(self, logits: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        # exp of a negative number only, so that it never overflows.
        small = np.exp(-np.abs(logits))
        losses = np.log1p(small) + np.maximum(logits, 0.0) - logits * y
        return losses[0], np.where(logits >= 0, 1.0, small) / (1.0 + small) - y

    def scores(self, logits: FloatArray) -> FloatArray:
        small = np.exp(-np.abs(logits[0]))
        likely, unlikely = 1.0 / (1.0 + small), small / (1.0 + small)
        positive = logits[0] >= 0
        return np.stack(
            [np.where(positive, unlikely, likely), np.where(positive, likely, unlikely)]
        )


class Softmax:
    """One of several classes, by cross-entropy in nats."""

    loss = "cross-entropy"

    def outputs(self, classes: int) -> int:
        return classes

    def prior(self, counts: FloatArray) -> FloatArray:
        logs = np.log(_smoothed(counts))
        centred: FloatArray = logs - logs.mean()
        return centred

    def measure(self, logits: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        shifted, shares, total = _exponentials(logits)
        place = (y.astype(np.intp), np.arange(logits.shape[1]))
        losses = np.log(total) - shifted[place]
        shares /= total
        shares[place] -= 1.0
        return losses, shares

    def scores(self, logits: FloatArray) -> FloatArray:
        _, shares, total = _exponentials(logits)
        return shares / total


def _exponentials(logits: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Logits less the row's largest, their exponentials, and the sums of these."""
    shifted = logits - logits.max(axis=0)
    shares = np.exp(shifted)
    return shifted, shares, shares.sum(axis=0)


def _smoothed(counts: FloatArray) -> FloatArray:
    """Shares of the classes, none of them 0 (Laplace's rule)."""
    shares: FloatArray = (counts + 1.0) / (counts.sum() + len(counts))
    return shares
