"""PyTorch: the state dict of BatchNorm1d or BatchNorm2d, as safetensors.

Safetensors and no ``torch.save``: that is a pickle, which runs code when it is read. PyTorch
normalizes as ``x * alpha + (bias - mean * alpha)``, which loses digits where the mean is far larger
than the spread: results agree to 4 units in the last place of max(|y|, |beta|, |mean| * |scale|). A
constant column has weight 0 there, since the mean is its value rounded, and would not come out
as beta otherwise; one without statistics has bias NaN.

``op="centred"`` writes a module of two steps instead: it subtracts the mean, rounded once as
``transform`` does, and normalizes what is left with a running mean of 0. Nothing is folded then,
and results agree to 4 units in the last place of max(|y|, |beta|), however far the mean is from 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bncli.errors import UsageError
from bncli.export.columns import Group, groups, quoted
from bncli.export.model import Exported, Exporter, needed
from bncli.export.python import names
from bncli.standardize.standardizer import Standardizer
from bncli.stats.running import Exponential

_MODULES = {0: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d", 4: "BatchNorm3d"}
"""By the axes of a row; 0 for plain columns."""


OPS = ("batchnorm", "centred")

_CENTRED = '''
class Centred(torch.nn.Module):
    """Subtracts the mean before it normalizes: no digits go where the mean is far from 0."""

    def __init__(self, bn, axes):
        super().__init__()
        shape = (bn.num_features, *[1] * (axes - 1))
        self.bn = bn
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))

    def forward(self, x):
        return self.bn(x - self.mean)

'''


def export(standardizer: Standardizer, name: str, *, op: str = "batchnorm") -> Exported:
    """op: of ``OPS``. Raises UsageError."""
    if op not in OPS:
        raise UsageError(f"torch has no --op '{op}'", fix=f"known: {', '.join(OPS)}")
    safetensors = needed("safetensors.numpy", "torch", "torch")
    found = groups(standardizer)
    whole = len(found) == 1
    tensors: dict[str, Any] = {}
    for key, group in _keyed(found):
        prefix = "" if whole else f"{key}."
        state = _state(standardizer, group)
        state = _centred(state, group) if op == "centred" else state
        tensors |= {prefix + k: value for k, value in state.items()}
    content: bytes = safetensors.save(tensors, {"format": "pt"})
    every = (term for group in found for term in group.terms)
    gamma = standardizer.gamma.tolist()
    level = [t.channel.label for t in every if t.kind == "level" and gamma[t.place]]
    told = (f"{quoted(level)} has weight 0, so that it becomes beta",) if level else ()
    return Exported(content, False, _snippet(standardizer, found, name, op), told)


TORCH = Exporter(export, ("op",))


def _keyed(found: tuple[Group, ...]) -> list[tuple[str, Group]]:
    """Groups by names that a module may have."""
    tensors = [group for group in found if group.axes]
    return [(f"tensor_{tensors.index(g)}" if g.axes else "columns", g) for g in found]


def _state(standardizer: Standardizer, group: Group) -> dict[str, Any]:
    places = group.places
    spread = np.array([term.kind == "spread" for term in group.terms])
    absent = np.array([term.kind == "absent" for term in group.terms])
    variance = standardizer.variance[places]
    if standardizer.eps_relative:
        variance = variance * (1 + standardizer.eps)
    return {
        "weight": np.where(spread, standardizer.gamma[places], 0.0),
        "bias": np.where(absent, np.nan, standardizer.beta[places]),
        "running_mean": np.where(spread, standardizer.mean[places], 0.0),
        "running_var": np.where(spread, variance, 1.0),
        "num_batches_tracked": np.array(standardizer.profile.batches, dtype=np.int64),
    }


def _centred(state: dict[str, Any], group: Group) -> dict[str, Any]:
    """The same in two steps: the mean for the first, zeros in its place for the second."""
    mean = state["running_mean"]
    inner = {f"bn.{key}": value for key, value in state.items()}
    shape = (mean.size, *[1] * (_axes(group) - 1))
    return {**inner, "bn.running_mean": np.zeros_like(mean), "mean": mean.reshape(shape)}


def _axes(group: Group) -> int:
    return max(1, len(group.axes))


def _snippet(
    standardizer: Standardizer, found: tuple[Group, ...], name: str, op: str = "batchnorm"
) -> str:
    """A program that loads the file."""
    lines = ["import torch", "from safetensors.torch import load_file", ""]
    lines += [_CENTRED] if op == "centred" else []
    for key, group in _keyed(found):
        if not group.axes:
            lines += [f"FEATURES = {names(term.name for term in group.terms)}  # the columns of x"]
        elif not group.axes.startswith("C"):
            first = "C" + group.axes.replace("C", "")
            lines += [f"# {key}: {group.name!r}, permuted from {group.axes} to {first}"]
        else:
            lines += [f"# {key}: {group.name!r}"]
    if len(found) == 1:
        lines += ["", f"bn = {_module(standardizer, found[0], op)}"]
    else:
        held = ", ".join(f'"{key}": {_module(standardizer, g, op)}' for key, g in _keyed(found))
        lines += ["", f"bn = torch.nn.ModuleDict({{{held}}})"]
    lines += [f"bn.load_state_dict(load_file({name!r}), strict=True)", "bn.eval()", ""]
    return "\n".join(lines)


def _module(standardizer: Standardizer, group: Group, op: str) -> str:
    eps = 0.0 if standardizer.eps_relative else standardizer.eps
    kind = _MODULES[len(group.axes)]
    size = len(group.terms)
    plain = f"torch.nn.{kind}({size}, eps={eps!r}{_momentum(standardizer)}, dtype=torch.float64)"
    return f"Centred({plain}, {_axes(group)})" if op == "centred" else plain


def _momentum(standardizer: Standardizer) -> str:
    """What going on with training needs to keep the policy."""
    if isinstance(standardizer.policy, Exponential):
        return f", momentum={standardizer.policy.momentum!r}"
    return ", momentum=None" if standardizer.policy.name == "cumulative" else ""
