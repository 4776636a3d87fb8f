"""What a spreadsheet shows of a number: the format of its cell decides whether that is a number, a name or a date."""

from __future__ import annotations

import math
import re
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["BUILT_IN", "NotAsSeen", "as_seen"]

BUILT_IN = {
    "1": "0",
    "2": "0.00",
    "3": "#,##0",
    "4": "#,##0.00",
    "9": "0%",
    "10": "0.00%",
    "11": "0.00E+00",
    "12": "# ?/?",
    "13": "# ??/??",
    "14": "m/d/yyyy",
    "15": "d-mmm-yy",
    "16": "d-mmm",
    "17": "mmm-yy",
    "18": "h:mm AM/PM",
    "19": "h:mm:ss AM/PM",
    "20": "h:mm",
    "21": "h:mm:ss",
    "22": "m/d/yyyy h:mm",
    **{str(n): "yyyy-mm-dd" for n in (*range(27, 37), *range(50, 59))},  # the dates of East Asian versions
    "37": "#,##0",
    "38": "#,##0",
    "39": "#,##0.00",
    "40": "#,##0.00",
    "41": "#,##0",
    "42": "#,##0",
    "43": "#,##0.00",
    "44": "#,##0.00",
    "45": "mm:ss",
    "46": "[h]:mm:ss",
    "47": "mm:ss.0",
    "48": "##0.0E+0",
    "49": "@",
}
"""Formats that a workbook names only by number (ECMA-376 part 1, 18.8.30); others show a number in full."""

_GENERAL = {"", "general", "@"}
_NOTHING_SEEN = re.compile(
    r"\[(black|blue|cyan|green|magenta|red|white|yellow|color ?\d+|\$-[^\]]*)\]|_.|\*.|\\ ", re.IGNORECASE
)
_LITERAL = re.compile(r'"[^"]*"|\\.|[-+()$€£¥ :\']|\[\$[^\]]*\]')
_DIGITS = re.compile(r"(?P<whole>[#?0][#?0,]*[#?0]|[#?0]|)(?:\.(?P<fraction>[#?0]*))?")
_MOST_DIGITS = 10**15
_MOST_DECIMALS = 12
_LAST_DAY = 2_958_465
_FIRST_DAY = 61  # Excel's year 1900 has a 29th of February
_TO_DO = "format the column as text and type it again"


class NotAsSeen(Exception):  # noqa: N818 - it carries words to the reader of the sheet, which knows the cell
    """A number shows something else than it is."""


def as_seen(written: str, code: str, *, is_name: bool, is_1904: bool = False) -> str:
    """Return what is seen in a cell that holds a number.

    A number comes with a decimal point and without signs between thousands, and zeros in front as its format `000`
    asks for. If it shows fewer digits than it has, all of them count. Dates come as ISO 8601.

    Parameters
    ----------
    written
        The number as the file holds it.
    code
        The number format.
    is_name
        Whether it is a name, which must be exactly what is seen and can be no date.
    is_1904
        Whether days are counted from 1904.

    Raises
    ------
    NotAsSeen
        A percentage, a power of ten, a fraction or thousands, of which nobody knows which is meant; a date that lacks
        its day or year; more digits than Excel keeps; a name that shows something else than the number.

    Examples
    --------
    >>> as_seen("7", "000", is_name=True), as_seen("49520", "#,##0", is_name=False)
    ('007', '49520')
    >>> as_seen("45322", "d.m.yyyy", is_name=False)
    '2024-01-31'
    >>> as_seen("100000", "0.00E+00", is_name=False)
    Traceback (most recent call last):
    ...
    cytoproc.interop.number_formats.NotAsSeen: shows 100000 as a power of ten; ...
    """
    try:
        value = float(written)
    except ValueError:
        return _as_iso(written, is_name=is_name)
    if not math.isfinite(value) or abs(value) >= _MOST_DIGITS:
        msg = f"{written} has more digits than Excel keeps; {_TO_DO}"
        raise NotAsSeen(msg)
    seen = _NOTHING_SEEN.sub("", _section(code, value))
    number = Decimal(f"{value:.15g}")
    if code and not seen:
        msg = f"holds {number:f} but shows nothing ({code}); {_TO_DO}"
        raise NotAsSeen(msg)
    if seen.strip().lower() in _GENERAL:
        return f"{number:f}"
    core = _LITERAL.sub("", seen)
    if re.search(r"[ymdhs]", core, re.IGNORECASE) and not re.search(r"[#?0]", core.partition(".")[0]):
        return _date(value, core, is_name=is_name, is_1904=is_1904)
    return _number(number, code, core, is_name=is_name, is_decorated=core != seen)


