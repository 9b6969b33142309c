"""Every figure of a report by its name, and what a person should know of it.

One place for all who ask: ``shift --explain``, the page ``docs/measures.md`` and the order in
which ``--json`` writes a column's measures. An entry names the function that computes the figure,
and the function's docstring is the explanation: a first line that is its title, then the
paragraphs ``Definition:``, ``Range:``, ``Reading:`` and ``Source:`` (a test holds every entry to
that). Adding a measure is one function and one line here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from bncli.errors import ExtraMissing
from bncli.registry import Registry
from bncli.shift.options import THRESHOLDS

MEASURES = Registry(
    "measure",
    location="bncli.shift.decompose:location",
    scale="bncli.shift.decompose:scale",
    ks="bncli.shift.distances:ks",
    ks_p="bncli.shift.significance:ks_p",
    psi="bncli.shift.distances:psi",
    psi_p="bncli.shift.resampling:binned_p",
    psi_expected="bncli.shift.distances:psi_expected",
    js="bncli.shift.distances:js",
    hellinger="bncli.shift.distances:hellinger",
    tv="bncli.shift.distances:tv",
    w1="bncli.shift.distances:w1",
    w1_sd="bncli.shift.distances:w1_sd",
    w2="bncli.shift.decompose:w2",
    w2_location="bncli.shift.decompose:w2_location",
    w2_scale="bncli.shift.decompose:w2_scale",
    w2_shape="bncli.shift.decompose:w2_shape",
    removable="bncli.shift.decompose:removable",
    ks_left="bncli.shift.decompose:ks_left",
    out_of_range="bncli.shift.distances:out_of_range",
    missing_train="bncli.shift.finding:missing_share",
    missing_test="bncli.shift.finding:missing_share",
    missing_p="bncli.shift.significance:two_proportion_p",
    chi2="bncli.shift.significance:pearson",
    chi2_p="bncli.shift.significance:chi2_p",
    cramers_v="bncli.shift.significance:cramers_v",
    unseen="bncli.shift.categorical:unseen",
    unseen_expected="bncli.shift.categorical:unseen_expected",
    unseen_p="bncli.shift.resampling:unseen_p",
    vanished="bncli.shift.categorical:vanished",
    ks_block_p="bncli.shift.blocks:block_p",
    psi_block_p="bncli.shift.blocks:block_p",
    missing_block_p="bncli.shift.blocks:block_p",
    chi2_block_p="bncli.shift.blocks:block_p",
    unseen_block_p="bncli.shift.blocks:block_p",
    step_train="bncli.shift.temporal:step",
    step_test="bncli.shift.temporal:step",
    gap_train="bncli.shift.temporal:gap",
    gap_test="bncli.shift.temporal:gap",
    lag1_train="bncli.shift.dependence:lag1",
    lag1_test="bncli.shift.dependence:lag1",
    # Of all numeric columns jointly.
    frechet="bncli.shift.gaussian:frechet",
    frechet_mean="bncli.shift.gaussian:frechet_mean",
    frechet_variance="bncli.shift.gaussian:frechet_variance",
    frechet_correlation="bncli.shift.gaussian:frechet_correlation",
    frechet_expected="bncli.shift.gaussian:frechet_expected",
    frechet_restandardized="bncli.shift.gaussian:frechet_restandardized",
    auc_linear="bncli.shift.gaussian:auc_linear",
    auc_expected="bncli.shift.gaussian:auc_expected",
    auc_linear_restandardized="bncli.shift.gaussian:auc_linear_restandardized",
    # A threshold's name, and what stands beside the measures.
    missing="bncli.shift.finding:missing_difference",
    p_adjusted="bncli.shift.significance:benjamini_hochberg",
    min_detectable="bncli.shift.power:smallest_ks",
)
"""In the order they are written in."""

_SECTIONS = ("Definition", "Range", "Reading", "Source")
_OTHER_WORDS = {"w1/sd": "w1_sd", "v": "cramers_v", "gone": "vanished", "p": "p_adjusted"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One figure. thresholds: minor and major, where it is judged."""

    name: str
    title: str
    definition: str
    range: str
    reading: str
    source: str
    thresholds: tuple[float, float] | None


def explained() -> list[Explanation]:
    """All of them, in the order of a report."""
    return [explain(name) for name in MEASURES]


def explain(name: str) -> Explanation:
    """Explain one figure, by the name that it has in ``--json`` or in the terminal's table.

    Raises UsageError, with the nearest name, when there is no such figure.
    """
    name = name.strip().lower().replace("-", "_")
    name = _OTHER_WORDS.get(name, name)
    title, sections = _read(name, MEASURES[name])
    definition, extent, reading, source = (sections[each] for each in _SECTIONS)
    limits = THRESHOLDS.get(name)
    return Explanation(name, title, definition, extent, reading, source, limits)


def _read(name: str, function: Callable[..., object]) -> tuple[str, dict[str, str]]:
    """The title of a measure's docstring, and its sections as single lines."""
    text = inspect.getdoc(function)
    if text is None:
        raise ExtraMissing(
            f"no explanation of '{name}' is left", fix="run Python without -OO, which drops them"
        )
    title, _, rest = text.partition("\n")
    parts = re.split(rf"^({'|'.join(_SECTIONS)}): ", rest, flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return title.rstrip("."), {section: _line(body) for section, body in pairs}


def _line(body: str) -> str:
    """The paragraph as one line, without the marks of code."""
    return " ".join(body.partition("\n\n")[0].replace("``", "").split())
