import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from cytoproc.quantify.agreement import (
    overdispersion,
    recovery_exceeds,
    share_is_steady,
    shares_differ,
    stands_out,
)
from cytoproc.quantify.counts import garwood
from cytoproc.quantify.estimate import Estimate
from tests.quantify.agreeing import estimates_differ, sum_differs

counts = st.integers(0, 10_000)


def estimate(value, low, high, level=0.99):
    return Estimate(*(np.asarray(float(x)) for x in (value, low, high)), level, "by hand")


# Two shares


@pytest.mark.parametrize(
    ("k", "n", "differ"),
    [
        ((100, 100), (1000, 1000), False),
        ((1000, 1190), (10_000, 10_000), False),  # beyond chance, within a fifth
        ((1000, 1300), (10_000, 10_000), False),  # by chance a fifth
        ((1000, 1500), (10_000, 10_000), True),
        ((0, 18), (10_000, 10_000), False),  # what may spill into a gate
        ((10, 13), (100, 100), False),  # within chance
        ((0, 5), (1000, 1000), False),  # one in 32 without a difference
        ((0, 20), (1000, 1000), True),
        ((0, 0), (1000, 1000), False),
        ((5, 0), (1000, 0), False),  # nothing to compare with
    ],
)
def test_shares_of_two_tubes_differ_beyond_chance_and_a_fifth(k, n, differ):
    assert shares_differ(k, n) is differ
    assert shares_differ(k[::-1], n[::-1]) is differ


# Two estimates


def test_a_difference_beyond_both_intervals_and_the_tolerance_by_hand():
    """20 - 10 = 10, less sqrt(4^2 + 3^2) = 5, is 5 and not 0; 10 of a mean of 15 are 67 %."""
    a, b = estimate(20, 16, 25), estimate(10, 7, 13)

    assert estimates_differ(a, b, tolerance=0.66)
    assert not estimates_differ(a, b, tolerance=0.67)


def test_a_difference_that_chance_may_make_is_none():
    assert not estimates_differ(estimate(20, 12, 25), estimate(10, 7, 16), tolerance=0.2)  # 8 and 6: 10 less 10


def test_none_and_many_differ_and_none_and_none_do_not():
    found = estimates_differ(garwood([0, 0, 0], level=0.99), garwood([50, 0, 3], level=0.99), tolerance=0.2)

    assert found.tolist() == [True, False, False]


@pytest.mark.parametrize("unknown", [(np.nan, np.nan, np.nan), (50, np.nan, np.nan)])
def test_what_has_no_interval_differs_from_nothing(unknown):
    assert not estimates_differ(estimate(*unknown), estimate(10, 7, 13), tolerance=0.2)


@given(counts, counts)
def test_which_of_two_estimates_comes_first_is_nothing(j, k):
    a, b = garwood(j, level=0.99), garwood(k, level=0.99)

    assert estimates_differ(a, b, tolerance=0.2) == estimates_differ(b, a, tolerance=0.2)


def test_estimates_of_one_truth_differ_in_one_case_of_a_hundred_at_most():
    rng = np.random.default_rng(5)
    a, b = (garwood(rng.poisson(300, 20_000), level=0.99) for _ in range(2))

    assert np.mean(estimates_differ(a, b, tolerance=0.0)) < 0.0121  # 0.01 and three standard errors


def test_estimates_of_two_levels_are_not_compared():
    with pytest.raises(ValueError, match=r"at one level, not at 0.99 and 0.95"):
        estimates_differ(estimate(20, 16, 25), estimate(10, 7, 13, level=0.95), tolerance=0.2)


@pytest.mark.parametrize(
    ("value", "told"), [(5, False), (12, False), (16, True), (-14, False), (-16, True), (math.nan, False)]
)
def test_what_stands_out_is_beyond_the_limits_and_beyond_chance_on_its_side(value, told):
    assert bool(stands_out(value, limits=(-15, 10), chance=(-12, 14))) is told


# Parts and their whole


@pytest.mark.parametrize(
    ("parts", "whole", "differs"),
    [
        (900, 1000, False),  # at the edge
        (899, 1000, True),
        (1100, 1000, False),
        (1150, 1000, True),
        (17, 20, False),  # below 90 %, by chance
        (14, 20, True),
        (26, 20, False),
        (40, 20, True),
        (0, 0, False),
        (0, 1, False),
        (0, 20, True),
        (20, 0, True),
    ],
)
def test_parts_do_not_add_up_beyond_chance_and_a_tenth(parts, whole, differs):
    assert bool(sum_differs(parts, whole)) is differs


