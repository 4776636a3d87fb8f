"""How samples were counted, and why some get no concentrations: each says what to do."""

from dataclasses import replace

import pytest

from cytoproc.model.results import SampleResult
from cytoproc.study.definition import Instrument
from cytoproc.study.results import collect
from cytoproc.study.rules import CountRules
from cytoproc.templates.template import Alert, Counting
from tests.study.counted import (
    BEADS,
    DRAW,
    TUBE_B,
    TUBE_T,
    counted_rows,
    result_of,
    row_of,
    sample_of,
    study_of,
    tube_b,
    tube_t,
)

BEAD_TUBE = sample_of("t", "T", **BEADS, **DRAW)
SECOND = sample_of("b", "B", count_method="SECOND_TUBE", **DRAW)
ALC = {"count_method": "DP_ALC", "alc_10e9_l": "1.5"}


def refused(results, study, sample_id="t"):
    """Return status, code and comment of a sample whose concentrations are refused and whose percentages are not."""
    rows = [r for r in collect(results, study) if r.sample_id == sample_id]
    counted = [r for r in rows if r.statistic == "ABS"]
    assert counted
    assert all(r.value_raw != r.value_raw and r.value_reported != r.value_reported for r in counted)
    assert any(r.status == "QUANT" for r in rows if r.statistic == "PCT")
    [(status, code, in_words, comment)] = {(r.status, r.qc_flags, r.value_char, r.comment) for r in counted}
    assert in_words == f"{status.lower().replace('_', ' ')} ({code})"
    return status, code, comment


@pytest.mark.parametrize(
    ("columns", "more", "code", "said"),
    [
        (BEADS, {"beads": 0}, "NO_BEADS", "population 'Beads' has no events: look at its gate, and whether beads were"),
        (
            BEADS,
            {"beads": 60_000},
            "BEADS_OVER_TUBE",
            "60000 beads were counted in 'Beads', and 50000 were in the tube",
        ),
        (ALC | {"alc_10e9_l": "0"}, {}, "BLOOD_COUNT_ZERO", "alc_10e9_l is 0, which is below what an analyser shows"),
        (ALC | {"alc_10e9_l": ""}, {}, "COUNT_INPUT_MISSING", "count_method DP_ALC needs alc_10e9_l in the manifest"),
        (
            BEADS | {"beads_per_tube": "", "sample_volume_ul": ""},
            {},
            "COUNT_INPUT_MISSING",
            "needs beads_per_tube and sample_volume_ul in",
        ),
    ],
)
def test_a_count_that_cannot_be_right_is_refused(columns, more, code, said):
    status, found, comment = refused([tube_t(**more)], study_of(sample_of("t", "T", **columns)))

    assert (status, found) == ("INVALID", code)
    assert comment.startswith("no cells/µL: ")
    assert said in comment


def test_as_many_beads_as_the_lot_may_hold_are_counted():
    row = row_of([tube_t(beads=55_000)], study_of(BEAD_TUBE))  # 12 % more: three times a lot's 4 %

    assert row.status == "QUANT"


@pytest.mark.parametrize(
    ("columns", "code", "key"),
    [
        (BEADS, "BEADS_NOT_IN_TEMPLATE", "counting: {beads: NAME}"),
        (ALC, "COMPARTMENT_NOT_IN_TEMPLATE", "counting: {lymphocytes: NAME}"),
        ({"count_method": "DP_WBC", "wbc_10e9_l": "5"}, "COMPARTMENT_NOT_IN_TEMPLATE", "counting: {leukocytes: NAME}"),
        ({"count_method": "SECOND_TUBE"} | DRAW, "CARRY_OVER_NOT_IN_TEMPLATE", "counting: {carry_over: {...}}"),
    ],
)
def test_a_method_that_the_template_does_not_know_says_what_to_write(columns, code, key):
    bare = replace(TUBE_T, counting=Counting())

    status, found, comment = refused([tube_t()], study_of(sample_of("t", "T", **columns), t=bare))

    assert (status, found) == ("INVALID", code)
    assert comment.endswith(f"write {key}")


