"""Coverage-guided fuzzing of what a stranger may hand in: artifacts, in both forms.

    pip install atheris
    PYTHONPATH=.:tests python -m fuzz.artifacts -max_total_time=60 tests/fuzz/corpus

Whatever the bytes, loading gives a valid standardizer or an ArtifactError. The kept corpus (inputs
that reached new code) runs in tests/test_fuzz.py, without atheris.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

_FOLDER = tempfile.TemporaryDirectory(prefix="bncli-fuzz-")
_PARQUET = b"PAR1"


def load(data: bytes) -> bool:
    """Load bytes as an artifact; True when they are one. Any other error than ours comes out."""
    from test_artifact_strangers import assert_valid

    from bncli import artifact
    from bncli.artifact.model import from_record
    from bncli.artifact.parse import parsed
    from bncli.errors import ArtifactError, BncliWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BncliWarning)
        try:
            if data.startswith(_PARQUET):
                path = Path(_FOLDER.name) / "stats.parquet"
                path.write_bytes(data)
                loaded = artifact.load(path)
            else:
                loaded = from_record(parsed(data, "stats.json"), "stats.json")
        except ArtifactError:
            return False
    assert_valid(loaded)
    return True


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["bncli"]):
        import bncli.artifact.model  # noqa: F401

    def one(data: bytes) -> None:
        load(data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
