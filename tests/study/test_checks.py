"""Numbers that should agree: which are compared, what is allowed, and who is told."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cytoproc.model.paths import split_path
from cytoproc.quantify.concentration import from_beads, from_volume
from cytoproc.quantify.estimate import Estimate
from cytoproc.running import run_study
from cytoproc.study.checks import Check
from cytoproc.study.definition import read_study
from cytoproc.study.findings import find_out
from cytoproc.study.pooling import pool
from cytoproc.study.rules import CountRules
from cytoproc.templates.template import Counting, SumCheck
from tests.making import fcs_file
from tests.quantify.agreeing import estimates_differ, sum_differs
from tests.study.counted import BEADS, TUBE_B, TUBE_T, study_of, tube_b, tube_row, tube_t
from tests.templates.tubes import shipped

SINGLETS = "Cells/Singlets"
LYMPHOSUM = SumCheck("lymphosum", SINGLETS, (f"{SINGLETS}/T", f"{SINGLETS}/B"))
SUMMED = replace(TUBE_T, sums=(LYMPHOSUM,))
OWN_B = replace(TUBE_B, counting=replace(TUBE_B.counting, beads="Singlets/PB", lymphocytes="Singlets"))


def found(results, *rows, **more):
    """Return what is found out, of the study after pooling."""
    made, study = pool(results, study_of(*rows, **more))
    return find_out(made, study)


def flags(findings, sample_id):
    [result] = [r for r in findings.results if r.sample_id == sample_id]
    return {f.code: f.message for f in result.flags}


# The verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(100, "PASS"), (89, "PASS"), (84, "WARN"), (111, "PASS"), (116, "WARN"), (90, "PASS"), (math.nan, "PASS")],
)
def test_a_value_is_told_if_it_is_outside_of_the_limits_and_of_chance(value, verdict):
    assert Check("sum", "all", ("t",), value, "%", 90, 110, 85, 115, "").verdict == verdict


def test_limits_wider_than_chance_are_what_counts():
    assert Check("sum", "all", ("t",), 93, "%", 90, 110, 94, 106, "").verdict == "PASS"


# Sums


@pytest.mark.parametrize(("t", "b", "flagged"), [(8000, 1100, False), (8000, 980, True), (9000, 2100, True)])
def test_parts_that_do_not_add_up_to_the_whole_are_told_with_their_counts(t, b, flagged):
    findings = found([tube_t(singlets=10_000, t=t, b=b)], tube_row("t", "T", **BEADS), t=SUMMED)

    [check] = findings.checks
    assert (check.kind, check.name, check.samples, check.value) == ("sum", "lymphosum", ("t",), (t + b) / 100)
    assert (check.verdict == "WARN", "SUM_OUTSIDE" in flags(findings, "t")) == (flagged, flagged)
    said = f"lymphosum: {t} T + {b} B are {t + b} of 10000 Singlets ({(t + b) / 100:.1f} %), expected 90 to 110 %"
    assert check.in_words.startswith(said)


def test_few_events_may_miss_the_sum_by_chance():
    findings = found([tube_t(singlets=40, t=30, b=4)], tube_row("t", "T", **BEADS), t=SUMMED)

    [check] = findings.checks
    assert (check.value, check.chance_low, check.verdict) == (85, 85, "PASS")


def test_a_sum_of_no_events_is_not_compared_and_a_control_is_none_of_the_patient_s():
    none = found([tube_t(singlets=0, t=0, b=0)], tube_row("t", "T", **BEADS), t=SUMMED)
    control = found([tube_t()], tube_row("t", "T", control="process"), t=SUMMED)

    assert (none.checks, control.checks) == ((), ())


@given(st.integers(1, 3000), st.floats(0, 2))
def test_a_sum_is_told_where_the_rule_of_the_lymphosum_says_so(whole, part):
    n = round(part * whole)
    findings = found([tube_t(singlets=whole, t=n, b=0)], tube_row("t", "T", **BEADS), t=SUMMED)

    [check] = findings.checks
    assert (check.verdict == "WARN") == bool(sum_differs(n, whole))


def test_the_lymphosum_of_the_allogeneic_template_needs_the_donor_cells_without_cd3():
    [lymphosum] = [s for s in shipped("car_t_allogeneic").sums if s.name == "lymphosum"]
    patient = {"T cells": 3000, "B cells": 0, "NK cells": 900}
    donor = {"CAR+": 2500, "CAR+ CD4-CD8-": 30, "CAR- CD3- T cells": 70}

    assert {split_path(path)[-1] for path in lymphosum.parts} == patient.keys() | donor.keys()
    assert not sum_differs(sum((patient | donor).values()), 6600)
    assert sum_differs(sum(patient.values()), 6600)


# Duplicate tubes


def duplicates(*tubes, **more):
    rows = [tube_row(f"t{i}", "T", **BEADS, replicate=str(i)) for i in range(1, len(tubes) + 1)]
    results = [replace(tube_t(**t), sample_id=f"t{i}", sha256=f"{i}") for i, t in enumerate(tubes, start=1)]
    return found(results, *rows, **more)


@pytest.mark.parametrize(
    ("t", "b", "flagged"),
    [
        ((2000, 2000), (400, 500), ["B"]),  # 22 % apart
        ((10_000, 11_200), (400, 400), ["T"]),  # 11 %
        ((10_000, 10_900), (400, 430), []),  # beyond chance, but less than 10 %
        ((2000, 2000), (90, 110), []),  # 20 %, and fewer than 100 events
        ((2000, 2000), (40, 99), ["B"]),
        ((2000, 2000), (4, 9), []),  # 77 %, by chance
        ((2000, 2000), (0, 0), []),
    ],
)
def test_duplicates_are_told_apart_beyond_a_fixed_part_and_beyond_chance(t, b, flagged):
    findings = duplicates({"t": t[0], "b": b[0]}, {"t": t[1], "b": b[1]})

    told = [c.name for c in findings.checks if c.verdict == "WARN"]
    assert told == flagged
    assert {i for i in ("t1", "t2", "t1+t2") if "DUPLICATES_DIFFER" in flags(findings, i)} == (
        {"t1", "t2", "t1+t2"} if flagged else set()
    )


def test_the_flag_names_the_population_and_both_values():
    message = flags(duplicates({}, {"b": 600}), "t1+t2")["DUPLICATES_DIFFER"]

    assert message.startswith(
        "B: 20 cells/µL in t1 and 30 cells/µL in t2 are 40 % apart, expected at most 10 %: look at"
    )


def test_each_two_of_three_duplicates_are_compared_in_what_a_summary_shows():
    headlines = tuple(replace(i, headline=i.population.endswith("B")) for i in TUBE_T.report)

    findings = duplicates({}, {}, {}, t=replace(TUBE_T, report=headlines))

    assert [(c.name, c.samples) for c in findings.checks] == [
        ("B", ("t1", "t2")),
        ("B", ("t1", "t3")),
        ("B", ("t2", "t3")),
    ]


def test_a_duplicate_whose_count_was_refused_is_compared_by_its_percentages():
    findings = duplicates({}, {"beads": 900, "b": 600}, {})

    units = {c.samples: "cells/µL" if "cells/µL" in c.in_words else "%" for c in findings.checks}
    assert units == {("t1", "t2"): "%", ("t1", "t3"): "cells/µL", ("t2", "t3"): "%"}
    assert [(c.name, c.samples) for c in findings.checks if c.verdict == "WARN"] == [
        ("B", ("t1", "t2")),
        ("B", ("t2", "t3")),
    ]


UNCOUNTED = {
    "DP_ALC": {"count_method": "DP_ALC", "alc_10e9_l": "1"},
    "DP_WBC": {"count_method": "DP_WBC", "wbc_10e9_l": "2"},
    "NONE": {"count_method": "NONE"},
    "SECOND_TUBE": {"count_method": "SECOND_TUBE"},
}


@pytest.mark.parametrize("kind", ["part", "replicate"])
@pytest.mark.parametrize("method", UNCOUNTED)
@pytest.mark.parametrize(("b", "flagged"), [((400, 8000), True), ((400, 420), False)])
def test_tubes_and_files_without_beads_or_volume_are_compared_by_percentages(method, kind, b, flagged):
    rows = [tube_row(f"t{i}", "T", **UNCOUNTED[method], **{kind: str(i)}) for i in (1, 2)]
    results = [replace(tube_t(b=n), sample_id=f"t{i}", sha256=f"{i}") for i, n in enumerate(b, start=1)]

    findings = found(results, *rows)

    code = {"part": "PARTS_DIFFER", "replicate": "DUPLICATES_DIFFER"}[kind]
    assert [c.name for c in findings.checks if c.verdict == "WARN"] == (["B"] if flagged else [])
    assert all((code in flags(findings, i)) == flagged for i in ("t1", "t2", "t1+t2"))
    if flagged:
        said = "B: 2 % of Singlets in t1 and 40 % of Singlets in t2 are 181 % apart, expected at most 10 %"
        assert flags(findings, "t1+t2")[code].startswith(said)


def test_a_percentage_is_that_of_the_first_denominator_and_of_no_events_there_is_none():
    of_cells = tuple(replace(i, percent_of=("Cells", "Cells/Singlets")) for i in TUBE_T.report)
    rows = [tube_row(f"t{i}", "T", count_method="NONE", replicate=str(i)) for i in (1, 2)]
    two = [replace(tube_t(cells=n), sample_id=f"t{i}", sha256=f"{i}") for i, n in ((1, 40_000), (2, 20_000))]
    none = replace(tube_t(cells=0, singlets=0, t=0, b=0), sample_id="t2", sha256="2")

    findings = found(two, *rows, t=replace(TUBE_T, report=of_cells))

    assert "1 % of Cells in t1 and 2 % of Cells in t2 are 67 % apart" in findings.checks[-1].in_words
    assert found([two[0], none], *rows).checks == ()


def test_files_of_one_tube_that_cannot_be_of_one_tube_are_told():
    rows = [tube_row(f"t{i}", "T", **BEADS, part=str(i)) for i in (1, 2)]
    files = [replace(tube_t(b=n), sample_id=f"t{i}", sha256=f"{i}") for i, n in ((1, 400), (2, 2000))]

    findings = found(files, *rows)

    assert [(c.kind, c.name, c.verdict) for c in findings.checks] == [("parts", "T", "PASS"), ("parts", "B", "WARN")]
    said = "B: 20 cells/µL in t1 and 100 cells/µL in t2 are 133 % apart, expected at most 10 %: are they"
    assert all(flags(findings, i)["PARTS_DIFFER"].startswith(said) for i in ("t1", "t2", "t1+t2"))


def test_files_of_one_tube_that_went_on_are_alike():
    rows = [tube_row(f"t{i}", "T", **BEADS, part=str(i)) for i in (1, 2)]
    half = tube_t(beads=5000, cells=10_000, singlets=10_000, t=1000, b=190)

    findings = found([replace(tube_t(), sample_id="t1"), replace(half, sample_id="t2", sha256="2")], *rows)

    assert {c.verdict for c in findings.checks} == {"PASS"}


def test_duplicates_are_asked_at_95_percent_and_tubes_of_a_draw_at_99():
    """22 % apart, where 95 % of chance ends at 20 % and 99 % at 26 %."""
    of_one_panel = duplicates({"b": 180}, {"b": 225})
    of_a_draw = two_tubes(b=225, t_b=180)

    [one] = [c for c in of_one_panel.checks if c.name == "B"]
    [other] = [c for c in of_a_draw.checks if c.name == "B"]
    assert one.value == pytest.approx(other.value)
    assert (one.verdict, other.verdict) == ("WARN", "PASS")
    assert one.chance_low > one.value > other.chance_low


def test_a_study_may_have_its_own_limits_for_duplicates():
    strict = CountRules(duplicates_percent=5)

    findings = duplicates({"t": 10_000}, {"t": 10_800}, counts=strict)

    assert [c.name for c in findings.checks if c.verdict == "WARN"] == ["T"]


# Tubes of one blood draw


def two_tubes(singlets_b=20_000, b=400, t_b=400, **cells):
    """Return what is found out of a tube T and a tube B that holds beads (10,000) of its own."""
    second = tube_b(singlets=singlets_b, b=b, pb=10_000)
    row = tube_row("b", "B", **BEADS)
    row = replace(row, columns=tuple((dict(row.columns) | cells).items()))
    return found([tube_t(b=t_b), second], tube_row("t", "T", **BEADS), row, b=OWN_B)


def test_the_same_cells_in_two_counted_tubes_of_one_draw_are_compared():
    findings = two_tubes()

    compared = [(c.kind, c.name, c.samples, c.value) for c in findings.checks]
    assert compared == [("tubes", "Singlets", ("t", "b"), 0), ("tubes", "B", ("t", "b"), 0)]
    assert all("TUBES_DIFFER" not in flags(findings, i) for i in ("t", "b"))


def test_tubes_that_cannot_be_of_one_draw_are_both_told():
    findings = two_tubes(singlets_b=25_000)

    told = flags(findings, "t")["TUBES_DIFFER"]
    assert told.startswith("Singlets: 1000 cells/µL in t and 1250 cells/µL in b are 22 % apart, expected at most 20 %")
    assert flags(findings, "b")["TUBES_DIFFER"] == told


@pytest.mark.parametrize(
    "cells", [{"specimen_id": "P1-D28"}, {"subject_id": "P2"}, {"count_method": "NONE"}, {"control": "process"}]
)
def test_tubes_are_not_compared_across_draws_nor_with_one_that_is_not_counted(cells):
    assert two_tubes(**cells).checks == ()


# Cytometer and analyser


@pytest.mark.parametrize(("alc", "flagged"), [("1.0", False), ("1.24", False), ("1.3", True), ("0.79", True)])
def test_cells_by_beads_are_compared_with_the_blood_count_of_the_same_row(alc, flagged):
    findings = found([tube_t()], tube_row("t", "T", **BEADS, alc_10e9_l=alc))

    [check] = findings.checks
    assert (check.kind, check.name, check.value) == ("platforms", "Singlets", pytest.approx(1 / float(alc)))
    assert ("PLATFORMS_DIFFER" in flags(findings, "t")) == flagged
    if flagged:
        assert f"1000 cells/µL by SP_BEAD, and {1000 * float(alc):g} by the blood count (alc_10e9_l)" in check.in_words


def test_few_lymphocytes_may_differ_from_the_blood_count_by_chance():
    findings = found([tube_t(cells=30, singlets=30, t=20, b=5)], tube_row("t", "T", **BEADS, alc_10e9_l="0.0022"))

    [check] = findings.checks
    assert (round(check.value, 2), check.verdict) == (0.68, "PASS")


def test_white_blood_cells_are_compared_too_and_what_the_template_does_not_name_is_not():
    row = tube_row("t", "T", **BEADS, alc_10e9_l="1", wbc_10e9_l="2")

    both = found([tube_t(cells=40_000)], row)
    none = found([tube_t()], row, t=replace(TUBE_T, counting=Counting(beads="Beads")))

    assert [c.name for c in both.checks] == ["Singlets", "Cells"]
    assert none.checks == ()


def test_a_count_that_was_refused_is_compared_with_nothing():
    assert found([tube_t(beads=0)], tube_row("t", "T", **BEADS, alc_10e9_l="1")).checks == ()


# How often a check is wrong, and how often right


def alarms(a, b, *, tolerance=0.10):
    """Return how many of many pairs of concentrations differ."""
    return float(np.mean(estimates_differ(a.estimate, b.estimate, tolerance=tolerance)))


@pytest.mark.parametrize("mean", [0.5, 3, 12, 40, 150, 600, 3000, 20_000])
def test_two_tubes_of_one_blood_are_hardly_ever_told_apart(mean):
    rng, n = np.random.default_rng(11), 6000
    tube = {"beads_per_tube": 50_000, "sample_volume_ul": 100, "level": 0.99}
    beads = [from_beads(rng.poisson(mean, n), rng.poisson(3000, n), **tube) for _ in range(2)]
    volume = {"vol_acquired_nl": 80_000, "dilution_factor": 10, "level": 0.99}
    volumes = [from_volume(rng.poisson(mean, n), **volume) for _ in range(2)]

    assert max(alarms(*beads), alarms(*beads, tolerance=0.2), alarms(*volumes)) < 0.0145  # 1 %, and 3.5 standard errors


def test_two_tubes_of_which_one_holds_twice_the_cells_are_told():
    rng = np.random.default_rng(12)
    tube = {"beads_per_tube": 50_000, "sample_volume_ul": 100, "level": 0.99}
    one = from_beads(rng.poisson(150, 4000), rng.poisson(5000, 4000), **tube)
    other = from_beads(rng.poisson(300, 4000), rng.poisson(5000, 4000), **tube)

    assert alarms(one, other) > 0.99


@pytest.mark.parametrize("whole", [5, 30, 100, 400, 2000, 20_000])
@pytest.mark.parametrize("share", [0.95, 1.0])
def test_parts_that_are_on_target_are_hardly_ever_told(whole, share):
    rng = np.random.default_rng(13)

    assert np.mean(sum_differs(rng.binomial(whole, share, 50_000), whole)) < 0.0065  # half of 1 % on each side
    twice = rng.poisson(0.05 * whole, 50_000)  # counted as two kinds
    assert np.mean(sum_differs(whole + twice, whole)) < 0.0065


def test_a_sum_that_lacks_a_fifth_of_the_cells_is_told():
    rng = np.random.default_rng(14)

    assert np.mean(sum_differs(rng.binomial(500, 0.8, 5000), 500)) > 0.99


@pytest.mark.parametrize("mean", [10, 100, 1000])
def test_an_analyser_that_agrees_is_hardly_ever_told(mean):
    rng = np.random.default_rng(15)
    found = from_volume(rng.poisson(mean, 50_000), vol_acquired_nl=80_000, dilution_factor=10, level=0.99).estimate
    truth = mean / 8

    outside = (found.low > truth) | (found.high < truth)
    far = (found.value / truth < 0.8) | (found.value / truth > 1.25)
    assert np.mean(outside & far) < 0.0115


@given(st.tuples(*[st.integers(0, 4000)] * 2), st.tuples(*[st.integers(1000, 9000)] * 2))
def test_a_difference_is_told_where_the_rule_for_two_estimates_says_so(b, beads):
    assume(sum(b))
    findings = duplicates({"b": b[0], "beads": beads[0]}, {"b": b[1], "beads": beads[1]})
    [check] = [c for c in findings.checks if c.name == "B"]
    tube = {"beads_per_tube": 50_000, "sample_volume_ul": 100, "level": 0.95}
    one, other = (from_beads([n], [m], **tube).estimate for n, m in zip(b, beads, strict=True))

    told = estimates_differ(one, other, tolerance=0.25 if min(b) < 100 else 0.10)

    assert isinstance(one, Estimate)
    assert (check.verdict == "WARN") == bool(told[0])


# The table


TEMPLATE = """\
template: T
version: 1
markers: [CD19]
compensation: none
populations:
  - {name: B, above: {channel: CD19, cut: 100}}
  - {name: Other, below: {channel: CD19, cut: 50}}
