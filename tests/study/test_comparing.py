"""Numbers beside the lab's reference ranges and the subject's own baseline, in whole small studies."""

import math
from dataclasses import replace

import pytest

from cytoproc.model.results import SampleResult
from cytoproc.study.reference_ranges import ReferenceRange, ReferenceRanges
from cytoproc.study.results import collect
from cytoproc.study.subjects import Subject, Subjects
from tests.study.counted import BEADS, TUBE_T, result_of, sample_of, study_of, tube_t

PATHS = ("Beads", "Cells", "Cells/Singlets", "Cells/Singlets/T", "Cells/Singlets/B")
P1 = {"subject_id": "P1", "collected_at": "2024-03-22"}
B_CELLS = ReferenceRange("B", "ABS", "lab 2024", low=30, high=100)
B_PERCENT = ReferenceRange("B", "PCT", "lab 2024", "Singlets", low=1, high=2)


def numbers_of(sample_id, b, cells=20_000, beads=10_000):
    return result_of(sample_id, PATHS, (beads, cells, 20_000, 2000, b))


def rows_of(results, study):
    return {
        (r.sample_id, r.population_label, r.statistic, r.denominator_id.rpartition("/")[2].removesuffix("Beads")): r
        for r in collect(results, study)
    }


def study_with(*ranges, subjects=(), samples=None, **more):
    samples = samples or [sample_of("t", "T", **P1, **BEADS)]
    known = Subjects({s.subject_id: s for s in subjects})
    return study_of(*samples, references=ReferenceRanges(ranges), subjects=known, **more)


# Reference ranges


def test_a_number_stands_beside_its_range_and_on_which_side_of_it():
    study = study_with(B_CELLS, B_PERCENT)

    rows = rows_of([tube_t(b=400)], study)  # 20 cells/µL, and 2 % of the singlets

    cells, percent = rows["t", "B", "ABS", ""], rows["t", "B", "PCT", "Singlets"]
    assert (cells.value_reported, cells.reference_low, cells.reference_high) == (20, 30, 100)
    assert (cells.ref_indicator, cells.ref_source) == ("LOW", "lab 2024")
    assert (percent.value_reported, percent.ref_indicator) == (2, "NORMAL")  # the ends belong to the range
    assert {r.ref_source for key, r in rows.items() if r not in {cells, percent}} == {""}
    assert cells.qc_flags == ""


@pytest.mark.parametrize(
    ("low", "high", "b", "indicator"),
    [
        (-math.inf, 19.9, 400, "HIGH"),
        (-math.inf, 20, 400, "NORMAL"),
        (30, math.inf, 400, "LOW"),
        (30, 100, 0, "LOW"),  # not detected, and the upper limit 0.18 is below 30
        (0.1, 100, 0, ""),  # not detected, but up to 0.18 would be normal
        (30, 100, 30, "LOW"),  # seen, no number: the upper end of the interval is below 30
        (1.6, 100, 30, ""),  # BLQ from 1.01 to 2.14
        (-math.inf, 1, 30, ""),  # a number that may not be reported is never high
    ],
)
def test_what_has_no_number_is_low_only_if_its_upper_limit_is(low, high, b, indicator):
    row = rows_of([tube_t(b=b)], study_with(replace(B_CELLS, low=low, high=high)))["t", "B", "ABS", ""]

    assert row.ref_indicator == indicator
    assert math.isnan(row.reference_low) == (low == -math.inf)


def test_a_range_is_that_of_the_subjects_sex_and_age_at_the_draw():
    children, adults = replace(B_CELLS, low=1, age_to_years=18), replace(B_CELLS, low=2, age_from_years=18)
    born = {"on the day": "2006-03-22", "a day later": "2006-03-23"}

    found = {
        what: rows_of([tube_t()], study_with(children, adults, subjects=[Subject("P1", birth_date=date)]))
        for what, date in born.items()
    }

    assert {what: rows["t", "B", "ABS", ""].reference_low for what, rows in found.items()} == {
        "on the day": 2,
        "a day later": 1,
    }


@pytest.mark.parametrize(
    ("subject", "columns", "unknown"),
    [
        (Subject("P1"), P1, "sex and age of the subject are not known"),
        (Subject("P1", sex="F"), P1, "age of the subject is not known"),
        (Subject("P1", sex="F", birth_date="1984-05-04"), {"subject_id": "P1"}, "age of the subject is not known"),
        (Subject("P1", age_years=40), P1, "sex of the subject is not known"),
    ],
)
def test_a_range_that_depends_on_what_is_not_known_is_not_given_and_the_sample_says_so(subject, columns, unknown):
    women = replace(B_CELLS, sex="F", age_from_years=18)
    study = study_with(women, subjects=[subject], samples=[sample_of("t", "T", **columns, **BEADS)])

    row = rows_of([tube_t()], study)["t", "B", "ABS", ""]

    assert math.isnan(row.reference_low)
    assert (row.qc_flags, row.qc_status) == ("REFERENCE_NOT_CHOSEN", "PASS")
    assert row.comment.startswith("the reference ranges of B depend on sex or age, and ")
    assert unknown in row.comment


