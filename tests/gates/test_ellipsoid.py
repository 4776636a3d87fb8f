"""Ellipses and ellipsoids."""

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.transforms.log import Log
from tests.gates.events import inside

X, Y, Z = Dimension("X"), Dimension("Y"), Dimension("Z")
LOG_X, LOG_Y = (Dimension(name, scale=Log(t=10000, m=4)) for name in "XY")


def test_the_edge_of_an_ellipse_is_in():
    ellipse = EllipsoidGate((X, Y), (5, 5), ((9, 0), (0, 4)))  # half axes 3 and 2

    assert inside(ellipse, X=[5, 8, 8.001, 5, 5, 7.9], Y=[5, 5, 5, 3, 2.999, 6.9]) == [
        True,
        True,
        False,
        True,
        False,
        False,
    ]


def test_a_covariance_turns_it():
    ellipse = EllipsoidGate((X, Y), (0, 0), ((62.5, 37.5), (37.5, 62.5)))  # half axes 10 and 5, turned by 45 degrees

    along, across = 9.9 / np.sqrt(2), 5.1 / np.sqrt(2)

    assert inside(ellipse, X=[along, across], Y=[along, -across]) == [True, False]


def test_twice_the_distance_is_four_times_its_square():
    ellipse = EllipsoidGate((X, Y), (0, 0), ((9, 0), (0, 4)), distance_square=4)

    assert inside(ellipse, X=[6, 6.001, 0], Y=[0, 0, 4]) == [True, False, True]


def test_three_dimensions():
    ball = EllipsoidGate((X, Y, Z), (1, 1, 1), ((4, 0, 0), (0, 4, 0), (0, 0, 4)))

    assert inside(ball, X=[1, 3, 2.2], Y=[1, 1, 2.2], Z=[3, 1, 2.2]) == [True, True, False]


def test_it_is_an_ellipse_on_its_scale():
    circle = EllipsoidGate((LOG_X, LOG_Y), (0.5, 0.5), ((0.0625, 0), (0, 0.0625)))  # 100 times or over 10

    assert inside(circle, X=[100, 11, 9, 100, 990], Y=[100, 100, 100, 990, 990]) == [True, True, False, True, False]


def test_what_the_scale_cannot_map_is_outside():
    circle = EllipsoidGate((LOG_X, LOG_Y), (0.0, 0.5), ((1, 0), (0, 1)))

    assert inside(circle, X=[1, -1, 0, nan, 1], Y=[100, 100, 100, 100, nan]) == [True, False, False, False, False]


@given(st.lists(st.tuples(*[st.floats(-20, 20)] * 2), min_size=1), st.floats(-0.95, 0.95), st.floats(0.1, 9))
def test_it_is_the_mahalanobis_distance(points, correlation, distance_square):
    covariance = np.array([[4, 6 * correlation], [6 * correlation, 9]])
    away = np.array(points) - (1, 2)
    wanted = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
    clear = np.abs(wanted - distance_square) > 1e-9

    gate = EllipsoidGate((X, Y), (1, 2), tuple(map(tuple, covariance.tolist())), distance_square)
    ours = np.array(inside(gate, X=[p[0] for p in points], Y=[p[1] for p in points]))

    assert (ours == (wanted <= distance_square))[clear].all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"axes": (X,), "center": (5,), "covariance": ((9,),)},
            "needs n coordinates and an n x n covariance; here are 1",
        ),
        ({"center": (5,)}, "here are 2 dimensions"),
        ({"covariance": ((9, 0),)}, "here are 2 dimensions"),
        ({"covariance": ()}, "here are 2 dimensions"),
        ({"covariance": ((9, 0), (0,))}, "here are 2 dimensions"),
        ({"covariance": ((nan, 1), (1, 4))}, "needs a finite covariance"),
        ({"distance_square": 0}, "distance_square above 0"),
        ({"distance_square": nan}, "distance_square above 0"),
        ({"center": (5, nan)}, "point 1 has nan on Y"),
        ({"axes": (LOG_X, Y), "units": Units.LINEAR}, "in scale units: write units: scale"),
        ({"covariance": ((1, 1 - 1e-14), (1 - 1e-14, 1))}, "too thin"),
        ({"axes": (X, X)}, "same dimension twice"),
    ],
)
def test_an_ellipse_that_is_none_is_refused(change, told):
    ellipse = {"axes": (X, Y), "center": (5, 5), "covariance": ((9, 0), (0, 4))}

    with pytest.raises(GateError, match=told):
        EllipsoidGate(**ellipse | change)


def test_linear_units_are_scale_units_where_there_is_no_scale():
    ellipse = EllipsoidGate((X, Y), (5, 5), ((9, 0), (0, 4)), units=Units.LINEAR)

    assert inside(ellipse, X=[5, 9], Y=[5, 5]) == [True, False]


def test_scatter_beside_a_scale_from_0_to_1_makes_no_thin_ellipse():
    gate = EllipsoidGate((X, Y), (100_000, 0.5), ((2.5e9, 0), (0, 0.001)))

    assert inside(gate, X=[100_000, 149_000, 151_000, 100_000, 100_000], Y=[0.5, 0.5, 0.5, 0.531, 0.532]) == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_a_matrix_that_is_no_covariance_is_evaluated_as_it_is_written():
    hyperbola = EllipsoidGate((X, Y), (0, 0), ((1, 0), (0, -1)))  # x^2 - y^2 <= 1

    assert not hyperbola.is_bounded
    assert inside(hyperbola, X=[1, 2, 2, 0], Y=[0, 0, 3, 99]) == [True, False, True, True]
