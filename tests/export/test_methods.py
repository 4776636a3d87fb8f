"""How the numbers were made, in words."""

import math
from dataclasses import replace

import pytest

from cytoproc.export.methods import methods_table
from cytoproc.study.reference_ranges import ReferenceRange, ReferenceRanges
from cytoproc.study.results import collect
from cytoproc.templates.template import Acceptance, Alert, Delay, Sensitivity, SumCheck, Viability
from tests.export.rows import result_row
from tests.study.counted import BEADS, DRAW, TUBE_B, sample_of, study_of, tube_b, tube_t

STUDY = study_of(
    sample_of("t", "T", **DRAW, **BEADS), sample_of("b", "B", count_method="SECOND_TUBE", **DRAW), baseline="BL"
)


def said(rows, study=STUDY, facts=None):
    """What is said, by what it is about and its name."""
    return {(about, name): how for about, name, how in methods_table(rows, study, facts or {}).rows()}


def test_facts_about_the_run_come_first():
    assert next(methods_table([], STUDY, {"study": "toy"}).rows()) == ("run", "study", "toy")


def test_each_way_of_counting_has_its_formula_and_its_samples():
    methods = said(collect([tube_t(), tube_b()], STUDY))

    assert methods["cells/µL", "SP_BEAD"] == (
        "cells/µL = n_events / n_beads × beads_per_tube / sample_volume_ul × dilution_factor; 1 sample: t"
    )
    assert methods["cells/µL", "SECOND_TUBE"].endswith("; 1 sample: b")
    assert {name for about, name in methods if about == "cells/µL"} == {"SP_BEAD", "SECOND_TUBE"}


def test_every_interval_that_was_used_is_told_with_its_level():
    rows = collect([tube_t(), tube_b()], replace(STUDY, confidence_level=0.9))

    intervals = {name: how for (about, name), how in said(rows).items() if about == "interval"}

    assert set(intervals) == {r.ci_method for r in rows if r.ci_method}
    assert all(how.endswith("; two-sided, level 0.9") for how in intervals.values())


def test_an_interval_that_was_widened_says_so():
    [how] = [
        how
        for (about, _), how in said([result_row(ci_method="garwood-widened", ci_level=0.95)]).items()
        if about == "interval"
    ]

    assert how.startswith("exact Poisson interval of the events (Garwood 1936) over the volume looked at, made wider ")


def test_the_limits_are_those_of_each_template():
    own = replace(TUBE_B, limits=(("lod_events", 13), ("lloq_events", 22)))

    methods = said([], replace(STUDY, templates=STUDY.templates | {"B": own}))

    assert methods["limits", "tube T 1"].startswith("detected from 20 events on, a number from 50 on")
    assert methods["limits", "tube B 1"].startswith("detected from 13 events on, a number from 22 on")


def test_a_background_is_told_with_its_sources():
    rows = [
        result_row(f"s{n}", "T/CAR+", "COUNT", background_events=n / 2, background_source="control FMO-1")
        for n in (1, 4)
    ]

    below = [replace(row, population_id="T/CAR+/CD4+") for row in rows]
    told = {name: how for (about, name), how in said([*rows, *below]).items() if about == "background"}
    assert told == {"T/CAR+": "0.5 to 2 expected events; 1 source: control FMO-1"}


def test_ranges_that_are_of_no_population_of_the_templates_are_named():
    ranges = (
        ReferenceRange("B", "ABS", "lab", high=5, line=2),
        ReferenceRange("NK", "ABS", "lab", low=1, line=3),
    )
    methods = said([], replace(STUDY, references=ReferenceRanges(ranges, "f" * 64)))

    assert methods["compared with", "reference ranges"] == (
        f"SHA-256 {'f' * 64}; 1 is of a population of these templates; not: NK ABS (line 3)"
    )
    assert methods["compared with", "baseline"].startswith("visit BL, of the same subject")


@pytest.mark.parametrize("rule", ["interval", "percent_interval", "min_beads", "cv pipetting", "platforms_between"])
def test_every_rule_for_counting_stands_there_with_its_number(rule):
    methods = said([])

    assert methods["rules for counting", rule]
    assert methods["rules for counting", "platforms_between"] == "0.8 to 1.25"
    assert not any(how == str(math.nan) for how in methods.values())


def test_what_a_template_asks_of_its_samples_is_told_with_its_numbers():
    asks = replace(
        STUDY.templates["T"],
        acceptance=Acceptance(Viability("Cells/Singlets", "Cells"), Delay(24, 48)),
        sensitivity=(Sensitivity("Cells/Singlets/T", percent_of_parent=0.05, cells_per_ul=1),),
        sums=(SumCheck("lymphosum", "Cells", ("Cells/Singlets/T", "Cells/Singlets/B")),),
        alerts=(Alert("Cells/Singlets/B", "B_SEEN", "B cells are back"),),
    )

    found = [line[1:] for line in methods_table([], study_of(t=asks), {}).rows() if line[0] == "acceptance"]

    assert found == [
        ("tube T 1: viability", "100 × Singlets / Cells; flagged below 85 %, no count below 70 %"),
        ("tube T 1: delay", "hours from the blood draw to the measurement; flagged above 24, no count above 48"),
        ("tube T 1: sensitivity of T", "asked for a number from 0.05 % of its parent and 1 cells/µL on, else flagged"),
        ("tube T 1: lymphosum", "T + B are 90 to 110 % of Cells; flagged if outside, beyond chance (99 %)"),
        ("tube T 1: B_SEEN", "warn where B is detected: B cells are back"),
    ]
