"""The distribution of the one-sample Kolmogorov-Smirnov statistic on many rows.

Decision. ``scipy.stats.kstwo`` gives the same numbers; importing ``scipy.stats`` takes a second,
which is longer than a comparison of a million rows. Only small samples, where other methods are
exact, are worth it.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import smirnov

FEWEST_ROWS = 1000
_TERMS = 8
_TAIL = 2.2


def kolmogorov_sf(distance: float, rows: int) -> float:
    """P(D > distance), D the largest distance of the distribution function of ``rows`` values.

    rows: at least ``FEWEST_ROWS``. In the upper tail twice the one-sided chance; elsewhere the
    expansion of Pelz and Good, to the third power of 1 / sqrt(rows).
    Source: Simard & L'Ecuyer 2011, sections 2.4 and 2.5; Pelz & Good 1976.
    """
    if distance <= 0:
        return 1.0
    if rows * distance * distance >= _TAIL:
        return float(min(1.0, 2.0 * smirnov(rows, distance)))
    return min(1.0, max(0.0, 1.0 - _pelz_good(math.sqrt(rows) * distance, rows)))


def _pelz_good(z: float, rows: int) -> float:
    """P(D <= z / sqrt(rows))."""
    z2, z4, z6 = z**2, z**4, z**6
    # Squares of pi (k + 1/2) and of pi k, over all integers k, which come in pairs.
    odd = (math.pi * (np.arange(_TERMS) + 0.5)) ** 2
    even = (math.pi * np.arange(1, _TERMS)) ** 2
    near = 2.0 * np.exp(-odd / (2.0 * z2))
    far = 2.0 * np.exp(-even / (2.0 * z2))
    if not near[0]:
        return 0.0
    first = near @ np.ones(_TERMS)
    second = near @ (odd - z2)
    third = near @ (6 * z6 + 2 * z4 + odd * (2 * z4 - 5 * z2) + odd**2 * (1 - 2 * z2))
    fourth = near @ (
        odd**3 * (5 - 30 * z2)
        + odd**2 * (212 * z4 - 60 * z2)
        + odd * (135 * z4 - 96 * z6)
        - (30 * z6 + 90 * z2 * z6)
    )
    terms = (
        2.0 * first / (2.0 * z),
        second / (6.0 * z4),
        third / (72.0 * z6 * z) - far @ even / (36.0 * z2 * z),
        fourth / (6480.0 * z4 * z6) + far @ (3 * even * z2 - even**2) / (216.0 * z6),
    )
    step = 1.0 / math.sqrt(rows)
    return math.sqrt(math.pi / 2) * sum(float(term) * step**at for at, term in enumerate(terms))
