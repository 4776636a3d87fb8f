"""The shipped B-cell template: one event of each kind by hand, panels by other names, and small simulated tubes."""

import numpy as np
import pytest

from tests.templates.tubes import GatedTube, bound_markers, landing, shipped

LYMPHOCYTE = {"CD45": 20000}
B = LYMPHOCYTE | {"CD19": 14000, "CD20": 14000, "CD21": 9000, "CXCR5": 7000}
NAIVE = B | {"IgD": 14000, "CD24": 5000, "CD38": 3000}
TRANSITIONAL = B | {"IgD": 14000, "CD24": 26000, "CD38": 16000, "CD21": 3000}
SWITCHED = B | {"CD24": 13000, "CD38": 700, "CD27": 6500}
DN2 = B | {"CD20": 26000, "CD21": 450, "CXCR5": 60, "CD11c": 6000, "CD38": 250}
PLASMABLAST = {"FSC-A": 120000, "SSC-A": 42000, "CD45": 9000, "CD19": 5000, "CD20": 350, "CD38": 60000, "CD27": 40000}
EDITED_T = LYMPHOCYTE | {"CD27": 9000, "CD38": 1200}  # without CD3, so DUMP-
MONOCYTE = {"FSC-A": 140000, "SSC-A": 75000, "CD45": 9000, "DUMP": 30000, "CD11c": 9000, "CD38": 2500}

