"""The shipped CAR-T templates: one event of each kind by hand, panels by other names, and small simulated tubes."""

import numpy as np
import pytest

from tests.templates.tubes import GatedTube, bound_markers, landing, shipped

LYMPHOCYTE = {"CD45": 14000}
T = LYMPHOCYTE | {"CD3": 14000}
CAR_T = T | {"CAR": 2500}
EDITED = LYMPHOCYTE | {"CD3": 60}
MONOCYTE = {"FSC-A": 140000, "SSC-A": 75000, "CD45": 4000, "CD14": 14000, "CD4": 900}
BEAD = {"FSC-A": 30000, "SSC-A": 170000} | dict.fromkeys(("CCR7", "CD19", "CD45", "CD3", "CAR", "Viability"), 120000)

FRONT = {"Not beads", "Cells", "Singlets FSC", "Singlets", "Live", "Leukocytes"}
LYMPHOCYTES = FRONT | {"CD45hi SSClo", "Lymphocytes"}
BOTH = {
    "a bead": (BEAD, {"Beads"}),
    "debris": ({"FSC-A": 15000, "SSC-A": 12000}, {"Not beads"}),
    "an event at the top of forward scatter": (T | {"FSC-A": 262143}, FRONT - {"Live", "Leukocytes"}),
    "a dead T cell with CAR reagent": (CAR_T | {"CD4": 14000, "Viability": 55000}, FRONT - {"Live", "Leukocytes"}),
    "a red cell as large as a lymphocyte": ({"CD45": 100}, FRONT - {"Leukocytes"}),
    "a neutrophil": ({"FSC-A": 150000, "SSC-A": 130000, "CD45": 900}, FRONT),
    "a monocyte that binds CAR reagent": (MONOCYTE | {"CAR": 900}, FRONT | {"Monocytes"}),
    "a small monocyte": (MONOCYTE | {"SSC-A": 50000}, FRONT | {"Monocytes", "CD45hi SSClo"}),
    "a naive CD4+ T cell": (
        T | {"CD4": 14000, "CCR7": 14000, "CD45RA": 14000},
        LYMPHOCYTES | {"T cells", "CD4+", "CD4+ naive"},
    ),
    "a central memory CD4+ T cell": (
        T | {"CD4": 14000, "CCR7": 4000, "PD-1": 900},
        LYMPHOCYTES | {"T cells", "CD4+", "CD4+ CM"},
    ),
    "an effector memory CD8+ T cell": (T | {"CD8": 55000}, LYMPHOCYTES | {"T cells", "CD8+", "CD8+ EM"}),
    "an EMRA CD8+ T cell": (
        T | {"CD8": 55000, "CD45RA": 14000, "CD56+CD16": 900},
        LYMPHOCYTES | {"T cells", "CD8+", "CD8+ EMRA"},
    ),
    "a T cell that took CD19": (
        T | {"CD4": 14000, "CD19": 900, "CCR7": 4000},
        LYMPHOCYTES | {"T cells", "CD4+", "CD4+ CM"},
    ),
    "a T cell with neither CD4 nor CD8": (T, LYMPHOCYTES | {"T cells", "CD4-CD8-"}),
    "a T cell with both": (T | {"CD4": 14000, "CD8": 55000}, LYMPHOCYTES | {"T cells", "CD4+CD8+"}),
}
AUTOLOGOUS = BOTH | {
    "an exhausted CAR-T cell, dim in CD3, that took CD19": (
        CAR_T | {"CD3": 2000, "CD8": 55000, "CD19": 900, "PD-1": 4000, "LAG-3": 4000, "TIM-3": 4000},
        LYMPHOCYTES
        | {"T cells", "CD8+", "CD8+ EM", "CAR+", "CAR+ CD8+", "CAR+ CD8+ EM"}
        | {"CAR+ PD-1+", "CAR+ LAG-3+", "CAR+ TIM-3+", "CAR+ exhausted"},
    ),
    "a CAR-T cell with PD-1 alone": (
        CAR_T | {"CD4": 14000, "CCR7": 4000, "PD-1": 4000},
        LYMPHOCYTES | {"T cells", "CD4+", "CD4+ CM", "CAR+", "CAR+ CD4+", "CAR+ CD4+ CM", "CAR+ PD-1+"},
    ),
    "a CAR-T cell with neither CD4 nor CD8": (
        CAR_T,
        LYMPHOCYTES | {"T cells", "CD4-CD8-", "CAR+", "CAR+ CD4-CD8-"},
    ),
    "a pair of a T and a B cell": (CAR_T | {"CD19": 14000, "CD4": 14000}, LYMPHOCYTES),
    "a B cell": (LYMPHOCYTE | {"CD19": 14000, "CD45RA": 14000, "CCR7": 4000}, LYMPHOCYTES | {"B cells"}),
    "an NK cell that binds CAR reagent": (
        LYMPHOCYTE | {"CD56+CD16": 14000, "CD8": 900, "CAR": 2500},
        LYMPHOCYTES | {"NK cells"},
    ),
}
CD3_NEGATIVE = LYMPHOCYTES | {"CD3-"}
EDITED_T = CD3_NEGATIVE | {"CD3- CD4+ or CD8+"}
NEITHER = CD3_NEGATIVE | {"CD3- CD4-CD8-"}
OF_T_CELLS = {
    name: (event, lands | {"T cells and CAR+"} if "T cells" in lands else lands)
    for name, (event, lands) in BOTH.items()
}
ALLOGENEIC = OF_T_CELLS | {
    "a CAR-T cell": (
        EDITED | {"CD8": 55000, "CAR": 2500, "LAG-3": 4000, "TIM-3": 4000},
        EDITED_T
        | {"CAR+", "T cells and CAR+", "CAR+ CD8+", "CAR+ CD8+ EM", "CAR+ LAG-3+", "CAR+ TIM-3+", "CAR+ LAG-3+ TIM-3+"},
    ),
    "a CAR-T cell that took CD19, with CD56 and a rest of CD3": (
        EDITED | {"CD4": 14000, "CAR": 2500, "CD19": 4000, "CD56+CD16": 4000, "CD3": 900},
        EDITED_T | {"CAR+", "T cells and CAR+", "CAR+ CD4+", "CAR+ CD4+ EM"},
    ),
    "a CAR-T cell with neither CD4 nor CD8": (EDITED | {"CAR": 2500}, NEITHER | {"CAR+ CD4-CD8-"}),
    "an edited T cell without CAR": (EDITED | {"CD4": 14000}, EDITED_T | {"CAR- CD3- T cells"}),
    "an edited T cell without CAR that took CD19": (
        EDITED | {"CD8": 55000, "CD19": 4000},
        EDITED_T | {"CAR- CD3- T cells"},
    ),
    "a donor T cell that kept its receptor": (
        T | {"CD8": 55000, "CAR": 2500},
        LYMPHOCYTES | {"T cells", "T cells and CAR+", "CD8+", "CD8+ EM", "CD3+ CAR+"},
    ),
    "a B cell": (LYMPHOCYTE | {"CD19": 14000, "CD45RA": 14000, "CCR7": 4000}, NEITHER | {"B cells"}),
    "an NK cell that binds CAR reagent": (
        LYMPHOCYTE | {"CD56+CD16": 14000, "CD8": 900, "CAR": 2500},
        NEITHER | {"NK cells"},
    ),
    "a pair of a CAR-T and a B cell": (EDITED | {"CD4": 14000, "CAR": 2500, "CD19": 14000}, EDITED_T),
}


