"""One tube in several files, and duplicate tubes: pooled, refused, or left as they are."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.cli.visits import format_visits
from cytoproc.export.tables import summary_table
from cytoproc.model.results import Intensity, QCFlag, SampleResult
from cytoproc.quantify.agreement import chance_of_spread, overdispersion
from cytoproc.quantify.concentration import from_effective_volume
from cytoproc.running import run_study
from cytoproc.study.bead_lots import BeadLot
from cytoproc.study.counting import find_bases, find_tubes
from cytoproc.study.definition import Instrument, read_study
from cytoproc.study.findings import find_out
from cytoproc.study.pooling import pool
from cytoproc.study.results import collect
from cytoproc.study.rules import CountRules
from cytoproc.study.truth import TrueCount
from cytoproc.templates.template import TwoBeads
from tests.making import fcs_file
from tests.study.counted import BEADS, TUBE_T, counted_rows, study_of, tube_b, tube_row, tube_t

TIMES = ("2024-03-01T10:00:00", "2024-03-01T10:05:00", "2024-03-01T10:05:00", "2024-03-01T10:09:00")
SECOND = tube_row("b", "B", count_method="SECOND_TUBE")
IN_NL = (Instrument("", "nL"),)
VOLUME = {"count_method": "SP_VOL", "sample_volume_ul": "100", "final_volume_ul": "1000"}


def result(name, *, begin="", end="", serial="", volume="", **more):
    """Return the result of a tube T, whose file and digest have the sample's name."""
    acquisition = (("serial", serial), ("volume", volume), ("begin", begin), ("end", end))
    made = tube_t(**{key: more.pop(key) for key in tuple(more) if key in {"beads", "cells", "singlets", "t", "b"}})
    own = {"sample_id": name, "file": f"{name}.fcs", "sha256": name, "acquisition": acquisition}
    return replace(made, **own | more)


def failed(name):
    return SampleResult(name, f"{name}.fcs", error_code="FCS_TRUNCATED", error="cut")


def two(column, **columns):
    """Return two rows that differ in `part` or `replicate`, counted by beads."""
    return [tube_row(name, "T", **BEADS | columns, **{column: str(i)}) for i, name in ((1, "x"), (2, "y"))]


TWO_PARTS = [result("x", begin=TIMES[0], end=TIMES[1]), result("y", begin=TIMES[2], end=TIMES[3], beads=5000, b=300)]
ALIKE = [
    TWO_PARTS[0],
    result("y", begin=TIMES[2], end=TIMES[3], beads=5000, cells=10_000, singlets=10_000, t=1000, b=200),
]


def pooled(results, rows, **more):
    """Return the results by sample and the study, pooled."""
    made, study = pool(results, study_of(*rows, **more))
    return {r.sample_id: r for r in made}, study


def flags(results, study, sample_id="x+y"):
    found = {r.sample_id: r for r in find_out(list(results.values()), study).results}
    return {f.code: f for f in found[sample_id].flags}


def rows_of(results, study):
    """Return the rows of concentrations, by sample and population."""
    return counted_rows(list(results.values()), study)


def but(row, **cells):
    """Return a row with other cells."""
    return replace(row, columns=tuple((dict(row.columns) | cells).items()))


# One more sample


def test_the_counts_of_files_of_one_tube_add_up():
    results, study = pooled(TWO_PARTS, two("part"))

    counts = {c.path: (c.n_events, c.n_parent) for c in results["x+y"].counts}
    assert list(results) == ["x", "y", "x+y"]
    assert counts["Cells/Singlets/B"] == (700, 40_000)
    assert counts["root"] == (200_000, 200_000)
    assert (results["x+y"].n_events, results["x+y"].file, results["x+y"].sha256) == (200_000, "x.fcs;y.fcs", "x;y")
    assert results["x+y"].pooled_from == ("x", "y")
    assert [s.pooled_into for s in study.manifest.samples] == ["x+y", "x+y", ""]


