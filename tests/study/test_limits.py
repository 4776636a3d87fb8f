"""By how many events the numbers of each sample are judged."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv

from cytoproc.study.assay_limits import AssayLimit, AssayLimits
from cytoproc.study.counting import find_tubes
from cytoproc.study.definition import Study
from cytoproc.study.limits import find_limits
from cytoproc.study.manifest import Manifest
from cytoproc.study.results import collect
from cytoproc.templates.reading import parse_template
from tests.study.counted import BEADS, result_of, sample_of

CAR = parse_template("""\
template: CAR
version: "1"
markers: [CD3, CD8, CAR]
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: T, above: {channel: CD3, cut: 100}}
  - {name: CAR+, parent: T, above: {channel: CAR, cut: 100}}
  - {name: CAR+ CD8+, parent: CAR+, above: {channel: CD8, cut: 100}}
counting: {beads: Beads}
report:
  - {population: CAR+, concentration: true}
limits: {background: [{population: CAR+, percent_of_parent: 0.025, controls: [fmo:CAR]}]}
""")
UNKNOWN = replace(CAR, background=())
PATHS = ("Beads", "T", "T/CAR+", "T/CAR+/CAR+ CD8+")
SAMPLE = sample_of("s", "CAR", **BEADS)
FMO = sample_of("fmo", "CAR", control="fmo:CAR")


def counts(sample_id, t=60_000, car=10, cd8=4, **more):
    return replace(result_of("x", PATHS, (10_000, t, car, cd8), **more), sample_id=sample_id)


def study_of(*samples, template=CAR, **more):
    return Study("by hand", Manifest(samples), {"CAR": template}, **more)


def limits_of(results, study):
    return find_limits(find_tubes(results, study), study)


def rows_of(results, study, population="CAR+", sample_id="s"):
    found = [r for r in collect(results, study) if (r.population_label, r.sample_id) == (population, sample_id)]
    return {r.statistic: r for r in found}


# A background that a control measures


def test_the_background_is_the_upper_limit_of_the_control_in_as_many_events_as_the_sample_has():
    """7 of 30,000 in the control: at most 13.1 by Clopper and Pearson, so 26.3 of 60,000; a blank shows up to 35."""
    share = float(betaincinv(8, 30_000 - 7, 0.95))

    row = rows_of([counts("s"), counts("fmo", 30_000, 7, 2)], study_of(SAMPLE, FMO))["COUNT"]

    assert row.background_events == pytest.approx(60_000 * share)
    assert row.background_events == pytest.approx(26.29, abs=0.01)
    assert (row.background_source, row.lob_events, row.lod_events, row.lloq_events) == ("control fmo", 35, 36, 50)
    assert row.lod_exact_events == pytest.approx(92.808 / 2, abs=0.01)  # chi-squared at 95 %, 72 degrees of freedom
    assert row.status == "ND"


def test_a_part_of_the_population_has_the_background_that_the_control_shows_in_the_part():
    study = study_of(SAMPLE, FMO)

    row = rows_of([counts("s"), counts("fmo", 60_000, 7, 2)], study, "CAR+ CD8+")["COUNT"]

    assert row.background_events == pytest.approx(60_000 * float(betaincinv(3, 60_000 - 2, 0.95)))
    assert (row.background_source, row.lod_events) == ("control fmo", 20)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1000, 100_000))
def test_the_background_of_a_part_is_never_above_that_of_the_whole(car, cd8, t):
    found = limits_of([counts("s"), counts("fmo", t, car, min(cd8, car))], study_of(SAMPLE, FMO))["s"]

    part, whole = found.of("T/CAR+/CAR+ CD8+").background, found.of("T/CAR+").background
    assert 0 < part.events <= whole.events
    assert part.lob_events <= whole.lob_events


def test_a_control_has_no_background_from_controls():
    found = limits_of([counts("s"), counts("fmo")], study_of(SAMPLE, FMO))["fmo"]

    assert found.of("T/CAR+").background.source == "template"
    assert found.flags == ()


def test_populations_beside_it_have_no_known_background():
    row = rows_of([counts("s"), counts("fmo")], study_of(SAMPLE, FMO), "T")["COUNT"]

    assert (row.background_source, row.lod_events) == ("", 20)
    assert math.isnan(row.background_events)
    assert math.isnan(row.lob_events)
    assert math.isnan(row.lod_exact_events)


def test_without_a_control_the_percentage_of_the_template_is_taken_for_the_parts_too():
    found = limits_of([counts("s")], study_of(SAMPLE))["s"]

    assert {found.of(path).background.source for path in PATHS[2:]} == {"template"}
    assert {found.of(path).background.events for path in PATHS[2:]} == {15}
    assert found.of("T/CAR+").events.detect_events == 23
    assert found.flags == ()


# A control that cannot tell, or is odd


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (replace(counts("fmo"), error_code="FCS_CANNOT_OPEN", error="no"), "'fmo' could not be processed"),
        (counts("fmo", 0, 0, 0), "'fmo' has no events of 'T'"),
    ],
)
def test_a_control_that_cannot_tell_is_told_and_the_template_asked(control, said):
    for template, instead, source, lod in (
        (CAR, "the template's 0.025 % is taken", "template", 23),
        (UNKNOWN, "none is known", "", 20),
    ):
        found = limits_of([counts("s"), control], study_of(SAMPLE, FMO, template=template))["s"]

        [flag] = found.flags
        assert flag.code == "BACKGROUND_NOT_MEASURED"
        assert flag.message == f"for the background of 'CAR+', control {said}: {instead}"
        assert (found.of("T/CAR+").background.source, found.of("T/CAR+").events.detect_events) == (source, lod)


def test_where_controls_alone_tell_the_background_a_missing_one_is_told():
    [flag] = limits_of([counts("s")], study_of(SAMPLE, template=UNKNOWN))["s"].flags

    assert flag.code == "BACKGROUND_NOT_MEASURED"
    assert flag.message == "there is no control (fmo:CAR) for the background of 'CAR+': none is known"


def test_a_control_of_few_events_counts_and_its_price_is_told():
    """0 of 5,000 leave room for 3 events, which are 36 of 60,000."""
    found = limits_of([counts("s"), counts("fmo", 5_000, 0, 0)], study_of(SAMPLE, FMO))["s"]

    assert found.of("T/CAR+").background.events == pytest.approx(35.9, abs=0.1)
    [flag] = found.flags
    assert flag.code == "BACKGROUND_FEW_EVENTS"
    assert flag.message.startswith("control 'fmo' has 5000 events of 'T', and the sample 60000: so few leave")


def test_a_control_with_a_tenth_of_the_events_is_enough():
    assert limits_of([counts("s"), counts("fmo", 6_000, 0, 0)], study_of(SAMPLE, FMO))["s"].flags == ()


def test_a_control_that_looks_like_a_sample_is_told():
    found = limits_of([counts("s"), counts("fmo", 60_000, 1_200, 400)], study_of(SAMPLE, FMO))["s"]

    [flag] = found.flags
    assert flag.code == "BACKGROUND_HIGH"
    assert flag.message.startswith("control 'fmo' has 1200 events of 'CAR+' (2 % of 'T'), and the template expects 15:")


def test_the_flags_reach_the_rows_of_the_sample():
    results = [counts("s"), counts("fmo", 60_000, 1_200, 400)]

    codes = {r.sample_id: r.qc_flags for r in collect(results, study_of(SAMPLE, FMO))}

    assert "BACKGROUND_HIGH" in codes["s"]
    assert "BACKGROUND_HIGH" not in codes["fmo"]


# What the lab validated


def assay(**given):
    return AssayLimits((AssayLimit("CAR+", "our file", **given),), "limits.csv")


def validated(results=None, template=UNKNOWN, **given):
    study = study_of(SAMPLE, template=replace(template, background_controls=()), assay_limits=assay(**given))
    return limits_of(results or [counts("s")], study)["s"].of("T/CAR+")


SMALL = 0.001  # percent of 60,000 T cells: 0.6 events, and a blank shows 2


def test_validated_events_replace_those_of_the_template_also_where_they_are_fewer():
    events = validated(lod_events=13, lloq_events=22, background_percent=SMALL).events

    assert (events.detect_events, events.lloq_events) == (13, 22)


def test_without_a_validated_background_events_only_raise_those_of_the_template():
    """A limit of blank in events holds for samples of the blanks' size, and nobody says how large those were."""
    fewer, more = (validated(lod_events=lod, lloq_events=lloq).events for lod, lloq in ((13, 22), (30, 60)))

    assert (fewer.detect_events, fewer.lloq_events) == (20, 50)
    assert (more.detect_events, more.lloq_events) == (30, 60)


