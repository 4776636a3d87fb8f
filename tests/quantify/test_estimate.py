import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.counts import garwood
from cytoproc.quantify.estimate import Estimate

factors = st.floats(1, 5)


def estimate(value, low, high, method="by-hand"):
    return Estimate(*(np.asarray(float(x)) for x in (value, low, high)), 0.95, method)


def test_twice_as_wide_is_the_square_of_the_ratio():
    found = estimate(10, 5, 20).widened(2)

    assert (found.value, found.low, found.high) == (10, 2.5, 40)
    assert (found.level, found.method) == (0.95, "by-hand-widened")


def test_an_interval_from_0_stays_there():
    found = estimate(0, 0, 3).widened(2)

    assert (found.value, found.low, found.high) == (0, 0, 6)


def test_what_has_no_interval_gets_none():
    found = estimate(10, np.nan, np.nan, method="").widened(2)

    assert np.isnan([found.low, found.high]).all()
    assert found.method == ""


@given(st.integers(0, 10_000), factors, factors)
def test_widening_twice_is_widening_by_the_product(k, a, b):
    twice, at_once = garwood(k).widened(a).widened(b), garwood(k).widened(a * b)

    assert [float(twice.low), float(twice.high)] == pytest.approx([float(at_once.low), float(at_once.high)])


@given(st.integers(0, 10_000), factors)
def test_a_widened_interval_holds_the_one_it_was(k, factor):
    before, after = garwood(k), garwood(k).widened(factor)

    assert after.low <= before.low * (1 + 1e-9)
    assert before.high * (1 - 1e-9) <= after.high


@pytest.mark.parametrize("factor", [0.9, 0, -1, np.nan])
def test_narrowing_is_refused(factor):
    with pytest.raises(ValueError, match="by a factor of 1 or more"):
        estimate(10, 5, 20).widened(factor)
