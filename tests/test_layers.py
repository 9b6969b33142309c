"""The architecture, held: who may import whom, and which packages, by the table in layers.py."""

from __future__ import annotations

from pathlib import Path

import layers
import pytest

import bncli.errors

PACKAGE = Path(bncli.errors.__file__).parent


def sources() -> dict[str, str]:
    """Dotted module name -> text, for every module of bncli."""
    texts = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        texts[name] = path.read_text(encoding="utf-8")
    return texts


def test_modules_import_only_from_layers_below_and_their_own_third_parties():
    assert layers.violations(sources()) == []


def test_every_folder_of_the_package_has_a_layer():
    assert {layers.room(module) for module in sources()} <= set(layers.LAYERS)


BAD = {
    "upward": ("bncli.stats.moments", "from bncli.data.dataset import Dataset", "above it"),
    "upward in a function": ("bncli.data.read", "def f():\n    import bncli.api", "above it"),
    "upward for types": (
        "bncli.stats.moments",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import bncli.api",
        "above it",
    ),
    "upward by a registry": ("bncli.registry", 'x = "bncli.stats.running:Pooled"', "above it"),
    "upward by a relative import": ("bncli.stats.moments", "from ..data import x", "above it"),
    "sideways": ("bncli.shift.compare", "from bncli.engine import local", "beside it"),
    "a third party of another room": ("bncli.stats.moments", "import polars", "column says numpy"),
    "a part of a package": ("bncli.shift.ks", "from scipy import optimize", "says numpy, scipy.sp"),
    "slow at module level": ("bncli.shift.ks", "from scipy import stats", "inside functions"),
    "an extra at module level": ("bncli.export.onnx", "import onnx", "inside functions"),
    "a heavy start": ("bncli.cli.app", "from bncli import api", "at start-up"),
}


@pytest.mark.parametrize(("module", "text", "message"), BAD.values(), ids=list(BAD))
def test_a_module_that_breaks_the_table_is_named(module, text, message):
    known = {"bncli.api": "", "bncli.engine.local": ""}
    (found,) = layers.violations({**known, module: text})
    assert found.startswith(f"{module}, line ")
    assert message in found


GOOD = {
    "downward": ("bncli.api", "from bncli.engine.local import run"),
    "the same folder": ("bncli.stats.profile", "from bncli.stats.moments import Moments"),
    "a lazy command": ("bncli.cli.fitting", "def fit():\n    from bncli import api"),
    "a slow package in a function": ("bncli.shift.ks", "def f():\n    from scipy import stats"),
    "a third party for types only": (
        "bncli.api",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars",
    ),
    "the standard library": ("bncli.errors", "import json, os.path"),
}


@pytest.mark.parametrize(("module", "text"), GOOD.values(), ids=list(GOOD))
def test_a_module_that_keeps_to_the_table_passes(module, text):
    assert layers.violations({"bncli.api": "", module: text}) == []


def test_a_folder_without_a_layer_is_an_error():
    with pytest.raises(KeyError, match=r"bncli\.utils has no row"):
        layers.room("bncli.utils.helpers")
