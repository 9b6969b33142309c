"""Batch normalization in training mode, forth and back, of one mini-batch.

    mu      = sum(x) / m                         per channel, over rows and positions
    sigma2  = sum((x - mu)^2) / m                biased
    xhat    = (x - mu) / sqrt(sigma2 + eps)
    y       = gamma * xhat + beta

    dgamma  = sum(g * xhat),   dbeta = sum(g)    g: gradient of the loss by y
    dxhat   = g * gamma
    dx      = (m * dxhat - sum(dxhat) - xhat * sum(dxhat * xhat)) / (m * sqrt(sigma2 + eps))

A mini-batch has the shape (channels, positions, rows): a channel pools all positions of a tensor
column, and has one position otherwise. Rows come last, so that numpy runs along many values at
once. A missing value (NaN, where ``gaps`` says that there are any) is left out of the statistics
and takes the mean's place: its xhat is 0, and ``m`` counts the present values only.

Source: Ioffe & Szegedy 2015, Algorithm 1 and section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bncli.stats.exact import FloatArray

BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Epsilon:
    """What is added to the variance: a number, or a share of the variance itself."""

    value: float
    relative: bool = False

    def added(self, variance: FloatArray) -> FloatArray:
        return variance * (1.0 + self.value) if self.relative else variance + self.value

    @property
    def slope(self) -> float:
        """Derivative of ``added`` by the variance."""
        return 1.0 + self.value if self.relative else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Normalized:
    """A mini-batch after step (3), with what the way back needs.

    xhat: shape (channels, positions, rows); rstd: 1 / sqrt(sigma2 + eps), shape (channels,), 0
    where a channel has no spread and eps is 0; count: present values per channel; missing: same
    shape as xhat, or None where nothing is.
    """

    xhat: FloatArray
    rstd: FloatArray
    count: FloatArray
    missing: BoolArray | None = None


def normalize(x: FloatArray, eps: Epsilon, gaps: bool = False) -> Normalized:
    """Step (1) to (3), in place: ``xhat`` is ``x`` overwritten.

    x: shape (channels, positions, rows), best near 0 (moving it by a constant changes nothing);
    gaps: NaN may be in it. Where the variance overflows, rstd and xhat are NaN.
    Raises ValueError where positions and rows of a channel do not lie side by side.
    """
    flat = np.reshape(x, (len(x), -1), copy=False)
    missing = np.isnan(flat) if gaps else None
    if missing is not None:
        flat[missing] = 0.0
        count = flat.shape[1] - missing.sum(axis=1).astype(np.float64)
    else:
        count = np.full(len(x), float(flat.shape[1]))
    divisor = np.maximum(count, 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        # Twice, or a channel that is constant here would keep the rounding error of its mean,
        # which a small eps makes large.
        for _ in range(2):
            flat -= (flat.sum(axis=1) / divisor)[:, None]
            if missing is not None:
                flat[missing] = 0.0
        rstd = _reciprocal(eps.added(np.einsum("cm,cm->c", flat, flat) / divisor))
        flat *= rstd[:, None]
    shaped = None if missing is None else missing.reshape(x.shape)
    return Normalized(x, rstd, count, shaped)


def scale_and_shift(
    xhat: FloatArray, gamma: FloatArray, beta: FloatArray, out: FloatArray | None = None
) -> FloatArray:
    """Step (4). gamma, beta: shape (channels,)."""
    y = np.multiply(xhat, gamma[:, None, None], out=out)
    return np.add(y, beta[:, None, None], out=y)


def parameter_gradients(found: Normalized, g: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(dgamma, dbeta), shape (channels,) each. g: gradient by y, of the shape of xhat."""
    return np.einsum("cpr,cpr->c", g, found.xhat), g.sum(axis=(1, 2))


def input_gradient(found: Normalized, gamma: FloatArray, g: FloatArray, eps: Epsilon) -> FloatArray:
    """dx: the gradient by the inputs, through the mean and the variance of the mini-batch.

    Nothing flows to a missing value. With a relative eps the last term carries its slope.
    """
    dxhat = g * gamma[:, None, None]
    if found.missing is not None:
        dxhat[found.missing] = 0.0
    m = np.maximum(found.count, 1.0)[:, None, None]
    along = np.einsum("cpr,cpr->c", dxhat, found.xhat)[:, None, None] * eps.slope
    total = dxhat.sum(axis=(1, 2))[:, None, None]
    dx: FloatArray = (m * dxhat - total - found.xhat * along) * (found.rstd[:, None, None] / m)
    if found.missing is not None:
        dx[found.missing] = 0.0
    return dx


def _reciprocal(spread: FloatArray) -> FloatArray:
    """1 / sqrt(spread); 0 for no spread, NaN where it overflowed."""
    safe = np.where(spread > 0, spread, 1.0)
    found = np.where(spread > 0, 1.0 / np.sqrt(safe), 0.0)
    return np.where(np.isfinite(spread), found, np.nan)
