"""What `explain` tells can be checked: every printed formula gives the printed number, and that of the table."""

import hashlib
import json
import math
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc import read_study, run_study
from cytoproc.errors import UsageError
from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.quantify.concentration import Relation, carried_over, from_beads, from_effective_volume, from_volume
from cytoproc.quantify.counts import garwood
from cytoproc.quantify.percent import PERCENT_INTERVALS, clopper_pearson
from cytoproc.study.explaining.explanation import explain
from cytoproc.study.explaining.formulas import formula_of, shown
from cytoproc.study.explaining.gates import gate_in_words
from cytoproc.study.explaining.intervals import Carried, explain_interval
from cytoproc.study.explaining.wording import render_explanation
from cytoproc.study.finished import Line, read_run
from tests.making import fcs_file

CD3, CD19, FSC = Dimension("CD3"), Dimension("CD19"), Dimension("FSC-A")
TUBE_T = """\
template: tube T
version: "1"
markers: [CD3, CD19]
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: Cells, boolean: {not: Beads}}
  - {name: Lymphocytes, parent: Cells, above: {channel: FSC-A, cut: 100}}
  - {name: B, parent: Lymphocytes, above: {channel: CD19, cut: 100}}
  - {name: T, parent: Lymphocytes, above: {channel: CD3, cut: 100}}
limits: {background: [{population: B, percent_of_parent: 0.5}]}
counting: {beads: Beads, lymphocytes: Lymphocytes, leukocytes: Cells}
report:
  - {population: B, percent_of: [Lymphocytes, Cells], concentration: true, intensity: [{channel: CD19}]}
  - {population: T, concentration: true}
  - {population: Cells, concentration: true}
"""
TUBE_B = """\
template: tube B
version: "1"
markers: {CD19: {}, IgD: {aliases: [CD3]}}
compensation: none
populations:
  - {name: Lymphocytes, above: {channel: FSC-A, cut: 100}}
  - {name: B, parent: Lymphocytes, above: {channel: CD19, cut: 100}}
  - {name: Naive, parent: B, above: {channel: IgD, cut: 100}}
  - {name: IgD+, parent: Lymphocytes, above: {channel: IgD, cut: 100}}
counting: {carry_over: {population: B, counted_as: B}}
report:
  - {population: B, concentration: true}
  - {population: Naive, concentration: true}
  - {population: IgD+, concentration: true}
  - {population: Lymphocytes, concentration: true}
"""
MANIFEST = """\
sample_id,file,subject_id,specimen_id,tube,replicate,template,count_method,sample_volume_ul,final_volume_ul,predilution,beads_per_tube,alc_10e9_l,wbc_10e9_l
beads,beads.fcs,P1,P1-D1,T,,t.yaml,SP_BEAD,100,,2,50000,,
carried,carried.fcs,P1,P1-D1,B,,b.yaml,SECOND_TUBE,,,,,,
alc,alc.fcs,P1,P1-D2,T,,t.yaml,DP_ALC,,,,,1.42,
wbc,wbc.fcs,P1,P1-D3,T,,t.yaml,DP_WBC,,,,,,5.5
volume,volume.fcs,P1,P1-D4,T,,t.yaml,SP_VOL,100,1000,1,,,
missing,missing.fcs,P1,P1-D5,T,,t.yaml,NONE,,,,,,
none,none.fcs,P1,P1-D6,T,,t.yaml,NONE,,,,,,
one,one.fcs,P1,P1-D7,T,1,t.yaml,SP_BEAD,100,,1,50000,,
two,two.fcs,P1,P1-D7,T,2,t.yaml,SP_BEAD,50,,1,40000,,
of_both,of_both.fcs,P1,P1-D7,B,,b.yaml,SECOND_TUBE,,,,,,
"""
STUDY = """\
study: by hand
template: t.yaml
instruments: [{serial: V1, volume_unit: nL}]
"""


