"""The blood of a patient: the tables for the first one, the same another one at every visit for the others."""

import math

import numpy as np
import pytest

from cytoproc.errors import UsageError
from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.patient import SCENARIOS, VISITS, draw_blood, product_of

ROWS = {  # visit: CD4 T, CD8 T, DN T, CAR+, NK, B, lymphocytes, monocytes, cells/µL
    "BL": (420, 380, 30, 0, 110, 140, 1080, 380),
    "D7": (45, 35, 3, 8, 15, 1, 107, 40),
    "D14": (120, 140, 10, 85, 60, 0, 415, 350),
    "M3": (260, 400, 22, 0.25, 130, 2.5, 814.75, 390),
    "M6": (330, 420, 24, 0.02, 140, 62, 976.02, 400),
}


def total(cells, *beginnings):
    return math.fsum(n for name, n in cells.items() if name.startswith(beginnings))


@pytest.mark.parametrize("visit", ROWS)
def test_the_first_patient_is_the_one_of_the_tables(visit):
    cells = draw_blood("autologous", visit).cells["T"]

    kinds = ("CD4_", "CD8_", "DNT", "CAR_", "NK", "B")
    found = [total(cells, kind) for kind in kinds]
    assert [*found, math.fsum(found), cells["MONO"]] == pytest.approx(ROWS[visit])


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("visit", VISITS)
def test_both_tubes_hold_the_same_blood_of_classes_that_they_know(scenario, visit):
    cells = draw_blood(scenario, visit).cells

    assert total(cells["B"]) == pytest.approx(total(cells["T"]))
    for tube in "TB":
        assert set(cells[tube]) <= set(read_kind(tube, product_of(scenario)).classes)


def test_car_t_cells_divide_as_their_table_says():
    cells = draw_blood("autologous", "D14").cells["T"]

    assert total(cells, "CAR_CD8") == pytest.approx(0.65 * 85)
    assert cells["CAR_CD8_em"] == pytest.approx(0.65 * 0.62 * 85)
    assert cells["CAR_DN"] == pytest.approx(0.03 * 85)


def test_between_two_days_of_a_table_lies_a_straight_line():
    shares = draw_blood("autologous", "D10").trait_shares

    assert shares["PD-1+"] == pytest.approx(0.45 + 3 / 7 * (0.40 - 0.45))


def test_an_allogeneic_product_brings_donor_cells_without_a_car():
    cells = draw_blood("allogeneic", "D14").cells["T"]

    assert total(cells, "DONOR_") >= total(cells, "CAR_")
    assert cells["CAR_TCR"] == pytest.approx(0.005 * 85)


def test_cells_of_an_allogeneic_product_that_lost_cd3_are_a_class_of_their_own_in_tube_b():
    cells = draw_blood("allogeneic", "D14").cells

    assert cells["B"]["T_EDITED"] == pytest.approx(0.995 * 85 + 1.2 * 85)
    assert cells["B"]["T_NK"] == pytest.approx(120 + 140 + 10 + 60 + 0.005 * 85)
    assert total(cells["T"], "CAR_", "DONOR_") == pytest.approx(cells["B"]["T_EDITED"] + cells["T"]["CAR_TCR"])


def test_they_differ_from_other_t_cells_by_dump_alone_and_some_took_cd19():
    kind = read_kind("B", "allogeneic")
    edited, usual = kind.classes["T_EDITED"], kind.classes["T_NK"]

    different = [m for m, a, b in zip(kind.markers, edited.levels, usual.levels, strict=True) if a != b]
    assert different == ["DUMP"]
    assert edited.levels[kind.markers.index("DUMP")] == edited.levels[kind.markers.index("CD19")]  # negative
    assert [(kind.markers[t.channel], t.level.first) for t in edited.traits] == [("CD19", 900)]
    assert draw_blood("allogeneic", "D14").trait_shares[edited.traits[0].name] == 0.02


def test_with_the_patients_own_product_tube_b_has_no_such_class():
    assert "T_EDITED" not in read_kind("B", "autologous").classes
    assert "T_EDITED" not in draw_blood("autologous", "D14").cells["B"]


@pytest.mark.parametrize(
    ("scenario", "visit", "beginning", "per_ul"),
    [
        ("no_expansion", "D14", "CAR_", 0.02 * 85),
        ("early_b_return", "M2", "B", 12),
        ("cd19_escape", "D14", "B_cd19neg", 45),
        ("cd19_escape", "BL", "B_cd19neg", 0),
    ],
)
def test_a_scenario_differs_from_the_tables_where_it_says(scenario, visit, beginning, per_ul):
    assert total(draw_blood(scenario, visit).cells["T"], beginning) == pytest.approx(per_ul)


def test_a_lupus_flare_begins_with_many_dn2_and_plasmablasts():
    flare, usual = (draw_blood(s, "BL").cells["B"] for s in ("lupus_flare", "autologous"))

    assert flare["DN2"] > 2 * usual["DN2"]
    assert flare["PB"] > 2 * usual["PB"]


def test_another_patient_is_another_one_in_the_same_way_at_every_visit():
    def factors(visit, seed):
        drawn, table = (
            draw_blood("autologous", visit, rng=rng).cells["T"] for rng in (np.random.default_rng(seed), None)
        )
        return {kind: total(drawn, kind) / total(table, kind) for kind in ("CD4_", "NK", "B", "MONO")}

    assert factors("BL", 1) == pytest.approx(factors("M6", 1))
    assert factors("BL", 1) != pytest.approx(factors("BL", 2))
    assert factors("BL", 1)["CD4_"] == pytest.approx(factors("BL", 1)["NK"])


def test_patients_differ_by_a_quarter():
    n = 2_000
    logs = [
        math.log(draw_blood("autologous", "BL", rng=np.random.default_rng(i)).cells["T"]["B"] / 140) for i in range(n)
    ]

    sigma = math.sqrt(math.log(1 + 0.25**2))
    assert abs(np.mean(logs)) < 4 * sigma / math.sqrt(n)
    assert abs(np.std(logs) - sigma) < 4 * sigma / math.sqrt(2 * n)


@pytest.mark.parametrize(
    ("scenario", "visit", "says"),
    [
        ("relapse", "BL", "no scenario 'relapse'; there are: autologous, .*lupus_flare"),
        ("autologous", "D15", "no visit 'D15'; there are: BL, D0, .*M12"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(scenario, visit, says):
    with pytest.raises(UsageError, match=says):
        draw_blood(scenario, visit)