@pytest.mark.parametrize("kind", AUTOLOGOUS)
def test_with_an_autologous_product_each_kind_of_event_lands_where_it_belongs(kind):
    event, lands = AUTOLOGOUS[kind]

    assert landing("car_t_autologous", event) == lands


@pytest.mark.parametrize("kind", ALLOGENEIC)
def test_with_an_allogeneic_product_each_kind_of_event_lands_where_it_belongs(kind):
    event, lands = ALLOGENEIC[kind]

    assert landing("car_t_allogeneic", event) == lands


NAMES = {
    "CD3": ("CD3", "CD3e", "CD3 APC", "cd3"),
    "CD4": ("CD4", "CD4 PerCP-Cy5.5"),
    "CD8": ("CD8", "CD8a", "CD8 APC-H7"),
    "CD14": ("CD14", "CD14 PE-CF594"),
    "CD19": ("CD19", "CD19 PE-Cy7"),
    "CD45": ("CD45", "CD45 APC-R700"),
    "CD56+CD16": ("CD56+CD16", "CD16/56", "CD56"),
    "CAR": ("CAR", "FMC63", "CD19-Fc", "anti-CAR", "CAR-PE"),
    "CCR7": ("CCR7", "CD197", "CCR7 (CD197)"),
    "CD45RA": ("CD45RA", "CD45RA FITC"),
    "PD-1": ("PD-1", "PD1", "CD279"),
    "LAG-3": ("LAG-3", "LAG3", "CD223"),
    "TIM-3": ("TIM-3", "Tim3", "CD366"),
    "Viability": ("Viability", "Live/Dead", "LIVE DEAD", "LD", "Aqua", "Zombie_Aqua", "L/D"),
}


