"""The corpus of inputs that should not be: every kind, in every format, and how bncli answers.

``CASES`` is the registry; adding a case is one call of ``add``. tests/test_corpus.py runs each
through fit, transform and shift.
"""

from corpus import arrow, formats, parquet, places, tables, text  # noqa: F401 (they register cases)
from corpus.model import CASES, FRAME, VERBS, Case

__all__ = ["CASES", "FRAME", "VERBS", "Case"]
