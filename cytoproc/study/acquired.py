"""When a file was acquired, by its keywords."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

__all__ = ["acquired"]

_MONTHS = {
    name: i
    for i, names in enumerate(
        (
            "jan",
            "feb fév fev",
            "mar mär mrz",
            "apr avr abr",
            "may mai mag maj",
            "jun juin giu",
            "jul juil lug",
            "aug août aou ago",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.:,]\d+)?")
_WORDED_DATE = re.compile(r"(\d{1,2})[-\s./]([^\W\d]{3,4})\.?[-\s./](\d{4})")


def acquired(get: Callable[[str], str]) -> tuple[str, str]:
    """Return when acquisition began and ended, as ISO date-times of the place where it was; empty if not told.

    `$BEGINDATETIME` and `$ENDDATETIME` (FCS 3.2) go before `$DATE` with `$BTIM` and `$ETIM`. A date in figures alone is
    read only as year-month-day: nobody knows which of the others is the month. What ends before it began, ended on the
    next day.

    >>> acquired({"$DATE": "02-MAR-2020", "$BTIM": "23:59:10", "$ETIM": "00:01:05.50"}.get)
    ('2020-03-02T23:59:10', '2020-03-03T00:01:05')
    """
    begin, end = (_date_time(get(k) or "") for k in ("$BEGINDATETIME", "$ENDDATETIME"))
    day = _date(get("$DATE") or "")
    if begin is None and day is not None:
        begin, end = (_at(day, get(k) or "") for k in ("$BTIM", "$ETIM"))
        if begin and end and end < begin:
            end += timedelta(days=1)
    return _in_words(begin), _in_words(end)


def _in_words(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time else ""


def _date_time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=None)  # the clock on the wall, as collection times are written


def _date(text: str) -> date | None:
    text = text.strip()
    if worded := _WORDED_DATE.fullmatch(text):
        day, month, year = worded.groups()
        if number := _MONTHS.get(month.casefold(), _MONTHS.get(month.casefold()[:3])):
            try:
                return date(int(year), number, int(day))
            except ValueError:
                return None
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None


def _at(day: date, text: str) -> datetime | None:
    if not (clock := _TIME.fullmatch(text.strip())):
        return None
    hour, minute, second = (int(x or 0) for x in clock.groups())
    if hour > 23 or minute > 59 or second > 59:
        return None
    return datetime(day.year, day.month, day.day, hour, minute, second)
