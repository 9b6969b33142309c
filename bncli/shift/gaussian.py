"""Two Gaussians apart: what means and covariances alone say of several columns at once.

All of it is in training units: columns less the training mean, divided by the training standard
deviation. ``gap`` is the difference of the means, shape (columns,); ``train`` and ``test`` are
covariances, shape (columns, columns), whose diagonal on the training side is 1.

Functions that bear a figure's name are explained to users: see ``measures.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from bncli.stats.exact import FloatArray

_RANK = 10.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The squared Frechet distance as a sum."""

    mean: float
    variance: float
    correlation: float


def frechet_parts(gap: FloatArray, train: FloatArray, test: FloatArray) -> Parts:
    """The parts of the squared Frechet distance; see the functions of their names."""
    ours, theirs = deviations(train), deviations(test)
    return Parts(
        frechet_mean(gap),
        frechet_variance(ours, theirs),
        frechet_correlation(ours, theirs, fidelity(train, test)),
    )


def frechet(parts: Parts) -> float:
    """Frechet distance of all numeric columns jointly.

    Definition: abs(m)^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2), and the square root of that: m is the
        difference of the mean vectors, A and B the covariance matrices of the training and the
        test side over rows complete in all columns compared, in training standard deviations.
    Range: 0 and up, in training standard deviations over all columns; 0 only for equal means and
        covariances. Never smaller than what any single column's means and spreads bring.
    Reading: how far the whole table moved, as far as means, spreads and correlations can tell. Its
        square is frechet_mean + frechet_variance + frechet_correlation. Compare it with
        frechet_expected, which chance brings without any shift.
    Source: Dowson & Landau 1982; Heusel et al. 2017 made it known as FID.
    """
    return math.sqrt(parts.mean + parts.variance + parts.correlation)


def frechet_mean(gap: FloatArray) -> float:
    """The mean part of the squared Frechet distance.

    Definition: abs(m)^2, the sum over columns of ((mean_G - mean_F) / sd_F)^2.
    Range: 0 and up; with the two other parts it adds up to frechet squared.
    Reading: what goes when the test side is standardized with its own means.
    Source: Dowson & Landau 1982.
    """
    return float(gap @ gap)


def frechet_variance(train: FloatArray, test: FloatArray) -> float:
    """The variance part of the squared Frechet distance.

    Definition: the sum over columns of ((sd_G - sd_F) / sd_F)^2.
    Range: 0 and up; with the two other parts it adds up to frechet squared.
    Reading: what goes when the test side is standardized with its own standard deviations.
    Source: Dowson & Landau 1982, for matrices that commute.
    """
    return float(np.square(test - train).sum())


def frechet_correlation(train: FloatArray, test: FloatArray, common: float) -> float:
    """The correlation part of the squared Frechet distance.

    Definition: what is left of frechet squared without its mean and variance parts:
        2 (sum of s_F s_G - tr (A^1/2 B A^1/2)^1/2), s the standard deviations of the columns.
    Range: 0 and up, and 0 if the correlations of all columns are the same on both sides.
    Reading: how far the columns moved against each other. It can be large while every column alone
        looks the same, and standardizing again, column by column, does not take it away.
    Source: the split is that of the parts; that this one is never negative follows from the
        monotonicity of the fidelity (Uhlmann 1976).
    """
    return max(0.0, 2.0 * (float(train @ test) - common))


def fidelity(first: FloatArray, second: FloatArray) -> float:
    """tr (A^1/2 B A^1/2)^1/2, as the sum of the singular values of a product of roots.

    So the error is that of the matrices, where the root of an eigenvalue near 0 would have that
    error's root. Source: Uhlmann 1976.
    """
    product = _root(first).T @ _root(second)
    return float(np.linalg.svd(product, compute_uv=False).sum())


def _root(matrix: FloatArray) -> FloatArray:
    """L with L L' = matrix, its eigenvalues clipped at 0."""
    values, vectors = np.linalg.eigh(matrix)
    values[values < _negligible(values)] = 0.0
    root: FloatArray = vectors * np.sqrt(values)
    return root


def _negligible(values: FloatArray) -> float:
    """Eigenvalues below are made of rounding: 10 p eps times the largest."""
    return float(_RANK * values.size * np.finfo(np.float64).eps * np.abs(values).max(initial=0.0))