def test_the_row_of_a_pooled_sample_has_what_its_members_have_in_common():
    first, second = two("part", predilution="1", collected_at="2024-03-01", rack="A7")

    _, study = pooled(TWO_PARTS, [first, but(second, predilution="1.0", rack="A8")])

    cells = dict(study.manifest.samples[-1].columns)
    assert {c: cells[c] for c in ("part", "rack", "tube", "collected_at", "predilution")} == {
        "part": "",
        "rack": "",
        "tube": "T",
        "collected_at": "2024-03-01",
        "predilution": "1",
    }


def test_a_pooled_sample_is_computed_from_the_sums_and_its_members_are_kept():
    results, study = pooled(TWO_PARTS, two("part"))

    rows = rows_of(results, study)

    row = rows["x+y", "B"]
    assert (row.n_events, row.n_beads, row.beads_per_tube, row.v_eff_ul) == (700, 15_000, 50_000, 30)
    assert row.value_raw == pytest.approx(700 / 30)
    assert (row.pooled_from, row.fcs_file) == ("x;y", "x.fcs;y.fcs")
    assert [rows[name, "B"].value_raw for name in ("x", "y")] == [20, 30]


def test_percentages_of_a_pooled_sample_are_of_all_its_events():
    results, study = pooled(TWO_PARTS, two("part"))

    rows = collect(list(results.values()), study)

    [row] = [r for r in rows if r.result_id.startswith("x+y|Cells/Singlets/B|PCT")]
    assert (row.n_events, row.n_denominator, row.value_raw) == (700, 40_000, 1.75)


def test_intensities_are_left_to_the_members_and_a_note_says_so():
    members = [replace(r, intensities=(Intensity("Cells", "CD3", "median", 9.0),)) for r in ALIKE]

    results, study = pooled(members, two("part"))

    assert results["x+y"].intensities == ()
    found = flags(results, study)
    assert list(found) == ["POOLED"]
    assert found["POOLED"].message.startswith("its counts are the sums of x, y, files of one tube; intensities are")
    assert {r.qc_status for r in collect(list(results.values()), study)} == {"PASS"}


def test_the_order_of_rows_is_nothing_and_that_of_parts_is_the_order_of_names():
    results, _ = pooled(TWO_PARTS[::-1], two("part")[::-1])

    assert list(results) == ["y", "x", "x+y"]
    assert results["x+y"].pooled_from == ("x", "y")


def test_to_pool_again_changes_nothing_and_rows_without_a_result_stay():
    results, study = pooled(TWO_PARTS, [*two("part"), SECOND])

    again, same = pool(list(results.values()), study)

    assert ([r.sample_id for r in again], same) == (["x", "y", "x+y"], study)
    assert [s.sample_id for s in study.manifest.samples] == ["x", "y", "x+y", "b"]


def test_a_name_that_is_taken_is_made_longer():
    taken = tube_row("X+Y", "other", **BEADS)

    results, _ = pooled([*TWO_PARTS, replace(tube_t(), sample_id="X+Y")], [*two("part"), taken], t=TUBE_T)

    assert list(results) == ["x", "y", "x+y+", "X+Y"]


@pytest.mark.parametrize(
    "other",
    [
        {"specimen_id": "P1-D28"},
        {"subject_id": "P2"},
        {"tube": "T2"},
        {"template": "B"},
        {"control": "process"},
        {"part": ""},
    ],
)
def test_what_is_not_said_to_be_one_tube_is_not_pooled(other):
    first, second = two("part")

    results, study = pooled(TWO_PARTS, [first, but(second, **other)])

    assert list(results) == ["x", "y"]
    assert {s.pooled_into for s in study.manifest.samples} == {""}


def test_subjects_are_names_and_not_numbers():
    first, second = two("part")

    assert list(pooled(TWO_PARTS, [but(first, subject_id="01"), but(second, subject_id="1")])[0]) == ["x", "y"]


@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 3), min_size=2, max_size=5))
def test_however_a_tube_is_split_its_counts_are_the_same(parts):
    names = [f"p{i}" for i in range(len(parts))]
    rows = [tube_row(name, "T", **BEADS, part=str(i + 1)) for i, name in enumerate(names)]
    files = [result(name, beads=beads, t=t, b=b) for name, (beads, t, b) in zip(names, parts, strict=True)]

    found = {c.path: c.n_events for c in pooled(files, rows)[0]["+".join(names)].counts}

    sums = tuple(map(sum, zip(*parts, strict=True)))
    assert tuple(found[p] for p in ("Beads", "Cells/Singlets/T", "Cells/Singlets/B")) == sums


