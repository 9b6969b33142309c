"""Remake tests/golden/sklearn_scaler.json: StandardScaler after partial_fit over mini-batches.

python3 dev goldens
"""

from __future__ import annotations

import json
from pathlib import Path

import sklearn
from sklearn.preprocessing import StandardScaler
from streams import STREAMS, batches

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "sklearn_scaler.json"


def case(name: str, size: int) -> dict:
    frame = STREAMS[name]()
    scaler = StandardScaler()
    for batch in batches(frame, size):
        scaler.partial_fit(batch)
    return {
        "stream": name,
        "batch_size": size,
        "rows": len(frame),
        "columns": frame.columns,
        "mean": scaler.mean_.tolist(),
        "variance": scaler.var_.tolist(),
    }


if __name__ == "__main__":
    cases = [case(name, size) for name in STREAMS for size in (256, 100)]
    record = {"made_by": f"scikit-learn {sklearn.__version__}", "cases": cases}
    GOLDEN.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {GOLDEN.name}")
