"""Artifacts: a standardizer as a file, in JSON or Parquet, that a stranger may have made.

Decisions. A record (plain JSON values, CONTRACTS.md) stands between the standardizer and both
formats, so that one checker guards all of them and converting loses nothing. Loading runs no
code and follows no path: ``parse.py`` bounds the text, ``migrate.py`` looks at the version,
``shape.py`` and ``check.py`` at every field, ``rules.py`` at what ties fields together, and
``model.py`` compares what is written for people with the states it was computed from. Only
then is there a standardizer. Saving goes through the same bounds.
"""

from __future__ import annotations

from bncli.artifact.store import dumps, embedded, is_artifact, load, metadata, save

__all__ = ["dumps", "embedded", "is_artifact", "load", "metadata", "save"]
