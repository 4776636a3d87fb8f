"""The statistics of an assay's verification, by hand and against numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.verification import (
    Grade,
    chance_of_dispersion,
    components_of,
    fit_line,
    lowest_quantified,
    normal_limit_of_blank,
    pooled_sd,
    precision_of,
    ranked_limit_of_blank,
    recovery_of,
)

values = st.lists(st.floats(0.1, 1000), min_size=2, max_size=30)
points = st.lists(
    st.tuples(st.floats(0.1, 100), st.floats(0, 100), st.floats(0.1, 10)), min_size=5, max_size=20
).filter(lambda rows: len({round(x, 3) for x, _, _ in rows}) > 3)


# Blanks


def test_the_limit_of_normal_blanks_by_hand():
    """Mean 4, SD sqrt(20/4)."""
    assert normal_limit_of_blank([1, 2, 4, 6, 7]) == pytest.approx(4 + 1.645 * math.sqrt(6.5))


@pytest.mark.parametrize(
    ("blanks", "limit"),
    [
        (range(1, 61), 57.5),  # rank 0.5 + 57 = 57.5, as the standard's example of 60 blanks
        (range(1, 21), 19.5),
        ([0, 0, 0, 10], 10),  # rank 4.3 is beyond the last
        ([3], 3),
    ],
)
def test_the_limit_by_rank_by_hand(blanks, limit):
    assert ranked_limit_of_blank(blanks) == limit


def test_no_blank_has_no_limit():
    assert math.isnan(ranked_limit_of_blank([]))
    assert math.isnan(normal_limit_of_blank([5]))


def test_the_chance_of_dispersion_is_that_of_a_table_of_chi_squared():
    """16.919 is the upper 5 % of chi-squared with 9 degrees of freedom."""
    assert chance_of_dispersion(16.919 / 9, 10) == pytest.approx(0.05, abs=1e-5)
    assert math.isnan(chance_of_dispersion(1.0, 1))


# Replicates


def test_the_interval_of_a_cv_by_hand():
    """Chi-squared with 4 degrees of freedom has 2.5 % below 0.4844 and 2.5 % above 11.1433."""
    found = precision_of([8, 9, 10, 11, 12])

    cv = 10 * math.sqrt(2.5)
    assert (found.n, found.mean, found.cv.value) == (5, 10, pytest.approx(cv))
    assert found.cv.low == pytest.approx(cv * math.sqrt(4 / 11.1433), rel=1e-4)
    assert found.cv.high == pytest.approx(cv * math.sqrt(4 / 0.4844), rel=1e-4)


def test_one_measurement_and_an_empty_level_have_no_cv():
    assert math.isnan(precision_of([5]).cv.value)
    assert math.isnan(precision_of([0, 0, 0]).cv.value)


def test_scatter_within_and_between_runs_by_hand():
    """Means 10 and 20: SS between = 2(5^2 + 5^2) = 100 of 1 degree, SS within = 4 x 1 = 4 of 2; n0 = 2."""
    found = components_of([[9, 11], [19, 21]])

    assert found.within**2 == pytest.approx(2)
    assert found.between**2 == pytest.approx((100 - 2) / 2)
    assert found.total**2 == pytest.approx(51)


def test_runs_of_different_size_by_hand():
    """Means 1, 4 and 7, grand 3: MS between = (3 x 4 + 2 x 1 + 16)/2 = 15; n0 = (6 - 14/6)/2 = 11/6."""
    found = components_of([[0, 1, 2], [3, 5], [7]])

    within = (2 + 2) / 3
    assert found.within**2 == pytest.approx(within)
    assert found.between**2 == pytest.approx((15 - within) / (11 / 6))


def test_runs_that_agree_better_than_their_scatter_have_no_scatter_between_them():
    assert components_of([[0, 10], [4, 6]]).between == 0


@pytest.mark.parametrize("runs", [[], [[1, 2]], [[1], [2], [3]], [[1, 2], []]])
def test_runs_that_cannot_be_told_apart_have_no_components(runs):
    assert components_of(runs) is None


def test_the_shared_sd_weighs_by_degrees_of_freedom():
    assert pooled_sd([[1, 3], [10, 10, 10], [7]]) == pytest.approx(math.sqrt((2 + 0) / 3))
    assert math.isnan(pooled_sd([[7]]))


def test_recovery_is_the_mean_over_what_is_expected():
    """Student's t for 2 degrees of freedom is 4.3027."""
    found = recovery_of([9, 10, 11], 8)

    assert found.value == 125
    assert found.high - found.value == pytest.approx(100 / 8 * 4.3027 / math.sqrt(3), rel=1e-4)
    assert math.isnan(recovery_of([9], 8).low)


@given(values, st.randoms())
def test_the_order_of_replicates_changes_no_digit(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)

    assert precision_of(shuffled) == precision_of(found)
    assert normal_limit_of_blank(shuffled) == normal_limit_of_blank(found)
    assert ranked_limit_of_blank(shuffled) == ranked_limit_of_blank(found)


@given(values, st.floats(0.01, 100))
def test_another_unit_leaves_the_cv(found, factor):
    assert precision_of([factor * x for x in found]).cv.value == pytest.approx(precision_of(found).cv.value, abs=1e-6)