# Files that overlap, and files that failed


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({}, {"sha256": "x"}, "x.fcs and y.fcs have the same bytes"),
        ({"begin": TIMES[0]}, {"begin": TIMES[0]}, f"x.fcs ({TIMES[0]} to an unknown time) and y.fcs ({TIMES[0]}"),
        (
            {"begin": TIMES[0], "end": TIMES[3]},
            {"begin": TIMES[1], "end": TIMES[2]},
            f"x.fcs ({TIMES[0]} to {TIMES[3]}) and y.fcs ({TIMES[1]} to {TIMES[2]}) were acquired at the same time",
        ),
        ({"begin": TIMES[1], "end": TIMES[3]}, {"begin": TIMES[0], "end": "2024-03-01T10:05:01"}, "at the same time"),
    ],
)
def test_files_of_a_tube_that_overlap_are_not_pooled(first, second, said):
    results, study = pooled([result("x", **first), result("y", **second)], two("part"))

    refused = results["x+y"]
    rows = [r for r in collect(list(results.values()), study) if r.sample_id == "x+y"]
    assert (refused.error_code, refused.counts) == ("PARTS_OVERLAP", ())
    assert said in refused.error
    assert refused.error.endswith("a copy or a cutting of the other, leave its row out of the manifest")
    said_of_all = [(r.statistic, r.status, r.qc_status, r.qc_flags) for r in rows]
    assert said_of_all == [("", "INVALID", "FAIL", "PARTS_OVERLAP")]
    assert rows_of(results, study)["x", "B"].value_raw == 20


def test_a_file_that_begins_when_the_other_ends_does_not_overlap():
    assert not pooled(TWO_PARTS, two("part"))[0]["x+y"].error_code


@pytest.mark.parametrize("missing", ["begin", "end"])
def test_files_without_times_are_pooled_and_it_is_told_that_nothing_shows_them_apart(missing):
    bare = replace(ALIKE[1], acquisition=tuple((k, "" if k == missing else v) for k, v in ALIKE[1].acquisition))

    results, study = pooled([ALIKE[0], bare], two("part"))

    found = flags(results, study)
    assert list(found) == ["POOLED", "PARTS_NOT_VERIFIED"]
    assert found["PARTS_NOT_VERIFIED"].message.startswith("y.fcs: no date and times")


def test_files_of_two_cytometers_are_told_and_their_clocks_are_not_compared():
    one = {"begin": TIMES[0], "end": TIMES[1]}

    results, study = pooled([result("x", serial="A", **one), result("y", serial="B", **one)], two("part"))

    found = flags(results, study)
    assert list(found) == ["POOLED", "PARTS_INSTRUMENTS_DIFFER"]
    assert "($CYTSN A, B)" in found["PARTS_INSTRUMENTS_DIFFER"].message


def test_half_a_tube_is_not_the_tube():
    results, study = pooled([TWO_PARTS[0], failed("y")], two("part"))

    assert results["x+y"].error_code == "PART_FAILED"
    assert "could be processed (y: FCS_TRUNCATED), and a part is not the tube: mend the file" in results["x+y"].error
    assert rows_of(results, study)["x", "B"].value_raw == 20


def test_too_few_beads_in_one_file_may_be_enough_in_all():
    results, study = pooled([result("x", beads=600, t=120, b=60), result("y", beads=500, t=100, b=50)], two("part"))

    rows = rows_of(results, study)

    assert [rows[name, "T"].value_char for name in ("x", "y")] == ["invalid (TOO_FEW_BEADS)"] * 2
    assert rows["x+y", "T"].value_raw == pytest.approx(220 / 1100 * 500)


