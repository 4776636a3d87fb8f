"""Cells/µL in the rows of the long table, from counts chosen by hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.percent import clopper_pearson
from cytoproc.study.definition import Instrument
from cytoproc.study.results import collect
from cytoproc.study.rules import CountRules, TechnicalCVs
from tests.study.counted import BEADS, DRAW, TUBE_B, TUBE_T, counted_rows, row_of, sample_of, study_of, tube_b, tube_t

BEAD_TUBE = sample_of("t", "T", **BEADS, **DRAW)
SECOND = sample_of("b", "B", count_method="SECOND_TUBE", **DRAW)
PAIR = (BEAD_TUBE, SECOND)


def rounded(row, digits=3):
    return [round(x, digits) for x in (row.value_raw, row.ci_low, row.ci_high)]


# A tube that is counted itself


def test_a_concentration_carries_all_that_it_was_computed_from():
    row = row_of([tube_t()], study_of(sample_of("t", "T", **BEADS, predilution="2")))

    assert (row.value_raw, row.value_reported, row.value_char, row.unit) == (40, 40, "40", "cells/uL")
    assert (row.count_method, row.n_events, row.n_beads, row.beads_per_tube) == ("SP_BEAD", 400, 10_000, 50_000)
    assert (row.sample_volume_ul, row.dilution_factor, row.v_eff_ul) == (100, 2, 10)
    assert (row.lod_events, row.lloq_events, row.lod_value, row.lloq_value) == (20, 50, 2, 5)
    assert (row.ci_method, row.ci_level) == ("conditional-binomial", 0.95)
    assert row.ci_low < 40 < row.ci_high
    assert (row.denominator_id, row.n_denominator) == ("Beads", 10_000)  # counted against them
    assert row.result_id == "t|Cells/Singlets/B|ABS"
    assert math.isnan(row.vol_acquired_nl)


def test_rows_of_other_statistics_say_nothing_of_counting():
    rows = [r for r in collect([tube_t()], study_of(BEAD_TUBE)) if r.statistic != "ABS"]

    assert {(r.count_method, math.isnan(r.v_eff_ul), math.isnan(r.singlet_loss_pct)) for r in rows} == {
        ("", True, True)
    }


@pytest.mark.parametrize(
    ("n_events", "status", "in_words"),
    [
        (400, "QUANT", "20"),
        (50, "QUANT", "2.5"),
        (49, "BLQ", "<2.5 cells/µL"),  # 50 events in 20 µL
        (20, "BLQ", "<2.5 cells/µL"),
        (19, "ND", "19 events, below detection limit; upper limit 1.48 cells/µL"),
        (0, "ND", "0 events, below detection limit; upper limit 0.184 cells/µL"),
    ],
)
def test_a_concentration_is_reported_only_where_enough_events_stand_behind_it(n_events, status, in_words):
    row = row_of([tube_t(b=n_events)], study_of(BEAD_TUBE))

    assert (row.status, row.value_char) == (status, in_words)
    assert row.value_raw == pytest.approx(n_events / 20)
    assert row.value_reported == row.value_raw if status == "QUANT" else math.isnan(row.value_reported)


def test_a_large_concentration_is_written_without_powers_of_ten():
    study = study_of(BEAD_TUBE, counts=CountRules(min_beads=1, min_bead_percent=0.01))

    row = row_of([tube_t(beads=10, t=2469)], study, population="T")

    assert row.value_char == "123450"


def test_an_acquired_volume_counts_the_cells():
    volume = {"count_method": "SP_VOL", "sample_volume_ul": "100", "final_volume_ul": "1000"}
    result = tube_t(b=640, acquisition=(("serial", "V1"), ("volume", "85000")), duration_s=60.0)

    row = row_of([result], study_of(sample_of("t", "T", **volume), instruments=(Instrument("V1", "nL"),)))

    assert rounded(row) == [75.294, 69.573, 81.360]
    assert (row.vol_acquired_nl, row.dilution_factor, row.v_eff_ul) == (85_000, 10, 8.5)
    assert (row.ci_method, math.isnan(row.n_beads)) == ("garwood", True)


@pytest.mark.parametrize(
    ("columns", "denominator", "n", "value"),
    [
        ({"count_method": "DP_ALC", "alc_10e9_l": "1.5"}, "Cells/Singlets", 10_000, 60),  # 400 of 10,000 of 1500/µL
        ({"count_method": "DP_WBC", "wbc_10e9_l": "5"}, "Cells", 20_000, 100),
    ],
)
def test_a_blood_count_is_shared_out_among_what_it_counts(columns, denominator, n, value):
    row = row_of([tube_t(singlets=10_000)], study_of(sample_of("t", "T", **columns)))

    assert (row.value_raw, row.denominator_id, row.n_denominator) == (value, denominator, n)
    assert row.lloq_value == pytest.approx(50 * value / 400)
    share = clopper_pearson(400, n)
    assert (row.ci_method, row.ci_level) == ("clopper-pearson", 0.95)
    assert (row.ci_low, row.ci_high) == pytest.approx((value * n / 40_000 * share.low, value * n / 40_000 * share.high))


def test_by_a_blood_count_few_events_have_an_upper_limit_and_few_lymphocytes_no_number():
    study = study_of(sample_of("t", "T", count_method="DP_ALC", alc_10e9_l="1.5"))

    few = row_of([tube_t(b=3)], study)
    none = row_of([tube_t(singlets=49, t=30, b=10)], study)

    assert few.value_char == "3 events, below detection limit; upper limit 0.657 cells/µL"  # 1500 x 0.0438 %
    assert (none.status, none.value_char) == ("NOT_EVALUABLE", "not evaluable (49 events of Singlets)")


OUTSIDE = replace(TUBE_T, counting=replace(TUBE_T.counting, lymphocytes="Cells/Singlets/T"))
ALC_TUBE = sample_of("t", "T", count_method="DP_ALC", alc_10e9_l="1.5", **DRAW)


def test_more_cells_than_a_blood_count_counts_are_a_ratio_with_a_flag():
    found = counted_rows([tube_t(t=100, b=400)], study_of(ALC_TUBE, t=OUTSIDE))

    beside, same = found["t", "B"], found["t", "T"]
    assert (beside.value_raw, beside.status, beside.ci_method) == (6000, "QUANT", "conditional-binomial")
    assert beside.ci_low < 6000 < beside.ci_high
    assert (beside.qc_flags, beside.qc_status) == ("NOT_IN_COMPARTMENT", "WARN")
    assert "not part of 'T', which alc_10e9_l counts: B; their cells/µL are right only if" in beside.comment
    assert (same.value_raw, same.ci_method, same.status) == (1500, "", "QUANT")


def test_cells_of_a_compartment_without_events_are_not_evaluable():
    found = counted_rows([tube_t(t=0, b=400)], study_of(ALC_TUBE, t=OUTSIDE))

    assert {row.status for row in found.values()} == {"NOT_EVALUABLE"}
    assert all(math.isnan(row.value_raw) for row in found.values())
    assert found["t", "B"].value_char == "not evaluable (0 events of T)"


def test_a_boolean_compartment_holds_what_the_report_says_unless_an_event_lies_outside():
    b = replace(OUTSIDE.report[1], percent_of=("Cells/Singlets/T",))
    template = replace(OUTSIDE, report=(OUTSIDE.report[0], b))
    pair = ("Cells/Singlets/B", "Cells/Singlets/T")

    inside, outside = (row_of([tube_t(not_contained=pairs)], study_of(ALC_TUBE, t=template)) for pairs in ((), (pair,)))

    assert (inside.ci_method, inside.qc_flags) == ("clopper-pearson", "")
    assert (outside.ci_method, outside.qc_flags) == ("conditional-binomial", "NOT_IN_COMPARTMENT")


METHODS = (
    BEADS,
    {"count_method": "SP_VOL", "sample_volume_ul": "100", "final_volume_ul": "1000"},
    {"count_method": "DP_ALC", "alc_10e9_l": "1.5"},
    {"count_method": "DP_WBC", "wbc_10e9_l": "5"},
)
EVENTS = st.integers(0, 60) | st.integers(0, 30_000)


@pytest.mark.parametrize("columns", METHODS, ids=lambda c: c["count_method"])
@given(
    st.tuples(EVENTS, EVENTS, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.tuples(EVENTS, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from([TUBE_T, OUTSIDE]),
    st.sampled_from([CountRules(), CountRules(interval="log-delta", cv=TechnicalCVs(0.05, 0.02, 0.02, 0.03, 0.01))]),
)
def test_no_tube_ends_a_run(columns, of_t, of_b, template, rules):
    beads, cells, *parts = of_t
    singlets = int(cells * parts[0])
    t = tube_t(
        beads,
        cells,
        singlets,
        *(int(singlets * part) for part in parts[1:]),
        acquisition=(("serial", "V1"), ("volume", "85000")),
        duration_s=60.0,
    )
    all_b, b_part, naive, pb_part, both = of_b
    b, pb = int(all_b * b_part), int(all_b * pb_part)
    shared = (("Singlets/PB", int(both * min(b, pb))),)
    study = study_of(
        sample_of("t", "T", **columns, **DRAW),
        SECOND,
        t=template,
        instruments=(Instrument("V1", "nL"),),
        counts=rules,
    )

    rows = counted_rows([t, tube_b(all_b, b, int(b * naive), pb, among_shared=shared)], study)

    for row in rows.values():
        if row.ci_method:
            assert 0 <= row.ci_low <= row.value_raw * (1 + 1e-9)
            assert row.value_raw <= row.ci_high * (1 + 1e-9)
            assert math.isfinite(row.ci_high)
        assert row.status != "ND" or "nan" not in row.value_char


def test_what_was_not_detected_has_the_exact_interval_whatever_the_study_asks_for():
    asked = CountRules(interval="log-delta", percent_interval="jeffreys", cv=TechnicalCVs(pipetting=0.1))

    few, plain = (
        [r for r in collect([tube_t(b=3)], study_of(BEAD_TUBE, counts=rules)) if r.population_label == "B"]
        for rules in (asked, CountRules())
    )
    many = [r for r in collect([tube_t()], study_of(BEAD_TUBE, counts=asked)) if r.population_label == "B"]

    assert [(r.ci_method, r.ci_high, r.value_char) for r in few] == [
        (r.ci_method, pytest.approx(r.ci_high, nan_ok=True), r.value_char) for r in plain
    ]
    assert [r.ci_method for r in few] == ["", "clopper-pearson", "conditional-binomial"]
    assert [r.ci_method for r in many] == ["", "jeffreys", "log-delta"]


# Singlets


def test_what_gates_on_single_cells_cost_is_told():
    found = collect([tube_t(cells=22_000)], study_of(BEAD_TUBE))

    [row] = [r for r in found if r.statistic == "ABS" and r.population_label == "B"]
    assert row.singlet_loss_pct == pytest.approx(100 * 4000 / 24_000)
    assert {r.qc_flags for r in found} == {"SINGLET_LOSS"}
    assert "removed about 16.7 % of the cells, which passed as doublets" in row.comment


def test_a_small_loss_and_one_that_the_blood_count_shares_are_no_finding():
    small = row_of([tube_t(cells=20_500)], study_of(BEAD_TUBE))
    shared = row_of([tube_t(cells=25_000)], study_of(sample_of("t", "T", count_method="DP_ALC", alc_10e9_l="1.5")))

    assert (round(small.singlet_loss_pct, 2), small.qc_flags) == (4.76, "")
    assert (shared.singlet_loss_pct, shared.qc_flags) == (0, "")


# A tube whose cells another one counts


def test_cells_of_a_second_tube_are_shared_out_by_its_own_proportions():
    rows = counted_rows([tube_t(), tube_b(among_shared=(("Singlets/PB", 60),))], study_of(*PAIR))

    naive, same = rows["b", "Naive"], rows["b", "B"]
    assert rounded(naive, 2) == [10.0, 8.75, 11.35]
    assert (naive.ci_method, same.ci_method) == ("mover", "conditional-binomial")
    assert (naive.count_method, naive.denominator_id, naive.n_denominator) == ("SECOND_TUBE", "Singlets/B", 600)
    assert (naive.v_eff_ul, naive.lloq_value) == (30, pytest.approx(50 / 30))
    assert rounded(same) == rounded(rows["t", "B"])
    assert rows["b", "PB"].value_raw == 2


def test_how_many_events_are_shared_decides_how_sure_the_share_is():
    inside, outside = (
        row_of([tube_t(), tube_b(pb=500, among_shared=(("Singlets/PB", n),))], study_of(*PAIR), "b", "PB")
        for n in (500, 300)
    )

    assert inside.value_raw == outside.value_raw
    assert outside.ci_low < inside.ci_low < inside.ci_high < outside.ci_high


def test_a_population_that_holds_all_shared_cells_is_more_than_they_are():
    whole = replace(TUBE_B, report=(replace(TUBE_B.report[0], population="Singlets"),))

    row = row_of([tube_t(), tube_b(singlets=900)], study_of(*PAIR, b=whole), "b", "Singlets")

    assert row.value_raw == pytest.approx(30)
    assert row.ci_low < 28
    assert row.ci_high > 32


def test_a_carried_concentration_loses_what_the_counted_tube_lost_and_not_what_both_lost():
    rows = counted_rows([tube_t(cells=22_000), tube_b(singlets=90_000)], study_of(*PAIR))

    assert rows["b", "Naive"].singlet_loss_pct == pytest.approx(rows["t", "B"].singlet_loss_pct)


def test_a_carried_concentration_that_is_not_evaluable_lost_as_much():
    rows = counted_rows([tube_t(cells=22_000), tube_b(singlets=90_000, b=30, naive=20)], study_of(*PAIR))

    assert rows["b", "Naive"].status == "NOT_EVALUABLE"
    assert rows["b", "Naive"].singlet_loss_pct == pytest.approx(100 * 4000 / 24_000)


@pytest.mark.parametrize(
    ("t_events", "b_events", "naive", "status", "in_words"),
    [
        (400, 600, 300, "QUANT", "10"),
        (400, 600, 49, "BLQ", "<1.67 cells/µL"),  # 50 events in 30 µL
        (40, 600, 300, "BLQ", "<2.5 cells/µL"),  # 50 events in the 20 µL of the counted tube
        # u 0.01933, 2 cells/µL up to 2.73: 2 (0.00833 + sqrt(0.00833^2 + 0.01933 x 0.00266 x 0.928)) / 0.928
        (40, 600, 5, "ND", "5 events, below detection limit; upper limit 0.0413 cells/µL"),
        # u 0.5407, 0.15 cells/µL up to 0.4383: 0.15 (0.5 + sqrt(0.25 - 0.5407 x 0.4593 x 0.567)) / 0.567
        (3, 600, 300, "ND", "3 events in the counted tube, below detection limit; upper limit 0.22 cells/µL"),
        (400, 49, 30, "NOT_EVALUABLE", "not evaluable (49 events of B)"),
        (3, 49, 30, "NOT_EVALUABLE", "not evaluable (49 events of B)"),
    ],
)
def test_a_carried_concentration_is_no_surer_than_either_tube(t_events, b_events, naive, status, in_words):
    results = [tube_t(b=t_events), tube_b(b=b_events, naive=naive)]

    row = row_of(results, study_of(*PAIR), "b", "Naive")

    assert (row.status, row.value_char) == (status, in_words)
    assert row.value_raw == pytest.approx(t_events / 20 * naive / b_events)


def test_the_shared_cells_themselves_need_no_share():
    rows = counted_rows([tube_t(b=0), tube_b(b=0, naive=0, pb=0)], study_of(*PAIR))

    there, here = rows["t", "B"], rows["b", "B"]
    assert (here.status, here.value_raw, here.ci_high) == ("ND", 0, there.ci_high)
    assert rows["b", "Naive"].status == "NOT_EVALUABLE"


def test_many_cells_beside_too_few_shared_ones_are_no_zero():
    """B cells that lost CD19 are seen by CD20: nothing of the counted tube's CD19+ cells says how many they are."""
    row = row_of([tube_t(b=0), tube_b(b=4, naive=2, pb=1000)], study_of(*PAIR), "b", "PB")

    assert (row.n_events, row.status) == (1000, "NOT_EVALUABLE")
    assert math.isnan(row.value_raw)
    assert math.isnan(row.ci_high)
    assert row.value_char == "not evaluable (4 events of B)"


