"""Ranges and rectangles."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension, RatioSource, Units
from cytoproc.gates.ranges import RangeGate, RectangleGate
from cytoproc.transforms.asinh import Asinh
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle
from cytoproc.transforms.ratio import Ratio
from tests.gates.events import Events, inside

CD3, CD4 = Dimension("CD3"), Dimension("CD4")
LOG = Dimension("CD3", scale=Log(t=10000, m=4))
SCALES = (
    Linear(1e4, 500),
    Log(1e4, 4.5),
    Asinh(1e4, 4, 1),
    Logicle(1e4, 0.5, 4.5, 0),
    Hyperlog(1e4, 1, 4.5, 0),
    Biex(),
)


def test_the_lower_bound_is_in_and_the_upper_one_out():
    assert inside(RangeGate(CD3, 2, 5), CD3=[1, 2, 4.9, 5, 6]) == [False, True, True, False, False]


def test_a_bound_left_out_is_open():
    assert inside(RangeGate(CD3, low=2), CD3=[-9, 2, 1e30]) == [False, True, True]
    assert inside(RangeGate(CD3, high=2), CD3=[-9, 2, 1e30]) == [True, False, False]
    assert inside(RangeGate(CD3), CD3=[-9, 2, nan]) == [True, True, False]


def test_a_bound_in_scale_units_is_a_place_on_the_axis():
    gate = RangeGate(LOG, 0.5, 0.75, Units.SCALE)  # 100 and 1000

    assert inside(gate, CD3=[99.9, 100.1, 999.9, 1000.1]) == [False, True, True, False]
    assert gate.linear_bounds == pytest.approx((100, 1000))


@pytest.mark.parametrize("gate", [RangeGate(LOG, high=0.5, units=Units.SCALE), RangeGate(LOG, high=100)])
def test_an_upper_bound_alone_on_a_log_scale_leaves_out_what_is_below_zero(gate):
    assert inside(gate, CD3=[-5, -1e-300, -0.0, 0, 50, 101]) == [False, False, True, True, True, False]


@pytest.mark.parametrize("units", Units)
def test_no_bound_at_all_on_a_log_scale_leaves_out_what_is_below_zero(units):
    assert inside(RangeGate(LOG, units=units), CD3=[-5, 0, 1e30]) == [False, True, True]


def test_what_is_no_number_is_outside():
    for gate in (RangeGate(CD3, low=2), RangeGate(CD3, high=2), RangeGate(CD3, 2, 3), RangeGate(LOG, 2, 3)):
        assert inside(gate, CD3=[nan]) == [False]


def test_float32_values_compare_with_a_bound_that_lies_between_two_of_them():
    below, above = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))
    bound = (float(below) + float(above)) / 2
    events = Events(CD3=[below, above], dtype=np.float32)

    assert RangeGate(CD3, low=bound).contains(events).tolist() == [False, True]
    assert RangeGate(CD3, high=bound).contains(events).tolist() == [True, False]
    assert RangeGate(CD3, low=float(above)).contains(events).tolist() == [False, True]
    assert RangeGate(CD3, high=float(above)).contains(events).tolist() == [True, False]


@given(st.sampled_from(SCALES), st.floats(-0.2, 1.2), st.sampled_from([np.float32, np.float64]))
def test_a_bound_in_linear_space_is_transform_then_compare_on_the_bound_itself(scale, place, dtype):
    bound = place * 4096 if isinstance(scale, Biex) else place
    gate = RangeGate(Dimension("CD3", scale=scale), low=bound, units=Units.SCALE)
    edge = gate.linear_bounds[0]
    near = np.array([edge], dtype=dtype)
    around = np.concatenate([np.nextafter(near, dtype(-inf)), near, np.nextafter(near, dtype(inf))])

    ours = gate.contains(Events(CD3=around, dtype=dtype))

    assert ours.tolist() == (scale.forward(around) >= bound).tolist()


@given(st.lists(st.floats(allow_infinity=False), min_size=1), st.floats(-1e5, 1e5), st.sampled_from([CD3, LOG]))
def test_a_range_and_its_two_sides_hold_every_mapped_event_once(values, cut, dimension):
    low, high = dimension.scale.domain
    mapped = [low <= x <= high for x in values]
    cut = max(cut, low)

    below = inside(RangeGate(dimension, high=cut), CD3=values)
    above = inside(RangeGate(dimension, low=cut), CD3=values)

    assert [a + b for a, b in zip(below, above, strict=True)] == mapped


@pytest.mark.parametrize(("low", "high"), [(5, 5), (6, 5), (nan, 5), (1, nan), (inf, inf)])
def test_a_range_without_an_inside_is_refused(low, high):
    with pytest.raises(GateError, match=r"range on CD3: low (5|6|nan|1|inf) is not below high (5|nan|inf)"):
        RangeGate(CD3, low, high)


def test_a_rectangle_holds_what_all_its_sides_hold():
    gate = RectangleGate((RangeGate(CD3, 2, 5), RangeGate(CD4, low=1)))

    assert inside(gate, CD3=[2, 2, 5, 1], CD4=[1, 0.9, 3, 3]) == [True, False, False, False]
    assert gate.dimensions == (CD3, CD4)


def test_a_box_of_three_sides():
    gate = RectangleGate(tuple(RangeGate(Dimension(c), 0, 1) for c in "XYZ"))

    assert inside(gate, X=[0, 0.5, 0.5], Y=[0, 0.5, 0.5], Z=[0, 0.5, 1]) == [True, True, False]


def test_a_ratio_without_a_value_is_outside_every_range_of_it():
    ratio = Dimension(RatioSource("CD3", "CD4", Ratio()))

    assert inside(RangeGate(ratio, low=2), CD3=[4, 1, 4, 0], CD4=[2, 2, 0, 0]) == [True, False, False, False]
    assert inside(RangeGate(ratio, high=2), CD3=[4, 1, 4, 0], CD4=[2, 2, 0, 0]) == [False, True, False, False]


def test_a_channel_may_be_a_side_twice_if_it_is_compensated_once_only():
    raw = Dimension("CD3", compensation="none")

    assert RectangleGate((RangeGate(CD3, 0, 1), RangeGate(raw, 0, 1))).dimensions == (CD3, raw)


def test_a_rectangle_that_is_none_is_refused():
    with pytest.raises(GateError, match="needs at least one dimension"):
        RectangleGate(())
    with pytest.raises(GateError, match="names the same dimension twice"):
        RectangleGate((RangeGate(CD3, 0, 5), RangeGate(LOG, 3, 9)))
