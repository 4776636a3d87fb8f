"""The rows of the long table, from counts chosen by hand."""

import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from cytoproc.model.results import Intensity, PopulationCount, QCFlag, Repair, SampleResult, Severity
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Manifest, Sample
from cytoproc.study.results import collect
from cytoproc.study.subjects import Subject, Subjects
from cytoproc.templates.reading import parse_template

TEMPLATE = parse_template("""\
template: by hand
version: "1.10"
markers: [CD3, CAR]
limits: {lod_events: 20, lloq_events: 50}
populations:
  - {name: Live, above: {channel: FSC-A, cut: 10}}
  - {name: CD4/CD8, parent: Live, above: {channel: CD3, cut: 100}}
  - {name: CAR, parent: CD4/CD8, above: {channel: CAR, cut: 50}}
report:
  - {population: CAR, percent_of: [Live, CD4/CD8], intensity: [{channel: CAR}]}
""")
COLUMNS = (("sample_id", "001"), ("subject_id", "P1"), ("visit", "D14"), ("day", "14"), ("tube", "T"), ("site", "own"))
SAMPLE = Sample("001", Path("a.fcs"), "a.fcs", COLUMNS)
CAR = "Live/CD4\\/CD8/CAR"
OF_CONCENTRATIONS = (
    "n_beads",
    "beads_per_tube",
    "sample_volume_ul",
    "dilution_factor",
    "vol_acquired_nl",
    "v_eff_ul",
    "singlet_loss_pct",
)
NUMBERS_NOT_KNOWN = (
    "study_day",
    "actual_days_post_infusion",
    "background_events",
    "lob_events",
    "lod_exact_events",
    "reference_low",
    "reference_high",
    "baseline_value",
    "change",
    "change_pct",
)
TEXTS_NOT_KNOWN = (
    "site_id",
    "visit_num",
    "infusion_dtc",
    "panel_id",
    "panel_version",
    "operator",
    "reviewer",
    "pooled_from",
    "background_source",
    "ref_indicator",
    "ref_source",
    "analyst_signature_id",
)


def study_of(*samples, level=0.95):
    return Study("trial", Manifest(samples or (SAMPLE,)), {"": TEMPLATE}, level)


def result_of(n_events=1000, live=800, t=400, car=80, **more):
    counts = (
        PopulationCount("root", "", n_events, n_events),
        PopulationCount("Live", "root", live, n_events),
        PopulationCount("Live/CD4\\/CD8", "Live", t, live, "FILE"),
        PopulationCount(CAR, "Live/CD4\\/CD8", car, t),
    )
    intensities = (Intensity(CAR, "CAR", "median", 123.5 if car else math.nan),)
    result = SampleResult("001", "a.fcs", "f" * 64, "by hand", n_events, counts, intensities)
    return replace(result, acquisition=(("instrument", "Analyser"),), **more)


def rows_of(result, **more):
    return {(r.population_label, r.statistic, r.denominator_id): r for r in collect([result], study_of(**more))}


def test_every_population_has_its_count_its_percentages_and_what_the_report_asks():
    rows = rows_of(result_of())

    assert {key: (r.value_raw, r.unit) for key, r in rows.items()} == {
        ("root", "COUNT", ""): (1000, "events"),
        ("Live", "COUNT", ""): (800, "events"),
        ("Live", "PCT", "root"): (80, "%"),
        ("CD4/CD8", "COUNT", ""): (400, "events"),
        ("CD4/CD8", "PCT", "Live"): (50, "%"),
        ("CAR", "COUNT", ""): (80, "events"),
        ("CAR", "PCT", "Live/CD4\\/CD8"): (20, "%"),
        ("CAR", "PCT", "Live"): (10, "%"),
        ("CAR", "MFI", ""): (123.5, "linear"),
    }


def test_a_percentage_carries_all_that_is_needed_to_judge_it():
    row = rows_of(result_of())["CAR", "PCT", "Live"]

    found = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in asdict(row).items()}
    assert (round(found.pop("ci_low"), 3), round(found.pop("ci_high"), 3)) == (8.009, 12.291)
    assert found.pop("software_version")
    assert len(found.pop("run_id")) == 16
    assert found.pop("result_id") == f"001|{CAR}|PCT|Live"
    assert found.pop("cv_pct") == pytest.approx(100 * math.sqrt(0.9 / 80))
    assert {found.pop(name) for name in (*OF_CONCENTRATIONS, *NUMBERS_NOT_KNOWN)} == {None}
    assert {found.pop(name) for name in TEXTS_NOT_KNOWN} == {""}
    assert found == {
        "study_id": "trial",
        "sample_id": "001",
        "subject_id": "P1",
        "specimen_id": "",
        "visit": "D14",
        "nominal_day": "14",
        "collection_dtc": "",
        "tube_id": "T",
        "control": "",
        "template_id": "by hand",
        "template_version": "1.10",
        "gate_source": "LOCKED",
        "batch_id": "",
        "instrument": "Analyser",
        "fcs_file": "a.fcs",
        "fcs_sha256": "f" * 64,
        "population_id": CAR,
        "population_label": "CAR",
        "parent_id": "Live/CD4\\/CD8",
        "denominator_id": "Live",
        "statistic": "PCT",
        "marker": "",
        "value_raw": 10.0,
        "value_reported": 10.0,
        "value_char": "10",
        "unit": "%",
        "n_events": 80,
        "n_parent": 400,
        "n_denominator": 800,
        "ci_method": "clopper-pearson",
        "ci_level": 0.95,
        "lod_events": 20,
        "lloq_events": 50,
        "lod_value": 2.5,
        "lloq_value": 6.25,
        "count_method": "",
        "counted_in": "",
        "status": "QUANT",
        "qc_status": "PASS",
        "qc_flags": "",
        "comment": "",
        "marker_string": "CD3+CAR+",
        "result_state": "preliminary",
        "own": (),
    }