@pytest.mark.parametrize(
    ("t_events", "beside", "said"),
    [
        (400, 301, "301 of 600 events are not B"),
        (40, 1, "40 events of B in the counted tube, and 1 of 600 events are not B"),
        (3, 1, "3 events of B in the counted tube, and 1 of 600 events are not B"),
    ],
)
def test_what_the_counted_tube_does_not_bound_is_no_number(t_events, beside, said):
    b_tube = tube_b(b=1000, pb=600, among_shared=(("Singlets/PB", 600 - beside),))

    row = row_of([tube_t(b=t_events), b_tube], study_of(*PAIR), "b", "PB")

    assert (row.status, row.value_char) == ("NOT_EVALUABLE", f"not evaluable ({said})")
    assert math.isnan(row.value_raw)


def test_a_few_events_beside_the_shared_cells_do_no_harm():
    b_tube = tube_b(pb=60, among_shared=(("Singlets/PB", 59),))

    row = row_of([tube_t(), b_tube], study_of(*PAIR), "b", "PB")

    assert (row.status, row.value_raw) == ("QUANT", pytest.approx(2))


def test_tubes_of_two_patients_are_no_pair():
    """Files were exchanged: no B cell among 20,000 lymphocytes in one tube, 10,000 among 30,000 in the other."""
    lymphocytes = replace(TUBE_B, counting=replace(TUBE_B.counting, lymphocytes="Singlets"))

    found = collect([tube_t(b=0), tube_b(b=10_000, naive=5_000)], study_of(*PAIR, b=lymphocytes))

    rows = {r.population_label: r for r in found if r.sample_id == "b" and r.statistic == "ABS"}
    assert {r.status for r in rows.values()} == {"INVALID"}
    assert rows["Naive"].qc_flags == "TUBES_DISAGREE"
    assert "'B' are 10000 of 30000 lymphocytes (33.3 %) here, and 0 of 20000 lymphocytes (0 %)" in rows["Naive"].comment


