"""The smallest network with batch normalization in it: BN, then a linear head and its loss.

All parameters stand in one vector, gamma, beta, weight, bias one after the other, so that an
optimizer needs no names. Without BN (``eps`` None) the same head stands on the raw columns: what
the gain of BN is measured against.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, Self

import numpy as np

from bncli.standardize import backprop
from bncli.standardize.backprop import Epsilon
from bncli.standardize.heads import Head
from bncli.standardize.products import back_to_inputs, logits_of, weight_gradient
from bncli.stats.exact import FloatArray

_BLOCK_ROWS = 8192


class Parameters(NamedTuple):
    """Views into the vector: gamma, beta (channels,), weight (outputs, inputs), bias (outputs,).

    gamma and beta are empty without BN.
    """

    gamma: FloatArray
    beta: FloatArray
    weight: FloatArray
    bias: FloatArray


class Block(NamedTuple):
    """Neighbouring channels with as many positions each."""

    channels: slice
    inputs: slice
    positions: int

    def of(self, x: FloatArray) -> FloatArray:
        """Its part of (inputs, rows), as (channels, positions, rows)."""
        count = self.channels.stop - self.channels.start
        shape = (count, self.positions, x.shape[1])
        return np.reshape(x[self.inputs], shape, copy=False)


@dataclass(frozen=True, slots=True)
class Shape:
    """channels, inputs, outputs: how many there are. An input is one position of a channel."""

    channels: int
    inputs: int
    outputs: int
    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, positions: Sequence[int], outputs: int) -> Self:
        """positions: of each channel, 1 where it is a plain column."""
        blocks, channel, first = [], 0, 0
        for each, same in groupby(positions):
            count = len(list(same))
            here, until = first, first + count * each
            blocks.append(Block(slice(channel, channel + count), slice(here, until), each))
            channel, first = channel + count, until
        return cls(channel, first, outputs, tuple(blocks))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Some rows. x: (inputs, rows), less ``Network.centre``; y: (rows,).

    rows: [start, stop) in the dataset, where they are neighbours. gaps: x may hold NaN.
    Whoever trains on a batch overwrites its x.
    """

    x: FloatArray
    y: FloatArray
    rows: tuple[int, int] | None = None
    gaps: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """BN and a head. eps: of BN, or None for the head alone.

    centre: what was taken from every input, shape (inputs,); scale: 1 / sqrt(variance + eps) by
    the running statistics, 0 where the channel is constant, same shape.
    """

    head: Head
    shape: Shape
    eps: Epsilon | None
    centre: FloatArray
    scale: FloatArray

    def parameters(self, flat: FloatArray) -> Parameters:
        """The vector by its parts."""
        affine, outputs = self._affine, self.shape.outputs
        weight, bias = flat[2 * affine : -outputs], flat[-outputs:]
        shaped = weight.reshape(outputs, self.shape.inputs)
        return Parameters(flat[:affine], flat[affine : 2 * affine], shaped, bias)

    def start(self, weight: FloatArray, bias: FloatArray) -> FloatArray:
        """The vector with gamma 1, beta 0 and these first weights."""
        ones = np.ones(self._affine)
        return np.concatenate([ones, 0.0 * ones, weight.ravel(), bias])

    @property
    def _affine(self) -> int:
        return self.shape.channels if self.eps else 0

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
        y = np.empty_like(batch.x)
        normalized = []
        for block in self.shape.blocks:
            found = backprop.normalize(block.of(batch.x), eps, batch.gaps)
            affine = gamma[block.channels], beta[block.channels]
            backprop.scale_and_shift(found.xhat, *affine, out=block.of(y))
            normalized.append(found)
        loss, g, by_weight, by_bias = self._head(y, weight, bias, batch.y)
        # y is not needed any more: its place takes the gradient by it.
        back_to_inputs(weight, g, y)
        pairs = zip(self.shape.blocks, normalized, strict=True)
        parts = [backprop.parameter_gradients(found, block.of(y)) for block, found in pairs]
        by_affine = [part for kind in zip(*parts, strict=True) for part in kind]
        return loss, np.concatenate([*by_affine, by_weight.ravel(), by_bias])

    def _head_alone(self, flat: FloatArray, batch: Batch) -> tuple[float, FloatArray]:
        _, _, weight, bias = self.parameters(flat)
        y = self._raw(batch.x, batch.gaps)
        loss, _, by_weight, by_bias = self._head(y, weight, bias, batch.y)
        return loss, np.concatenate([by_weight.ravel(), by_bias])

    def _head(
        self, y: FloatArray, weight: FloatArray, bias: FloatArray, target: FloatArray
    ) -> tuple[float, FloatArray, FloatArray, FloatArray]:
        """(mean loss, its gradient by the logits, by the weight, by the bias)."""
        logits = logits_of(weight, y)
        logits += bias[:, None]
        losses, g = self.head.measure(logits, target)
        g /= len(target)
        return float(losses.mean()), g, weight_gradient(g, y), g.sum(axis=1)

    def loss(self, flat: FloatArray, held: Batch) -> float:
        """Inference mode: the mean loss of rows, normalized by the running statistics."""
        total = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(held.y), _BLOCK_ROWS):
                rows = slice(start, start + _BLOCK_ROWS)
                logits = self.logits(flat, held.x[:, rows], held.gaps)
                total += float(self.head.measure(logits, held.y[rows])[0].sum())
        return total / len(held.y)

    def logits(self, flat: FloatArray, x: FloatArray, gaps: bool = False) -> FloatArray:
        """Inference mode, shape (outputs, rows); x as in ``Batch``, and left as it is."""
        gamma, beta, weight, bias = self.parameters(flat)
        if self.eps is None:
            y = self._raw(x, gaps)
        else:
            y = _without_gaps(x * self.scale[:, None], gaps)
            for block in self.shape.blocks:
                xhat = block.of(y)
                affine = gamma[block.channels], beta[block.channels]
                backprop.scale_and_shift(xhat, *affine, out=xhat)
        return logits_of(weight, y) + bias[:, None]

    def _raw(self, x: FloatArray, gaps: bool) -> FloatArray:
        """The columns as they were; a missing value is the column's mean."""
        return _without_gaps(x, gaps) + self.centre[:, None]


def _without_gaps(centred: FloatArray, gaps: bool) -> FloatArray:
    return np.where(np.isnan(centred), 0.0, centred) if gaps else centred