@pytest.mark.parametrize("turn", range(7))
@pytest.mark.parametrize("template", ["car_t_autologous", "car_t_allogeneic"])
def test_markers_are_found_by_the_names_laboratories_write(template, turn):
    labels = {marker: names[turn % len(names)] for marker, names in NAMES.items()}

    found = bound_markers(template, labels)

    used = NAMES.keys() - ({"PD-1"} if template == "car_t_allogeneic" else set())
    assert found == {marker: labels[marker] for marker in used}


@pytest.fixture(scope="module")
def autologous():
    return GatedTube("car_t_autologous", "T", "autologous", "D14", seed=1, volume_ul=8)


@pytest.fixture(scope="module")
def allogeneic():
    return GatedTube("car_t_allogeneic", "T", "allogeneic", "D14", seed=1, volume_ul=8)


def together(tube, populations):
    """Return in how many of the populations each event is."""
    return sum(tube.masks[p].astype(int) for p in populations)


@pytest.mark.parametrize("parent", ["CD4+", "CD8+", "CAR+ CD4+", "CAR+ CD8+"])
def test_the_memory_populations_share_their_parent_out(autologous, allogeneic, parent):
    for tube in (autologous, allogeneic):
        parts = together(tube, [f"{parent} {name}" for name in ("naive", "CM", "EM", "EMRA")])

        np.testing.assert_array_equal(parts, tube.masks[parent])


def test_of_an_autologous_product_every_car_t_cell_is_a_t_cell(autologous):
    assert not (autologous.masks["CAR+"] & ~autologous.masks["T cells"]).any()


def test_no_event_is_two_of_t_b_and_nk(autologous):
    assert together(autologous, ["T cells", "B cells", "NK cells"]).max() == 1


LYMPHOSUM = ["T cells", "B cells", "NK cells", "CAR+", "CAR+ CD4-CD8-", "CAR- CD3- T cells"]


def test_with_an_allogeneic_product_no_event_is_counted_twice_and_few_lymphocytes_are_left_out(allogeneic):
    parts = together(allogeneic, LYMPHOSUM)

    assert parts.max() == 1
    assert not (parts > allogeneic.masks["Lymphocytes"]).any()
    assert parts.sum() > 0.97 * allogeneic.count("Lymphocytes")


def test_a_template_for_autologous_cells_misses_those_without_cd3(allogeneic):
    wrong = GatedTube("car_t_autologous", "T", "allogeneic", "D14", seed=1, volume_ul=8)

    assert wrong.count("CAR+") < 0.05 * allogeneic.count("CAR+")


def test_donor_cells_with_cd3_raise_an_alert():
    (alert,) = shipped("car_t_allogeneic").alerts

    assert alert.population.endswith("/T cells/CD3+ CAR+")
    assert (alert.code, alert.severity) == ("CD3_POSITIVE_CAR_T_CELLS", "warn")


@pytest.mark.parametrize("template", ["car_t_autologous", "car_t_allogeneic"])
def test_cells_are_counted_by_beads_that_no_cell_is_among(template, autologous, allogeneic):
    tube = {"car_t_autologous": autologous, "car_t_allogeneic": allogeneic}[template]

    counting = shipped(template).counting

    assert (counting.beads, counting.lymphocytes.split("/")[-1]) == ("Beads", "Lymphocytes")
    np.testing.assert_array_equal(tube.masks["Beads"], tube.true("Beads"))