def test_tubes_that_agree_but_for_chance_or_a_fifth_are_a_pair():
    lymphocytes = replace(TUBE_B, counting=replace(TUBE_B.counting, lymphocytes="Singlets"))
    for t_events, b_events in ((400, 700), (4000, 5000), (2, 12)):  # of 20,000 and 30,000
        found = collect([tube_t(b=t_events), tube_b(b=b_events, naive=10)], study_of(*PAIR, b=lymphocytes))
        assert "TUBES_DISAGREE" not in found[-1].qc_flags


@pytest.mark.parametrize(
    ("background", "lod", "lloq", "status"),
    [
        ((), 20, 50, "QUANT"),
        ((("Cells/Singlets/B", 0.1),), 29, 50, "QUANT"),
        ((("Cells/Singlets/B", 0.5),), 118, 118, "ND"),
    ],
)
def test_more_than_the_background_must_be_seen(background, lod, lloq, status):
    """Of 20,000 events 0.1 % are 20, of which a blank shows up to 28; 0.5 % are 100, up to 117."""
    study = study_of(BEAD_TUBE, t=replace(TUBE_T, background=background))

    rows = [r for r in collect([tube_t(b=60)], study) if r.population_label == "B" and r.statistic in {"PCT", "ABS"}]

    assert {(r.lod_events, r.lloq_events, r.status) for r in rows} == {(lod, lloq, status)}


