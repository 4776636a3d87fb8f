"""Beads that cannot be right: too few, too many, lost, of two kinds out of proportion, settling, of an old lot."""

from dataclasses import replace
from datetime import date

import pytest

from cytoproc.study.bead_lots import BeadLot
from cytoproc.study.results import collect
from cytoproc.study.rules import CountRules, TechnicalCVs
from cytoproc.templates.reading import parse_template
from tests.study.counted import BEADS, PATHS_T, result_of, row_of, sample_of, study_of, tube_t

TUBE = sample_of("t", "T", **BEADS)
LOT = sample_of("t", "T", **BEADS, bead_lot="A", collected_at="2024-05-01T08:00")
MEASURED = (("begin", "2024-05-02T09:00:00"),)
STEADY = ((100, 1000),) * 10


def codes(results, study):
    rows = [r for r in collect(results, study) if r.statistic == "ABS"]
    [(status, flags)] = {(r.status, r.qc_flags) for r in rows}
    return status, flags


@pytest.mark.parametrize(
    ("beads", "found"),
    [
        (0, ("INVALID", "NO_BEADS")),
        (999, ("INVALID", "TOO_FEW_BEADS")),
        (1000, ("QUANT", "FEW_BEADS")),
        (2499, ("QUANT", "FEW_BEADS")),
        (2500, ("QUANT", "")),
        (50_000, ("QUANT", "")),
        (56_037, ("QUANT", "")),  # 50000 (1 + 3 sqrt(1/50000 + 0.04^2)) = 56037.4
        (56_038, ("INVALID", "BEADS_OVER_TUBE")),
        (60_000, ("INVALID", "BEADS_OVER_TUBE")),
    ],
)
def test_the_number_of_beads_decides(beads, found):
    assert codes([tube_t(beads=beads)], study_of(TUBE)) == found


def test_a_study_may_ask_for_more_beads():
    rules = CountRules(min_beads=3000, few_beads=20_000)

    assert codes([tube_t(beads=2999)], study_of(TUBE, counts=rules)) == ("INVALID", "TOO_FEW_BEADS")
    assert codes([tube_t(beads=10_000)], study_of(TUBE, counts=rules)) == ("QUANT", "FEW_BEADS")


def test_beads_that_were_washed_out_are_told():
    many = sample_of("t", "T", **BEADS | {"beads_per_tube": "500000"})

    row = row_of([tube_t(beads=4000)], study_of(many))

    assert (row.status, row.qc_flags) == ("INVALID", "BEADS_LOST")
    assert "4000 of 500000 beads were counted in 'Beads' (0.8 %), less than 1 % (min_bead_percent)" in row.comment


@pytest.mark.parametrize(
    ("lot", "acquisition", "found"),
    [
        (BeadLot("A", 50_000, expires_on=date(2024, 5, 2)), MEASURED, ("QUANT", "")),
        (BeadLot("A", 50_000, expires_on=date(2024, 5, 1)), MEASURED, ("INVALID", "BEAD_LOT_EXPIRED")),
        (BeadLot("A", 50_000, expires_on=date(2024, 5, 1)), (), ("QUANT", "")),  # drawn on its last day
        (BeadLot("A", 50_000, expires_on=date(2024, 4, 30)), (), ("INVALID", "BEAD_LOT_EXPIRED")),
    ],
)
def test_a_lot_is_used_until_its_last_day(lot, acquisition, found):
    assert codes([tube_t(acquisition=acquisition)], study_of(LOT, bead_lots={"A": lot})) == found


def test_without_any_date_an_expiry_cannot_be_verified():
    lots = {"A": BeadLot("A", 50_000, expires_on=date(2024, 5, 1))}
    dateless = sample_of("t", "T", **BEADS, bead_lot="A")

    assert codes([tube_t()], study_of(dateless, bead_lots=lots)) == ("QUANT", "BEAD_LOT_NOT_VERIFIED")


def test_how_far_the_lot_may_be_off_decides_how_many_beads_are_too_many():
    loose, tight = BeadLot("A", 50_000, cv=0.1), BeadLot("A", 50_000, cv=0.01)

    assert codes([tube_t(beads=60_000)], study_of(LOT, bead_lots={"A": loose})) == ("QUANT", "")
    assert codes([tube_t(beads=53_000)], study_of(LOT, bead_lots={"A": tight})) == ("INVALID", "BEADS_OVER_TUBE")


def test_liquid_beads_are_their_volume_times_their_strength():
    liquid = {"count_method": "SP_BEAD", "sample_volume_ul": "200", "beads_per_ul": "1020", "bead_volume_ul": "50"}

    row = row_of([tube_t(beads=9800, t=1530)], study_of(sample_of("t", "T", **liquid)), population="T")

    assert row.beads_per_tube == 51_000
    assert [round(x, 3) for x in (row.value_raw, row.ci_low, row.ci_high)] == [39.811, 37.699, 42.020]