@pytest.mark.parametrize(
    ("other", "status", "code", "said"),
    [
        (sample_of("t", "T", **DRAW), "NOT_DONE", "NO_COUNTED_TUBE", "no sample of specimen 'P1-D14' of this subject"),
        (sample_of("t", "T", **BEADS, **DRAW | {"subject_id": "P2"}), "NOT_DONE", "NO_COUNTED_TUBE", "no sample of"),
        (sample_of("t", "T", **BEADS, **DRAW | {"specimen_id": "D7"}), "NOT_DONE", "NO_COUNTED_TUBE", "no sample of"),
        (sample_of("t", "T", **BEADS, **DRAW, control="process"), "NOT_DONE", "NO_COUNTED_TUBE", "no sample of"),
    ],
)
def test_a_second_tube_without_a_counted_one_is_not_done(other, status, code, said):
    found = refused([tube_t(), tube_b()], study_of(other, SECOND), "b")

    assert found[:2] == (status, code)
    assert said in found[2]


def test_between_two_counted_tubes_nobody_chooses():
    twin = sample_of("t2", "T", **BEADS, **DRAW)

    status, code, comment = refused(
        [tube_t(), replace(tube_t(), sample_id="t2"), tube_b()], study_of(BEAD_TUBE, twin, SECOND), "b"
    )

    assert (status, code) == ("INVALID", "COUNTED_TUBE_AMBIGUOUS")
    assert "are counted: t, t2; leave one count_method" in comment


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (tube_t(beads=0), "sample 't', was refused: NO_BEADS population 'Beads' has no events"),
        (SampleResult("t", "t.fcs", error_code="FCS_TRUNCATED", error="cut"), "sample 't', could not be processed"),
    ],
)
def test_a_counted_tube_that_failed_costs_the_concentrations_and_not_the_percentages(result, said):
    status, code, comment = refused([result, tube_b()], study_of(BEAD_TUBE, SECOND), "b")

    assert (status, code) == ("INVALID", "COUNTED_TUBE_FAILED")
    assert said in comment


def test_of_several_counted_tubes_that_all_failed_none_can_be_chosen():
    twin = sample_of("t2", "T", **BEADS, **DRAW)
    results = [tube_t(beads=0), SampleResult("t2", "t2.fcs", error_code="FCS_TRUNCATED", error="cut"), tube_b()]

    status, code, comment = refused(results, study_of(BEAD_TUBE, twin, SECOND), "b")

    assert (status, code) == ("INVALID", "COUNTED_TUBE_FAILED")
    assert comment.endswith("all counted samples of specimen 'P1-D14' failed or were refused: t, t2")


def test_a_pair_that_cannot_be_compared_is_told():
    named = replace(TUBE_B, counting=replace(TUBE_B.counting, lymphocytes="Singlets"))

    silent, spoken = (row_of([tube_t(), tube_b()], study_of(BEAD_TUBE, SECOND, b=b), "b") for b in (TUBE_B, named))

    assert (silent.qc_flags, silent.qc_status, spoken.qc_flags) == ("PAIR_NOT_CHECKED", "PASS", "")
    assert "the lymphocytes are not named in template 'tube B'" in silent.comment


@pytest.mark.parametrize(("name", "number"), [("B cells", "no"), ("X", "2")])
def test_shared_cells_that_the_counted_tube_s_template_does_not_have_once_are_told(name, number):
    carry = replace(TUBE_B.counting.carry_over, counted_as=name)
    second = replace(TUBE_B, counting=Counting(carry_over=carry))
    steps = [replace(s, path=f"{s.parent}/X") if s.name in {"T", "B"} else s for s in TUBE_T.steps]
    steps[-1] = replace(steps[-1], path="Beads/X")
    counted = replace(TUBE_T, steps=tuple(steps), report=())
    tube = result_of("t", [s.path for s in steps], (10_000, 20_000, 20_000, 2000, 400))

    status, code, comment = refused([tube, tube_b()], study_of(BEAD_TUBE, SECOND, t=counted, b=second), "b")

    assert (status, code) == ("INVALID", "COUNTED_AS_UNKNOWN")
    assert f"has {number} populations called {name!r} in its template 'tube T'; correct counted_as" in comment