@given(st.integers(0, 1_000_000))
def test_the_validated_background_follows_the_size_of_the_sample(t):
    """20 blanks of 1000 with 21 events: of 90,000 events 136 may be false, so 9 are none."""
    found = validated([counts("s", t, 9, 4)], lod_events=8, lob_events=3, background_percent=0.1514)

    assert found.background.source == "assay limits.csv"
    assert found.background.events == pytest.approx(0.001514 * t)
    assert found.events.detect_events == max(8, found.background.lob_events + 1)


def test_nine_of_ninety_thousand_are_not_detected_if_the_blanks_show_one_in_a_thousand():
    limits = assay(lod_events=8, lob_events=3, background_percent=0.1514)
    study = study_of(SAMPLE, template=UNKNOWN, assay_limits=limits)

    row = rows_of([counts("s", 90_000, 9, 4)], study)["COUNT"]

    assert (row.status, row.background_source) == ("ND", "assay limits.csv")
    assert row.background_events == pytest.approx(136.26)
    assert row.lod_events == row.lob_events + 1 == 157


def test_a_control_goes_before_the_validated_background_and_that_before_the_template():
    limits = assay(background_percent=SMALL)
    alone = limits_of([counts("s")], study_of(SAMPLE, assay_limits=limits))
    served = limits_of([counts("s"), counts("fmo")], study_of(SAMPLE, FMO, assay_limits=limits))

    assert {alone["s"].of(path).background.source for path in PATHS[2:]} == {"assay limits.csv"}
    assert [alone["s"].of(path).background.events for path in PATHS[2:]] == pytest.approx([0.6, 0.6])
    assert {served["s"].of(path).background.source for path in PATHS[2:]} == {"control fmo"}
    assert served["fmo"].of("T/CAR+").background.source == "assay limits.csv"


