"""Days and ages from dates as they are written: ISO 8601, with or without a time."""

from __future__ import annotations

import math
from datetime import date, datetime

__all__ = ["age_in_years", "days_between", "study_day"]


def study_day(start: str, when: str) -> float:
    """Return the study day of a date: 1 on the day of the start, -1 on the day before; there is no day 0.

    That of CDISC's SDTM (`--DY`, implementation guide 4.4.4). Dates are taken as written: times and zones do not
    matter. NaN if either is empty.

    >>> [study_day("2024-03-08", day) for day in ("2024-03-07", "2024-03-08T09:30", "2024-03-22", "")]
    [-1.0, 1.0, 15.0, nan]
    """
    if not start or not when:
        return math.nan
    days = (_date(when) - _date(start)).days
    return float(days + 1 if days >= 0 else days)


def days_between(start: str, when: str) -> float:
    """Return the days from one time to another: with a fraction if both have a time, else whole days between the dates.

    Times with a zone and times without are not compared; then these are whole days too. NaN if either is empty.

    >>> days_between("2024-03-08T12:00", "2024-03-09T18:00"), days_between("2024-03-08", "2024-03-09T18:00")
    (1.25, 1.0)
    """
    if not start or not when:
        return math.nan
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(when)
    comparable = _has_time(start) and _has_time(when) and (first.tzinfo is None) == (last.tzinfo is None)
    return (last - first).total_seconds() / 86_400 if comparable else float((_date(when) - _date(start)).days)


def age_in_years(born: str, when: str) -> float:
    """Return an age in years: whole years at birthdays, between them the part of that year that is over.

    Who was born on 29 February has a birthday on 1 March where there is none. NaN if either date is empty.

    >>> age_in_years("2006-05-04", "2024-05-04"), age_in_years("2006-05-04", "2024-05-03T09:30") < 18
    (18.0, True)
    """
    if not born or not when:
        return math.nan
    birth, day = _date(born), _date(when)
    years = day.year - birth.year
    years -= _birthday(birth, birth.year + years) > day
    last, following = _birthday(birth, birth.year + years), _birthday(birth, birth.year + years + 1)
    return years + (day - last).days / (following - last).days


def _birthday(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _date(text: str) -> date:
    return datetime.fromisoformat(text).date()


def _has_time(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return True
    return False
