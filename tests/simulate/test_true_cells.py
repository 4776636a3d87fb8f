"""The truth under the names of the templates."""

import numpy as np
import pytest

from cytoproc.model.paths import split_path
from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.patient import SCENARIOS, VISITS, draw_blood, product_of
from cytoproc.simulate.truth import count_true_cells, populations_of
from cytoproc.simulate.tube import TubeContents, acquire
from cytoproc.templates.reading import read_template

B_PARTS = ("Transitional", "Naive", "Unswitched memory", "Switched memory", "DN", "ASC")
ENDOGENOUS = ("T cells", "B cells", "NK cells")


def truth_of(scenario, visit, tube, particles=None, doublets=0.0):
    """The true cells of each population, of a tube with these particles."""
    blood = draw_blood(scenario, visit)
    contents = TubeContents(read_kind(tube, product_of(scenario)), particles or {}, 0, doublets, blood.trait_shares)
    acquired = acquire(contents, rng=np.random.default_rng(1))
    return {t.population: t for t in count_true_cells("S", scenario, blood, acquired, tube)}


def concentrations(scenario, visit, tube):
    return {name: t.concentration_per_ul for name, t in truth_of(scenario, visit, tube).items()}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("visit", VISITS)
def test_the_parts_of_the_b_cells_are_the_b_cells(scenario, visit):
    truth = concentrations(scenario, visit, "B")

    assert sum(truth[name] for name in B_PARTS) == pytest.approx(truth["B cells"])
    assert truth["CD19+ B cells"] + truth["CD19-CD20+ B cells"] <= truth["B cells"] + 1e-9
    assert truth["Naive with transitional"] == pytest.approx(truth["Naive"] + truth["Transitional"])


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s != "cd19_escape"])
@pytest.mark.parametrize("visit", VISITS)
def test_the_parts_of_the_lymphocytes_are_the_lymphocytes(scenario, visit):
    truth = concentrations(scenario, visit, "T")

    apart = ("CAR+", "CAR+ CD4-CD8-", "CAR- CD3- T cells") if scenario == "allogeneic" else ()
    assert sum(truth[name] for name in (*ENDOGENOUS, *apart)) == pytest.approx(truth["Lymphocytes"])
    assert sum(truth[name] for name in ("CD4+", "CD8+", "CD4-CD8-")) == pytest.approx(truth["T cells"])


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("visit", VISITS)
def test_both_tubes_have_the_same_lymphocytes(scenario, visit):
    tube_t, tube_b = (concentrations(scenario, visit, tube)["Lymphocytes"] for tube in "TB")

    assert tube_b == pytest.approx(tube_t)


@pytest.mark.parametrize("lineage", ["CD4+", "CD8+", "CAR+ CD4+", "CAR+ CD8+"])
@pytest.mark.parametrize("scenario", ["autologous", "allogeneic"])
def test_memory_divides_a_lineage(lineage, scenario):
    truth = concentrations(scenario, "D14", "T")

    parts = [truth[f"{lineage} {name}"] for name in ("naive", "CM", "EM", "EMRA")]
    assert sum(parts) == pytest.approx(truth[lineage])


def test_car_t_cells_are_t_cells_by_their_cd3_alone():
    autologous, allogeneic = (concentrations(s, "D14", "T") for s in ("autologous", "allogeneic"))

    assert autologous["T cells"] == pytest.approx(120 + 140 + 10 + 85)
    assert autologous["CD4+ naive"] == pytest.approx(0.35 * 120 + 0.05 * 0.32 * 85)
    assert allogeneic["T cells"] == pytest.approx(120 + 140 + 10 + 0.005 * 85)
    assert allogeneic["CD3+ CAR+"] == pytest.approx(0.005 * 85)
    assert allogeneic["CAR+"] == pytest.approx(0.995 * 0.97 * 85)
    assert allogeneic["T cells and CAR+"] == pytest.approx(allogeneic["T cells"] + allogeneic["CAR+"])


def test_exhausted_cells_are_their_share_of_the_car_t_cells():
    truth = concentrations("autologous", "D14", "T")

    assert truth["CAR+ PD-1+"] == pytest.approx(0.40 * 85)
    assert truth["CAR+ exhausted"] == pytest.approx(0.40 * 0.22 * 0.35 * 85)


def test_b_cells_that_lost_cd19_are_b_cells_of_tube_b_and_not_of_tube_t():
    tube_t, tube_b = (concentrations("cd19_escape", "D14", tube) for tube in "TB")

    assert (tube_t["B cells"], tube_b["CD19+ B cells"]) == (0, 0)
    assert tube_b["B cells"] == pytest.approx(45)
    assert tube_b["CD19-CD20+ B cells"] == pytest.approx(45 * (1 - 0.07))  # all but plasmablasts and plasma cells


def test_live_cells_count_doublets_as_two_and_singlets_leave_them_out():
    truth = truth_of("autologous", "D14", "T", {"CAR_CD8_em": 60, "B": 100}, doublets=0.25)

    cells, singlets = truth["Lymphocytes"].live_cells, truth["Lymphocytes"].live_singlets
    assert (cells, singlets) == (160, 128 - 32)
    assert truth["CAR+"].live_cells == 60
    assert truth["CAR+"].live_singlets + truth["B cells"].live_singlets == 96


def test_t_cells_without_cd3_are_lymphocytes_of_tube_b_whether_they_took_cd19_or_not():
    truth = truth_of("allogeneic", "D14", "B", {"T_EDITED": 3_000, "T_NK": 200, "MONO": 100})

    assert truth["Lymphocytes"].live_cells == truth["Lymphocytes"].live_singlets == 3_200
    assert truth["B cells"].live_cells == truth["CD19+ B cells"].live_cells == 0


@pytest.mark.parametrize(
    ("tube", "scenario", "template"),
    [
        ("T", "autologous", "car_t_autologous"),
        ("T", "allogeneic", "car_t_allogeneic"),
        ("B", "autologous", "b_cell_subsets"),
        ("B", "allogeneic", "b_cell_subsets"),
    ],
)
def test_every_population_of_the_truth_is_one_of_the_template(tube, scenario, template, repository):
    there = {split_path(p)[-1] for p in read_template(repository / f"gating_templates/{template}.yaml").paths}

    named = [p.name for p in populations_of(tube, scenario)]

    assert len(named) == len(set(named))
    assert set(named) - there == set()
