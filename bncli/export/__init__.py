"""A standardizer in other systems: ONNX, PyTorch, scikit-learn, SQL, polars, and a JSON Schema.

Decisions. Each target is one file with one ``Exporter``, registered by name; a common set of
tests meets every one of them. An export does what ``transform`` does: a constant column becomes
beta, one without statistics becomes missing, missing stays missing, and numbers agree to 4 units
in the last place of max(|y|, |beta|), unless the target's own arithmetic does not allow it, which
its file says. Nothing is pickled: what comes out is text or a format that runs no code when it
is read. Names of columns are a stranger's text: they only ever stand in a quoted identifier or
in a literal. The libraries of a target are imported when it is asked for, and are extras.
"""
