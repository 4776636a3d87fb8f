import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.ratio import mover_product, mover_sum, ratio_of_counts

counts = st.integers(0, 100_000)
shares = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def estimate(value, low, high, method="by hand"):
    return Estimate(*(np.asarray(float(x)) for x in (value, low, high)), 0.95, method)


def share(k, n):
    return clopper_pearson(k, n).scaled(0.01)


# Two counts


def test_a_ratio_of_two_counts_has_the_odds_of_the_binomial_interval():
    found = ratio_of_counts([412], [18_250])
    of_both = clopper_pearson([412], [18_250 + 412])

    assert found.value == 412 / 18_250
    assert found.low == pytest.approx(of_both.low / (100 - of_both.low))
    assert found.high == pytest.approx(of_both.high / (100 - of_both.high))


def test_no_cells_among_beads_have_an_upper_limit_by_hand():
    found = ratio_of_counts([0], [1])

    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx(0.975 / 0.025)  # of one event in all, (1 - p)^1 = 0.025


def test_a_ratio_to_nothing_is_no_number():
    found = ratio_of_counts([0, 5, 5], [0, 0, 1])

    assert np.isnan([found.value[:2], found.low[:2], found.high[:2]]).all()
    assert np.isfinite([found.value[2], found.low[2], found.high[2]]).all()


@given(counts, counts.filter(bool))
def test_the_interval_holds_the_ratio(k, other):
    found = ratio_of_counts(k, other)

    assert 0 <= found.low <= found.value <= found.high < np.inf


@given(counts.filter(bool), counts.filter(bool))
def test_the_ratio_turned_round_has_the_interval_turned_round(k, other):
    one, turned = ratio_of_counts(k, other), ratio_of_counts(other, k)

    assert float(one.low * turned.high) == pytest.approx(1)


def test_a_count_below_0_makes_no_ratio():
    with pytest.raises(ValueError, match="cannot be below 0"):
        ratio_of_counts([1], [-1])


# A share of something that is itself an estimate


def test_a_half_of_ten_by_hand():
    """r = 1.2 and 0.8, so r(2 - r) = 0.96 both times; 0.25 - 0.24 x 0.96 = 0.14^2."""
    found = mover_product(estimate(0.5, 0.4, 0.6), estimate(10, 10 / 1.2, 10 / 0.8))

    assert found.value == 5
    assert found.low == pytest.approx(10 * 0.24 / 0.64)
    assert found.high == pytest.approx(10 * 0.64 / 0.96)


@given(shares, st.floats(0.01, 1e5))
def test_of_something_that_is_known_it_is_the_share_s_interval(k_n, known):
    part = share(*k_n)

    found = mover_product(part, estimate(known, known, known))

    assert [float(found.low), float(found.high)] == pytest.approx(
        [known * float(part.low), known * float(part.high)], rel=1e-6, abs=1e-9
    )


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_all_of_something_has_the_interval_of_that(n, beads):
    whole = ratio_of_counts(n, beads)

    found = mover_product(estimate(1, 1, 1), whole)

    assert [float(found.low), float(found.high)] == pytest.approx([float(whole.low), float(whole.high)])


@given(shares, st.integers(0, 5_000), st.integers(1, 50_000))
def test_the_interval_holds_the_product_and_widens_that_of_the_share(k_n, n, beads):
    part, whole = share(*k_n), ratio_of_counts(n, beads)

    found = mover_product(part, whole)

    assert 0 <= found.low <= found.value <= found.high < np.inf
    assert found.high >= part.high * whole.value * (1 - 1e-9)
    assert found.low <= part.low * whole.value * (1 + 1e-9)


def test_none_of_something_has_an_upper_limit_beyond_that_of_the_share_alone():
    part, whole = share(0, 400), ratio_of_counts(300, 10_000)

    found = mover_product(part, whole)

    assert (found.value, found.low) == (0, 0)
    assert part.high * whole.value < found.high < part.high * whole.high


def test_a_share_of_nothing_found_is_at_most_the_share_of_what_could_be_there():
    part, whole = share(30, 60), ratio_of_counts(0, 10_000)

    found = mover_product(part, whole)

    assert (found.value, found.low, found.high) == (0, 0, part.high * whole.high)


def test_without_an_interval_of_the_whole_there_is_none_and_no_method():
    found = mover_product(share(30, 60), estimate(10, np.nan, np.nan, method=""))

    assert (found.value, found.method) == (5, "")
    assert np.isnan([found.low, found.high]).all()


def test_a_sum_keeps_the_width_of_each_side_by_hand():
    found = mover_sum(estimate(10, 7, 16), estimate(5, 1, 13))

    assert (found.value, found.low, found.high) == (15, 10, 25)  # 3-4-5 and 6-8-10


@given(shares, counts, st.integers(1, 50_000))
def test_a_sum_lies_between_the_sums_of_the_ends(k_n, k, other):
    a, b = share(*k_n), ratio_of_counts(k, other)

    found = mover_sum(a, b)

    assert (a.low + b.low) * (1 - 1e-9) <= found.low <= found.value <= found.high <= (a.high + b.high) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("true_b_cells", "true_beads", "shared", "part"),
    [(400, 10_000, 600, 0.5), (60, 5_000, 60, 0.3), (10, 2_000, 80, 0.5)],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(true_b_cells, true_beads, shared, part):
    rng = np.random.default_rng(7)
    n, beads = rng.poisson(true_b_cells, 20_000), rng.poisson(true_beads, 20_000)
    of = np.maximum(rng.poisson(shared, 20_000), 1)
    k = rng.binomial(of, part)

    found = mover_product(clopper_pearson(k, of).scaled(0.01), ratio_of_counts(n, beads))

    true = part * true_b_cells / true_beads
    assert (
        np.mean((found.low <= true) & (true <= found.high)) > 0.945
    )  # 0.95 less three standard errors of 20,000 trials
