"""The shipped TBNK template on a tube of a hundred events, placed by hand."""

import pytest

from cytoproc.gating import gate_file
from cytoproc.templates.reading import read_template
from cytoproc.templates.shipped import find_template
from tests.making import fcs_file
from tests.templates.tubes import GatedTube, bound_markers

DETECTORS = ("FSC-A", "SSC-A", "B530-A", "B710-A", "R670-A", "R780-A", "Y585-A", "Y780-A")
LABELS = {
    "B530-A": "CD3 FITC",
    "B710-A": "CD45 PerCP-Cy5-5",
    "R670-A": "CD19 APC",
    "R780-A": "CD8 APC-Cy7",
    "Y585-A": "CD16+56 PE",
    "Y780-A": "CD4 PE-Cy7",
}
#          how many  FSC     SSC    CD3    CD45   CD19   CD8    16+56  CD4
TUBE = (
    (12, (90000, 30000, 14000, 14000, 60, 60, 60, 14000)),  # CD4 T cells
    (8, (90000, 30000, 14000, 14000, 60, 14000, 60, 60)),  # CD8 T cells
    (1, (90000, 30000, 14000, 14000, 60, 14000, 60, 14000)),  # both
    (3, (90000, 30000, 14000, 14000, 60, 60, 900, 60)),  # neither
    (2, (95000, 32000, 2500, 14000, 4000, 60, 60, 14000)),  # activated CD4 T cells: dim CD3, CD19 taken from a target
    (2, (90000, 30000, 60, 14000, 900, 14000, 60, 60)),  # CAR-T cells without CD3 that took CD19
    (1, (90000, 30000, 1500, 14000, 60, 1500, 60, 60)),  # on both cuts: inside
    (4, (120000, 40000, 14000, 20000, 14000, 60, 60, 14000)),  # pairs of a T and a B cell
    (5, (90000, 30000, -40, 14000, 14000, 60, 60, 60)),  # B cells
    (6, (90000, 30000, 60, 14000, 60, 900, 14000, 60)),  # NK cells
    (1, (90000, 30000, 60, 14000, 60, 60, 60, 60)),  # nothing but CD45
    (7, (140000, 75000, 60, 14000, 60, 60, 900, 900)),  # monocytes
    (20, (150000, 130000, 60, 900, 60, 60, 60, 60)),  # neutrophils
    (16, (30000, 170000, 120000, 120000, 120000, 120000, 120000, 120000)),  # counting beads
    (12, (15000, 12000, 60, 60, 60, 60, 60, 60)),  # red cell ghosts
)


@pytest.fixture
def tube(tmp_path):
    rows = [row for n, row in TUBE for _ in range(n)]
    columns = dict(zip(DETECTORS, zip(*rows, strict=True), strict=True))
    identity = "6," + ",".join(LABELS) + "," + ",".join("1" if i % 7 == 0 else "0" for i in range(36))
    return fcs_file(tmp_path / "tube.fcs", columns, labels=LABELS, keywords={"$SPILLOVER": identity})


def test_the_shipped_template_counts_a_tube_of_a_hundred_events(tube, tmp_path):
    template = read_template(find_template("tbnk", tmp_path))

    counts = gate_file(tube, template).counts

    assert counts == {
        "root": 100,
        "Beads": 16,
        "Lymphocytes": 12 + 8 + 1 + 3 + 2 + 2 + 1 + 4 + 5 + 6 + 1,
        "Lymphocytes/T cells": 12 + 8 + 1 + 3 + 2 + 1,
        "Lymphocytes/T cells/CD4+": 12 + 2,
        "Lymphocytes/T cells/CD8+": 8 + 1,
        "Lymphocytes/T cells/CD4+CD8+": 1,
        "Lymphocytes/T cells/CD4-CD8-": 3,
        "Lymphocytes/B cells": 5,
        "Lymphocytes/NK cells": 6,
    }


def test_no_event_is_two_of_t_b_and_nk(tube, tmp_path):
    masks = gate_file(tube, read_template(find_template("tbnk", tmp_path)), membership=True).memberships

    together = sum(masks[f"Lymphocytes/{name}"].astype(int) for name in ("T cells", "B cells", "NK cells"))
    assert together.max() == 1


def test_what_is_reported_has_its_denominators_and_is_counted(tmp_path):
    template = read_template(find_template("tbnk", tmp_path))

    asked = {item.population.split("/")[-1]: item.percent_of for item in template.report}

    t_cells = ("Lymphocytes/T cells", "Lymphocytes")
    assert asked == {
        "Lymphocytes": (),
        "T cells": ("Lymphocytes",),
        "CD4+": t_cells,
        "CD8+": t_cells,
        "B cells": ("Lymphocytes",),
        "NK cells": ("Lymphocytes",),
    }
    assert all(item.concentration for item in template.report)
    assert (template.counting.beads, template.counting.lymphocytes) == ("Beads", "Lymphocytes")


@pytest.mark.parametrize("both", ["CD16+CD56", "CD16+56 PE", "CD16/CD56", "CD56+CD16", "CD16 56"])
def test_the_two_markers_of_nk_cells_share_a_channel_under_many_names(both):
    labels = {"CD3": "CD3e", "CD4": "CD4", "CD8": "CD8a", "CD19": "CD19", "CD45": "LCA", "CD16+CD56": both}

    assert bound_markers("tbnk", labels) == labels


def test_a_small_tube_with_beads_is_counted_though_it_has_fourteen_colors():
    tube = GatedTube("tbnk", "T", "autologous", "BL", seed=1, volume_ul=8, doublets=0)

    biases = tube.biases()

    assert {"Beads", "Lymphocytes", "T cells", "CD4+", "CD8+", "B cells"} <= biases.keys()
    assert {p: b for p, b in biases.items() if abs(b) > 2} == {}
