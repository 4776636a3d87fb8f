import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cytoproc.errors import ScaleError
from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.bounds import linear_bound, linear_bound32
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle

EVERY_SCALE = [
    Identity(),
    Linear(t=1000, a=100),
    Log(t=262144, m=4.5),
    FlowJoLog(offset=1, decades=4.5),
    Asinh(262144, 4.5, 0),
    AsinhCofactor(150),
    Logicle(),
    Logicle(w=1.0, a=0.3),
    Hyperlog(262144, 0.5, 4.5, 0),
    Biex(),
]
MEASURED = st.floats(-(2.0**20), 2.0**20, width=32)
every_scale = pytest.mark.parametrize("scale", EVERY_SCALE, ids=str)


def beside(x, kind):
    """Return x with its three neighbours on either side."""
    values = [kind(x)]
    for _ in range(3):
        values = [np.nextafter(values[0], kind(-np.inf)), *values, np.nextafter(values[-1], kind(np.inf))]
    return np.array(values)


@every_scale
@given(at=MEASURED, others=st.lists(MEASURED, max_size=10))
@example(at=0.0, others=[-0.0, -1e-45, 1e-45])
def test_comparing_in_linear_space_is_transforming_and_comparing(scale, at, others):
    bound = float(scale.forward(np.array([at]))[0])
    if math.isnan(bound):  # a logarithm of a value below zero
        return

    linear = linear_bound(scale, bound)

    for values in (beside(at, np.float64), np.append(beside(linear, np.float64), [*others, np.nan, -np.inf, np.inf])):
        np.testing.assert_array_equal(values >= linear, scale.forward(values) >= bound)
    single = np.append(beside(at, np.float32), others).astype(np.float32)
    np.testing.assert_array_equal(single >= linear_bound32(linear), scale.forward(single) >= bound)


@every_scale
@given(bound=st.floats(-2, 2))
def test_the_bound_is_the_smallest_value_that_reaches_it(scale, bound):
    linear = linear_bound(scale, bound)

    assert scale.forward(np.array([linear]))[0] >= bound
    assert not scale.forward(np.array([np.nextafter(linear, -np.inf)]))[0] >= bound or linear == -np.inf


def test_on_a_log_scale_the_lowest_bound_lets_zero_in_and_nothing_below():
    linear = linear_bound(Log(t=1000, m=3), -math.inf)

    assert linear == 0.0
    np.testing.assert_array_equal(np.array([-1.0, -5e-324, -0.0, 0.0, 1.0]) >= linear, [False, False, True, True, True])


def test_below_the_floor_of_flowjos_log_every_value_reaches_the_bound():
    assert linear_bound(FlowJoLog(offset=1, decades=4.5), 0.0) == -math.inf


def test_a_bound_that_a_scale_does_not_reach_lets_nothing_in():
    assert linear_bound(Log(t=1000, m=3), 1000.0) == math.inf
    assert linear_bound(Logicle(), 1000.0) == math.inf


def test_a_bound_that_is_no_number_is_refused():
    with pytest.raises(ScaleError, match="a bound on the logicle scale is not a number"):
        linear_bound(Logicle(), math.nan)


@given(st.floats(allow_nan=False), MEASURED)
@example(1e39, 0.0)
@example(-1e39, 0.0)
@example(math.inf, 0.0)
def test_the_float32_bound_selects_the_same_float32_values(x, other):
    values = np.append(beside(np.clip(x, -3e38, 3e38), np.float32), [np.float32(other), np.float32(-np.inf)])

    np.testing.assert_array_equal(values >= linear_bound32(x), values.astype(np.float64) >= x)
