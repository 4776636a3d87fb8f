"""Shipped templates meet the panels of other laboratories: what is missing is named, and nothing else."""

import re

import pytest

from cytoproc.errors import MissingMarkerError
from cytoproc.fcs import read_dataset
from cytoproc.templates.binding import bind_template
from tests.templates.tubes import shipped

pytestmark = pytest.mark.real_data

B_PANEL = "derived/flowDensity/sampleFCS_1.fcs"
PBMC = "whitews__FlowKit/data/100715.fcs"
CAR_T = "abbatidanilo__cytoChain/cart_day14_cd3pos.fcs"
SIX_COLORS = "hally166__R_flowcytometry_course/fcsfiles/yourDATA/Specimen_001_Tube_001_001.fcs"
MISSING = [
    ("b_cell_subsets", B_PANEL, {"Viability", "CD45", "DUMP", "CD11c", "CD21", "CXCR5"}),
    (
        "b_cell_subsets",
        PBMC,
        {"SSC-H", "Viability", "CD45", "DUMP", "CD11c", "CD20", "CD21", "CD24", "CD38", "CXCR5", "IgD"},
    ),
    ("b_cell_subsets", SIX_COLORS, {"Viability", "DUMP", "CD11c", "CD21", "CD24", "CD27", "CD38", "CXCR5", "IgD"}),
    ("tbnk", B_PANEL, {"CD45", "CD4", "CD8", "CD16+CD56"}),
    ("tbnk", PBMC, {"CD45", "CD16+CD56"}),
    ("tbnk", SIX_COLORS, {"CD16+CD56"}),
    ("car_t_autologous", CAR_T, {"CD14", "CD19", "CD45", "CD56+CD16", "CCR7"}),
    ("car_t_allogeneic", CAR_T, {"CD14", "CD19", "CD45", "CD56+CD16", "CCR7"}),
]


@pytest.mark.parametrize(("template", "file", "missing"), MISSING)
def test_the_markers_that_a_panel_lacks_are_named_and_no_others(shared, template, file, missing):
    dataset = read_dataset(shared / "data/fcs" / file)

    with pytest.raises(MissingMarkerError) as caught:
        bind_template(shipped(template), dataset.panel, dataset.keywords)

    told = str(caught.value)
    assert set(re.findall(r"no channel carries marker '([^']+)'", told)) == missing
    assert f"this file has: {dataset.panel.describe()}" in told