def tube(path, *, beads, cells, b, t, both=0, keywords=None):
    """Write a tube of beads among cells: `b` of these carry CD19, and `t` CD3 or IgD, `both` of them both."""
    mixed = np.random.default_rng(0).permutation(beads + cells)
    cd19 = [1000] * b + [0] * (cells - b)
    cd3 = [0] * (b - both) + [1000] * t + [0] * (cells - b + both - t)
    columns = {
        "SSC-A": [250_000] * beads + [1000] * cells,
        "FSC-A": [1000] * (beads + cells),
        "B530-A": [0] * beads + cd19,
        "Y585-A": [0] * beads + cd3,
    }
    columns = {name: np.array(values)[mixed] for name, values in columns.items()} | {
        "Time": np.arange(beads + cells) / 100
    }
    fcs_file(path, columns, labels={"B530-A": "CD19", "Y585-A": "CD3"}, keywords=keywords)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a finished run with a sample of each way of counting."""
    study = tmp_path_factory.mktemp("by_hand")
    for name, text in (("t.yaml", TUBE_T), ("b.yaml", TUBE_B), ("manifest.csv", MANIFEST), ("study.yaml", STUDY)):
        (study / name).write_text(text, encoding="utf-8")
    tube(study / "beads.fcs", beads=3000, cells=2000, b=300, t=900)
    tube(study / "carried.fcs", beads=0, cells=800, b=450, t=400, both=300)
    tube(study / "alc.fcs", beads=0, cells=2500, b=40, t=1500)
    tube(study / "wbc.fcs", beads=0, cells=2500, b=3, t=1500)
    timed = {"$VOL": "85000", "$CYTSN": "V1"}
    tube(study / "volume.fcs", beads=0, cells=2500, b=0, t=640, keywords=timed)
    tube(study / "one.fcs", beads=2000, cells=1600, b=400, t=700)
    tube(study / "two.fcs", beads=3000, cells=1300, b=170, t=500)
    tube(study / "of_both.fcs", beads=0, cells=900, b=500, t=400, both=300)
    tube(study / "none.fcs", beads=0, cells=60, b=0, t=60)
    run_study(read_study(study / "study.yaml"), study / "out")
    return study / "out"


@pytest.fixture(scope="module")
def example(repository, tmp_path_factory):
    """The folder of a finished run of the example study."""
    study = read_study(repository / "example_fcs" / "study.yaml")
    return run_study(study, tmp_path_factory.mktemp("example") / "out").folder


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the run that may be spoilt."""
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


def printed_formulas(lines):
    """Yield what follows `=` in each printed formula: the values, and what they make."""
    for i, line in enumerate(lines):
        if line.strip().startswith("value = ") and i + 2 < len(lines) and lines[i + 1].strip().startswith("= "):
            yield lines[i + 1].strip()[2:], lines[i + 2].strip()[2:].split(" ")[0]


def by_calculator(formula):
    """Return what a formula of numbers makes, by plus, minus, times and divide alone."""
    assert re.fullmatch(r"[-+×/(). 0-9]+", formula), formula
    return eval(formula.replace("×", "*"), {"__builtins__": {}})


def of_number(explanation, statistic, of=""):
    [number] = [n for n in explanation.numbers if n.statistic == statistic and (not of or n.of.endswith(of))]
    return number


def check_every_number(folder):
    """Recompute every percentage and concentration from what is printed; return how many there were."""
    run, checked = read_run(folder), 0
    for sample in run.record["samples"]:
        if sample["error"]:
            continue
        lines = run.lines_where("sample_id", sample["sample_id"])
        for path in dict.fromkeys(line.text("population_id") for line in lines):
            values = [
                line.number("value_raw")
                for line in lines
                if line.text("population_id") == path and line.text("statistic") in {"PCT", "ABS"}
            ]
            explanation = explain(run, sample["sample_id"], path)
            made = list(printed_formulas(render_explanation(explanation)))
            counted = sum(n.counted is not None and n.counted.formula is not None for n in explanation.numbers)
            assert explanation.agrees
            assert len(made) == sum(not math.isnan(v) for v in values) + counted
            for formula, result in made:
                assert shown(by_calculator(formula)) == result
            assert {shown(v) for v in values if not math.isnan(v)} <= {result for _, result in made}
            checked += len(made)
    return checked


def test_each_way_of_counting_is_recomputed_from_its_printed_formula(folder):
    assert check_every_number(folder) > 40


@pytest.mark.slow
def test_every_number_of_the_example_is_recomputed_from_its_printed_formula(example):
    assert check_every_number(example) > 600


