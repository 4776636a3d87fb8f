"""The grid decides as the exact test does, for every event."""

import numpy as np
from flowutils.gating import points_in_polygon
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.gates.raster import Raster

COORDINATE = st.floats(-1e5, 1e5, allow_nan=False, width=32)


def outside_none(vertices, points):
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return points[((points >= low) & (points <= high)).all(axis=1)]


def both(vertices, points):
    def exact(some):
        return np.asarray(points_in_polygon(vertices, np.ascontiguousarray(some)), dtype=bool)

    return Raster.of(vertices, exact).decide(points, exact), exact(points)


def on_edges(vertices, rng):
    """Points on the edges, on their float neighbours, and the corners themselves."""
    following = np.roll(vertices, -1, axis=0)
    share = rng.random((len(vertices), 20, 1))
    edge = (vertices[:, None] * share + following[:, None] * (1 - share)).reshape(-1, 2)
    return np.vstack([vertices, edge, np.nextafter(edge, np.inf), np.nextafter(edge, -np.inf)])


@given(st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=9, unique=True), st.integers(0, 2**32 - 1))
def test_any_polygon_crossing_itself_or_not_holds_the_same_events(corners, seed):
    vertices = np.array(corners)
    if (np.ptp(vertices, axis=0) <= 1e-6).any():
        return
    rng = np.random.default_rng(seed)
    box = vertices.min(axis=0) + rng.random((400, 2)) * np.ptp(vertices, axis=0)
    points = outside_none(vertices, np.vstack([box, on_edges(vertices, rng)]))

    by_grid, exact = both(vertices, points)

    assert (by_grid == exact).all()


def test_events_on_the_rims_of_the_grids_cells_are_decided_exactly():
    vertices = np.array([[0.0, 0.0], [64.0, 0.0], [64.0, 64.0], [20.0, 40.0]])
    rims = np.stack(np.meshgrid(np.arange(65.0), np.arange(65.0)), axis=-1).reshape(-1, 2)

    by_grid, exact = both(vertices, np.vstack([rims, np.nextafter(rims, -1)[rims.min(axis=1) > 0]]))

    assert (by_grid == exact).all()


def test_few_events_are_left_to_the_exact_test():
    asked = []
    vertices = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    points = np.random.default_rng(1).random((10_000, 2)) * 10

    def exact(some):
        asked.append(len(some))
        return np.asarray(points_in_polygon(vertices, np.ascontiguousarray(some)), dtype=bool)

    Raster.of(vertices, exact).decide(points, exact)

    assert asked[-1] < 1_500
