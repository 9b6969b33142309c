"""NannyML: the univariate drift calculator with its default methods and chunks.

The Jensen-Shannon distance of ten chunks of either side, on bins of Doane's rule; an alert is a
chunk beyond three standard deviations of the training side's. A column has shifted here where
most of its chunks raise one.
"""

import nannyml as nml
import pandas as pd
from answers import serve, show


def shift(train: str, test: str) -> None:
    before, after = pd.read_parquet(train), pd.read_parquet(test)
    calculator = nml.UnivariateDriftCalculator(column_names=list(before.columns))
    calculator.fit(before)
    found = calculator.calculate(after).filter(period="analysis").to_df()
    alerts = {name: found[name]["jensen_shannon"]["alert"].mean() for name in before.columns}
    show({name: {"shifted": bool(share > 0.5)} for name, share in alerts.items()})


serve(shift)