def test_what_refuses_the_count_of_a_file_refuses_that_of_the_tube():
    volumes = two("part", **VOLUME)
    members = [result("x", volume="85000", duration_s=60.0), result("y", volume="", duration_s=60.0)]

    results, study = pooled(members, volumes, instruments=IN_NL)

    found = flags(results, study)
    said = "no cells/µL: of sample 'y', which is part of this one: keyword $VOL is missing"
    assert found["VOLUME_MISSING"].message.startswith(said)


def test_flags_of_a_member_are_told_of_the_pool():
    odd = replace(TWO_PARTS[1], flags=(QCFlag("GATE_FALLBACK", "no band"),))

    found = flags(*pooled([TWO_PARTS[0], odd], two("part")))

    assert found["MEMBER_FLAGGED"].message == "y has GATE_FALLBACK: look there"


# Duplicate tubes


def test_duplicate_tubes_pool_to_all_events_in_all_blood():
    results, study = pooled([result("x"), result("y", beads=5000, t=1000, b=200)], two("replicate"))

    row = rows_of(results, study)["x+y", "B"]

    assert (row.n_events, row.n_beads, row.beads_per_tube, row.sample_volume_ul) == (600, 15_000, 100_000, 200)
    assert (row.v_eff_ul, row.value_raw) == (pytest.approx(30), pytest.approx(20))
    assert row.ci_method == "conditional-binomial"


def test_duplicate_tubes_that_were_filled_unlike_pool_by_the_blood_looked_at():
    first, second = two("replicate")

    results, study = pooled(
        [result("x"), result("y", t=4000, b=420)], [first, but(second, beads_per_tube="25000", predilution="2")]
    )

    row = rows_of(results, study)["x+y", "B"]
    assert row.v_eff_ul == pytest.approx(20 + 20)  # 100 µL x 10,000/50,000, and 50 µL x 10,000/25,000
    assert row.value_raw == pytest.approx(820 / 40)
    exact = from_effective_volume(820, 20_000, v_eff_ul=40).estimate  # each bead stands for as much blood
    assert (row.ci_low, row.ci_high) == pytest.approx((float(exact.low), float(exact.high)))
    assert (row.n_beads, row.beads_per_tube, row.sample_volume_ul) == (20_000, 75_000, 200)
    assert math.isnan(row.dilution_factor)


def test_of_duplicates_that_were_filled_unlike_the_tube_with_few_beads_is_as_unsure_as_it_is():
    rows = [tube_row("x", "T", **BEADS, replicate="1"), tube_row("y", "T", **BEADS, replicate="2")]
    rows = [but(rows[0], sample_volume_ul="20"), but(rows[1], sample_volume_ul="200")]

    results, study = pooled([result("x", beads=40_000, t=1600), result("y", beads=2000, t=800)], rows)

    row = rows_of(results, study)["x+y", "T"]
    as_sure = 24**2 / (16**2 / 40_000 + 8**2 / 2000)  # beads of one tube: 15,000, not 42,000
    exact = from_effective_volume(2400, as_sure, v_eff_ul=24).estimate
    assert (row.v_eff_ul, row.n_beads, row.dilution_factor) == (pytest.approx(24), 42_000, 1)
    assert (row.value_raw, row.ci_low, row.ci_high) == pytest.approx((100, float(exact.low), float(exact.high)))


def test_duplicates_that_were_filled_alike_have_exactly_the_numbers_of_one_tube_of_all():
    members = [result("x", beads=9000, t=1780, b=333), result("y", beads=4700, t=920, b=171)]
    results, study = pooled(members, two("replicate"))
    row = {"beads_per_tube": "100000", "sample_volume_ul": "200"}

    one = counted_rows([tube_t(beads=13_700, t=2700, b=504)], study_of(tube_row("t", "T", **BEADS | row)))

    names = ("value_raw", "ci_low", "ci_high", "ci_method", "v_eff_ul", "cv_pct", "dilution_factor")
    for population in ("B", "T"):
        found, expected = rows_of(results, study)["x+y", population], one["t", population]
        assert [getattr(found, name) for name in names] == [getattr(expected, name) for name in names]


