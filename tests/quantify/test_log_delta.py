import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.log_delta import log_delta


def test_the_interval_of_an_error_of_a_tenth_by_hand():
    found = log_delta(100, 0.1**2)

    assert [float(found.low), float(found.high)] == pytest.approx([100 / 1.2165225, 121.65225])  # e^0.1959964
    assert found.method == "log-delta"


@given(st.floats(1e-3, 1e6), st.floats(0, 4))
def test_the_value_is_the_geometric_middle(value, variance):
    found = log_delta(value, variance)

    assert float(found.low * found.high) == pytest.approx(value**2)


def test_what_has_no_logarithm_and_what_nothing_is_known_of_has_no_interval():
    found = log_delta([0, 5, 5, np.nan], [0.1, np.inf, np.nan, 0.1])

    assert np.isnan([found.low, found.high]).all()
    assert found.value[:3].tolist() == [0, 5, 5]


def test_a_variance_below_0_is_refused():
    with pytest.raises(ValueError, match="cannot be below 0"):
        log_delta(5, -0.1)