@pytest.mark.parametrize(
    ("sample", "population", "formula", "value"),
    [
        ("beads", "B", "300 / 3000 × 50000 / 100 × 2", 100.0),
        ("alc", "B", "1000 × 1.42 × 40 / 2500", 22.72),
        ("wbc", "T", "1000 × 5.5 × 1500 / 2500", 3300.0),
        ("volume", "T", "640 / (85000 / 1000) × 10", 75.29411764705883),
        ("carried", "Naive", "100 × 300 / 450", 66.66666666666667),
    ],
)
def test_a_formula_holds_the_numbers_of_the_tube(folder, sample, population, formula, value):
    number = of_number(explain(read_run(folder), sample, population), "ABS")

    assert (number.formula.with_values, number.agrees) == (formula, True)
    assert number.value == pytest.approx(value, rel=1e-12)


def test_a_carried_number_brings_the_way_to_that_of_the_counted_tube(folder):
    number = of_number(explain(read_run(folder), "carried", "Naive"), "ABS")

    assert (number.counted.sample_id, number.counted.formula.with_values) == ("beads", "300 / 3000 × 50000 / 100 × 2")
    assert number.interval.agrees


def test_duplicate_tubes_are_told_as_their_events_in_their_blood(folder):
    number = of_number(explain(read_run(folder), "one+two", "B"), "ABS")

    assert number.formula.with_values == "(400 + 170) / (4 + 3.75)"
    assert number.agrees
    unlike = "of tubes that were filled unlike, B = (4 + 3.75)² / (4² / "
    assert any(line.startswith(unlike) for line in number.interval.lines)
    assert "one and two" in number.formula.where[0]


def test_a_number_carried_over_from_duplicate_tubes_comes_from_both(folder):
    number = of_number(explain(read_run(folder), "of_both", "Naive"), "ABS")

    assert number.counted.sample_id == "one+two"
    assert number.agrees


@pytest.mark.parametrize("population", ["B", "Naive", "IgD+", "Lymphocytes"])
def test_the_interval_of_every_relation_to_the_counted_cells_is_computed_again(folder, population):
    number = of_number(explain(read_run(folder), "carried", population), "ABS")

    assert number.interval.agrees


def test_gates_are_told_with_the_events_that_came_in_and_went_out(folder):
    gates = explain(read_run(folder), "beads", "B").gates

    assert [(g.path, g.in_words, g.n_in, g.n_out) for g in gates] == [
        ("Beads", "SSC-A at or above 200000", 5000, 3000),
        ("Cells", "not in Beads", 5000, 2000),
        ("Cells/Lymphocytes", "FSC-A at or above 100", 2000, 2000),
        ("Cells/Lymphocytes/B", "CD19 at or above 100", 2000, 300),
    ]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        (("beads", "B", "ABS"), "QUANT", "300 events are 50 or more"),
        (("alc", "B", "ABS"), "BLQ", "40 events are 20 or more, so the population is there; they are fewer than 50"),
        (("wbc", "B", "ABS"), "ND", "3 events are fewer than the 20"),
        (("none", "T", "COUNT"), "QUANT", "60 events are 50 or more"),
    ],
)
def test_why_a_number_has_its_status_is_said_in_a_sentence(folder, asked, status, said):
    sample, population, statistic = asked
    number = of_number(explain(read_run(folder), sample, population), statistic)

    assert number.status == status
    assert said in number.why


def test_a_share_of_too_few_events_is_said_to_be_one(folder):
    number = of_number(explain(read_run(folder), "volume", "B"), "PCT", of="Lymphocytes")
    empty = of_number(explain(read_run(folder), "none", "Beads"), "PCT")

    assert (number.status, empty.status) == ("ND", "ND")
    assert "exact here: high = 100 × (1 - 0.025^(1/2500))" in number.interval.by_hand[0]


def test_the_background_and_what_a_blank_shows_are_told(folder):
    limits = of_number(explain(read_run(folder), "beads", "B"), "ABS").limits

    assert (limits.background_events, limits.lob_events, limits.detect_events) == (10.0, 15, 20)
    assert "a sample without such cells shows at most 15 events" in " ".join(limits.of_events)


def test_a_table_of_text_tells_the_same_as_parquet(copy):
    by_parquet = render_explanation(explain(read_run(copy), "carried", "Naive"))
    (copy / "results.parquet").unlink()
    by_text = render_explanation(explain(read_run(copy), "carried", "Naive"))

    assert [line.replace("results.csv", "results.parquet") for line in by_text] == by_parquet


