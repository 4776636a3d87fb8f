import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from cytoproc.quantify.detection import (
    achieved_percent,
    background_limit,
    events_needed,
    expectation_to_see,
    limit_of_blank,
    limit_of_detection,
    normal_limit_of_detection,
    one_sided_upper,
)

means = st.floats(0.001, 2000)

# Limits of blank and of detection


@pytest.mark.parametrize(
    ("background", "blank", "detection", "digits", "normal"),
    [
        (0, 0, 3.0, 1, 2.7),
        (0.1, 1, 4.74, 2, 3.8),
        (0.5, 2, 6.30, 2, 5.5),
        (1, 3, 7.75, 2, 7.0),
        (2, 5, 10.51, 2, 9.4),
        (5, 9, 15.71, 2, 15.1),
        (8, 13, 20.67, 2, 20.0),
        (10, 15, 23.10, 2, 23.1),
        (20, 28, 38.39, 2, 37.4),
    ],
)
def test_the_table_of_limits_by_background(background, blank, detection, digits, normal):
    assert limit_of_blank(background) == blank
    assert round(limit_of_detection(background), digits) == detection
    assert round(normal_limit_of_detection(background), 1) == normal


@given(means)
def test_a_blank_stays_at_or_below_its_limit_in_95_of_100_cases_and_no_smaller_limit_does(mean):
    limit = limit_of_blank(mean)

    assert poisson.cdf(limit, mean) >= 0.95
    assert limit == 0 or poisson.cdf(limit - 1, mean) < 0.95


@given(means)
def test_a_sample_at_the_limit_of_detection_is_above_its_blank_in_95_of_100_cases(mean):
    assert poisson.sf(limit_of_blank(mean), limit_of_detection(mean)) == pytest.approx(0.95)


@given(means)
def test_what_can_be_detected_is_more_than_the_background(mean):
    assert mean < limit_of_detection(mean)
    assert mean < normal_limit_of_detection(mean)


def test_twenty_events_are_the_limit_of_detection_of_eight_background_events():
    assert [math.floor(limit_of_detection(mean)) for mean in (7, 8, 9)] == [19, 20, 21]


@pytest.mark.parametrize("background", [-1, math.nan, math.inf])
@pytest.mark.parametrize("limit", [limit_of_blank, limit_of_detection, normal_limit_of_detection])
def test_a_background_that_is_no_mean_is_refused(limit, background):
    with pytest.raises(ValueError, match="mean background events are 0 or more"):
        limit(background)


# A control's background


def test_a_control_without_events_in_the_gate_still_leaves_three_possible():
    assert background_limit(0, 30_000) * 30_000 == pytest.approx(2.9957, abs=2e-4)


def test_a_control_of_one_event_by_hand():
    assert background_limit(0, 1) == pytest.approx(0.95)  # (1 - p)^1 = 0.05


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_as_few_events_as_a_control_shows_are_seen_in_5_of_100_cases_at_its_limit(k_n):
    k, n = k_n

    assert binom.cdf(k, n, background_limit(k, n)) == pytest.approx(0.05)


@pytest.mark.parametrize("n", [0, 7])
def test_a_control_that_lies_in_the_gate_or_holds_nothing_excludes_nothing(n):
    assert background_limit(n, n) == 1


def test_a_control_with_more_events_in_the_gate_than_in_all_is_refused():
    with pytest.raises(ValueError, match="give 0 to 7"):
        background_limit(8, 7)


# How many events


@pytest.mark.parametrize(
    ("k", "mean"), [(1, 3.0), (5, 9.2), (10, 15.7), (20, 27.9), (30, 39.5), (50, 62.2), (100, 117.0)]
)
def test_what_must_be_expected_to_see_so_many(k, mean):
    assert round(expectation_to_see(k), 1) == mean


def test_to_see_nothing_nothing_must_be_expected():
    assert expectation_to_see(0) == 0


@given(st.integers(1, 5000), st.floats(0.5, 0.999))
def test_so_many_are_seen_as_often_as_asked(k, probability):
    mean = expectation_to_see(k, probability=probability)

    assert poisson.sf(k - 1, mean) == pytest.approx(probability)


@pytest.mark.parametrize("exponent", [2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    ("events", "probability", "of_a_hundredth"),
    [
        (20, None, 2000),
        (30, None, 3000),
        (50, None, 5000),
        (100, None, 10_000),
        (20, 0.95, 2787.92),
        (50, 0.95, 6217.11),
    ],
)
def test_the_table_of_parent_events_that_are_needed(exponent, events, probability, of_a_hundredth):
    found = events_needed(10.0**-exponent, events, probability=probability)

    assert round(found / 10 ** (exponent - 2), 2) == of_a_hundredth


@pytest.mark.parametrize("frequency", [0, -0.1, 1.1, math.nan])
def test_a_frequency_that_is_no_part_is_refused(frequency):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        events_needed(frequency, 50)


@pytest.mark.parametrize(("events", "parent", "percent"), [(22, 44_000, 0.05), (50, 500_000, 0.01), (50, 20, 100)])
def test_the_lowest_percentage_that_a_parent_can_show(events, parent, percent):
    assert achieved_percent(events, parent) == pytest.approx(percent)


def test_no_parent_shows_no_percentage():
    assert math.isnan(achieved_percent(50, 0))


@pytest.mark.parametrize(("k", "upper"), [(0, 2.9957), (1, 4.7439), (3, 7.7537)])
def test_the_one_sided_upper_limit_of_a_few_events(k, upper):
    assert round(one_sided_upper(k), 4) == upper
