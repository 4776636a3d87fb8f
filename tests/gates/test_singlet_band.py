"""The band of single cells."""

from math import inf, nan

import pytest

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension
from cytoproc.gates.singlet_band import SingletBand
from tests.gates.events import inside

A, H = Dimension("A"), Dimension("H")


def test_the_lower_edge_is_in_and_the_upper_one_out():
    band = SingletBand(A, H, intercept=10, slope=0.5, low=0.5, high=2)  # a cell of area 180 has height 100

    assert inside(band, A=[180] * 5, H=[49, 50, 100, 199, 200]) == [False, True, True, True, False]


def test_two_cells_passing_together_fall_below():
    band = SingletBand(A, H, intercept=0, slope=1, low=0.8, high=1.2)

    assert inside(band, A=[100, 200], H=[100, 100]) == [True, False]


def test_where_the_line_is_not_above_zero_nothing_is_inside():
    band = SingletBand(A, H, intercept=-10, slope=1, low=0, high=2)

    assert inside(band, A=[10, 5, -50, 11, nan], H=[0, 0, -60, 1, 1]) == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"slope": 0}, r"singlet band 0.8..1.2 around 0 \+ 0 x area has no inside"),
        ({"slope": -1}, "no inside"),
        ({"intercept": nan}, "no inside"),
        ({"low": 1.2}, r"1.2..1.2"),
        ({"low": -0.1}, "no inside"),
        ({"high": inf}, "no inside"),
    ],
)
def test_a_band_without_an_inside_is_refused(change, told):
    band = {"area": A, "height": H, "intercept": 0, "slope": 1, "low": 0.8, "high": 1.2}

    with pytest.raises(GateError, match=told):
        SingletBand(**band | change)