def mahalanobis(gap: FloatArray, train: FloatArray, test: FloatArray) -> float:
    """Distance of the means under the mean of both covariances.

    Where that is singular to rounding (eigenvalues below 10 p eps times the largest), it is taken
    as if its eigenvalue were just that bound. A pseudo-inverse would leave such directions out: a
    column that is always the sum of two others, and since yesterday one more than it, would look
    the same, when it tells the two sides apart without an error.
    """
    pooled = (train + test) / 2.0
    sd = deviations(pooled)
    values, vectors = np.linalg.eigh(pooled / np.multiply.outer(sd, sd))
    along = vectors.T @ (gap / sd)
    return math.sqrt(float((along * along / np.maximum(values, _negligible(values))).sum()))


def auc_linear(distance: float) -> float:
    """Area under the ROC curve of the best linear split of the two sides.

    Definition: Phi(d / sqrt 2), d^2 = m' ((A + B) / 2)^-1 m: m is the difference of the mean
        vectors, A and B the covariance matrices over rows complete in all columns compared.
    Range: 0.5 (the means are the same) to 1 (a plane parts the two sides without an error).
    Reading: draw a row of either side: how often the better linear score is higher for that of
        the test side, were both sides Gaussian. It sees means only; a classifier may see more.
        Compare it with auc_expected, which chance brings.
    Source: Su & Liu 1993: no linear score does better, also where A and B differ.
    """
    return float(ndtr(distance / math.sqrt(2.0)))


def auc_linear_restandardized(distance: float) -> float:
    """Linear AUC once each side is standardized by its own statistics.

    Definition: auc_linear, of columns that each side standardized by its own mean and standard
        deviation over all its values.
    Range: 0.5 to 1; exactly 0.5 where no value is missing, for the means are then 0 on both sides.
    Reading: what is left of the linear shift after standardizing again. Above 0.5 the rows that
        are complete differ from those that are not, and differently on the two sides.
    Source: as auc_linear.
    """
    return auc_linear(distance)


def frechet_restandardized(parts: Parts) -> float:
    """Frechet distance once each side is standardized by its own statistics.

    Definition: frechet, of columns that each side standardized by its own mean and standard
        deviation over all its values.
    Range: 0 and up.
    Reading: what standardizing again leaves, of what means and covariances can tell: correlations.
    Source: as frechet.
    """
    return frechet(parts)


def frechet_expected(train: FloatArray, n: int, k: int) -> float:
    """Frechet distance that chance brings.

    Definition: the root of (1/n + 1/k) (p + p/2 + (sum over i != j of u_i u_j / (u_i + u_j)) / 2):
        n and k are the complete rows, p the columns, u the eigenvalues of the training side's
        correlation matrix.
    Range: 0 and up; it falls with the root of the number of rows.
    Reading: about the frechet to expect of two samples of one Gaussian. Heavy tails and rows that
        depend on each other bring more.
    Source: the second-order term of the Bures distance (Bhatia, Jain & Lim 2019), with the
        variances of a Wishart matrix.
    """
    values = np.maximum(np.linalg.eigvalsh(train), 0.0)
    sums = np.add.outer(values, values)
    shares = np.multiply.outer(values, values) / np.where(sums > 0, sums, 1.0)
    off = shares.sum() - np.diagonal(shares).sum()
    return math.sqrt((1 / n + 1 / k) * (1.5 * values.size + off / 2))


def auc_expected(columns: int, n: int, k: int) -> float:
    """Linear AUC that chance brings.

    Definition: auc_linear at d^2 = (1/n + 1/k) p f / (f - p - 1), f = 4 / (1/(n-1) + 1/(k-1)): p
        columns, n and k complete rows.
    Range: 0.5 to 1; near 0.5 where rows are many times the columns.
    Reading: about the auc_linear to expect of two samples of one Gaussian: the split is chosen on
        the rows that it is judged on.
    Source: the mean of Hotelling's T-squared.
    """
    freedom = 4.0 / (1.0 / (n - 1) + 1.0 / (k - 1))
    square = (1 / n + 1 / k) * columns * freedom / max(freedom - columns - 1.0, 1.0)
    return auc_linear(math.sqrt(square))


def deviations(covariance: FloatArray) -> FloatArray:
    """Standard deviations, shape (columns,)."""
    found: FloatArray = np.sqrt(np.diagonal(covariance))
    return found
