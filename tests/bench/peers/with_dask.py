"""dask-ml's StandardScaler on a dask dataframe, with dask's default scheduler (threads)."""

import dask.dataframe as dd
from answers import moments as show_moments
from answers import serve
from dask_ml.preprocessing import StandardScaler


def moments(path: str) -> None:
    frame = dd.read_parquet(path)
    scaler = StandardScaler().fit(frame)
    show_moments(frame.columns, scaler.mean_, scaler.var_)


serve(moments)
