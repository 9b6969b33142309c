"""scikit-learn: a module of Python that builds the fitted StandardScaler again.

Code, and no pickle: unpickling runs whatever a file says, and breaks between versions of
scikit-learn. ``StandardScaler`` subtracts ``mean_`` and divides by ``scale_``, so gamma goes into
the scale; where there is a beta, a second scaler that only centres adds it. A constant column has
an infinite scale, whose quotient is 0 whatever the value; one without statistics has mean NaN.
``mean_``, ``var_`` and ``n_samples_seen_`` are those of the rows: ``partial_fit`` can go on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from bncli.export.columns import Term, plain_terms
from bncli.export.model import Exported, Exporter
from bncli.export.python import header, literal, names
from bncli.standardize.affine import divisor
from bncli.standardize.standardizer import Standardizer

_IMPORTS = """
import numpy as np
from numpy import array, inf, nan
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
"""

_FUNCTIONS = '''
def scaler():
    """A fitted transformer for a frame with the columns FEATURES, in this order."""
    scaled = _fitted(StandardScaler(), MEAN, VARIANCE, SCALE)
    if not BETA.any():
        return scaled
    shifted = _fitted(StandardScaler(with_std=False), -BETA, None, None)
    return make_pipeline(scaled, shifted)


def _fitted(scaler, mean, variance, scale):
    scaler.mean_, scaler.var_, scaler.scale_ = mean, variance, scale
    scaler.n_features_in_ = len(FEATURES)
    scaler.n_samples_seen_ = COUNT
    if variance is not None:
        scaler.feature_names_in_ = array(FEATURES, dtype=object)
    return scaler
'''


def export(standardizer: Standardizer, name: str) -> Exported:
    every = plain_terms(standardizer, "sklearn")
    counts = standardizer.profile.moments.count.tolist()
    variances = standardizer.variance.tolist()
    alike = len(set(counts)) == 1
    count = f"np.int64({counts[0]})" if alike else f"array({_lines(map(str, counts))}, np.int64)"
    text = "\n".join(
        [
            header(standardizer, "The StandardScaler that standardizes as bncli does"),
            _IMPORTS,
            f"FEATURES = {names(term.name for term in every)}",
            f"MEAN = {_array(_mean(term, standardizer) for term in every)}",
            f"VARIANCE = {_array(variances)}",
            f"SCALE = {_array(_scale(term, standardizer) for term in every)}",
            f"BETA = {_array(0.0 if t.kind == 'absent' else t.beta for t in every)}",
            f"COUNT = {count}",
            _FUNCTIONS,
        ]
    )
    return Exported(text.encode())


SKLEARN = Exporter(export)


def _mean(term: Term, standardizer: Standardizer) -> float:
    if term.kind == "absent":
        return math.nan
    return float(standardizer.mean[term.place])


def _scale(term: Term, standardizer: Standardizer) -> float:
    if term.kind == "spread":
        return divisor(standardizer, term.place)
    return math.inf if term.kind == "level" else 1.0


def _array(values: Iterable[float]) -> str:
    return f"array({_lines(map(literal, values))})"


def _lines(items: Iterable[str]) -> str:
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"