def test_the_labs_own_columns_are_carried_through_as_written():
    study = Study("trial", Manifest((SAMPLE,), ("site",)), {"": TEMPLATE})

    rows = collect([result_of()], study)

    assert {r.own for r in rows} == {(("site", "own"),)}


@pytest.mark.parametrize(
    ("t", "car", "status", "reported", "in_words"),
    [
        (400, 50, "QUANT", 12.5, "12.5"),
        (400, 49, "BLQ", None, "<12.5 %"),  # 50 of 400
        (400, 20, "BLQ", None, "<12.5 %"),
        (400, 19, "ND", None, "19 events, below detection limit; upper limit 7.32 %"),
        (400, 0, "ND", None, "0 events, below detection limit; upper limit 0.918 %"),
        (49, 49, "NOT_EVALUABLE", None, "not evaluable (49 parent events)"),
        (0, 0, "NOT_EVALUABLE", None, "not evaluable (0 parent events)"),
    ],
)
def test_a_percentage_is_reported_only_where_enough_events_stand_behind_it(t, car, status, reported, in_words):
    row = rows_of(result_of(t=t, car=car))["CAR", "PCT", "Live/CD4\\/CD8"]

    assert (row.status, row.value_char) == (status, in_words)
    assert row.value_reported == reported if reported else math.isnan(row.value_reported)
    assert row.value_raw == pytest.approx(100 * car / t) if t else math.isnan(row.value_raw)


def test_none_of_a_large_parent_is_zero_with_an_upper_limit():
    row = rows_of(result_of(car=0))["CAR", "PCT", "Live/CD4\\/CD8"]

    assert (row.value_raw, row.ci_low) == (0, 0)
    assert row.ci_high == pytest.approx(100 * (1 - 0.025 ** (1 / 400)))  # (1 - p)^400 = 0.025


def test_a_percentage_of_nothing_has_no_interval():
    row = rows_of(result_of(t=0, car=0))["CAR", "PCT", "Live/CD4\\/CD8"]

    assert (row.ci_method, row.n_denominator) == ("", 0)
    assert all(math.isnan(x) for x in (row.value_raw, row.ci_low, row.ci_high, row.ci_level))


@pytest.mark.parametrize(
    ("car", "status", "in_words"), [(80, "QUANT", "80"), (30, "BLQ", "30 events"), (3, "ND", "3 events")]
)
def test_a_count_has_the_status_of_its_events_whatever_its_parent(car, status, in_words):
    row = rows_of(result_of(t=car, car=car))["CAR", "COUNT", ""]

    assert (row.value_raw, row.status, row.value_char) == (car, status, in_words)


def test_the_intensity_of_an_empty_population_is_no_number():
    row = rows_of(result_of(car=0))["CAR", "MFI", ""]

    assert (row.marker, row.status, row.value_char) == ("CAR median", "ND", "0 events")
    assert math.isnan(row.value_raw)


def test_the_confidence_level_is_that_of_the_study():
    wide, narrow = (rows_of(result_of(), level=x)["CAR", "PCT", "Live"] for x in (0.99, 0.8))

    assert (wide.ci_level, narrow.ci_level) == (0.99, 0.8)
    assert wide.ci_low < narrow.ci_low < 10 < narrow.ci_high < wide.ci_high


def test_a_gate_found_in_the_file_says_so():
    rows = rows_of(result_of())

    assert {r.gate_source for (label, _, _), r in rows.items() if label == "CD4/CD8"} == {"FILE"}


def test_no_percentage_is_given_of_what_does_not_contain_the_population():
    rows = rows_of(result_of(not_contained=((CAR, "Live"),), flags=(QCFlag("NOT_CONTAINED", "2 events are not in"),)))

    assert ("CAR", "PCT", "Live") not in rows
    assert ("CAR", "PCT", "Live/CD4\\/CD8") in rows


