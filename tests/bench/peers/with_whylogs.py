"""whylogs: a profile of each side, and the drift scores that its documentation computes of them.

The default for numbers is the Kolmogorov-Smirnov distance between two KLL sketches; what it calls
a drift is a p-value below 0.05, whatever the distance, so only the distance is compared.
"""

import pandas as pd
import whylogs as why
from answers import serve, show
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores


def shift(train: str, test: str) -> None:
    before, after = (why.log(pd.read_parquet(path)).view() for path in (train, test))
    scores = calculate_drift_scores(target_view=after, reference_view=before, with_thresholds=True)
    show({name: {"ks": float(score["statistic"])} for name, score in scores.items()})


serve(shift)