def test_the_validated_background_is_of_the_denominator_that_the_file_names():
    assert validated(background_percent=1, percent_of="Beads").background.events == 100


def test_a_validated_mean_becomes_whole_events():
    events = validated(lod_events=12.2, lloq_events=21.01, background_percent=SMALL).events

    assert (events.detect_events, events.lloq_events) == (13, 22)


def test_a_number_takes_never_fewer_events_than_detection():
    assert validated(lod_events=70).events.lloq_events == 70
    assert validated(lloq_events=15, background_percent=SMALL).events.lloq_events == 20


def test_more_than_the_validated_blank_must_be_seen_in_the_population_and_its_parts():
    study = study_of(SAMPLE, template=replace(UNKNOWN, background_controls=()), assay_limits=assay(lob_events=24.3))

    found = limits_of([counts("s")], study)["s"]

    for path in PATHS[2:]:
        assert found.of(path).background.source == "assay limits.csv"
        assert found.of(path).background.lob_events == 24
        assert found.of(path).events.detect_events == 25
        assert math.isnan(found.of(path).background.events)


def test_of_the_measured_and_the_validated_blank_the_larger_decides():
    low, high = (
        validated(template=CAR, lob_events=lob) for lob in (5, 40)
    )  # the template's 15 events: a blank shows 22

    assert (low.background.source, low.events.detect_events) == ("template", 23)
    assert (high.background.source, high.events.detect_events) == ("assay limits.csv", 41)


@pytest.mark.parametrize(("t", "lloq"), [(40_000, 22), (44_000, 22), (44_001, 23), (200_000, 100)])
def test_the_validated_percentage_is_so_many_events_of_this_sample(t, lloq):
    """22 events or 0.05 % of T cells: of 44,000 T cells both are the same."""
    given = {"lod_events": 13, "lloq_events": 22, "lloq_percent": 0.05, "background_percent": SMALL}
    found = validated([counts("s", t)], percent_of="T", **given)

    assert (found.events.detect_events, found.events.lloq_events) == (13, lloq)


def test_the_other_populations_keep_the_limits_of_the_template():
    study = study_of(SAMPLE, template=UNKNOWN, assay_limits=assay(lod_events=13, lloq_events=22))

    events = limits_of([counts("s")], study)["s"].of("T/CAR+/CAR+ CD8+").events

    assert (events.detect_events, events.lloq_events) == (20, 50)


@pytest.mark.parametrize(
    ("car", "status", "in_words"),
    [
        (12, "ND", "12 events, below detection limit; upper limit 1.05 cells/µL"),
        (59, "BLQ", "<3 cells/µL"),
        (60, "QUANT", "3"),  # in 20 µL
    ],
)
def test_fewer_cells_than_the_assay_is_validated_for_are_no_concentration(car, status, in_words):
    limits = assay(lod_events=13, lloq_events=22, lloq_per_ul=3, background_percent=SMALL)
    study = study_of(SAMPLE, template=UNKNOWN, assay_limits=limits)

    row = rows_of([counts("s", car=car)], study)["ABS"]

    assert (row.status, row.value_char) == (status, in_words)
    assert (row.lod_value, row.lloq_value) == (0.65, 3)
    assert (row.lod_events, row.lloq_events) == (13, 22)


