"""Linear, log, asinh and ratio: values that can be checked by hand."""

import math

import numpy as np
import pytest

from cytoproc.errors import ScaleError
from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.ratio import Ratio

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("transform", "linear", "scaled"),
    [
        (Identity(), [-2, 0, 7, INF], [-2, 0, 7, INF]),
        (Linear(t=1000, a=0), [-1000, 0, 500, 1000], [-1, 0, 0.5, 1]),
        (Linear(t=1000, a=1000), [-1000, 0, 1000, -INF], [0, 0.5, 1, -INF]),
        (Log(t=1000, m=3), [1, 10, 1000, 10_000], [0, 1 / 3, 1, 4 / 3]),
        (Log(t=1000, m=3), [-INF, -1, -0.0, 0, INF], [NAN, NAN, -INF, -INF, INF]),
        (FlowJoLog(offset=10, decades=2), [-INF, -5, 10, 100, 1000, INF], [0, 0, 0, 0.5, 1, INF]),
        (Asinh(t=1000, m=4, a=1), [0, 1000, INF, -INF], [0.2, 1, INF, -INF]),
        (AsinhCofactor(150), [0, 150 * math.sinh(1), -150 * math.sinh(3)], [0, 1, -3]),
    ],
    ids=str,
)
def test_a_scale_gives_the_values_of_its_formula(transform, linear, scaled):
    np.testing.assert_allclose(transform.forward(np.array(linear, dtype=float)), scaled, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("scale", "parameters", "says"),
    [
        (Linear, {"t": 0, "a": 0}, "t .* must be a number above 0, it is 0"),
        (Linear, {"t": 10, "a": 11}, "a must be between 0 and t = 10, it is 11"),
        (Linear, {"t": NAN, "a": 0}, "it is nan"),
        (Log, {"t": 10, "m": -1}, r"m \(decades\) must be above 0"),
        (FlowJoLog, {"offset": 0, "decades": INF}, "offset must be .* 0; decades must be .* inf"),
        (Asinh, {"t": INF, "m": 4, "a": 5}, "t .* inf; a must be between 0 and m = 4, it is 5"),
        (AsinhCofactor, {"cofactor": 0}, "cofactor must be a number above 0"),
        (Ratio, {"a": 0, "b": NAN, "c": 0}, "a must be a number other than 0, it is 0; b must be a number"),
    ],
)
def test_parameters_that_make_no_scale_are_refused_together(scale, parameters, says):
    with pytest.raises(ScaleError, match=says):
        scale(**parameters)


def test_a_ratio_divides_one_channel_by_another():
    x, y = np.array([12, 22, -8], dtype=np.float32), np.array([3, 5, 11], dtype=np.float32)

    ratio = Ratio(a=0.5, b=2, c=1).apply(x, y)

    np.testing.assert_array_equal(ratio, [2.5, 2.5, -0.5])


def test_a_ratio_to_nothing_is_nan():
    ratio = Ratio().apply(np.array([1.0, 0.0, -1.0, NAN, 1e308]), np.array([0.0, 0.0, -0.0, 1.0, 1e-10]))

    np.testing.assert_array_equal(ratio, [NAN, NAN, NAN, NAN, INF])
