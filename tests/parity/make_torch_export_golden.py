"""Make tests/golden/torch_export.json: what PyTorch computes from exported state dicts.

Each case is exported as a user would, and the program that ``export --to torch`` prints is run: it
builds the module and loads the file with ``strict=True``. The golden file holds the loaded
tensors' names, shapes and types, and the outputs of the first rows in double precision.

    python tests/parity/make_torch_export_golden.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch_export  # noqa: E402

GOLDEN = ROOT / "tests" / "golden" / "torch_export.json"


def of_case(name: str) -> dict:
    values, fitted = torch_export.inputs(name)
    rows = torch_export.rows(name)
    module, outputs = torch_export.run(fitted, values[:rows])
    state = module.state_dict()
    return {
        "case": name,
        "module": repr(module),
        "state": {key: [list(value.shape), str(value.dtype)] for key, value in state.items()},
        "outputs": np.where(np.isnan(outputs), None, outputs).reshape(rows, -1).tolist(),
    }


def main() -> None:
    cases = [of_case(name) for name in torch_export.CASES]
    record = {"torch": torch.__version__.partition("+")[0], "cases": cases}
    GOLDEN.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
