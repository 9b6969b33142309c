"""Severity, thresholds and the gate: effect and chance, never one alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bncli.errors import UsageError
from bncli.shift.gate import gate, parse_rule
from bncli.shift.model import Column, Measured, SchemaChange
from bncli.shift.options import ShiftOptions, parse_threshold
from bncli.shift.verdict import judge

NOTHING = SchemaChange()
CHANCE = {"distribution": 0.5, "binned": 0.5, "missing": 1.0}
SURE = {"distribution": 1e-9, "binned": 1e-9, "missing": 1.0}


def measured(
    name: str = "x", chances: dict[str, float] | None = None, **effects: float
) -> Measured:
    return Measured(name, 0, name, "numeric", 100, 100, dict(effects), effects, chances or SURE)


def judged(*columns: Measured, **options) -> tuple[Column, ...]:
    return judge(columns, ShiftOptions(**options))


@pytest.mark.parametrize(
    ("psi", "severity"), [(0.0999, "none"), (0.1, "minor"), (0.2499, "minor"), (0.25, "major")]
)
def test_an_effect_counts_from_its_threshold_on(psi, severity):
    assert judged(measured(psi=psi))[0].severity == severity


def test_the_worst_measure_gives_the_severity_and_every_one_a_reason():
    (column,) = judged(measured(psi=2.1, ks=0.15, w1_sd=0.05))
    assert column.severity == "major"
    assert column.reasons == ("psi 2.1 >= 0.25", "ks 0.15 >= 0.1")


def test_an_effect_that_chance_explains_is_no_shift_but_is_said():
    chance = {"distribution": 0.3, "binned": 0.4, "missing": 1.0}
    (column,) = judged(measured(psi=0.6, ks=0.25, chances=chance))
    assert column.severity == "none"
    assert column.notes == ("may be chance: psi 0.6, ks 0.25",)


def test_each_measure_answers_for_its_own_family():
    chances = {"distribution": 1e-9, "binned": 0.5, "missing": 1.0}
    (column,) = judged(measured(psi=0.6, ks=0.15, chances=chances))
    assert column.severity == "minor"
    assert column.reasons == ("ks 0.15 >= 0.1",)


def test_a_family_pays_for_the_number_of_families():
    chances = {"distribution": 1e-9, "binned": 0.02, "missing": 1.0}  # .02 * 3 > .05
    assert judged(measured(psi=0.6, chances=chances))[0].severity == "none"


def test_a_column_must_survive_among_the_others():
    chances = {"distribution": 0.01, "binned": 1.0, "missing": 1.0}  # .03 alone
    odd = measured("odd", ks=0.3, chances=chances)
    same = [measured(f"c{at}", chances=dict.fromkeys(SURE, 1.0)) for at in range(9)]
    assert judged(odd)[0].severity == "major"
    (first, *_) = judged(odd, *same)
    assert first.severity == "none"
    assert first.p_adjusted == pytest.approx(0.3)


def test_a_p_of_0_alone_makes_no_verdict():
    (column,) = judged(measured(psi=0.01, ks=0.01, chances=dict.fromkeys(SURE, 0.0)))
    assert column.severity == "none"
    assert column.p_adjusted == 0.0


def test_columns_come_by_effect_over_threshold_never_by_p():
    sure = dict.fromkeys(SURE, 1e-300)
    columns = judged(
        measured("quiet", ks=0.01, chances=sure),
        measured("small", ks=0.25, chances=sure),
        measured("large", psi=2.0),
        measured("middling", missing=0.19, chances={**SURE, "missing": 1e-9}),
    )
    assert [column.name for column in columns] == ["large", "small", "middling", "quiet"]


def test_thresholds_are_overridden_by_measure():
    options = {"thresholds": {"psi": (0.5, 1.0)}}
    assert judged(measured(psi=0.4), **options)[0].severity == "none"
    assert judged(measured(psi=0.4, ks=0.15), **options)[0].reasons == ("ks 0.15 >= 0.1",)


def test_a_threshold_reads_as_it_is_written():
    assert parse_threshold("psi=0.2,0.3") == ("psi", (0.2, 0.3))


@pytest.mark.parametrize("text", ["psi", "psi=0.2", "psi=a,b", "psy=1,2", "psi=0.3,0.2", "psi=0,1"])
def test_what_is_no_threshold_is_refused(text):
    with pytest.raises(UsageError):
        parse_threshold(text)


@pytest.mark.parametrize(
    "options",
    [{"bins": 1}, {"psi_floor": 0.0}, {"alpha": 1.0}, {"thresholds": {"ks": (0.2, 0.1)}}],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError):
        ShiftOptions(**options)


MINOR = judged(measured("a", psi=0.15), measured("b", ks=0.01))
MAJOR = judged(measured("a", psi=0.6), *(measured(f"c{at}", ks=0.01) for at in range(3)))


@pytest.mark.parametrize(
    ("rule", "columns", "reached"),
    [
        ("minor", MINOR, True),
        ("major", MINOR, False),
        ("minor", MAJOR, True),
        ("major", MAJOR, True),
        ("share=0.5", MINOR, True),
        ("share=0.51", MINOR, False),
        ("share=0.25", MAJOR, True),
        ("psi=0.15", MINOR, True),
        ("psi=0.2", MINOR, False),
        ("ks=0.01", MINOR, True),
        ("schema", MAJOR, False),
        ("minor", (), False),
        ("share=0.01", (), False),
    ],
)
def test_a_gate_rule_is_reached_or_not(rule, columns, reached):
    failed = gate({rule: parse_rule(rule)}, columns, NOTHING).failed
    assert failed == ((rule,) if reached else ())


def test_the_schema_stops_only_the_gate_that_asks_for_it():
    gone = SchemaChange(only_train=("x",))
    rules = {text: parse_rule(text) for text in ("major", "schema")}
    assert gate(rules, MINOR, gone).failed == ("schema",)


def test_a_gate_on_a_measure_ignores_what_chance_explains():
    lucky = judged(measured(psi=0.6, chances=dict.fromkeys(SURE, 0.5)))
    assert gate({"psi=0.2": parse_rule("psi=0.2")}, lucky, NOTHING).failed == ()


@pytest.mark.parametrize("rule", ["", "bad", "share", "share=x", "psi=-1", "minor=1", "share=nan"])
def test_what_is_no_rule_is_refused(rule):
    with pytest.raises(UsageError):
        parse_rule(rule)


def test_a_single_rule_may_come_bare():
    assert ShiftOptions(fail_on="major").fail_on == ("major",)


def test_reasons_never_round_up_to_the_next_threshold():
    (column,) = judged(measured(psi=float(np.nextafter(0.25, 0))))
    assert column.severity == "minor"
    assert column.reasons[0].endswith(">= 0.1")


def test_too_few_rows_is_what_no_major_shift_could_have_overcome():
    blind = {"ks": 0.3, "psi": 0.4, "missing": 0.1}
    (column,) = judged(replace(measured(ks=0.1, chances=CHANCE), min_detectable=blind))
    assert (column.severity, column.too_few_rows) == ("none", True)
    (column,) = judged(
        replace(measured(ks=0.1, chances=CHANCE), min_detectable=blind | {"psi": 0.2})
    )
    assert not column.too_few_rows  # PSI could have told one
    limits = {"thresholds": {"ks": (0.1, 0.35)}}
    (column,) = judged(replace(measured(ks=0.1, chances=CHANCE), min_detectable=blind), **limits)
    assert not column.too_few_rows


def test_a_shifted_column_had_rows_enough():
    (column,) = judged(replace(measured(ks=0.6), min_detectable={"ks": 0.5}))
    assert (column.severity, column.too_few_rows) == ("major", False)


def test_a_column_of_missing_values_alone_is_asked_for_those():
    gone = measured(missing=0.0, chances={"missing": 1.0})
    assert judged(replace(gone, min_detectable={"missing": 0.5}))[0].too_few_rows
    assert not judged(replace(gone, min_detectable={"missing": 0.1}))[0].too_few_rows