def test_the_lot_says_how_many_beads_there_were():
    bare = sample_of("t", "T", count_method="SP_BEAD", sample_volume_ul="100", bead_lot="A")

    row = row_of([tube_t()], study_of(bare, bead_lots={"A": BeadLot("A", 50_000)}))

    assert (row.beads_per_tube, row.status) == (50_000, "QUANT")


@pytest.mark.parametrize(
    ("tenths", "found"),
    [
        (STEADY, ("QUANT", "")),
        (tuple((100 - 4 * i, 1000) for i in range(10)), ("QUANT", "BEADS_UNSTEADY")),
        (tuple((190 - 20 * i, 1000) for i in range(10)), ("INVALID", "BEADS_UNSTEADY")),
        (((10, 100), (12, 100), (8, 100), (9, 100), (11, 100), (13, 100), (7, 100), (10, 100), (9, 100), (11, 100)),
         ("QUANT", "")),  # chance
        ((), ("QUANT", "")),
    ],
)  # fmt: skip
def test_beads_that_settle_are_seen(tenths, found):
    assert codes([tube_t(bead_tenths=tenths)], study_of(TUBE)) == found


TWO = parse_template("""\
template: two kinds
version: "1"
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: A, parent: Beads, above: {channel: FL1, cut: 500}}
  - {name: B, parent: Beads, below: {channel: FL1, cut: 500}}
  - {name: T, below: {channel: SSC-A, cut: 200000}}
markers: [FL1]
counting: {beads: Beads, two_beads: {a: A, b: B, ratio: 1.0}}
report:
  - {population: T, concentration: true}
""")


@pytest.mark.parametrize(
    ("a", "b", "lot", "found"),
    [
        (5000, 5000, None, ("QUANT", "")),
        (5240, 4760, None, ("QUANT", "")),  # 1.10
        (5500, 4500, None, ("INVALID", "BEAD_RATIO_WRONG")),  # 1.22
        (4500, 5500, None, ("INVALID", "BEAD_RATIO_WRONG")),
        (10_000, 0, None, ("INVALID", "BEAD_RATIO_WRONG")),
        (5500, 4500, BeadLot("A", 50_000, ratio_a_to_b=1.2), ("QUANT", "")),
    ],
)
def test_two_kinds_of_beads_must_be_in_the_proportion_of_their_lot(a, b, lot, found):
    result = result_of("t", ("Beads", "Beads/A", "Beads/B", "T"), (a + b, a, b, 2000))

    assert codes([result], study_of(LOT, t=TWO, bead_lots={"A": lot} if lot else {})) == found


def test_log_delta_holds_the_errors_that_the_study_and_the_lot_tell():
    trucount = sample_of("t", "T", **BEADS | {"beads_per_tube": "51664"}, bead_lot="A")
    result = result_of("t", PATHS_T, (18_250, 20_000, 20_000, 412, 400))
    cv = TechnicalCVs(pipetting=0.05)
    study = study_of(
        trucount, bead_lots={"A": BeadLot("A", 51_664, cv=0.02)}, counts=CountRules(interval="log-delta", cv=cv)
    )

    row = row_of([result], study, population="T")

    assert row.ci_method == "log-delta"
    assert [round(x, 3) for x in (row.value_raw, row.ci_low, row.ci_high)] == [11.663, 10.101, 13.467]
    assert round(row.cv_pct, 2) == 7.34


def test_the_share_of_beads_is_counted_in_tenths_of_the_file(tmp_path):
    import numpy as np

    from cytoproc.fcs import write_fcs
    from cytoproc.model.events import EventTable, Stage
    from cytoproc.model.panel import Channel, Panel
    from cytoproc.study.processing import SampleTask, process_sample

    values = np.zeros((1005, 3), dtype=np.float32)
    values[:, 2] = 100  # SSC-A of a cell
    values[:50, 2] = 250_000  # the first 50 are beads
    panel = Panel(tuple(Channel(name) for name in ("FL1", "FSC-A", "SSC-A")))
    write_fcs(tmp_path / "a.fcs", EventTable(values, panel, Stage.RAW))
    template = replace(TWO, counting=replace(TWO.counting, lymphocytes="T"), compensation="none")

    found = process_sample(SampleTask("s", tmp_path / "a.fcs", "a.fcs", template))

    assert found.error == ""
    assert found.bead_tenths[0] == (50, 100)
    assert [beads for beads, _ in found.bead_tenths[1:]] == [0] * 9
    assert sum(n for _, n in found.bead_tenths) == 1005