@given(st.integers(1, 3000), st.floats(0, 1.5))
def test_a_sum_is_judged_by_the_tails_of_what_the_nearer_edge_leads_to_expect(whole, ratio):
    parts = round(whole * ratio)

    found = bool(sum_differs(parts, whole))

    if parts < 0.9 * whole:
        assert found == (binom.cdf(parts, whole, 0.95) < 0.005)
    elif parts > 1.1 * whole:
        assert found == (poisson.sf(parts - 1, 1.05 * whole) < 0.005)
    else:
        assert not found


def test_other_edges_may_both_be_below_the_whole_or_above_it():
    below = {"between": (0.5, 0.7), "target": (0.55, 0.65)}
    above = {"between": (1.9, 2.1), "target": (1.95, 2.05)}

    assert sum_differs([400, 600, 800, 1200], 1000, **below).tolist() == [True, False, True, True]
    assert sum_differs([1700, 2000, 2300], 1000, **above).tolist() == [True, False, True]


# Replicates and beads


def test_overdispersion_by_hand():
    assert overdispersion([80, 100, 120], [100, 100, 100]) == 4  # (4 + 0 + 4) / 2


@pytest.mark.parametrize(("n", "expected"), [([5], [5]), ([], []), ([0, 0], [0, 0])])
def test_of_one_tube_or_of_nothing_no_overdispersion_can_be_told(n, expected):
    assert math.isnan(overdispersion(n, expected))


def test_counts_of_chance_alone_have_an_overdispersion_of_one():
    rng = np.random.default_rng(11)
    found = [overdispersion(n, np.full(4, n.mean())) for n in rng.poisson(50, (4000, 4))]

    assert np.mean(found) == pytest.approx(1, abs=3 * math.sqrt(2 / 3 / 4000))


@pytest.mark.parametrize(("n_beads", "exceeds"), [(10_000, False), (11_236, False), (11_237, True)])
def test_more_beads_than_the_tube_can_have_held(n_beads, exceeds):
    """sqrt(1/10,000 + 0.04^2) = 0.041231, so 10,000 may be up to 11,236.9."""
    assert recovery_exceeds(n_beads, 10_000, cv_lot=0.04) is exceeds


# A share through a file


def test_a_share_that_stays_has_no_trend():
    found = share_is_steady([50] * 10, [1000] * 10)

    assert (found.cv, found.cv_beyond_chance, found.is_unsteady) == (0, 0, False)
    assert found.trend_percent == pytest.approx(0, abs=1e-9)


def test_a_straight_fall_is_told_in_percent_of_the_mean():
    """From 140 to 60 around 100 is a fall of 80 %."""
    found = share_is_steady([1400, 1200, 1000, 800, 600], [10_000] * 5)

    assert found.trend_percent == pytest.approx(-80)
    assert found.is_unsteady


def test_a_trend_within_a_fifth_is_steady_however_sure():
    found = share_is_steady([10_900, 10_450, 10_000, 9550, 9100], [100_000] * 5)

    assert found.trend_percent == pytest.approx(-18)
    assert not found.is_unsteady


def test_a_share_that_jumps_in_one_part_is_unsteady_without_a_trend():
    found = share_is_steady([100, 100, 100, 100, 200, 200, 100, 100, 100, 100], [1000] * 10)

    assert found.cv == pytest.approx(math.sqrt(16_000 / 9) / 120)  # a variance of (8 x 20^2 + 2 x 80^2)/9
    assert found.is_unsteady
    assert found.trend_percent == pytest.approx(0, abs=1e-9)


def test_a_large_cv_of_few_events_is_chance():
    found = share_is_steady([5, 2, 4, 3, 6, 2, 5, 3, 4, 3], [1000] * 10)

    assert found.cv > 0.3
    assert found.cv_beyond_chance == 0
    assert not found.is_unsteady


def test_parts_without_events_are_left_out_and_keep_their_place():
    """The same line with a gap: the trend is still that from the first part to the last."""
    found = share_is_steady([1400, 1200, 0, 800, 600], [10_000, 10_000, 0, 10_000, 10_000])

    assert found.trend_percent == pytest.approx(-80)


@pytest.mark.parametrize(
    ("k", "n"), [([], []), ([1, 2], [10, 10]), ([0] * 10, [100] * 10), ([7] * 10, [7] * 10), ([0] * 10, [0] * 10)]
)
def test_of_too_little_nothing_is_told(k, n):
    found = share_is_steady(k, n)

    assert np.isnan([found.cv, found.cv_beyond_chance, found.trend_percent]).all()
    assert not found.is_unsteady


@pytest.mark.parametrize(("share", "events"), [(0.05, 30_000), (0.3, 3000), (0.01, 5000)])
def test_chance_alone_is_called_unsteady_in_one_case_of_a_hundred_at_most(share, events):
    rng = np.random.default_rng(2)
    totals = np.full(10, events // 10)

    found = [share_is_steady(rng.binomial(totals, share), totals).is_unsteady for _ in range(2000)]

    assert np.mean(found) < 0.0167  # 0.01 and three standard errors