SINGLE = {"Cells", "Singlets FSC", "Singlets"}
LEUKOCYTES = SINGLE | {"Live", "Leukocytes"}
SMALL = {"CD45hi SSClo", "Wide lymphocyte gate", "Lymphocytes"}
B_CELLS = LEUKOCYTES | SMALL | {"DUMP-", "B cells", "CD19 bright", "CD19+ B cells", "CD20+ B cells", "Without ASC"}
WITH_CD19 = {"CD19 bright", "CD19+ B cells"}
DIM = {"CD19 dim", "CD19+ B cells"}
REST = B_CELLS | {"Without transitional"}
ASC = LEUKOCYTES | SMALL | {"DUMP-", "B cells", "CD27hi CD38hi", "IgD- CD20-", "ASC"}
NO_B_CELL = LEUKOCYTES | SMALL | {"DUMP-", "IgD- CD20-"}
KINDS = {
    "debris": ({"FSC-A": 15000, "SSC-A": 12000}, set()),
    "a dead B cell": (NAIVE | {"Viability": 55000}, SINGLE),
    "a neutrophil": ({"FSC-A": 150000, "SSC-A": 130000, "CD45": 900}, LEUKOCYTES),
    "a monocyte": (MONOCYTE | {"SSC-A": 90000}, LEUKOCYTES | {"Monocytes"}),
    "a small monocyte": (MONOCYTE | {"SSC-A": 50000}, LEUKOCYTES | {"Monocytes"} | SMALL - {"Lymphocytes"}),
    "a T cell": (LYMPHOCYTE | {"DUMP": 12000, "CD27": 9000, "CD38": 1200}, LEUKOCYTES | SMALL),
    "a pair of a T and a B cell": (NAIVE | {"DUMP": 12000}, LEUKOCYTES | SMALL),
    "a transitional B cell": (TRANSITIONAL, B_CELLS | {"Transitional", "Naive with transitional"}),
    "a naive B cell": (NAIVE, REST | {"Naive", "Naive with transitional"}),
    "an activated naive B cell": (
        NAIVE | {"CD21": 450, "CD11c": 6000, "CXCR5": 60, "CD38": 1000},
        REST | {"Naive", "Naive with transitional", "Activated naive", "CD21lo"},
    ),
    "an unswitched memory B cell": (
        B | {"IgD": 4500, "CD24": 14000, "CD38": 900, "CD27": 4500},
        REST | {"Unswitched memory"},
    ),
    "a switched memory B cell": (SWITCHED, REST | {"Switched memory"}),
    "a DN1 B cell": (B | {"CD24": 6000, "CD38": 900}, REST | {"DN", "DN1"}),
    "a DN2 B cell": (DN2, REST | {"DN", "DN2", "CD21lo"}),
    "a DN3 B cell": (B | {"CXCR5": 60}, REST | {"DN", "DN3"}),
    "a DN4 B cell": (B | {"CD11c": 6000}, REST | {"DN", "DN4"}),
    "a naive B cell without CD19": (
        NAIVE | {"CD19": 60},
        (REST | {"Naive", "Naive with transitional", "CD19-CD20+ B cells"}) - WITH_CD19,
    ),
    "a naive B cell dim in CD19": (
        NAIVE | {"CD19": 2000},
        (REST | DIM | {"Naive", "Naive with transitional"}) - {"CD19 bright"},
    ),
    "a naive B cell whose CD20 is hidden": (
        NAIVE | {"CD20": 60},
        (REST | {"Naive", "Naive with transitional"}) - {"CD20+ B cells"},
    ),
    "a naive B cell dim in CD19 whose CD20 is hidden, which is missed": (
        NAIVE | {"CD19": 2000, "CD20": 60},
        (NO_B_CELL | {"CD19 dim"}) - {"IgD- CD20-"},
    ),
    "a plasmablast": (PLASMABLAST, ASC | WITH_CD19),
    "a plasma cell dim in CD19": (PLASMABLAST | {"CD19": 1500, "CD20": 60}, ASC | DIM),
    "a plasma cell without CD19, dim in CD45": (
        PLASMABLAST | {"CD19": 60, "CD45": 2500, "CD27": 30000, "CD38": 75000},
        ASC - {"CD45hi SSClo"},
    ),
    "a plasmablast beyond the lymphocytes": (
        PLASMABLAST | {"SSC-A": 70000},
        (ASC | WITH_CD19) - {"CD45hi SSClo"},
    ),
    "an activated memory B cell": (SWITCHED | {"CD38": 30000}, REST | {"Switched memory"}),
    "a cell that is CD38hi alone": (LYMPHOCYTE | {"CD38": 60000}, NO_B_CELL),
    "a T cell without CD3": (EDITED_T, NO_B_CELL),
    "a T cell without CD3 that took CD19": (EDITED_T | {"CD19": 2999}, NO_B_CELL | {"CD19 dim"}),
    "a T cell without CD3 that took more CD19 than it should": (
        EDITED_T | {"CD19": 3000},
        (REST | {"Switched memory", "CD21lo", "IgD- CD20-"}) - {"CD20+ B cells"},
    ),
    "an activated T cell without CD3, which looks like a plasma cell": (
        EDITED_T | {"CD27": 12000, "CD38": 30000, "CD19": 1500},
        ASC | DIM,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_event_lands_where_it_belongs(kind):
    event, lands = KINDS[kind]

    assert landing("b_cell_subsets", event) == lands


NAMES = {
    "IgD": ("IgD", "IgD BV421", "anti-IgD"),
    "Viability": ("Viability", "Live/Dead", "LD", "Aqua", "Zombie NIR"),
    "CD24": ("CD24", "CD24 BV605"),
    "CD20": ("CD20", "MS4A1"),
    "CD38": ("CD38", "cd38"),
    "CD19": ("CD19", "CD19 BV785"),
    "CD21": ("CD21", "CR2"),
    "DUMP": ("DUMP", "Dump", "CD3+CD14+CD56", "CD3/CD14", "CD3 CD14 CD56"),
    "CD11c": ("CD11c", "CD11C", "CD11c-PE"),
    "CD27": ("CD27", "CD27 PE-Cy7"),
    "CXCR5": ("CXCR5", "CD185", "CXCR5 (CD185)"),
    "CD45": ("CD45", "LCA"),
}


@pytest.mark.parametrize("turn", range(5))
def test_markers_are_found_by_the_names_laboratories_write(turn):
    labels = {marker: names[turn % len(names)] for marker, names in NAMES.items()}

    assert bound_markers("b_cell_subsets", labels) == labels


@pytest.fixture(scope="module", params=[("autologous", "BL"), ("lupus_flare", "BL"), ("cd19_escape", "D14")])
def tube(request):
    return GatedTube("b_cell_subsets", "B", *request.param, seed=1, volume_ul=8)


def together(tube, populations):
    """Return in how many of the populations each event is."""
    return sum(tube.masks[p].astype(int) for p in populations)


SUBSETS = ["ASC", "Transitional", "Naive", "Unswitched memory", "Switched memory", "DN"]


def test_every_b_cell_is_in_one_subset_and_no_other_event_is(tube):
    np.testing.assert_array_equal(together(tube, SUBSETS), tube.masks["B cells"])


def test_every_double_negative_b_cell_is_one_of_four_kinds(tube):
    np.testing.assert_array_equal(together(tube, ["DN1", "DN2", "DN3", "DN4"]), tube.masks["DN"])


def test_b_cells_with_cd19_and_without_it_and_secreting_cells_are_all_b_cells(tube):
    either = tube.masks["CD19+ B cells"] | tube.masks["CD20+ B cells"] | tube.masks["ASC"]

    np.testing.assert_array_equal(either, tube.masks["B cells"])
    assert together(tube, ["CD19+ B cells", "CD19-CD20+ B cells"]).max() == 1


def test_every_b_cell_is_a_lymphocyte_and_no_monocyte_is(tube):
    assert not (tube.masks["B cells"] & ~tube.masks["Lymphocytes"]).any()
    assert not (tube.masks["Monocytes"] & tube.masks["Lymphocytes"]).any()


def test_naive_with_transitional_is_all_of_naive_and_nearly_all_of_transitional(tube):
    both = tube.masks["Naive with transitional"]

    assert not (tube.masks["Naive"] & ~both).any()
    assert (tube.masks["Transitional"] & ~both).sum() <= 0.02 * tube.count("Transitional")


def test_b_cells_without_cd19_raise_an_alert():
    (alert,) = shipped("b_cell_subsets").alerts

    assert alert.population.endswith("/B cells/CD19-CD20+ B cells")
    assert (alert.code, alert.severity) == ("CD19_NEGATIVE_B_CELLS", "warn")


def test_cells_are_carried_over_by_those_with_cd19_from_the_b_cells_of_the_other_tube():
    over = shipped("b_cell_subsets").counting.carry_over

    assert (over.population.split("/")[-1], over.counted_as) == ("CD19+ B cells", "B cells")
    for counted in ("car_t_autologous", "car_t_allogeneic", "tbnk"):
        assert sum(path.split("/")[-1] == over.counted_as for path in shipped(counted).paths) == 1
