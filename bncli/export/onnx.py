"""ONNX: the standardization as a graph, in double or in float.

``--op normalize``, the default, writes Sub, Mul and Add with the very numbers of ``transform``
(gamma and the root of the variance are one factor, rounded once), so that double results equal
it. In float the mean is subtracted in two parts, so that only the input's own rounding counts.
``--op batchnorm`` writes one BatchNormalization node, which runtimes fold into the layers beside
it; they compute it as ``x * a + b``, which agrees to 1e-6 where the mean is below about 1e9
standard deviations in double, and below 10 in float. Its epsilon is a 32-bit float, so it is 0
here and the variance holds eps.

The plain columns are one input ``features`` of shape (rows, columns), NaN meaning missing; a
tensor column is an input of its own name. The names of the columns, in order, are in the model's
metadata as a JSON list under ``features``.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bncli.errors import UsageError
from bncli.export.columns import Group, groups, quoted
from bncli.export.model import Exported, Exporter, needed
from bncli.standardize.standardizer import Standardizer
from bncli.version import __version__

Op = Literal["normalize", "batchnorm"]
Dtype = Literal["float64", "float32"]

OPS: tuple[Op, ...] = ("normalize", "batchnorm")
DTYPES: tuple[Dtype, ...] = ("float64", "float32")

_OPSET = 15  # the first with the newest BatchNormalization
_IR_VERSION = 8  # of the same time, so that older runtimes take the file
_OUTPUT = "standardized"


def export(
    standardizer: Standardizer, name: str, *, op: Op = "normalize", dtype: Dtype = "float64"
) -> Exported:
    """op: which nodes; dtype: of input, output and arithmetic.

    Raises UsageError for a number that float cannot hold, or for channels last with batchnorm.
    """
    for value, known, what in ((op, OPS, "op"), (dtype, DTYPES, "dtype")):
        if value not in known:
            raise UsageError(f"no {what} named '{value}'", fix=f"known: {', '.join(known)}")
    onnx = needed("onnx", "onnx", "onnx")
    graph = _Graph(onnx, np.dtype(dtype))
    for group in groups(standardizer):
        if op == "normalize":
            graph.normalize(group)
        else:
            graph.batchnorm(group, standardizer)
    return Exported(graph.model(standardizer), is_text=False)


ONNX = Exporter(export, ("op", "dtype"))


class _Graph:
    """Nodes, inputs and constants as they come."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self._onnx = onnx
        self._dtype = dtype
        self._type = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def normalize(self, group: Group) -> None:
        mean, scale, beta = (group.column(field) for field in ("mean", "scale", "beta"))
        self._check_scale(group, scale)
        steps = [("Sub", "mean", mean)]
        if self._dtype == np.float32:
            # What float cannot say of the mean is subtracted after it.
            rest = mean - self._narrowed(group, mean)
            steps = [("Sub", "mean", mean), ("Sub", "mean_rest", rest)]
        steps += [("Mul", "scale", scale), ("Add", "beta", beta)]
        value = self._input(group)
        for at, (kind, label, numbers) in enumerate(steps, start=1):
            constant = self._constant(group, label, numbers, len(group.axes))
            last = at == len(steps)
            result = self._output(group) if last else f"{group.name}.{label}.{kind.lower()}"
            self._node(kind, [value, constant], result)
            value = result

    def batchnorm(self, group: Group, standardizer: Standardizer) -> None:
        if group.axes.find("C") > 0:
            raise UsageError(
                f"BatchNormalization takes channels first, and '{group.name}' is {group.axes}",
                fix="--op normalize",
            )
        spread = np.array([term.kind == "spread" for term in group.terms])
        absent = np.array([term.kind == "absent" for term in group.terms])
        places = group.places
        variance, eps = standardizer.variance, standardizer.eps
        total = variance * (1 + eps) if standardizer.eps_relative else variance + eps
        numbers = {
            "gamma": np.where(spread, standardizer.gamma[places], 0.0),
            "beta": np.where(absent, np.nan, group.column("beta")),
            "mean": group.column("mean"),
            "variance": np.where(spread, total[places], 1.0),
        }
        self._check_scale(group, numbers["variance"])
        constants = [self._constant(group, label, given, 0) for label, given in numbers.items()]
        inputs = [self._input(group), *constants]
        self._node("BatchNormalization", inputs, self._output(group), epsilon=0.0)

    def model(self, standardizer: Standardizer) -> bytes:
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes, "standardize", self._inputs, self._outputs, self._constants
        )
        model = helper.make_model(
            graph,
            producer_name="bncli",
            producer_version=__version__,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        features = [c.feature for c in standardizer.channels if c.layout is None]
        helper.set_model_props(model, {"features": json.dumps(features)})
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [output], **attributes))

    def _input(self, group: Group) -> str:
        return self._declared(self._inputs, group.name, group)

    def _output(self, group: Group) -> str:
        name = f"{group.name}.{_OUTPUT}" if group.axes else _OUTPUT
        return self._declared(self._outputs, name, group)

    def _declared(self, where: list[Any], name: str, group: Group) -> str:
        # The length of other axes does not matter, so a larger image fits as well.
        axes = [
            n if axis == "C" else f"{name}.{axis}"
            for axis, n in zip(group.axes, group.sizes, strict=True)
        ]
        shape = ["rows", *axes] if group.axes else ["rows", len(group.terms)]
        where.append(self._onnx.helper.make_tensor_value_info(name, self._type, shape))
        return name

    def _constant(self, group: Group, label: str, numbers: NDArray[np.float64], axes: int) -> str:
        """Numbers of the channels, shaped so that they meet their axis; axes 0 for a vector."""
        shape = [len(numbers) if axis == "C" else 1 for axis in group.axes] if axes else [-1]
        name = f"{group.name}.{label}"
        values = self._narrowed(group, numbers).astype(self._dtype).reshape(shape)
        self._constants.append(self._onnx.numpy_helper.from_array(values, name))
        return name

    def _narrowed(self, group: Group, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """As the graph's type holds them. Raises UsageError, by name, where they are too large."""
        with np.errstate(over="ignore"):
            narrow = numbers.astype(self._dtype).astype(np.float64)
        self._refuse(group, np.isinf(narrow))
        return narrow

    def _check_scale(self, group: Group, scale: NDArray[np.float64]) -> None:
        """Raises UsageError where a factor loses its digits, since it is so small."""
        smallest = float(np.finfo(self._dtype).smallest_normal)
        self._refuse(group, (np.abs(scale) < smallest) & (scale != 0))

    def _refuse(self, group: Group, lost: NDArray[np.bool_]) -> None:
        pairs = zip(group.terms, lost.tolist(), strict=True)
        names = [term.channel.label for term, is_lost in pairs if is_lost]
        if names:
            raise UsageError(
                f"{self._dtype} does not hold the numbers of {quoted(names)}",
                fix="--dtype float64",
            )