# Levels


def grades(*cvs, mean=(10, 20, 40), n=3):
    return [Grade(m, n, cv) for m, cv in zip(mean, cvs, strict=True)]


@pytest.mark.parametrize(
    ("cvs", "lowest"),
    [
        ((10, 10, 10), 0),
        ((30, 10, 10), 1),
        ((10, 30, 10), 2),  # below a level that is not good, none is
        ((10, 10, 30), None),
        ((25, 25, 25), 0),
        ((math.nan, 10, 10), 1),
    ],
)
def test_the_lowest_level_with_all_above_it_good(cvs, lowest):
    assert lowest_quantified(grades(*cvs), detectable=1) == lowest


def test_a_level_below_the_limit_of_detection_is_not_quantified():
    assert lowest_quantified(grades(10, 10, 10), detectable=10.5) == 1
    assert lowest_quantified(grades(10, 10, 10), detectable=math.nan) is None


@pytest.mark.parametrize("bias", [-26, 26])
def test_a_biased_level_is_not_quantified(bias):
    levels = [Grade(10, 3, 10, bias), Grade(20, 3, 10, -25), Grade(40, 3, 10)]

    assert lowest_quantified(levels, detectable=1) == 1


def test_a_level_that_was_measured_too_seldom_is_passed_over():
    levels = [Grade(10, 3, 10), Grade(20, 2, 90), Grade(40, 3, 10)]

    assert lowest_quantified(levels, detectable=1) == 0
    assert lowest_quantified([Grade(10, 2, 10)], detectable=1) is None


# Dilutions


def test_a_line_and_its_errors_are_those_of_numpy():
    rng = np.random.default_rng(1)
    x = np.repeat([1.0, 2, 5, 10, 20], 3)
    sd = 0.1 * x
    y = 0.3 + 1.1 * x + rng.normal(0, sd)

    found = fit_line(x.tolist(), y.tolist(), weights=(1 / sd**2).tolist())
    (slope, intercept), covariance = np.polyfit(x, y, 1, w=1 / sd, cov=True)

    t = 2.160369  # 13 degrees of freedom
    assert (found.slope.value, found.intercept.value) == (pytest.approx(slope), pytest.approx(intercept))
    assert found.slope.high - found.slope.value == pytest.approx(t * math.sqrt(covariance[0, 0]), rel=1e-5)
    assert found.intercept.high - found.intercept.value == pytest.approx(t * math.sqrt(covariance[1, 1]), rel=1e-5)


def test_the_parabola_is_that_of_numpy():
    rng = np.random.default_rng(2)
    x = np.repeat([1.0, 2, 5, 10, 20], 3)
    sd = 0.1 * x
    y = 0.3 + 1.1 * x - 0.02 * x**2 + rng.normal(0, sd)

    found = fit_line(x.tolist(), y.tolist(), weights=(1 / sd**2).tolist())
    parabola = np.polyfit(x, y, 2, w=1 / sd)

    assert found.curvature == pytest.approx(parabola[0])
    for at in (1.0, 7.0, 20.0):
        assert found.deviation_percent(at) == pytest.approx(100 * (np.polyval(parabola, at) / found.at(at) - 1))


def test_points_on_a_line_are_no_parabola_and_points_on_a_parabola_no_line():
    x = [1.0, 2, 3, 4, 5]

    straight = fit_line(x, [2 * v + 1 for v in x], weights=[1] * 5)
    bent = fit_line(x, [v * v for v in x], weights=[1] * 5)

    assert (straight.slope.value, straight.intercept.value) == (pytest.approx(2), pytest.approx(1))
    assert (straight.r_squared, straight.curvature_p) == (pytest.approx(1), 1)
    assert bent.curvature_p < 1e-6
    assert bent.deviation_percent(3.0) == pytest.approx(100 * (9 / bent.at(3.0) - 1))


def test_a_weight_draws_the_line_to_its_point():
    light, heavy = (fit_line([1, 2, 3], [1, 2, 6], weights=[1, 1, w]) for w in (1, 1e9))

    assert abs(heavy.at(3) - 6) < 1e-6 < abs(light.at(3) - 6)


@pytest.mark.parametrize(
    ("x", "weights"), [([1, 1, 2], [1, 1, 1]), ([1, 2, 3], [1, 0, 1]), ([1, 2, 3], [1, 1, math.inf])]
)
def test_what_makes_no_line_is_refused(x, weights):
    with pytest.raises(ValueError, match="3 different expected values"):
        fit_line(x, [1, 2, 3], weights=weights)


@given(points, st.floats(0.01, 100))
def test_expected_values_in_another_unit_scale_the_slope(rows, factor):
    x, y, w = zip(*rows, strict=True)

    one, other = (fit_line([f * v for v in x], y, weights=w) for f in (1, factor))

    assert other.slope.value * factor == pytest.approx(one.slope.value, rel=1e-6, abs=1e-6)
    assert other.intercept.value == pytest.approx(one.intercept.value, rel=1e-6, abs=1e-6)


@given(points, st.randoms())
def test_the_order_of_points_changes_no_digit(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)

    one, other = (fit_line(*list(zip(*r, strict=True))[:2], weights=[w for _, _, w in r]) for r in (rows, shuffled))

    assert one == other