def test_the_background_of_a_population_is_that_of_its_parts_too():
    b_tube = replace(TUBE_B, background=(("Singlets/B", 0.5),))  # 150 of 30,000; a blank shows up to 170

    row = row_of([tube_t(), tube_b(naive=160)], study_of(*PAIR, b=b_tube), "b", "Naive")

    assert (row.lod_events, row.status) == (171, "ND")


def test_a_concentration_beyond_all_blood_is_told():
    mistyped = sample_of("t", "T", **DRAW, **BEADS | {"sample_volume_ul": "0.1"})  # mL

    found = collect([tube_t()], study_of(mistyped))

    assert {r.qc_flags for r in found} == {"CONCENTRATION_HIGH"}
    assert "100000 cells/µL of 'T' are very many: look at beads_per_tube and at the volumes" in found[0].comment


def test_too_few_shared_cells_are_not_called_undetected_where_the_counted_tube_has_many():
    row = row_of([tube_t(b=400), tube_b(b=2, naive=1, pb=0)], study_of(*PAIR), "b", "B")

    assert (row.status, row.value_char) == ("NOT_EVALUABLE", "not evaluable (2 events of B)")


def test_of_cells_that_the_counted_tube_did_not_find_there_is_an_upper_limit():
    row = row_of([tube_t(b=0), tube_b()], study_of(*PAIR), "b", "Naive")

    assert (row.value_raw, row.ci_low, row.status) == (0, 0, "ND")
    assert 0.09 < row.ci_high < 0.185  # more than half of, and less than, the counted tube's own limit 0.1845
    assert row.value_char.startswith("0 events in the counted tube, below detection limit; upper limit 0.")
    assert (row.lod_value, row.lloq_value, math.isnan(row.v_eff_ul)) == (1, 2.5, True)