@pytest.fixture
def run_of(tmp_path):
    """A function: the finished run of one tube, with a row of the manifest and lines more in the study."""

    def run(row, study="", **counts):
        (tmp_path / "t.yaml").write_text(TUBE_T, encoding="utf-8")
        tube(tmp_path / "a.fcs", **{"beads": 3000, "cells": 2000, "b": 300, "t": 900, **counts})
        columns = "sample_id,file,subject_id,count_method,sample_volume_ul,beads_per_tube,alc_10e9_l,bead_lot"
        (tmp_path / "manifest.csv").write_text(
            f"{columns}\n{row}{',' * (columns.count(',') - row.count(','))}\n", encoding="utf-8"
        )
        (tmp_path / "study.yaml").write_text(f"study: one tube\ntemplate: t.yaml\n{study}", encoding="utf-8")
        run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")
        return read_run(tmp_path / "out")

    return run


def test_a_refused_concentration_has_no_formula_and_says_what_was_wrong(run_of):
    run = run_of("a,a.fcs,P1,SP_BEAD,100,50000,", beads=0)

    number = of_number(explain(run, "a", "B"), "ABS")

    assert (number.status, number.formula, number.interval, number.agrees) == ("INVALID", None, None, None)
    assert number.why.startswith("NO_BEADS: ")


def test_a_number_below_what_the_assay_is_validated_for_says_so(run_of, tmp_path):
    header = "population,percent_of,lob_events,lod_events,lloq_events,lloq_percent,lloq_per_ul,source"
    (tmp_path / "limits.csv").write_text(f"{header}\nB,,,,,,75,validation\n", encoding="utf-8")

    number = of_number(explain(run_of("a,a.fcs,P1,SP_BEAD,100,50000,", "assay_limits: limits.csv\n"), "a", "B"), "ABS")

    assert (number.status, number.value) == ("BLQ", 50.0)
    assert number.why == "50 cells/µL is below 75 cells/µL, the least for which the assay is validated."
    assert "a number from 75 cells/µL, for which the assay is validated" in " ".join(number.limits.in_the_unit)


def test_technical_errors_of_a_study_are_told_where_they_enter(run_of):
    counts = "counts: {interval: log-delta, cv: {pipetting: 0.05, beads: 0.02}}\n"

    number = of_number(explain(run_of("a,a.fcs,P1,SP_BEAD,100,50000,", counts), "a", "B"), "ABS")

    assert (number.interval.method, number.agrees) == ("log-delta", True)
    assert "the squares of the technical errors, which are: pipetting 5 %, beads 2 %" in " ".join(number.interval.lines)


def test_the_error_of_a_lot_is_told_in_place_of_that_of_all_lots(run_of, tmp_path):
    (tmp_path / "lots.csv").write_text("bead_lot,beads_per_tube,cv_percent\nL1,50000,8\n", encoding="utf-8")
    rules = "counts: {interval: log-delta, cv: {pipetting: 0.05, beads: 0.02, volume: 0.01}}\nbead_lots: lots.csv\n"
    row = "a,a.fcs,P1,SP_BEAD,100,,,L1"

    interval = of_number(explain(run_of(row, rules), "a", "B"), "ABS").interval

    said = " ".join(interval.lines)
    assert "which are: pipetting 5 %, beads of lot L1 8 %" in said
    assert f"all technical errors together being {math.hypot(0.05, 0.08):.4g}" in said
    assert interval.agrees