@pytest.mark.parametrize("per_ul", [20, 500])
def test_unlike_tubes_hold_the_truth_in_95_of_100(per_ul):
    rng = np.random.default_rng(17)
    blood, added, seen = np.array([20, 200]), 50_000, np.array([0.8, 0.04])
    beads, cells = rng.poisson(added * seen, (8000, 2)), rng.poisson(per_ul * blood * seen, (8000, 2))
    v = blood * beads / added

    found = from_effective_volume(
        cells.sum(1), v.sum(1) ** 2 / np.sum(v**2 / beads, axis=1), v_eff_ul=v.sum(1)
    ).estimate

    assert np.mean((found.low <= per_ul) & (per_ul <= found.high)) > 0.93


def test_unlike_tubes_of_one_blood_scatter_as_counting_says():
    rng = np.random.default_rng(8)
    rows = [but(row, sample_volume_ul=volume) for row, volume in zip(two("replicate"), ("20", "200"), strict=True)]
    phi = []
    for _ in range(150):
        n = rng.poisson([40_000, 2000, 8000, 4000])
        made, study = pooled([result("x", beads=n[0], t=n[2]), result("y", beads=n[1], t=n[3])], rows)
        tubes = find_tubes(list(made.values()), study)
        phi.append(dict(find_bases(tubes, study)["x+y"].spread)["Cells/Singlets/T"])

    assert np.mean(phi) == pytest.approx(1, abs=0.4)  # 3.5 standard errors


LOG_DELTA = CountRules(interval="log-delta")
TWO_LOTS = {name: BeadLot(name, beads_per_tube=50_000, cv=0.08) for name in ("A", "B")}


@pytest.mark.parametrize(
    ("lots", "error"), [(("A", "A"), 0.08), (("A", "B"), 0.08 * math.hypot(2, 1) / 3), (("A", ""), 0.16 / 3)]
)
def test_the_errors_of_two_bead_lots_are_independent_and_that_of_one_is_shared(lots, error):
    rows = [but(row, bead_lot=lot) for row, lot in zip(two("replicate"), lots, strict=True)]
    members = [result("x", t=8000, b=400), result("y", beads=5000, t=4000, b=200)]

    results, study = pooled(members, rows, bead_lots=TWO_LOTS, counts=LOG_DELTA)

    row = rows_of(results, study)["x+y", "T"]
    assert row.cv_pct / 100 == pytest.approx(math.sqrt(1 / 12_000 + 1 / 15_000 + error**2))


def test_duplicates_with_beads_of_two_lots_of_other_ratios_are_not_refused_for_them():
    both = replace(TUBE_T.counting, two_beads=TwoBeads("Cells", "Cells/Singlets", 1.0))
    lots = {"A": BeadLot("A", 50_000, ratio_a_to_b=2.0), "B": BeadLot("B", 50_000, ratio_a_to_b=4.0)}
    rows = [but(row, bead_lot=lot) for row, lot in zip(two("replicate"), lots, strict=True)]
    members = [result("x", cells=40_000), result("y", cells=80_000)]

    results, study = pooled(members, rows, t=replace(TUBE_T, counting=both), bead_lots=lots)

    assert rows_of(results, study)["x+y", "T"].status == "QUANT"


def test_volumes_of_duplicate_tubes_add_up_too():
    rows = [tube_row("x", "T", **VOLUME, replicate="1"), tube_row("y", "T", **VOLUME, replicate="2")]
    whole = result("x", volume="85000", duration_s=60.0)
    masked = result("y", volume="50000", duration_s=60.0, b=740, kept_time_fraction=0.96)

    results, study = pooled([whole, masked], [rows[0], but(rows[1], final_volume_ul="500")], instruments=IN_NL)

    row = rows_of(results, study)["x+y", "B"]
    assert row.v_eff_ul == pytest.approx(8.5 + 0.96 * 10)
    assert row.value_raw == pytest.approx((400 + 740) / (8.5 + 9.6))
    assert row.vol_acquired_nl == 135_000


