"""Days and ages, by hand and as laws."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.study.days import age_in_years, days_between, study_day

dates = st.dates(date(1920, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("collected", "day"),
    [("2024-03-08", 1), ("2024-03-09T23:59", 2), ("2024-03-07T23:59", -1), ("2024-02-29", -8), ("2025-03-08", 366)],
)
def test_the_day_of_the_infusion_is_day_one_and_the_day_before_is_minus_one(collected, day):
    assert study_day("2024-03-08T14:00", collected) == day


@given(dates, st.integers(-4000, 4000))
def test_no_study_day_is_zero_and_the_next_day_has_the_next_number(start, shift):
    today, tomorrow = (
        study_day(start.isoformat(), (start + timedelta(days=n)).isoformat()) for n in (shift, shift + 1)
    )

    assert today != 0
    assert tomorrow == today + 1 or (today, tomorrow) == (-1, 1)


@pytest.mark.parametrize(
    ("infused", "collected", "days"),
    [
        ("2024-03-08T12:00", "2024-03-08T18:00", 0.25),
        ("2024-03-08T12:00", "2024-03-07T12:00", -1),
        ("2024-03-08", "2024-03-22T09:30", 14),  # a date alone gives whole days
        ("2024-03-08T12:00+01:00", "2024-03-08T12:00+00:00", 1 / 24),
        ("2024-03-08T23:00Z", "2024-03-10T01:00", 2),  # a zone and none are not compared
    ],
)
def test_days_have_a_fraction_only_where_both_times_can_be_compared(infused, collected, days):
    assert days_between(infused, collected) == pytest.approx(days)


@pytest.mark.parametrize("known", [("", "2024-03-08"), ("2024-03-08", ""), ("", "")])
def test_without_a_date_there_is_no_day_and_no_age(known):
    assert all(math.isnan(f(*known)) for f in (study_day, days_between, age_in_years))


@pytest.mark.parametrize(
    ("born", "when", "age"),
    [
        ("2006-05-04", "2024-05-04", 18),
        ("2006-05-04", "2024-05-03", 17 + 365 / 366),  # the year before that birthday has a 29 February
        ("2004-02-29", "2023-02-28", 18 + 364 / 365),
        ("2004-02-29", "2023-03-01", 19),
        ("2024-01-01", "2024-01-01T10:00", 0),
    ],
)
def test_an_age_is_whole_at_a_birthday(born, when, age):
    assert age_in_years(born, when) == pytest.approx(age, rel=1e-12)


@given(dates, st.integers(0, 40_000), st.integers(1, 400))
def test_nobody_gets_younger(born, days, more):
    first, later = (age_in_years(born.isoformat(), (born + timedelta(days=n)).isoformat()) for n in (days, days + more))

    assert 0 <= first < later
