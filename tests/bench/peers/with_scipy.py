"""pandas and SciPy: the two-sample test and distance of a notebook, column by column."""

import pandas as pd
from answers import serve, show
from scipy.stats import ks_2samp, wasserstein_distance


def shift(train: str, test: str) -> None:
    before, after = pd.read_parquet(train), pd.read_parquet(test)
    show({name: compare(before[name].dropna(), after[name].dropna()) for name in before.columns})


def compare(before: pd.Series, after: pd.Series) -> dict[str, object]:
    ks = ks_2samp(before, after)
    w1_sd = wasserstein_distance(before, after) / before.std(ddof=0)
    shifted = bool(ks.pvalue <= 0.05 and w1_sd >= 0.1)
    return {"ks": float(ks.statistic), "w1_sd": float(w1_sd), "shifted": shifted}


serve(shift)
