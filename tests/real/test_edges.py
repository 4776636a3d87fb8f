"""What happens exactly on a boundary: ours against flowCore and cytolib, on a grid of 11 x 11 points that lie on many.

=========== ============================= ============================ =============================================
gate        ours (as GatingML 2.0)        flowCore                     cytolib
=========== ============================= ============================ =============================================
rectangle   low <= x < high               low <= x <= high             low <= x <= high
quadrants   low: x < cut <= x: high       low: x <= cut < x: high      an arm of the cross belongs to one side only,
                                                                       the crossing itself to none
polygon     left and lower edges in,      left, right and lower edges  as flowCore
            right and upper out           in, upper out; some corners
            (FlowUtils)                   at random
ellipse     edge in                       edge in                      edge in
=========== ============================= ============================ =============================================

Where the outline of a polygon crosses itself, all three count how often it goes round: an odd number is inside.
"""

import csv
import json
from itertools import pairwise

import numpy as np
import pytest

from cytoproc.gates.dimension import Dimension
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from tests.gates.events import Events

X, Y = DIMENSIONS = Dimension("X"), Dimension("Y")
R_CORNERS = {"poly_bowtie": [(1, 1), (9, 1), (9, 9)], "poly_star": [(5, 10)], "poly_square_cw_closed": [(2, 8)]}
TOOLS = {"flowcore": "grid11x11_membership.csv", "cytolib": "grid11x11_membership_cytolib.csv"}


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "reference/edge"


@pytest.fixture(scope="module")
def given(folder):
    return json.loads((folder / "gates.json").read_text())


@pytest.fixture(scope="module", params=TOOLS)
def tool(request, folder):
    """One column a gate, as the tool has it, and X and Y of the points."""
    with (folder / TOOLS[request.param]).open() as f:
        rows = list(csv.DictReader(f))
    return {name: np.array([float(r[name]) for r in rows]) for name in rows[0]}


@pytest.fixture
def grid(tool):
    return Events(X=tool["X"], Y=tool["Y"])


def of_type(given, kind):
    return {name: g for name, g in given.items() if g["type"] == kind}


def quadrant(g, *cell):
    return QuadrantGate(tuple((d, (g["boundary"][d.source],)) for d in DIMENSIONS), cell)


def on_outline(vertices, points):
    """Return which points lie on an edge; all numbers here are small multiples of 0.1, so products are good to 1e-9."""
    found = np.zeros(len(points), dtype=bool)
    for a, b in pairwise([*vertices, vertices[0]]):
        if a == b:
            continue
        (dx, dy), (px, py) = np.subtract(b, a), (points - a).T
        straight = np.abs(dx * py - dy * px) < 1e-9
        found |= straight & (dx * px + dy * py >= 0) & (dx * px + dy * py <= dx * dx + dy * dy)
    return found


@pytest.mark.real_data
def test_the_upper_bound_of_a_rectangle_is_out_here_and_in_in_r(given, tool, grid):
    for name, g in of_type(given, "rectangle").items():
        sides = [(d, float(g["min"][d.source]), float(g["max"][d.source])) for d in DIMENSIONS if d.source in g["min"]]

        ours = RectangleGate(tuple(RangeGate(*side) for side in sides)).contains(grid)

        upper = np.any([tool[d.source] == high for d, _, high in sides], axis=0)
        assert (ours == (tool[name].astype(bool) & ~upper)).all(), name
        assert (tool[name].astype(bool) & upper).any() or name == "rect_up"


@pytest.mark.real_data
def test_the_right_edges_of_a_polygon_are_out_here_and_in_in_r_and_the_rest_is_the_same(given, tool, grid):
    points = np.column_stack([tool["X"], tool["Y"]])
    just_left = Events(X=tool["X"] - 1e-6, Y=tool["Y"])
    for name, g in of_type(given, "polygon").items():
        polygon = PolygonGate(X, Y, tuple(map(tuple, g["vertices"])))

        ours = polygon.contains(grid)

        right_edge = on_outline(g["vertices"], points) & polygon.contains(just_left)
        corners = [tuple(p) in R_CORNERS.get(name, []) for p in points]
        assert ((ours | right_edge | corners) == tool[name]).all(), name
        assert (tool[name] > ours).any(), name


@pytest.mark.real_data
def test_the_edges_of_a_square_are_in_at_the_left_and_below(given, tool, grid):
    square = PolygonGate(X, Y, tuple(map(tuple, given["poly_square"]["vertices"])))

    ours = square.contains(grid)

    half_open = (tool["X"] >= 2) & (tool["X"] < 8) & (tool["Y"] >= 2) & (tool["Y"] < 8)
    assert (ours == half_open).all()


@pytest.mark.real_data
def test_the_edge_of_an_ellipse_is_in_everywhere(given, tool, grid):
    for name, g in of_type(given, "ellipsoid").items():
        center = tuple(g["mean"][d.source] for d in DIMENSIONS)

        ours = EllipsoidGate(DIMENSIONS, center, tuple(map(tuple, g["cov"])), g["distance"] ** 2).contains(grid)

        assert (ours == tool[name]).all(), name
        assert ours[(tool["X"] == 8) & (tool["Y"] == 5)].all() or name != "ellip_d1.5"


@pytest.mark.real_data
@pytest.mark.parametrize("tool", ["flowcore"], indirect=True)
def test_a_value_on_the_cut_of_a_quadrant_is_high_here_and_low_in_flowcore(given, tool, grid):
    cells = {1: (1, 1), 2: (0, 1), 3: (1, 0), 4: (0, 0)}  # flowCore's numbers
    off_the_cut = Events(X=np.where(tool["X"] == 5, 4.5, tool["X"]), Y=np.where(tool["Y"] == 5, 4.5, tool["Y"]))

    for number, (x, y) in cells.items():
        gate = quadrant(given["quad_5_5"], x, y)
        ours = ((tool["X"] >= 5) == x) & ((tool["Y"] >= 5) == y)
        assert (gate.contains(grid) == ours).all()
        assert (gate.contains(off_the_cut) == (tool["quad_5_5"] == number)).all()


@pytest.mark.real_data
@pytest.mark.parametrize("tool", ["cytolib"], indirect=True)
def test_cytolib_loses_an_event_on_the_crossing_of_quadrants_and_we_do_not(given, tool, grid):
    cells = {"q1": (0, 1), "q2": (1, 1), "q3": (1, 0), "q4": (0, 0)}
    inner = (tool["X"] != 5) & (tool["Y"] != 5)
    crossing = (tool["X"] == 5) & (tool["Y"] == 5)

    ours = {name: quadrant(given["quad_5_5"], *cell).contains(grid) for name, cell in cells.items()}

    assert all((ours[name][inner] == tool[name][inner]).all() for name in cells)
    assert sum(ours.values()).tolist() == [1] * 121
    assert sum(tool[name] for name in cells).tolist() == np.where(crossing, 0, 1).tolist()