@pytest.mark.parametrize("name", ["Cells/Singlets/B", "root/Cells/Singlets/B"])
def test_the_shared_cells_may_be_named_by_their_path(name):
    carry = replace(TUBE_B.counting.carry_over, counted_as=name)
    second = replace(TUBE_B, counting=Counting(carry_over=carry))

    assert counted_rows([tube_t(), tube_b()], study_of(BEAD_TUBE, SECOND, b=second))["b", "Naive"].value_raw == 10


def test_beads_among_the_cells_are_told():
    row = row_of([tube_t(among_beads=(("Cells/Singlets/B", 7),))], study_of(BEAD_TUBE))

    assert (row.status, row.qc_status, row.qc_flags) == ("QUANT", "WARN", "BEADS_IN_CELLS")
    assert row.comment == "7 of 400 events of 'Cells/Singlets/B' are counting beads; exclude them"


def test_a_blood_count_that_looks_like_cells_per_ul_is_told():
    plain, high = (row_of([tube_t()], study_of(sample_of("t", "T", **ALC | {"alc_10e9_l": n}))) for n in ("50", "104"))

    assert (plain.qc_flags, high.qc_flags, high.status) == ("", "BLOOD_COUNT_HIGH", "QUANT")
    assert "alc_10e9_l 104 is very many: is it in 10^9/L?" in high.comment


# Alerts


ALERTS = (Alert("Cells/Singlets/B", "ESCAPE", "B cells after treatment"),)


@pytest.mark.parametrize(("n_events", "flags"), [(20, "ESCAPE"), (19, "")])
def test_an_alert_is_raised_by_a_population_that_is_detected(n_events, flags):
    rows = collect([tube_t(b=n_events)], study_of(BEAD_TUBE, t=replace(TUBE_T, alerts=ALERTS)))

    assert {r.qc_flags for r in rows} == {flags}
    assert rows[0].comment == (f"B cells after treatment: {n_events} events of 'Cells/Singlets/B'" if flags else "")


@pytest.mark.parametrize(("severity", "quality"), [("info", "PASS"), ("warn", "WARN"), ("fail", "FAIL")])
def test_an_alert_weighs_as_much_as_the_template_says(severity, quality):
    alerts = (replace(ALERTS[0], severity=severity),)

    rows = collect([tube_t()], study_of(BEAD_TUBE, t=replace(TUBE_T, alerts=alerts)))

    assert {r.qc_status for r in rows} == {quality}


def test_a_control_alerts_nobody():
    control = sample_of("t", "T", control="process")

    rows = collect([tube_t()], study_of(control, t=replace(TUBE_T, alerts=ALERTS)))

    assert {r.qc_flags for r in rows} == {""}


def test_a_volume_of_which_much_was_left_out_is_refused_until_somebody_confirms_it():
    columns = {"count_method": "SP_VOL", "sample_volume_ul": "100", "final_volume_ul": "1000"}
    acquisition = (("serial", "V1"), ("volume", "80000"))
    instruments = (Instrument("V1", "nL"),)
    result = tube_t(acquisition=acquisition, duration_s=60.0)

    def row(kept, **rules):
        study = study_of(sample_of("t", "T", **columns), instruments=instruments, counts=CountRules(**rules))
        return row_of([replace(result, kept_time_fraction=kept)], study)

    whole, nearly, half = row(1.0), row(0.95), row(0.5)
    assert (whole.value_raw, whole.v_eff_ul) == (50, 8)  # 400 events in 80 µL of a tube with a tenth of blood
    assert (nearly.value_raw, nearly.status) == (pytest.approx(400 / (80 * 0.95 / 10)), "QUANT")
    assert (half.status, half.qc_flags) == ("INVALID", "VOLUME_MASKED")
    assert "50.0 % of the time was left out" in half.comment
    assert row(0.5, masked_volume="confirmed").value_raw == 100


def test_percentages_have_the_interval_that_the_study_asks_for():
    study = study_of(BEAD_TUBE, counts=CountRules(percent_interval="wilson"))

    [row] = [r for r in collect([tube_t()], study) if r.statistic == "PCT" and r.population_label == "B"]

    assert row.ci_method == "wilson"