# As few cells as are asked for


def asking(**asked):
    sensitive = parse_template(
        "template: CAR\nversion: '1'\nmarkers: [CD3, CD8, CAR]\npopulations:\n"
        "  - {name: Beads, above: {channel: SSC-A, cut: 200000}}\n"
        "  - {name: T, above: {channel: CD3, cut: 100}}\n"
        "  - {name: CAR+, parent: T, above: {channel: CAR, cut: 100}}\n"
        "  - {name: CAR+ CD8+, parent: CAR+, above: {channel: CD8, cut: 100}}\n"
        "counting: {beads: Beads}\nreport: [{population: CAR+, concentration: true}]\n"
        f"limits: {{sensitivity: [{{population: CAR+, {', '.join(f'{k}: {v}' for k, v in asked.items())}}}]}}\n"
    )
    return lambda *results, sample=SAMPLE, **more: next(
        (r.qc_flags, r.comment, r.status)
        for r in collect(results, study_of(sample, FMO, template=replace(sensitive, **more)))
        if (r.population_label, r.statistic, r.sample_id) == ("CAR+", "PCT", "s")
    )


def test_a_sample_of_too_few_events_for_what_is_asked_says_how_many_it_takes():
    flags, comment, status = asking(percent_of_parent=0.05)(counts("s", 60_000, 100))

    assert (flags, status) == ("LOW_PARENT", "QUANT")
    assert comment == (
        "50 events of 'CAR+' make a number, 0.0833 % of the 60000 events of 'T' in this sample; 0.05 % is asked for, "
        "which takes 100000 events of 'T'"
    )


def test_a_sample_that_reaches_what_is_asked_is_not_flagged():
    assert asking(percent_of_parent=0.05)(counts("s", 100_000))[0] == ""


def test_more_events_do_not_help_against_the_background():
    _, comment, _ = asking(percent_of_parent=0.05)(counts("s"), background=(("T/CAR+", 0.06),))

    assert comment.endswith("0.05 % is asked for, which no number of events reaches: the background is too high")


def test_a_sample_without_parent_events_says_what_it_takes():
    _, comment, _ = asking(percent_of_parent=0.05)(counts("s", 0, 0, 0))

    assert "50 events of 'CAR+' make a number of the 0 events of 'T' in this sample; 0.05 % is asked for" in comment


@pytest.mark.parametrize(
    ("beads", "asked", "how"),
    [
        ("100", 1, "takes 50 µL: acquire more of the tube, which holds 100 µL of blood"),
        ("30", 1, "takes 50 µL: stain more blood; the tube holds 30 µL, and more events of it do not help"),
    ],
)
def test_of_blood_it_says_how_much_it_takes_and_whether_the_tube_holds_it(beads, asked, how):
    blood = float(beads) / 5  # 10,000 of 50,000 beads are a fifth of the tube
    sample = sample_of("s", "CAR", **BEADS | {"sample_volume_ul": beads})

    flags, comment, _ = asking(cells_per_ul=asked)(counts("s"), sample=sample)

    assert flags == "LOW_PARENT"
    assert comment == (
        f"from {50 / blood:.3g} cells/µL of 'CAR+' on there is a number (50 events in {blood:g} µL of blood); "
        f"1 is asked for, which {how}"
    )


def test_a_sample_that_was_not_counted_is_not_blamed_for_its_blood():
    flags, _, _ = asking(cells_per_ul=1)(counts("s"), sample=sample_of("s", "CAR", count_method="NONE"))

    assert "LOW_PARENT" not in flags


def test_a_file_that_a_pooled_sample_stands_for_is_asked_for_nothing():
    member = replace(SAMPLE, pooled_into="s+t")

    assert asking(percent_of_parent=0.05)(counts("s"), sample=member)[0] == ""


def test_a_control_is_asked_for_nothing():
    study = study_of(
        FMO,
        template=parse_template(
            "template: CAR\nversion: '1'\nmarkers: [CD3, CD8, CAR]\npopulations:\n"
            "  - {name: T, above: {channel: CD3, cut: 100}}\n"
            "limits: {sensitivity: [{population: T, percent_of_parent: 0.001}]}\n"
        ),
    )

    assert {r.qc_flags for r in collect([result_of("fmo", ("T",), (5,))], study)} == {""}
