"""When a file was acquired: the ways in which instruments write it."""

import pytest

from cytoproc.study.acquired import acquired


def when(**keywords):
    return acquired(lambda name: keywords.get(name.removeprefix("$"), ""))


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("02-MAR-2020", "2020-03-02"),
        ("2-Mar-2020", "2020-03-02"),
        ("02/MAR/2020", "2020-03-02"),
        ("02-MÄR-2020", "2020-03-02"),
        ("14-Okt-2019", "2019-10-14"),
        ("14-août-2019", "2019-08-14"),
        ("14-Sept-2019", "2019-09-14"),
        ("2020-03-02", "2020-03-02"),
        ("2020/03/02", "2020-03-02"),
    ],
)
def test_a_date_with_its_month_in_words_or_its_year_first_is_read(date, read):
    assert when(DATE=date, BTIM="09:30:00") == (f"{read}T09:30:00", "")


@pytest.mark.parametrize("date", ["03/02/2020", "02.03.2020", "31-FEB-2020", "02-XYZ-2020", "today", "2020", ""])
def test_a_date_that_can_mean_two_days_or_none_is_none(date):
    assert when(DATE=date, BTIM="09:30:00", ETIM="09:31:00") == ("", "")


@pytest.mark.parametrize("clock", ["09:30:07", "9:30:07", "09:30:07.25", "09:30:07:30"])
def test_a_time_may_have_parts_of_a_second(clock):
    assert when(DATE="02-MAR-2020", BTIM=clock)[0] == "2020-03-02T09:30:07"


@pytest.mark.parametrize("clock", ["24:00:00", "09:60:00", "9", "noon"])
def test_what_is_no_time_is_none(clock):
    assert when(DATE="02-MAR-2020", BTIM=clock) == ("", "")


def test_what_ends_before_it_began_ended_on_the_next_day():
    assert when(DATE="31-DEC-2019", BTIM="23:59:00", ETIM="00:03:00")[1] == "2020-01-01T00:03:00"


def test_the_date_times_of_fcs_3_2_go_first_and_are_those_of_the_clock_on_the_wall():
    found = when(BEGINDATETIME="2020-03-02T09:30:07.5+01:00", ENDDATETIME="2020-03-02T09:31:00Z", DATE="01-JAN-2020")

    assert found == ("2020-03-02T09:30:07", "2020-03-02T09:31:00")
