"""Pairwise summation along the first axis: halves added to halves.

Errors grow with the logarithm of the number of terms, and equal terms make none at all. The
order of the additions depends on the number of terms alone, never on the shape of the rest,
which numpy's own ``sum`` does not promise.

Source: Higham 1993, The accuracy of floating point summation.
"""

from __future__ import annotations

import numpy as np

from bncli.stats.exact import FloatArray, Pair, quick_two_sum, two_sum


def pairwise_sum(terms: FloatArray) -> FloatArray:
    """Sum of ``terms``, at least one."""
    while (count := len(terms)) > 1:
        half = count // 2
        rest = terms[2 * half :]
        terms = terms[:half] + terms[half : 2 * half]
        if len(rest):
            terms = np.concatenate((terms, rest))
    total: FloatArray = terms[0]
    return total


def pairwise_sum_of_pairs(terms: Pair) -> Pair:
    """Sum of double-doubles, at least one."""
    high, low = terms
    while (count := len(high)) > 1:
        half = count // 2
        rest, rest_low = high[2 * half :], low[2 * half :]
        high, error = two_sum(high[:half], high[half : 2 * half])
        low = error + (low[:half] + low[half : 2 * half])
        if len(rest):
            high, low = np.concatenate((high, rest)), np.concatenate((low, rest_low))
    return quick_two_sum(high[0], low[0])