def test_a_second_tube_of_a_blood_count_has_the_errors_of_counting_both():
    counted = sample_of("t", "T", count_method="DP_ALC", alc_10e9_l="1.5", **DRAW)

    row = row_of([tube_t(singlets=10_000), tube_b()], study_of(counted, SECOND), "b", "Naive")

    assert (row.value_raw, row.status, row.ci_method) == (30, "QUANT", "mover")
    assert row.ci_low < 28
    assert row.ci_high > 32


def test_tubes_of_several_patients_keep_to_themselves_in_any_order():
    samples, results = [], []
    for k in (1, 2, 3):
        draw = {"subject_id": f"P{k}", "specimen_id": "D14"}  # a lab may call every patient's specimen so
        samples += [
            sample_of(f"b{k}", "B", count_method="SECOND_TUBE", **draw),
            sample_of(f"t{k}", "T", **BEADS, **draw),
        ]
        results += [replace(tube_b(), sample_id=f"b{k}"), replace(tube_t(b=400 * k), sample_id=f"t{k}")]

    forward, backward = (counted_rows(r, study_of(*samples)) for r in (results, results[::-1]))

    assert [forward[f"b{k}", "Naive"].value_raw for k in (1, 2, 3)] == [10, 20, 30]
    assert {key: str(row) for key, row in forward.items()} == {key: str(row) for key, row in backward.items()}


