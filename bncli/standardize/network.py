"""The smallest network with batch normalization in it: BN, then a linear head and its loss.

All parameters stand in one vector, gamma, beta, weight, bias one after the other, so that an
optimizer needs no names. Without BN (``eps`` None) the same head stands on the raw columns: what
the gain of BN is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bncli.standardize import backprop
from bncli.standardize.backprop import Epsilon
from bncli.standardize.heads import Head
from bncli.standardize.products import back_to_inputs, logits_of, weight_gradient
from bncli.stats.exact import FloatArray

_BLOCK = 8192


class Parameters(NamedTuple):
    """Views into the vector: gamma, beta (channels,), weight (outputs, inputs), bias (outputs,).

    gamma and beta are empty without BN.
    """

    gamma: FloatArray
    beta: FloatArray
    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows. x: (channels, positions, rows), less ``Network.centre``; y: (rows,).

    rows: [start, stop) in the dataset, where they are neighbours. gaps: x may hold NaN.
    Whoever trains on a batch overwrites its x.
    """

    x: FloatArray
    y: FloatArray
    rows: tuple[int, int] | None = None
    gaps: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """BN and a head. channels, positions: of the inputs; outputs: of the head.

    eps: of BN, or None for the head alone. centre: what was taken from every column, (channels,);
    scale: 1 / sqrt(variance + eps) by the running statistics, 0 for a constant channel.
    """

    head: Head
    outputs: int
    positions: int
    eps: Epsilon | None
    centre: FloatArray
    scale: FloatArray

    @property
    def channels(self) -> int:
        return len(self.centre)

    @property
    def inputs(self) -> int:
        return self.channels * self.positions

    def parameters(self, flat: FloatArray) -> Parameters:
        """The vector by its parts."""
        affine = self.channels if self.eps else 0
        weight, bias = flat[2 * affine : -self.outputs], flat[-self.outputs :]
        shaped = weight.reshape(self.outputs, self.inputs)
        return Parameters(flat[:affine], flat[affine : 2 * affine], shaped, bias)

    def start(self, weight: FloatArray, bias: FloatArray) -> FloatArray:
        """The vector with gamma 1, beta 0 and these first weights."""
        affine = self.channels if self.eps else 0
        return np.concatenate([np.ones(affine), np.zeros(affine), weight.ravel(), bias])

    def loss_and_gradient(self, flat: FloatArray, batch: Batch) -> tuple[float, FloatArray]:
        """Training mode: the mean loss of a mini-batch, and its gradient by every parameter.

        What overflows shows as a loss or a gradient that is not finite.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            if self.eps is None:
                return self._head_alone(flat, batch)
            return self._through_bn(flat, batch, self.eps)

    def _through_bn(self, flat: FloatArray, batch: Batch, eps: Epsilon) -> tuple[float, FloatArray]:
        gamma, beta, weight, bias = self.parameters(flat)
        found = backprop.normalize(batch.x, eps, batch.gaps)
        y = backprop.scale_and_shift(found.xhat, gamma, beta)
        loss, g, by_weight, by_bias = self._head(y, weight, bias, batch.y)
        # y is not needed any more: its place takes the gradient by it.
        back_to_inputs(weight, g, y.reshape(self.inputs, -1))
        by_gamma, by_beta = backprop.parameter_gradients(found, y)
        return loss, np.concatenate([by_gamma, by_beta, by_weight.ravel(), by_bias])

    def _head_alone(self, flat: FloatArray, batch: Batch) -> tuple[float, FloatArray]:
        _, _, weight, bias = self.parameters(flat)
        y = self._raw(batch.x, batch.gaps)
        loss, _, by_weight, by_bias = self._head(y, weight, bias, batch.y)
        return loss, np.concatenate([by_weight.ravel(), by_bias])

    def _head(
        self, y: FloatArray, weight: FloatArray, bias: FloatArray, target: FloatArray
    ) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """(mean loss, its gradient by the logits, by the weight, by the bias)."""
        inputs = y.reshape(self.inputs, -1)
        logits = logits_of(weight, inputs)
        logits += bias[:, None]
        losses, g = self.head.measure(logits, target)
        g /= len(target)
        return float(losses.mean()), g, weight_gradient(g, inputs), g.sum(axis=1)

    def loss(self, flat: FloatArray, held: Batch) -> float:
        """Inference mode: the mean loss of rows, normalized by the running statistics."""
        rows = len(held.y)
        total = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, rows, _BLOCK):
                part = slice(start, start + _BLOCK)
                logits = self.logits(flat, held.x[:, :, part], held.gaps)
                total += float(self.head.measure(logits, held.y[part])[0].sum())
        return total / rows

    def logits(self, flat: FloatArray, x: FloatArray, gaps: bool = False) -> FloatArray:
        """Inference mode, shape (outputs, rows); x as in ``Batch``, and left as it is."""
        gamma, beta, weight, bias = self.parameters(flat)
        if self.eps is None:
            y = self._raw(x, gaps)
        else:
            xhat = _without_gaps(x * self.scale[:, None, None], gaps)
            y = backprop.scale_and_shift(xhat, gamma, beta, out=xhat)
        return logits_of(weight, y.reshape(self.inputs, -1)) + bias[:, None]

    def _raw(self, x: FloatArray, gaps: bool) -> FloatArray:
        """The columns as they were; a missing value is the column's mean."""
        return _without_gaps(x, gaps) + self.centre[:, None, None]


def _without_gaps(centred: FloatArray, gaps: bool) -> FloatArray:
    return np.where(np.isnan(centred), 0.0, centred) if gaps else centred
