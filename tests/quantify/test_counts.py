import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.counts import garwood


def poisson_tail(k, mean):
    """Return P(X >= k) by adding up terms."""
    return 1 - sum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(k))


@pytest.mark.parametrize(
    ("k", "low", "high"),
    [
        (0, 0, 3.69),
        (1, 0.03, 5.57),
        (3, 0.62, 8.77),
        (5, 1.62, 11.67),
        (10, 4.80, 18.39),
        (20, 12.22, 30.89),
        (30, 20.24, 42.83),
        (50, 37.11, 65.92),
        (100, 81.36, 121.63),
    ],
)
def test_the_published_table_of_exact_poisson_limits(k, low, high):
    found = garwood(k)

    assert (found.value, round(float(found.low), 2), round(float(found.high), 2)) == (k, low, high)


@pytest.mark.parametrize("k", [1, 4, 12])
def test_each_end_leaves_half_of_the_error_outside(k):
    found = garwood(k, level=0.9)

    assert poisson_tail(k, float(found.low)) == pytest.approx(0.05)
    assert 1 - poisson_tail(k + 1, float(found.high)) == pytest.approx(0.05)


@given(st.integers(0, 10**7))
def test_the_interval_holds_the_count_and_is_finite(k):
    found = garwood(k)

    assert 0 <= found.low <= k < found.high < np.inf


def test_a_count_below_0_is_refused():
    with pytest.raises(ValueError, match="cannot be below 0"):
        garwood([-1])