def _section(code: str, value: float) -> str:
    """Return the part of a format that is for a value: above, below or at zero."""
    sections = re.findall(r'(?:"[^"]*"|\\.|[^;"\\])+|(?<=;)(?=;|$)', code) or [code]
    wanted = 1 if value < 0 else 2 if value == 0 else 0
    return str(sections[wanted] if wanted < len(sections) else sections[0])


def _number(number: Decimal, code: str, core: str, *, is_name: bool, is_decorated: bool) -> str:
    plain = f"{number:f}"
    digits = _DIGITS.fullmatch(core)
    if core.lower() in _GENERAL - {""}:
        digits, is_decorated = _DIGITS.fullmatch("#.##########"), True
    if digits is None or not core:
        what = {"%": "as a percentage", "E": "as a power of ten", "/": "as a fraction"}
        shown = next((words for sign, words in what.items() if sign in core.upper()), f"by the format {code!r}")
        msg = f"shows {plain} {shown}; format the column as a plain number, or as text, and type it again"
        raise NotAsSeen(msg)
    fraction = (digits["fraction"] or "")[:_MOST_DECIMALS]
    rounded = number.quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    if rounded != number or is_decorated:
        if is_name:
            msg = f"holds {plain} but shows something else ({code}); {_TO_DO}"
            raise NotAsSeen(msg)
        return plain
    whole, _, decimals = f"{abs(rounded):f}".partition(".")
    decimals = decimals[: fraction.count("0")] + decimals[fraction.count("0") :].rstrip("0")
    padded = whole.zfill(digits["whole"].count("0"))
    return ("-" if rounded < 0 else "") + padded + (f".{decimals}" if decimals else "")


def _date(value: float, core: str, *, is_name: bool, is_1904: bool) -> str:
    letters = set(core.lower())
    if "[" in core or not (0 if is_1904 else (_FIRST_DAY if "y" in letters else 0)) <= value <= _LAST_DAY:
        msg = f"holds {value:g}, shown as a date or a time; type it as text, as in 2024-01-31"
        raise NotAsSeen(msg)
    start = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)
    moment = start + timedelta(seconds=round(value * 86400))
    if is_name:
        msg = f"Excel made a date ({moment.date()}) or time of a name; {_TO_DO}"
        raise NotAsSeen(msg)
    if {"y", "d"} <= letters:
        return _shortest(moment)
    if not letters & {"y", "d"} and value < 1:
        return moment.time().isoformat("seconds" if moment.second else "minutes")
    msg = f"shows only a part of the date {moment.date()}; format the column as yyyy-mm-dd, or as text if it is no date"
    raise NotAsSeen(msg)


def _shortest(moment: datetime) -> str:
    if moment.time() == time():
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def _as_iso(written: str, *, is_name: bool) -> str:
    """Return a date that the file holds as text."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        msg = f"holds {written!r} where a number should be; open the file in Excel and save it again"
        raise NotAsSeen(msg) from None
    if is_name:
        msg = f"Excel made a date ({moment.date()}) of a name; {_TO_DO}"
        raise NotAsSeen(msg)
    return _shortest(moment)
