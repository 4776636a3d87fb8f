"""Polygons."""

from math import inf, nan

import numpy as np
import pytest
from flowutils.gating import points_in_polygon
from hypothesis import assume, given
from hypothesis import strategies as st

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.polygon import PolygonGate
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle
from tests.gates.events import Events, inside

X, Y = Dimension("X"), Dimension("Y")
LOG_X, LOG_Y = (Dimension(name, scale=Log(t=10000, m=4)) for name in "XY")
SQUARE = ((2, 2), (8, 2), (8, 8), (2, 8))

corners = st.tuples(st.integers(0, 9), st.integers(0, 9))


def test_the_left_and_lower_edges_of_a_square_are_in_the_others_out():
    x, y = [5, 2, 5, 8, 5, 1], [5, 5, 2, 5, 8, 5]

    assert inside(PolygonGate(X, Y, SQUARE), X=x, Y=y) == [True, True, True, False, False, False]


def test_an_event_on_an_edge_that_two_polygons_share_is_in_one_of_them():
    left = PolygonGate(X, Y, ((0, 0), (6, 0), (3, 6), (0, 6)))
    right = PolygonGate(X, Y, ((6, 0), (9, 0), (9, 6), (3, 6)))
    events = {"X": [6, 5, 4, 4.5], "Y": [0, 2, 4, 3]}  # on the edge from (6, 0) to (3, 6)

    assert np.logical_xor(inside(left, **events), inside(right, **events)).all()


def test_edges_are_straight_on_the_stated_scale():
    triangle = ((1, 1), (10000, 1), (10000, 10000))
    on_axis = PolygonGate(X, Y, triangle)
    on_log = PolygonGate(LOG_X, LOG_Y, triangle)
    squeezed = PolygonGate(X, LOG_Y, triangle)

    events = {"X": [100, 5000], "Y": [50, 200]}  # at (0.5, 0.42) and (0.92, 0.57) on log scales

    assert inside(on_axis, **events) == [True, True]
    assert inside(on_log, **events) == [True, True]
    assert inside(squeezed, **events) == [False, False]


def test_corners_in_scale_units_are_those_in_linear_units():
    linear = PolygonGate(LOG_X, LOG_Y, ((1, 1), (10000, 1), (100, 10000)))
    scaled = PolygonGate(LOG_X, LOG_Y, ((0, 0), (1, 0), (0.5, 1)), Units.SCALE)

    assert linear.scaled_vertices.tolist() == scaled.scaled_vertices.tolist()


def test_where_the_outline_runs_round_twice_is_outside():
    star = PolygonGate(X, Y, ((5, 10), (2, 0.5), (9.7, 6.5), (0.3, 6.5), (8, 0.5)))

    assert inside(star, X=[5, 5], Y=[5, 8]) == [False, True]


def test_what_the_scale_cannot_map_is_outside():
    gate = PolygonGate(LOG_X, LOG_Y, ((1, 1), (1000, 1), (1000, 1000)))

    assert inside(gate, X=[100, -1, 100, 0, nan], Y=[10, 10, -1, 10, 10]) == [True, False, False, False, False]


@given(
    st.lists(corners, min_size=3, max_size=7),
    st.lists(st.tuples(st.integers(-2, 22), st.integers(-2, 22)), min_size=1, max_size=30),
)
def test_it_is_flowutils_on_every_event(vertices, halves):
    assume(np.linalg.matrix_rank(np.subtract(vertices, vertices[0])) == 2)
    points = np.array(halves) / 2

    ours = PolygonGate(X, Y, tuple(vertices)).contains(Events(X=points[:, 0], Y=points[:, 1]))

    assert ours.tolist() == points_in_polygon(np.array(vertices, dtype=float), points).astype(bool).tolist()


@given(st.lists(st.tuples(st.floats(-1e3, 3e5), st.floats(-1e3, 3e5)), min_size=1), st.sampled_from(["f4", "f8"]))
def test_the_box_around_it_decides_as_the_transformed_values_do(points, dtype):
    scale = Logicle()
    x, y = Dimension("X", scale=scale), Dimension("Y", scale=scale)
    vertices = ((-50.0, 100.0), (2000.0, -100.0), (9e4, 4e4), (500.0, 2e5))
    stored = np.array([*points, *vertices], dtype=dtype)

    ours = PolygonGate(x, y, vertices).contains(Events(X=stored[:, 0], Y=stored[:, 1], dtype=dtype))

    scaled = scale.forward(stored.astype(float))
    outline = scale.forward(np.array(vertices))
    assert ours.tolist() == points_in_polygon(outline, scaled).astype(bool).tolist()


@given(st.lists(corners, min_size=3, max_size=7), st.integers(1, 6), st.booleans())
def test_where_the_outline_starts_and_which_way_it_runs_is_nothing_off_the_edges(vertices, start, backwards):
    assume(np.linalg.matrix_rank(np.subtract(vertices, vertices[0])) == 2)
    grid = np.array([(x + 0.13, y + 0.29) for x in range(10) for y in range(10)])
    events = Events(X=grid[:, 0], Y=grid[:, 1])
    turned = vertices[start % len(vertices) :] + vertices[: start % len(vertices)]

    other = PolygonGate(X, Y, tuple(turned[::-1] if backwards else turned))

    assert other.contains(events).tolist() == PolygonGate(X, Y, tuple(vertices)).contains(events).tolist()


@pytest.mark.parametrize(
    ("x", "vertices", "told"),
    [
        (X, ((0, 0), (1, 1), (0, 0)), "needs at least 3 different corners, this one has 2"),
        (X, ((0, 0), (1, 1), (2, 2), (5, 5)), "lie on one line, so it has no inside"),
        (X, ((0, 0), (1, inf), (2, 2)), "point 2 has inf on Y, which has no place on its scale"),
        (X, ((0, 0), (1, 4), (nan, 2)), "point 3 has nan on X"),
        (LOG_X, ((10, 0), (-5, 1), (20, 2)), "point 2 has -5 on X, which has no place on its scale"),
        (LOG_X, ((0, 0), (5, 1), (20, 2)), "point 1 has 0 on X"),
    ],
)
def test_corners_that_make_no_polygon_are_refused(x, vertices, told):
    with pytest.raises(GateError, match=told):
        PolygonGate(x, Y, vertices)


@pytest.mark.parametrize("far", [1e18, 1e200, 1.7e308])
def test_a_side_left_open_by_a_huge_number_is_a_side_like_any_other(far):
    strip = PolygonGate(X, Y, ((-far, 2), (far, 2), (far, 8), (-far, 8)))
    x, y = [-1e6, 0, 5, 1e6, 5, 5], [5, 5, 2, 5, 8, 1]

    assert inside(strip, X=x, Y=y) == [True, True, True, True, False, False]


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e200])
def test_the_size_of_the_units_is_nothing_to_a_polygon(scale):
    star = np.array([[5, 10], [2, 0.5], [9.7, 6.5], [0.3, 6.5], [8, 0.5]])
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 10, (2, 500))

    small = inside(PolygonGate(X, Y, tuple(map(tuple, star))), X=x, Y=y)
    large = inside(PolygonGate(X, Y, tuple(map(tuple, star * scale))), X=x * scale, Y=y * scale)

    assert np.mean(np.array(small) != np.array(large)) < 0.01


def test_both_axes_may_not_be_one_channel():
    with pytest.raises(GateError, match="both axes of a polygon are X"):
        PolygonGate(X, X, SQUARE)
