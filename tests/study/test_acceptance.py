"""Samples that are not fit for a count: few live cells, old blood, cells that were taken out of the blood."""

import pytest

from cytoproc.study.results import collect
from cytoproc.templates.reading import parse_template
from tests.study.counted import BEADS, DRAW, TUBE_B, result_of, sample_of, study_of, tube_b, tube_t

TEMPLATE = parse_template("""\
template: fit
version: "1"
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: Cells, below: {channel: SSC-A, cut: 200000}}
  - {name: Live, parent: Cells, below: {channel: Viability, cut: 1000}}
markers: [Viability]
counting: {beads: Beads, lymphocytes: Live}
acceptance:
  viability: {population: Live, of: Cells, warn_below: 85, refuse_below: 70}
  delay_h: {warn_above: 24, refuse_above: 48}
report:
  - {population: Live, percent_of: [Cells], concentration: true}
""")


def judged(live=9500, begin="2024-01-31T12:00:00", **columns):
    """Return status and value of concentration and percentage, and the quality of the sample."""
    given = BEADS | {"collected_at": "2024-01-31T09:30"} | columns
    result = result_of("t", ("Beads", "Cells", "Cells/Live"), (10_000, 10_000, live), acquisition=(("begin", begin),))
    rows = {
        r.statistic: r
        for r in collect([result], study_of(sample_of("t", "T", **given), t=TEMPLATE))
        if r.population_label == "Live"
    }
    assert rows["PCT"].status == "QUANT"
    return rows.get("ABS"), rows["PCT"]


@pytest.mark.parametrize(
    ("live", "status", "quality", "code"),
    [
        (8500, "QUANT", "PASS", ""),
        (8499, "QUANT", "WARN", "VIABILITY_LOW"),
        (7000, "QUANT", "WARN", "VIABILITY_LOW"),
        (6999, "INVALID", "FAIL", "VIABILITY_LOW"),
    ],
)
def test_too_few_live_cells_are_told_and_far_too_few_refuse_the_concentration(live, status, quality, code):
    cells, percent = judged(live)

    assert (cells.status, cells.qc_status, cells.qc_flags) == (status, quality, code)
    assert percent.value_reported == pytest.approx(live / 100)


@pytest.mark.parametrize(
    ("begin", "status", "quality", "code"),
    [
        ("2024-02-01T09:30:00", "QUANT", "PASS", ""),
        ("2024-02-01T09:31:00", "QUANT", "WARN", "STAIN_DELAY"),
        ("2024-02-02T09:30:00", "QUANT", "WARN", "STAIN_DELAY"),
        ("2024-02-02T09:31:00", "INVALID", "FAIL", "STAIN_DELAY"),
        ("2024-01-31T09:00:00", "QUANT", "WARN", "MEASURED_BEFORE_DRAWN"),
        ("2024-01-30T09:30:00", "QUANT", "WARN", "MEASURED_BEFORE_DRAWN"),
        ("2024-01-30T09:29:00", "INVALID", "FAIL", "MEASURED_BEFORE_DRAWN"),
        ("", "QUANT", "PASS", ""),
    ],
)
def test_old_blood_is_told_and_too_old_blood_is_refused(begin, status, quality, code):
    cells, _ = judged(begin=begin)

    assert (cells.status, cells.qc_status, cells.qc_flags) == (status, quality, code)


def test_a_date_alone_is_taken_for_its_last_moment_and_a_zone_for_the_clock_on_the_wall():
    assert judged(begin="2024-02-01T23:00:00", collected_at="2024-01-31")[0].qc_flags == ""
    assert judged(begin="2024-02-02T01:00:00", collected_at="2024-01-31")[0].qc_flags == "STAIN_DELAY"
    assert judged(begin="2024-01-31T08:00:00", collected_at="2024-01-31")[0].qc_flags == ""
    assert judged(begin="2024-01-31T10:00:00", collected_at="2024-01-31T09:30:00+05:00")[0].qc_flags == ""


def test_what_makes_a_sample_unfit_is_told_also_where_nothing_is_counted():
    _, percent = judged(6000, count_method="NONE")

    assert (percent.qc_status, percent.qc_flags) == ("FAIL", "VIABILITY_LOW;CONCENTRATION_NOT_GIVEN")


def test_a_control_is_not_judged():
    _, percent = judged(1000, control="unstained")

    assert percent.qc_status == "PASS"


@pytest.mark.parametrize("kind", ["pbmc", "thawed_pbmc", "other"])
def test_cells_that_were_taken_out_of_blood_have_no_concentration_in_it(kind):
    cells, percent = judged(specimen_type=kind)

    assert (cells.status, cells.qc_flags) == ("INVALID", "SPECIMEN_NOT_BLOOD")
    assert f"specimen_type {kind} has no concentration in blood by SP_BEAD" in cells.comment
    assert percent.value_reported == 95


def test_a_blood_count_may_be_shared_out_over_them_with_a_note():
    cells, _ = judged(specimen_type="pbmc", count_method="DP_ALC", alc_10e9_l="1.5")

    assert (cells.status, cells.qc_flags) == ("QUANT", "SPECIMEN_NOT_BLOOD")


def test_a_second_tube_of_cells_that_were_taken_out_of_blood_is_refused_too():
    second = sample_of("b", "B", count_method="SECOND_TUBE", specimen_type="pbmc", **DRAW)
    study = study_of(sample_of("t", "T", **BEADS, **DRAW), second, b=TUBE_B)

    rows = [r for r in collect([tube_t(), tube_b()], study) if r.sample_id == "b" and r.statistic == "ABS"]

    assert {(r.status, r.qc_flags) for r in rows} == {("INVALID", "SPECIMEN_NOT_BLOOD")}