def test_a_carried_number_names_its_counted_tube_though_another_has_the_same_value(tmp_path):
    (tmp_path / "t.yaml").write_text(TUBE_T, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(TUBE_B, encoding="utf-8")
    for name, hour, t in (("p1", 10, 900), ("p2", 11, 910)):
        times = {"$DATE": "02-MAR-2020", "$BTIM": f"{hour}:00:00", "$ETIM": f"{hour}:02:00"}
        tube(tmp_path / f"{name}.fcs", beads=3000, cells=2000, b=0, t=t, keywords=times)
    tube(tmp_path / "c.fcs", beads=0, cells=2000, b=0, t=900)
    (tmp_path / "manifest.csv").write_text(
        "sample_id,file,subject_id,specimen_id,tube,part,template,count_method,sample_volume_ul,beads_per_tube\n"
        "p1,p1.fcs,P1,D1,T,1,t.yaml,SP_BEAD,100,50000\np2,p2.fcs,P1,D1,T,2,t.yaml,SP_BEAD,100,50000\n"
        "c,c.fcs,P1,D1,B,,b.yaml,SECOND_TUBE,,\n",
        encoding="utf-8",
    )
    (tmp_path / "study.yaml").write_text("study: no B cells\ntemplate: t.yaml\n", encoding="utf-8")
    run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")

    number = of_number(explain(read_run(tmp_path / "out"), "c", "B"), "ABS")

    assert (number.value, number.counted.sample_id, number.agrees) == (0, "p1+p2", True)


@pytest.mark.parametrize("method", ["wilson", "jeffreys"])
def test_the_interval_that_a_study_asks_for_is_told(run_of, method):
    run = run_of("a,a.fcs,P1,SP_BEAD,100,50000,", f"counts: {{percent_interval: {method}}}\n")

    number = of_number(explain(run, "a", "B"), "PCT", of="Lymphocytes")

    assert (number.interval.method, number.agrees) == (method, True)


def test_a_blood_count_without_an_error_has_the_interval_of_counting_and_none_for_what_it_counts(folder):
    run = read_run(folder)
    for sample, population, method in (
        ("wbc", "T", "clopper-pearson"),
        ("wbc", "B", "clopper-pearson"),
        ("alc", "Cells", "conditional-binomial"),
    ):
        number = of_number(explain(run, sample, population), "ABS")
        assert (number.interval.method, number.agrees) == (method, True)
    explanation = explain(run, "wbc", "Cells")

    assert of_number(explanation, "ABS").interval is None
    assert "no interval: the error of what it is computed from" in " ".join(render_explanation(explanation))


def test_only_flags_that_concern_the_population_are_listed(run_of):
    run = run_of("a,a.fcs,P1,,,,")

    explanation = explain(run, "a", "B")

    assert [code for code, _ in explanation.flags] == ["CONCENTRATION_NOT_GIVEN"]


# What the run keeps for it


def test_a_run_keeps_its_templates_as_they_were_and_their_digests(folder):
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    copies = {p.name: p.read_bytes() for p in (folder / "templates").iterdir()}

    assert sorted(copies.values()) == sorted([TUBE_T.encode(), TUBE_B.encode()])
    for name, content in copies.items():
        digest = hashlib.sha256(content).hexdigest()
        assert record["outputs"][f"templates/{name}"] == digest
        assert re.fullmatch(r"tube_[TB]-" + digest[:12] + r"\.yaml", name)


def test_two_templates_of_one_name_are_both_kept_and_told_apart(tmp_path):
    for name, cut in (("one", 100), ("two", 5000)):
        population = f"{{name: A, above: {{channel: FSC-A, cut: {cut}}}}}"
        text = f"template: same\nversion: '1'\ncompensation: none\npopulations:\n  - {population}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        fcs_file(tmp_path / f"{name}.fcs", {"FSC-A": [10, 1000, 2000]})
    (tmp_path / "manifest.csv").write_text("sample_id,file,template\n1,one.fcs,one.yaml\n2,two.fcs,two.yaml\n")
    (tmp_path / "study.yaml").write_text("study: two\n")
    run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")

    run = read_run(tmp_path / "out")
    said = [explain(run, i, "A").gates[0].in_words for i in "12"]

    assert said == ["FSC-A at or above 100", "FSC-A at or above 5000"]


def test_a_template_with_a_matrix_of_its_own_is_read_from_the_run_alone(tmp_path):
    (tmp_path / "spill.csv").write_text(",B530-A,Y585-A\nB530-A,1,0.1\nY585-A,0,1\n", encoding="utf-8")
    text = TUBE_B.replace("compensation: none", "compensation: spill.csv")
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    tube(tmp_path / "a.fcs", beads=0, cells=200, b=100, t=50)
    (tmp_path / "manifest.csv").write_text("sample_id,file\na,a.fcs\n")
    (tmp_path / "study.yaml").write_text("study: matrix\ntemplate: b.yaml\n")
    run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")
    (tmp_path / "spill.csv").unlink()

    explanation = explain(read_run(tmp_path / "out"), "a", "B")

    assert [m["name"] for m in explanation.entry["spillover"]] == ["spill.csv"]


# By hand


def line_of(statistic="ABS", **cells):
    return Line({"statistic": statistic, "population_label": "X", "ci_level": 0.95, **cells})


def test_trucount_by_hand():
    cells = {
        "n_events": 412,
        "n_beads": 18_250,
        "beads_per_tube": 51_664,
        "sample_volume_ul": 100,
        "dilution_factor": 1,
    }

    formula = formula_of(line_of(count_method="SP_BEAD", **cells), counting={})

    assert formula.with_values == "412 / 18250 × 51664 / 100 × 1"
    assert round(formula.value, 3) == 11.663


def test_liquid_beads_are_told_by_their_volume():
    cells = {"n_events": 1530, "n_beads": 9800, "beads_per_tube": 51_000, "sample_volume_ul": 200, "dilution_factor": 1}
    counting = {"beads_per_ul": "1020", "bead_volume_ul": "50"}

    formula = formula_of(line_of(count_method="SP_BEAD", **cells), counting=counting)

    assert round(formula.value, 3) == 39.811
    assert "beads = 51000 put into the tube (1020 beads/µL × 50 µL)" in formula.where


def test_pooled_tubes_are_the_sum_of_events_in_the_sum_of_blood():
    members = [line_of(n_events=n, v_eff_ul=v, sample_id=i) for i, n, v in (("a", 12, 8.25), ("b", 15, 7.75))]

    formula = formula_of(line_of(count_method="SP_BEAD", n_events=27), counting={}, members=members)

    assert (formula.with_values, formula.value) == ("(12 + 15) / (8.25 + 7.75)", 27 / 16)


POOLED = {"count_method": "SP_BEAD", "pooled_from": "a;b", "n_events": 2400, "n_beads": 42_000, "v_eff_ul": 24}
UNLIKE = {"beads_per_tube": 100_000, "sample_volume_ul": 220, "dilution_factor": 1}
TWO = [{"v_eff_ul": 16, "n_beads": 40_000}, {"v_eff_ul": 8, "n_beads": 2000}]


@pytest.mark.parametrize("interval", ["exact", "log-delta"])
def test_the_interval_of_tubes_that_were_filled_unlike_is_computed_again_from_each(interval):
    found = from_effective_volume([2400], [15_000], v_eff_ul=[24], interval=interval)  # 24² / (16²/40000 + 8²/2000)
    line = with_interval(found, cv_pct=float(found.cv_pct[0]), **POOLED, **UNLIKE)

    explained = explain_interval(line, members=[line_of(**m) for m in TWO])

    assert explained.agrees
    assert "of tubes that were filled unlike, B = (16 + 8)² / (16² / 40000 + 8² / 2000) = 15000" in explained.lines


@pytest.mark.parametrize("interval", ["exact", "log-delta"])
def test_where_a_tube_filled_unlike_has_no_number_the_interval_cannot_be_told_and_the_value_is_by_blood(interval):
    found = from_effective_volume([2400], [15_000], v_eff_ul=[24], interval=interval)
    line = with_interval(found, cv_pct=float(found.cv_pct[0]), **POOLED, **UNLIKE)

    assert explain_interval(line).agrees is not False
    assert formula_of(line, counting={}).with_values == "2400 / 24"


def test_time_that_was_left_out_is_in_the_formula_of_a_volume():
    cells = {"n_events": 640, "vol_acquired_nl": 85_000, "dilution_factor": 10, "v_eff_ul": 8.5 * 0.98}

    formula = formula_of(line_of(count_method="SP_VOL", **cells), counting={})

    assert formula.with_values == "640 / (85000 / 1000 × 0.98) × 10"
    assert formula.value == pytest.approx(640 / 8.33)


def test_a_way_of_counting_that_is_not_known_is_told_by_its_volume_of_blood():
    formula = formula_of(line_of(count_method="NEW", n_events=10, v_eff_ul=4), counting={})

    assert (formula.with_values, formula.value) == ("10 / 4", 2.5)


@given(
    st.integers(0, 10**6),
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.floats(1, 1000),
    st.floats(1, 50),
)
def test_the_printed_formula_of_beads_gives_the_number_whatever_its_values(n, beads, added, volume, dilution):
    cells = {"n_beads": beads, "beads_per_tube": added, "sample_volume_ul": volume, "dilution_factor": dilution}
    found = from_beads([n], [beads], beads_per_tube=added, sample_volume_ul=volume, predilution=dilution).estimate

    formula = formula_of(line_of(count_method="SP_BEAD", n_events=n, **cells), counting={})

    assert by_calculator(formula.with_values) == pytest.approx(float(found.value[0]), rel=1e-12)


# Intervals


def with_interval(found, **cells):
    estimate = getattr(found, "estimate", found)
    value, low, high = (float(x[0]) for x in (estimate.value, estimate.low, estimate.high))
    return line_of(value_raw=value, ci_low=low, ci_high=high, ci_method=estimate.method, **cells)


COUNTS = [0, 1, 3, 14, 20, 412, 17_000]


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("method", ["clopper-pearson", "wilson", "jeffreys"])
def test_the_interval_of_a_percentage_is_computed_again(n, method):
    found = PERCENT_INTERVALS[method]([n], [17_000])
    line = with_interval(found, n_events=n, n_denominator=17_000)

    interval = explain_interval(line)

    assert interval.agrees
    assert interval.method == method


@pytest.mark.parametrize("n", COUNTS)
def test_the_interval_of_a_concentration_is_computed_again(n):
    beads = from_beads([n], [18_250], beads_per_tube=51_664, sample_volume_ul=100)
    volume = from_volume([n], vol_acquired_nl=85_000, dilution_factor=10)
    lines = [
        with_interval(beads, n_events=n, n_beads=18_250, v_eff_ul=float(beads.v_eff_ul[0])),
        with_interval(volume, n_events=n, v_eff_ul=8.5),
    ]

    assert [explain_interval(line).agrees for line in lines] == [True, True]


def test_technical_errors_are_told_in_the_interval_that_holds_them():
    given = {"beads_per_tube": 51_664, "sample_volume_ul": 100, "interval": "log-delta"}
    found = from_beads([412], [18_250], cv_pipetting=0.05, cv_beads=0.02, **given)
    line = with_interval(found, n_events=412, n_beads=18_250, v_eff_ul=35.32, cv_pct=float(found.cv_pct[0]))

    interval = explain_interval(line, cvs={"pipetting": 0.05, "beads": 0.02, "gate": 0.0})

    assert (round(interval.low, 3), round(interval.high, 3), interval.agrees) == (10.101, 13.467, True)
    assert "the squares of the technical errors, which are: pipetting 5 %, beads 2 %" in " ".join(interval.lines)
    assert "SE = sqrt(1/412 + 1/18250 + 0.0538516²)" in " ".join(interval.lines)


def test_an_interval_that_is_not_what_its_numbers_make_is_told():
    found = clopper_pearson([3], [30_000])
    line = with_interval(found, n_events=4, n_denominator=30_000)

    assert explain_interval(line).agrees is False


def test_an_interval_that_was_widened_is_told_with_its_factor():
    found = garwood([100]).widened(2)
    line = with_interval(found, n_events=100, v_eff_ul=1.0)

    interval = explain_interval(line)

    assert interval.agrees
    assert "2 times as far" in interval.lines[-1]


@pytest.mark.parametrize("relation", list(Relation))
def test_the_interval_of_a_carried_number_is_computed_again(relation):
    n, of, both = {"same": (300, 600, 0), "part": (300, 600, 0), "whole": (900, 600, 0)}.get(relation, (300, 600, 200))
    counted = from_beads([400], [10_000], beads_per_tube=50_000, sample_volume_ul=100)
    found = carried_over([n], [of], counted.estimate, n_both=[both], relation=relation)
    reference = with_interval(counted, n_events=400, n_beads=10_000)

    interval = explain_interval(
        with_interval(found, n_events=n, n_denominator=of), carried=Carried(reference, relation, both)
    )

    assert interval.agrees


@pytest.mark.parametrize("n", [0, 1, 2, 5, 14, 19, 20, 50, 700, 4990, 5000])
def test_what_a_pocket_calculator_gives_is_near_the_exact_interval(n):
    found = clopper_pearson([n], [5000])
    line = with_interval(found, n_events=n, n_denominator=5000)
    width = line.number("ci_high") - line.number("ci_low")

    said = explain_interval(line).by_hand[-1]
    *_, result = said.split(" = ")
    ends = [float(x) for x in result.split(" to ")]

    low = line.number("ci_low") if len(ends) == 1 and n == 0 else ends[0]
    high = ends[-1] if n < 5000 else 100.0
    assert low == pytest.approx(line.number("ci_low"), abs=0.07 * width)
    assert high == pytest.approx(line.number("ci_high"), abs=0.07 * width)


# Gates in words


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (RangeGate(CD3, high=5000), "CD3 below 5000"),
        (RangeGate(CD3, low=900, high=5000), "CD3 at or above 900 and below 5000"),
        (RangeGate(Dimension("CD3", "none"), low=5e4), "CD3 (as measured) at or above 50000"),
        (RangeGate(Dimension("CD3", "mine.csv"), low=1), "CD3 (compensated by mine.csv) at or above 1"),
        (RangeGate(CD3, low=0.5, units=Units.SCALE), "CD3 at or above 0.5 (in units of the scale)"),
        (RectangleGate((RangeGate(CD3, low=1), RangeGate(CD19, high=2))), "CD3 at or above 1, and CD19 below 2"),
        (
            PolygonGate(CD3, CD19, ((0, 0), (1, 0), (0, 1))),
            "inside the polygon of 3 corners on CD3 and CD19: (0, 0), (1, 0), (0, 1)",
        ),
        (
            EllipsoidGate((CD3, CD19), (1, 2), ((1, 0), (0, 1))),
            "inside the ellipse around (1, 2) on CD3 and CD19 (in units of the scale)",
        ),
        (QuadrantGate(((CD3, (5.0,)), (CD19, (7.0,))), (1, 0)), "CD3 at or above 5, and CD19 below 7"),
        (BooleanGate(Operator.AND, ("Cells/A", "Cells/B")), "in A and in B"),
        (BooleanGate(Operator.OR, ("A", BooleanGate(Operator.NOT, ("B",)))), "in A or in (not in B)"),
        (Singlets(FSC, Dimension("FSC-H")), "single cells, by a band of FSC-H on FSC-A"),
    ],
)
def test_a_gate_is_told_in_words(gate, words):
    assert gate_in_words(gate) == words


