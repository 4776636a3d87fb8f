"""Numbers as FCS writes them: plain ASCII, of a sane length.

Python's own `int` and `float` accept more than a file may mean: `int("0_7")` is 7, so is `int` of an Arabic seven, and
a number of 5,000 digits takes its time. Here they are no numbers.
"""

from __future__ import annotations

import math
import re

__all__ = ["parse_decimal", "parse_integer", "shown"]

_INTEGER = re.compile(r"[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")
_PADDING = " \t\r\n"
_LONGEST_QUOTE = 60


def parse_integer(text: str) -> int | None:
    """Return a whole number that is not negative, or None if `text` is none.

    >>> parse_integer(" 0007 "), parse_integer("0_7"), parse_integer("-7"), parse_integer("9" * 5000)
    (7, None, None, None)
    """
    bare = text.strip(_PADDING)
    return int(bare) if _INTEGER.fullmatch(bare) else None


def parse_decimal(text: str) -> float | None:
    """Return a finite number, or None if `text` is none.

    >>> parse_decimal(" 4.0"), parse_decimal("1e2"), parse_decimal("nan"), parse_decimal("1,5")
    (4.0, 100.0, None, None)
    """
    bare = text.strip(_PADDING)
    number = float(bare) if _DECIMAL.fullmatch(bare) else math.nan
    return number if math.isfinite(number) else None


def shown(text: str) -> str:
    """Return a value as a message quotes it: escaped, and cut where it is very long.

    >>> shown("9" * 5000)
    "'999999999999999999999999999999999999999999999999999999999999...' (5000 characters)"
    """
    if len(text) <= _LONGEST_QUOTE:
        return repr(text)
    return f"{text[:_LONGEST_QUOTE] + '...'!r} ({len(text)} characters)"