def test_flags_and_repairs_stand_in_every_row_of_their_sample():
    flags = (QCFlag("GATE_FALLBACK", "a: few"), QCFlag("GATE_FALLBACK", "b: few"))

    rows = rows_of(result_of(flags=flags, repairs=(Repair("FCS_LATIN1", "TEXT is not UTF-8"),)))

    assert {(r.qc_status, r.qc_flags, r.comment) for r in rows.values()} == {
        ("WARN", "GATE_FALLBACK;FCS_LATIN1", "a: few; b: few")
    }


def test_a_file_that_could_not_be_processed_is_one_invalid_row_with_the_reason():
    failed = SampleResult(
        "001", "a.fcs", template="by hand", error_code="FCS_TRUNCATED", error="a.fcs: cut.\n  Copy it."
    )

    [row] = collect([failed], study_of())

    assert (row.status, row.qc_status, row.qc_flags) == ("INVALID", "FAIL", "FCS_TRUNCATED")
    assert (row.subject_id, row.statistic, row.population_id, row.value_char) == ("P1", "", "", "invalid")
    assert row.comment == "a.fcs: cut.; Copy it."
    assert all(math.isnan(x) for x in (row.value_raw, row.value_reported, row.n_events, row.ci_low, row.lod_events))


def test_rows_come_in_the_order_of_the_results_and_name_no_result_twice():
    samples = (SAMPLE, Sample("s2", Path("b.fcs"), "b.fcs"))
    results = [replace(result_of(), sample_id="s2"), result_of()]

    rows = collect(results, study_of(*samples))

    assert list(dict.fromkeys(r.sample_id for r in rows)) == ["s2", "001"]
    assert len({r.result_id for r in rows}) == len(rows)


def test_a_study_whose_files_all_failed_has_its_rows():
    failed = SampleResult("001", "a.fcs", error_code="FCS_EMPTY", error="empty")

    assert len(collect([failed], study_of())) == 1


def test_limits_stand_in_the_unit_of_the_percentage_and_only_there():
    rows = rows_of(result_of(t=0, car=0))

    assert (rows["Live", "PCT", "root"].lod_value, rows["Live", "PCT", "root"].lloq_value) == (2, 5)  # 20, 50 of 1000
    for empty in (rows["CAR", "PCT", "Live/CD4\\/CD8"], rows["Live", "COUNT", ""], rows["CAR", "MFI", ""]):
        assert math.isnan(empty.lod_value)
        assert math.isnan(empty.lloq_value)


@pytest.mark.parametrize(
    ("severity", "quality"), [(Severity.INFO, "PASS"), (Severity.WARN, "WARN"), (Severity.FAIL, "FAIL")]
)
def test_a_note_is_no_warning_and_a_warning_no_failure(severity, quality):
    rows = rows_of(result_of(flags=(QCFlag("CODE", "words", severity),)))

    assert {(r.qc_status, r.qc_flags) for r in rows.values()} == {(quality, "CODE")}


def test_what_is_known_of_the_subject_and_the_panel_stands_in_every_row():
    given = {"visit_num": "3", "collected_at": "2024-03-22T12:00", "panel_id": "T8", "panel_version": "2"}
    sample = replace(SAMPLE, columns=(*COLUMNS, *given.items(), ("operator", "ab")))
    subjects = Subjects({"P1": Subject("P1", infused_at="2024-03-08T18:00")})
    study = replace(study_of(sample), subjects=subjects, site_id="Basel")

    rows = collect([result_of()], study)

    names = ("site_id", "visit_num", "infusion_dtc", "study_day", "actual_days_post_infusion")
    assert {tuple(getattr(r, n) for n in names) for r in rows} == {("Basel", "3", "2024-03-08T18:00", 15, 13.75)}
    assert {(r.panel_id, r.panel_version, r.operator, r.result_state) for r in rows} == {
        ("T8", "2", "ab", "preliminary")
    }


def test_the_site_of_the_subject_goes_before_that_of_the_study():
    subjects = Subjects({"P1": Subject("P1", site_id="Bern")})

    rows = collect([result_of()], replace(study_of(), subjects=subjects, site_id="Basel"))

    assert {r.site_id for r in rows} == {"Bern"}


def test_the_name_of_an_operator_is_never_taken_from_the_file():
    rows = rows_of(replace(result_of(), acquisition=(("instrument", "Analyser"), ("operator", "somebody"))))

    assert {r.operator for r in rows.values()} == {""}


@pytest.mark.parametrize(("t", "car", "cv"), [(400, 80, 100 * math.sqrt(0.8 / 80)), (400, 400, 0), (400, 0, None)])
def test_the_cv_of_a_percentage_is_that_of_a_binomial_share(t, car, cv):
    row = rows_of(result_of(t=t, car=car))["CAR", "PCT", "Live/CD4\\/CD8"]

    assert math.isnan(row.cv_pct) if cv is None else row.cv_pct == pytest.approx(cv)


def test_all_rows_of_a_run_have_its_id():
    samples = (SAMPLE, Sample("s2", Path("b.fcs"), "b.fcs"))

    rows = collect([result_of(), replace(result_of(), sample_id="s2")], study_of(*samples))

    assert len({r.run_id for r in rows}) == 1
