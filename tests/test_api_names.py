"""``import bncli`` gives the verbs, whatever parts of the package are imported before or after."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import bncli
{imports}
from bncli import fit, transform, inverse, shift, merge, load, convert, learn, predict
for verb in (fit, transform, inverse, shift, merge, load, convert, learn, predict):
    assert callable(verb) and getattr(bncli, verb.__name__) is verb, verb
"""


def printed(script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("imports", ["", "import bncli.shift.gate, bncli.export, bncli.api"])
def test_a_verb_is_never_hidden_by_the_package_of_its_name(imports):
    assert printed(SCRIPT.format(imports=imports)) == ""


def test_the_same_verb_can_be_called_again(sample_data):
    script = (
        "import bncli\n"
        f"path = {str(sample_data / 'penguins.parquet')!r}\n"
        "print([bncli.shift(path, path).verdict for _ in range(2)])\n"
    )
    assert printed(script) == "['none', 'none']\n"