def test_parts_are_pooled_before_duplicates():
    rows = [
        tube_row("x", "T", **BEADS, replicate="1", part="1"),
        tube_row("z", "T", **BEADS, replicate="2"),
        tube_row("y", "T", **BEADS, replicate="1", part="2"),
    ]

    results, study = pooled([TWO_PARTS[0], result("z"), TWO_PARTS[1]], rows)

    assert list(results) == ["x", "z", "y", "x+y", "x+y+z"]
    assert results["x+y+z"].pooled_from == ("x+y", "z")
    assert rows_of(results, study)["x+y+z", "B"].v_eff_ul == pytest.approx(30 + 20)
    assert [s.sample_id for s in study.manifest.samples if not s.pooled_into] == ["x+y+z"]


def test_the_same_file_is_no_duplicate_tube():
    results, _ = pooled([result("x"), replace(result("y"), sha256="x")], two("replicate"))

    assert results["x+y"].error_code == "REPLICATES_OVERLAP"


def test_of_three_duplicates_two_are_pooled_if_the_third_failed():
    rows = [*two("replicate"), tube_row("z", "T", **BEADS, replicate="3")]

    results, study = pooled([result("x"), failed("y"), result("z")], rows)

    assert results["x+z"].pooled_from == ("x", "z")
    assert flags(results, study, "x+z")["REPLICATE_FAILED"].message.startswith(
        "of 3 duplicate tubes 1 could not be processed (y: FCS_TRUNCATED)"
    )
    assert [s.pooled_into for s in study.manifest.samples] == ["x+z", "x+z", "x+z", ""]


def test_a_duplicate_that_is_left_alone_stands_for_itself_and_for_the_second_tube():
    results, study = pooled([result("x"), failed("y"), tube_b()], [*two("replicate"), SECOND])

    assert list(results) == ["x", "y", "b"]
    assert list(flags(results, study, "x")) == ["REPLICATE_FAILED"]
    assert rows_of(results, study)["b", "Naive"].value_raw == 10


def test_duplicates_that_all_failed_are_left_as_they_are():
    results, study = pooled([failed("x"), failed("y")], two("replicate"))

    assert list(results) == ["x", "y"]
    assert {s.pooled_into for s in study.manifest.samples} == {""}


def test_duplicates_that_differ_more_than_counting_explains_have_a_wider_interval():
    results, study = pooled([result("x", b=400), result("y", b=520)], two("replicate"))

    rows = rows_of(results, study)

    phi = ((400 - 460) ** 2 + (520 - 460) ** 2) / 460 / (1 + 920 / 20_000)  # of what counting the beads adds: 4.6 %
    b, t = rows["x+y", "B"], rows["x+y", "T"]
    plain = counted_rows([tube_t(beads=20_000, b=920)], study_of(tube_row("t", "T", **BEADS)))["t", "B"]
    assert (b.value_raw, b.ci_method, t.ci_method) == (23, "conditional-binomial-widened", "conditional-binomial")
    assert math.log(b.ci_high / 23) == pytest.approx(math.sqrt(phi) * math.log(plain.ci_high / plain.value_raw))
    assert math.log(b.ci_low / 23) == pytest.approx(math.sqrt(phi) * math.log(plain.ci_low / plain.value_raw))
    assert b.cv_pct == pytest.approx(math.sqrt(phi) * plain.cv_pct)
    assert f"B ({phi:.2g})" in flags(results, study)["REPLICATES_OVERDISPERSED"].message


def test_a_spread_that_chance_often_makes_is_a_note_and_one_that_it_hardly_makes_a_warning():
    often, hardly = (flags(*pooled([result("x", b=400), result("y", b=n)], two("replicate"))) for n in (460, 600))

    assert [found["REPLICATES_OVERDISPERSED"].severity for found in (often, hardly)] == ["info", "warn"]


def test_duplicates_of_one_blood_scatter_as_counting_says():
    rng = np.random.default_rng(7)
    mean_cells, mean_beads, n = 8000, 5000, 4000  # where beads are fewer than cells, most of the scatter is theirs
    cells, beads = rng.poisson(mean_cells, (n, 2)), rng.poisson(mean_beads, (n, 2))
    expected = cells.sum(1, keepdims=True) * beads / beads.sum(1, keepdims=True)

    phi = np.array([overdispersion(c, e) for c, e in zip(cells, expected, strict=True)])
    phi /= 1 + cells.sum(1) / beads.sum(1)

    assert phi.mean() == pytest.approx(1, abs=0.08)  # 3.5 standard errors of a chi-squared of 1 degree
    assert np.mean([chance_of_spread(x, 2) < 0.01 for x in phi]) < 0.015


