import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.percent import PERCENT_INTERVALS, clopper_pearson, jeffreys, wilson

counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def binomial_tail(k, n, p):
    """Return P(X >= k) by adding up terms, for small n."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def test_the_worked_example_of_three_in_thirty_thousand():
    found = clopper_pearson([3, 0], [30_000, 30_000])

    assert found.value.tolist() == [0.01, 0.0]
    assert found.low.round(5).tolist() == [0.00206, 0.0]
    assert found.high.round(5).tolist() == [0.02922, 0.0123]
    assert (found.method, found.level) == ("clopper-pearson", 0.95)


def test_none_of_one_and_one_of_one_by_hand():
    found = clopper_pearson([0, 1], [1, 1])

    assert found.low == pytest.approx([0, 2.5])  # (1 - p)^1 = 0.025 and p^1 = 0.025
    assert found.high == pytest.approx([97.5, 100])


@pytest.mark.parametrize(("k", "n"), [(1, 10), (5, 10), (9, 10), (2, 37), (30, 40)])
def test_each_bound_leaves_half_of_the_error_outside(k, n):
    found = clopper_pearson(k, n, level=0.9)

    assert binomial_tail(k, n, float(found.low) / 100) == pytest.approx(0.05)
    assert 1 - binomial_tail(k + 1, n, float(found.high) / 100) == pytest.approx(0.05)


@given(counts)
def test_the_interval_holds_the_estimate_and_stays_between_0_and_100(count):
    found = clopper_pearson(*count)

    assert 0 <= found.low <= found.value <= found.high <= 100


@given(counts)
def test_what_is_left_has_the_mirrored_interval(count):
    k, n = count

    one, rest = clopper_pearson(k, n), clopper_pearson(n - k, n)

    assert float(one.low) == pytest.approx(100 - float(rest.high), abs=1e-9)


@given(counts)
def test_a_higher_level_gives_a_wider_interval(count):
    narrow, wide = clopper_pearson(*count, level=0.9), clopper_pearson(*count, level=0.99)

    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


def test_a_parent_without_events_has_no_percentage():
    found = clopper_pearson([0, 1], [0, 2])

    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert np.isfinite([found.value[1], found.low[1], found.high[1]]).all()


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3)])
def test_a_count_outside_its_parent_is_refused(k, n):
    with pytest.raises(ValueError, match="between 0 and that of its parent"):
        clopper_pearson(k, n)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_that_is_no_probability_is_refused(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        clopper_pearson(1, 2, level=level)


# The other two


@pytest.mark.parametrize(
    ("interval", "low", "high", "upper_of_none"),
    [
        (clopper_pearson, 0.00206, 0.02922, 0.01230),
        (wilson, 0.00340, 0.02940, 0.01280),
        (jeffreys, 0.00282, 0.02669, 0.00837),
    ],
)
def test_the_comparison_of_intervals_of_three_and_none_in_thirty_thousand(interval, low, high, upper_of_none):
    found = interval([3, 0], 30_000)

    assert found.value.tolist() == [0.01, 0.0]
    assert found.low.round(5).tolist() == [low, 0.0]
    assert found.high.round(5).tolist() == [high, upper_of_none]


def test_the_score_interval_of_the_worked_share_of_b_cells():
    found = wilson(365, 24_800)

    assert [round(float(x), 4) for x in (found.value, found.low, found.high)] == [1.4718, 1.3292, 1.6293]


def test_the_score_interval_s_ends_are_where_the_score_is_the_normal_quantile():
    found = wilson(7, 40)

    for end in (float(found.low) / 100, float(found.high) / 100):
        assert abs(7 / 40 - end) / math.sqrt(end * (1 - end) / 40) == pytest.approx(1.959964)


def test_half_an_event_is_added_to_both_sides_by_jeffreys():
    """Beta(1/2, 3/2) has 0.5 at 0.163; its quantiles are those of the posterior of 0 of 1."""
    found = jeffreys([0, 1], [1, 1])

    assert (found.low[0], found.high[1]) == (0, 100)
    assert float(found.high[0] + found.low[1]) == pytest.approx(100)


@pytest.mark.parametrize("name", PERCENT_INTERVALS)
@given(count=counts)
def test_every_interval_holds_the_estimate_stays_inside_and_is_mirrored(name, count):
    k, n = count

    one, rest = PERCENT_INTERVALS[name](k, n), PERCENT_INTERVALS[name](n - k, n)

    assert 0 <= one.low <= one.value * (1 + 1e-12) + 1e-12
    assert one.value * (1 - 1e-12) <= one.high <= 100 + 1e-9
    assert float(one.low) == pytest.approx(100 - float(rest.high), abs=1e-7)
    assert one.method == name


@pytest.mark.parametrize("name", PERCENT_INTERVALS)
def test_no_interval_makes_a_number_of_an_empty_parent(name):
    found = PERCENT_INTERVALS[name]([0, 1], [0, 2])

    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
    assert np.isfinite([found.value[1], found.low[1], found.high[1]]).all()
