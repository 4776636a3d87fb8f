"""Eleven gates of a published analysis, counted by flowCore: our counts are the same."""

import csv
import json

import pytest

from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import RangeGate, RectangleGate
from cytoproc.gating import gate_file
from cytoproc.model.paths import ROOT, join_path
from cytoproc.templates.template import GatingTemplate, Marker, Step
from cytoproc.transforms.logicle import Logicle

FULL_SCALE = 4.5  # flowCore's logicle runs from 0 to m; GatingML's, and ours, from 0 to 1


def reference_template(folder):
    """Return the template that reference/gates.json describes."""
    with (folder / "logicle_params.csv").open() as f:
        scales = {r["channel"]: Logicle(*(float(r[k]) for k in "twma")) for r in csv.DictReader(f)}
    given = json.loads((folder / "gates.json").read_text())["gates"]
    paths = {ROOT: ROOT}
    steps = []
    for g in given:
        if g["type"] == "boolean":
            parent, negated = paths["Single Cells"], paths["Dead Cells"]
            gate = BooleanGate(Operator.NOT, (negated,))
        else:
            parent = paths[g["parent"]]
            gate = shape(g, [Dimension(c, scale=scales[c]) if c in scales else Dimension(c) for c in g["channels"]])
        paths[g["name"]] = join_path(parent, g["name"])
        steps.append(Step(paths[g["name"]], parent, gate))
    return GatingTemplate("reference", "1", tuple(Marker(c) for c in scales), tuple(steps))


def shape(g, dims):
    if g["type"] == "polygon":
        return PolygonGate(*dims, tuple(map(tuple, g["vertices"])))
    if g["type"] == "ellipsoid":
        center = tuple(x / FULL_SCALE for x in g["mean"])
        covariance = tuple(tuple(x / FULL_SCALE**2 for x in row) for row in g["cov"])
        return EllipsoidGate(tuple(dims), center, covariance, g["distance"] ** 2)
    bounds = zip(dims, g["min"], g["max"], strict=True)
    return RectangleGate(tuple(RangeGate(d, lo / FULL_SCALE, hi / FULL_SCALE, Units.SCALE) for d, lo, hi in bounds))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["Activation_1", "Activation_33"])
def test_every_count_equals_that_of_flowcore(shared, name):
    template = reference_template(shared / "reference")
    with (shared / "reference/flowcore_counts.csv").open() as f:
        wanted = next(r for r in csv.DictReader(f) if r.pop("file") == name)

    gated = gate_file(shared / f"data/fcs/DillonHammill__CytoExploreRData/{name}.fcs", template)

    assert {template.step(p).name: gated.counts[p] for p in template.paths} == {k: int(v) for k, v in wanted.items()}