def test_the_level_of_the_study_is_that_of_every_interval():
    wide, narrow = (counted_rows([tube_t(), tube_b()], study_of(*PAIR, confidence_level=x)) for x in (0.99, 0.8))

    for key in (("t", "B"), ("b", "Naive")):
        assert (wide[key].ci_level, narrow[key].ci_level) == (0.99, 0.8)
        assert wide[key].ci_low < narrow[key].ci_low < narrow[key].ci_high < wide[key].ci_high


@given(st.integers(0, 500), st.integers(50, 5000), st.floats(0, 1))
def test_the_parts_of_a_population_are_never_more_than_it(t_events, b_events, share):
    naive = int(share * b_events)

    rows = counted_rows([tube_t(b=t_events), tube_b(b=b_events, naive=naive)], study_of(*PAIR))

    assert rows["b", "Naive"].value_raw <= rows["b", "B"].value_raw
    assert rows["b", "Naive"].ci_low <= rows["b", "Naive"].value_raw <= rows["b", "Naive"].ci_high


# No concentrations


def test_a_control_has_percentages_and_is_named_as_one():
    control = sample_of("t", "T", control="pre_infusion", **BEADS, **DRAW)

    found = collect([tube_t()], study_of(control))

    assert {(r.control, r.qc_flags) for r in found} == {("pre_infusion", "")}
    assert {r.statistic for r in found} == {"COUNT", "PCT"}


@pytest.mark.parametrize(
    ("columns", "quality", "said"),
    [
        ({}, "WARN", "write how the sample was counted (count_method) into the manifest"),
        ({"count_method": "NONE"}, "PASS", "the manifest says NONE"),
        (
            {"beads_per_tube": "50000"},
            "WARN",
            "the manifest gives beads_per_tube: write SP_BEAD as its count_method, if that is how it was counted",
        ),
    ],
)
def test_what_is_asked_for_and_not_counted_is_told(columns, quality, said):
    found = collect([tube_t()], study_of(sample_of("t", "T", **columns)))

    assert {(r.qc_status, r.qc_flags) for r in found} == {(quality, "CONCENTRATION_NOT_GIVEN")}
    assert found[0].comment == f"the template asks for cells/µL of T, B; {said}"
    assert "ABS" not in {r.statistic for r in found}


def test_a_template_that_asks_for_no_concentrations_gets_none_and_is_told_nothing():
    silent = replace(TUBE_T, report=())

    found = collect([tube_t()], study_of(BEAD_TUBE, t=silent))

    assert {(r.statistic, r.qc_flags) for r in found} == {("COUNT", ""), ("PCT", "")}


def test_a_counted_tube_may_keep_its_own_concentrations_to_itself():
    silent = replace(TUBE_T, report=())

    rows = counted_rows([tube_t(), tube_b()], study_of(*PAIR, t=silent))

    assert {sample for sample, _ in rows} == {"b"}
    assert rows["b", "Naive"].value_raw == 10


def test_the_shared_cells_need_not_be_reported_themselves():
    naive_only = replace(TUBE_B, report=TUBE_B.report[1:2])

    rows = counted_rows([tube_t(), tube_b()], study_of(*PAIR, b=naive_only))

    assert [population for sample, population in rows if sample == "b"] == ["Naive"]