# What stands for the members


def test_a_second_tube_is_counted_by_the_pooled_one():
    results, study = pooled([*TWO_PARTS, tube_b()], [*two("part"), SECOND])

    row = rows_of(results, study)["b", "B"]

    assert row.value_raw == pytest.approx(700 / 30)


def test_a_second_tube_in_two_files_is_one_tube():
    first, second = (tube_row(f"b{i}", "B", count_method="SECOND_TUBE", part=f"{i}") for i in (1, 2))
    half = {"singlets": 15_000, "b": 300, "pb": 30, "among_shared": (("Singlets/PB", 20),)}
    files = [replace(tube_b(**half, naive=n), sample_id=f"b{i}") for i, n in ((1, 150), (2, 100))]

    results, study = pooled([tube_t(), *files], [tube_row("t", "T", **BEADS), first, second])

    naive = rows_of(results, study)["b1+b2", "Naive"]
    assert (naive.n_denominator, naive.value_raw) == (600, pytest.approx(20 * 250 / 600))
    assert results["b1+b2"].among_shared == (("Singlets/PB", 40),)


def test_the_change_from_baseline_is_that_from_the_pooled_sample():
    rows = [tube_row(name, "T", **BEADS, replicate=str(i), visit="BL") for i, name in ((1, "x"), (2, "y"))]
    later = but(tube_row("t", "T", **BEADS, visit="D14"), specimen_id="P1-D14-2")

    results, study = pooled([result("x"), result("y", b=440), tube_t()], [*rows, later], baseline="BL")

    row = rows_of(results, study)["t", "B"]
    assert (row.baseline_value, row.change) == (pytest.approx(21), pytest.approx(-1))


def test_what_is_truly_in_all_members_is_in_the_pooled_sample():
    known = [("x", "B", 21.0), ("x", "T", 5.0), ("y", "B", 21.0), ("y", "T", 6.0)]
    truth = [TrueCount(*each, live_cells=1.0, live_singlets=1.0) for each in known]

    _, study = pooled([result("x"), result("y")], two("replicate"), truth=tuple(truth))

    assert [(t.population, t.concentration_per_ul) for t in study.truth if t.sample_id == "x+y"] == [("B", 21)]


def test_duplicates_that_were_counted_in_two_ways_have_percentages_only():
    rows = [tube_row("x", "T", **BEADS, replicate="1"), tube_row("y", "T", **VOLUME, replicate="2")]

    by_volume = result("y", volume="85000", duration_s=60.0)

    results, study = pooled([result("x"), by_volume], rows, instruments=IN_NL)

    assert "not in one way; see their count_method" in flags(results, study)["CONCENTRATION_NOT_GIVEN"].message
    assert ("x+y", "B") not in rows_of(results, study)


# From files


TEMPLATE = """\
template: T
version: 1
markers: [CD19]
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 1000}}
  - {name: Cells, below: {channel: SSC-A, cut: 1000}}
  - {name: B, parent: Cells, above: {channel: CD19, cut: 100}}
counting: {beads: Beads, lymphocytes: Cells}
report: [{population: B, percent_of: [Cells], concentration: true, headline: true, intensity: [{channel: CD19}]}]
"""
COUNTED_BY = {
    "beads": ("count_method,beads_per_tube,sample_volume_ul", "SP_BEAD,50000,50"),
    "volume": ("count_method,sample_volume_ul,final_volume_ul", "SP_VOL,50,500"),
}