def test_a_range_for_others_is_neither_given_nor_missed():
    row = rows_of([tube_t()], study_with(replace(B_CELLS, sex="F"), subjects=[Subject("P1", sex="M")]))

    assert (row["t", "B", "ABS", ""].ref_source, row["t", "B", "ABS", ""].qc_flags) == ("", "")


def test_a_range_of_what_the_sample_does_not_report_is_not_missed():
    women = replace(B_CELLS, sex="F")
    study = study_with(women, samples=[sample_of("t", "T", subject_id="P1", count_method="NONE")])

    assert "REFERENCE_NOT_CHOSEN" not in rows_of([tube_t()], study)["t", "B", "COUNT", ""].qc_flags


def test_a_control_has_no_range_and_no_baseline():
    samples = [sample_of("t", "T", visit="BL", control="fmo:CD3", **P1)]

    rows = rows_of([tube_t()], study_with(B_PERCENT, replace(B_CELLS, sex="F"), samples=samples, baseline="BL"))

    assert {(r.ref_source, r.qc_flags, math.isnan(r.baseline_value)) for r in rows.values()} == {("", "", True)}


# The subject's own baseline


def visit(sample_id, name, **columns):
    cells = {"template": "T", "subject_id": "P1", "visit": name, "tube": "T"} | BEADS | columns
    return replace(sample_of(sample_id, "T"), columns=tuple(cells.items()))


def test_a_number_stands_beside_the_change_from_the_subjects_own_baseline():
    study = study_of(visit("bl", "BL"), visit("d14", "D14"), baseline="BL")

    rows = rows_of([numbers_of("bl", 400), numbers_of("d14", 100)], study)

    found = {
        key[1:]: (r.baseline_value, r.change, r.change_pct)
        for key, r in rows.items()
        if key[0] == "d14" and key[1] == "B" and key[2] != "COUNT"
    }
    assert found == {("B", "ABS", ""): (20, -15, -75), ("B", "PCT", "Singlets"): (2, -1.5, -75)}
    first = rows["bl", "B", "ABS", ""]
    assert (first.baseline_value, first.change, first.change_pct) == (20, 0, 0)


def test_counts_of_events_have_no_change_since_they_depend_on_how_long_was_measured():
    rows = rows_of(
        [numbers_of("bl", 400), numbers_of("d14", 100)],
        study_of(visit("bl", "BL"), visit("d14", "D14"), baseline="BL"),
    )

    assert math.isnan(rows["d14", "B", "COUNT", ""].baseline_value)


@pytest.mark.parametrize(("before", "after", "known"), [(30, 400, (False, False)), (400, 30, (True, False))])
def test_there_is_a_change_only_between_two_numbers_that_may_be_reported(before, after, known):
    study = study_of(visit("bl", "BL"), visit("d14", "D14"), baseline="BL")

    row = rows_of([numbers_of("bl", before), numbers_of("d14", after)], study)["d14", "B", "ABS", ""]

    assert (not math.isnan(row.baseline_value), not math.isnan(row.change)) == known


@pytest.mark.parametrize(
    "other",
    [
        {"subject_id": "P2"},
        {"subject_id": ""},
        {"tube": "U"},
        {"visit": "SCR"},
        {"control": "pre_infusion"},
    ],
)
def test_a_baseline_is_of_the_same_subject_tube_and_visit_and_no_control(other):
    study = study_of(visit("bl", "BL", **other), visit("d14", "D14"), baseline="BL")

    rows = rows_of([numbers_of("bl", 400), numbers_of("d14", 100)], study)

    assert math.isnan(rows["d14", "B", "ABS", ""].baseline_value)


def test_a_baseline_is_of_the_same_version_of_the_template():
    study = study_of(
        visit("bl", "BL"), visit("d14", "D14", template="B"), b=replace(TUBE_T, version="2"), baseline="BL"
    )

    rows = rows_of([numbers_of("bl", 400), numbers_of("d14", 100)], study)

    assert math.isnan(rows["d14", "B", "ABS", ""].baseline_value)


def test_of_two_baselines_none_is_taken_and_every_sample_says_so():
    study = study_of(visit("bl", "BL"), visit("again", "BL"), visit("d14", "D14"), baseline="BL")

    rows = rows_of([numbers_of(name, 400) for name in ("bl", "again", "d14")], study)

    assert {r.qc_flags for r in rows.values()} == {"BASELINE_AMBIGUOUS"}
    assert all(math.isnan(r.baseline_value) for r in rows.values())
    assert "bl and again are both this subject's 'BL' of this tube" in rows["d14", "B", "ABS", ""].comment


def test_a_file_that_failed_is_no_baseline():
    study = study_of(visit("bl", "BL"), visit("again", "BL"), visit("d14", "D14"), baseline="BL")
    failed = SampleResult("bl", "bl.fcs", error_code="FCS_EMPTY", error="empty")

    rows = rows_of([failed, numbers_of("again", 400), numbers_of("d14", 100)], study)

    assert rows["d14", "B", "ABS", ""].baseline_value == 20
