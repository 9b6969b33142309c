"""Evidently: the data drift preset as its documentation runs it, and its report as JSON.

Beyond 1,000 rows its default for numbers is the Wasserstein distance over the training standard
deviation, and a column has drifted from 0.1 on.
"""

import json

import pandas as pd
from answers import serve, show
from evidently import Dataset, Report
from evidently.presets import DataDriftPreset

WASSERSTEIN = "Wasserstein distance (normed)"


def shift(train: str, test: str) -> None:
    before, after = (Dataset.from_pandas(pd.read_parquet(path)) for path in (train, test))
    report = json.loads(Report([DataDriftPreset()]).run(after, before).json())
    columns = [metric for metric in report["metrics"] if "column" in metric["config"]]
    show({metric["config"]["column"]: measures(metric) for metric in columns})


def measures(metric: dict) -> dict[str, object]:
    method, value = metric["config"]["method"], float(metric["value"])
    shown: dict[str, object] = {"w1_sd": value} if method == WASSERSTEIN else {}
    smaller_is_worse = "p_value" in method
    threshold = metric["config"]["threshold"]
    return {**shown, "shifted": value < threshold if smaller_is_worse else value >= threshold}


serve(shift)