def write_files(folder, pieces):
    """Write a study of one tube, whose events are in so many files: a slice of them and their volume in µL each."""
    rng = np.random.default_rng(3)
    kind = rng.choice(["bead", "B", "other"], 6000, p=[0.5, 0.1, 0.4])
    side, light = np.where(kind == "bead", 5000, 10), np.where(kind == "B", 500, 9)
    seconds = np.linspace(0, 60, kind.size)
    for i, (events, volume) in enumerate(pieces, start=1):
        columns = {"SSC-A": side[events], "PE-A": light[events], "Time": seconds[events]}
        clock = {"$DATE": "01-MAR-2024", "$BTIM": f"10:0{i}:00", "$ETIM": f"10:0{i}:30"}
        keywords = {"$VOL": f"{volume}", "$CYTSN": "V1", **clock}
        fcs_file(folder / f"f{i}.fcs", columns, labels={"PE-A": "CD19"}, keywords=keywords)


@pytest.fixture
def study_in(tmp_path):
    """Write a study of one tube in so many files, counted by beads or volume, and return it."""

    def write(name, pieces, counted_by):
        folder = tmp_path / name
        write_files(folder, pieces)
        header, cells = COUNTED_BY[counted_by]
        rows = [f"f{i},f{i}.fcs,P1,D14,T,t.yaml,{i},{cells}" for i in range(1, len(pieces) + 1)]
        lines = [f"sample_id,file,subject_id,specimen_id,tube,template,part,{header}", *rows]
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
        text = "study: small\ninstruments: [{serial: V1, volume_unit: uL}]\n"
        (folder / "study.yaml").write_text(text, encoding="utf-8")
        return read_study(folder / "study.yaml")

    return write


WHOLE = [(slice(None), 40)]
HALVES = [(slice(None, 2500), 16.5), (slice(2500, None), 23.5)]
SAME = ("n_events", "n_parent", "n_denominator", "n_beads", "vol_acquired_nl", "v_eff_ul")
SAME += ("value_raw", "value_char", "ci_low", "ci_high", "ci_method", "cv_pct", "status", "lloq_value")


@pytest.mark.parametrize("counted_by", COUNTED_BY)
def test_a_tube_that_was_split_gives_the_numbers_of_the_whole_but_for_intensities(study_in, tmp_path, counted_by):
    whole = run_study(study_in("whole", WHOLE, counted_by), tmp_path / "out-whole")
    split = run_study(study_in("split", HALVES, counted_by), tmp_path / "out-split")

    def numbers(run, sample_id):
        return {
            (r.population_id, r.statistic, r.denominator_id): [str(getattr(r, name)) for name in SAME]
            for r in run.rows
            if r.sample_id == sample_id
        }

    expected = {key: row for key, row in numbers(whole, "f1").items() if key[1] != "MFI"}
    assert {key[1] for key in expected} == {"COUNT", "PCT", "ABS"}
    assert numbers(split, "f1+f2") == expected
    assert {r.qc_flags for r in split.rows if r.sample_id == "f1+f2"} == {"POOLED"}


def test_a_run_with_a_pool_that_is_refused_has_no_failed_file(study_in, tmp_path):
    study = study_in("twice", [WHOLE[0], (slice(10, None), 40)], "beads")
    late = tmp_path / "twice" / "f2.fcs"
    late.write_bytes(late.read_bytes().replace(b"10:02:00", b"10:01:10"))

    run = run_study(study, tmp_path / "out")

    assert [r.error_code for r in run.results] == ["", "", "PARTS_OVERLAP"]
    assert run.failed == ()
    assert "f1+f2: PARTS_OVERLAP" in (tmp_path / "out/run.log").read_text(encoding="utf-8")


def test_the_screen_and_the_summary_show_the_pooled_sample_in_place_of_its_files(study_in, tmp_path):
    run = run_study(study_in("split", HALVES, "beads"), tmp_path / "out")

    [counted] = [r for r in run.rows if r.sample_id == "f1+f2" and r.statistic == "ABS"]
    summary = summary_table(run.rows, run.study)
    screen = "\n".join(format_visits(run.rows, run.study))
    assert dict(zip(summary.names, next(summary.rows()), strict=True))["sample_id"] == "f1+f2"
    assert summary.n_rows == 1
    assert screen.count(f"{counted.n_events:g}  ") == 1
    assert "f1+f2" in screen
