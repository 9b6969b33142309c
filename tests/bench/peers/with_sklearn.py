"""scikit-learn's StandardScaler, fed with Arrow record batches: memory does not grow."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from answers import BATCH, CODEC, ROW_GROUP, serve, standardizers
from answers import moments as show_moments
from pyarrow import csv
from sklearn.preprocessing import StandardScaler


def batches(path: str, rows: int) -> Iterator[pa.RecordBatch]:
    if path.endswith(".csv"):
        return iter(csv.open_csv(path))
    # Without it pyarrow keeps every row group that it has read.
    return pq.ParquetFile(path, pre_buffer=False).iter_batches(rows)


def matrix(batch: pa.RecordBatch) -> np.ndarray:
    """shape (rows, columns); missing is NaN, which the scaler leaves out."""
    return batch.to_tensor(null_to_nan=True).to_numpy()


def moments(path: str) -> None:
    scaler = StandardScaler()
    for batch in batches(path, BATCH):
        scaler.partial_fit(matrix(batch))
        names = batch.schema.names
    show_moments(names, scaler.mean_, scaler.var_)


def transform(path: str, stats: str, out: str) -> None:
    means, factors = np.array(list(standardizers(stats).values())).T
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.n_features_in_ = means, 1 / factors, len(means)
    schema = pq.read_schema(path)
    with pq.ParquetWriter(out, schema, compression=CODEC) as writer:
        for batch in batches(path, ROW_GROUP):
            scaled = scaler.transform(matrix(batch), copy=False)
            arrays = [pa.array(column, from_pandas=True) for column in scaled.T]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


serve(moments, transform)