# What is refused


def refused(path, *arguments):
    with pytest.raises(UsageError) as caught:
        explain(read_run(path), *(arguments or ("beads", "B")))
    return str(caught.value)


def test_a_changed_file_that_no_number_comes_from_is_told_and_no_reason_to_refuse(copy):
    (copy / "results.xlsx").write_bytes(b"saved again")

    explanation = explain(read_run(copy), "beads", "B")

    assert explanation.changed == ("results.xlsx",)
    assert "  changed since the run, and not used here: results.xlsx" in render_explanation(explanation)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bead", "B"), "has no sample 'bead' (did you mean 'beads'?)"),
        (("zzz", "B"), "; there are: beads, carried, alc"),
        (("beads", "Bcells"), "has no population 'Bcells'"),
        (("beads", "Lymphocyte"), "(did you mean 'Lymphocytes'?)"),
        (("missing", "B"), "sample 'missing' has no numbers: its file 'missing.fcs' could not be processed"),
        (("missing", "B"), "FILE_NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(folder, arguments, said):
    assert said in refused(folder, *arguments)


def test_a_name_of_several_populations_asks_for_the_path(tmp_path):
    text = TUBE_B.replace("name: IgD+, parent: Lymphocytes", "name: Naive, parent: Lymphocytes")
    text = text.replace("  - {population: IgD+, concentration: true}\n", "").replace(
        "population: Naive", "population: root/Lymphocytes/B/Naive"
    )
    (tmp_path / "b.yaml").write_text(text, encoding="utf-8")
    tube(tmp_path / "a.fcs", beads=0, cells=200, b=100, t=50)
    (tmp_path / "manifest.csv").write_text("sample_id,file\na,a.fcs\n")
    (tmp_path / "study.yaml").write_text("study: twice\ntemplate: b.yaml\n")
    run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")

    said = refused(tmp_path / "out", "a", "Naive")

    assert "stands for 2 populations; give the path: 'Lymphocytes/B/Naive', 'Lymphocytes/Naive'" in said
    assert explain(read_run(tmp_path / "out"), "a", "Lymphocytes/B/Naive").path == "Lymphocytes/B/Naive"