checks: {sums: [{name: all cells, of: root, parts: [B, Other]}]}
"""


def test_a_run_writes_what_it_compared(tmp_path):
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "study.yaml").write_text("study: small\ntemplate: t.yaml\n", encoding="utf-8")
    (tmp_path / "manifest.csv").write_text("sample_id,file\none,f.fcs\n", encoding="utf-8")
    fcs_file(tmp_path / "f.fcs", {"PE-A": np.repeat([500, 70, 9], [300, 150, 550])}, labels={"PE-A": "CD19"})

    run_study(read_study(tmp_path / "study.yaml"), tmp_path / "out")

    with (tmp_path / "out/checks.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert {k: row[k] for k in ("check", "name", "samples", "value", "low", "high", "unit", "verdict")} == {
        "check": "sum",
        "name": "all cells",
        "samples": "one",
        "value": "85",
        "low": "90",
        "high": "110",
        "unit": "%",
        "verdict": "WARN",
    }
    assert row["comment"].startswith("all cells: 300 B + 550 Other are 850 of 1000 root (85.0 %)")
    record = json.loads((tmp_path / "out/record.json").read_text(encoding="utf-8"))
    assert [f["code"] for f in record["samples"][0]["flags"]] == ["SUM_OUTSIDE"]
    assert "checks.csv" in record["outputs"]
