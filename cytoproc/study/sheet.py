"""A table that a lab's spreadsheet program saved as CSV, as rows of text."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from cytoproc.errors import Problem

__all__ = ["Rows", "check_columns", "finite_number", "nearly", "read_sheet", "without_apostrophe"]

Rows = list[tuple[int, list[str]]]

_LARGEST_BYTES = 50_000_000
_DELIMITERS = ",;\t"
_KEPT_FROM_RUNNING = tuple(f"'{sign}" for sign in "=+-@＝＋－＠")  # noqa: RUF001 - as tables are written


def read_sheet(path: Path, what: str, *, key: str) -> tuple[Rows, list[Problem]]:
    """Return the rows that are not empty, each with the line it starts in, or what is wrong with the file as a whole.

    Comma, semicolon or tab between cells, whichever the first line has most of; UTF-8; white space around a cell is not
    part of it.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, for messages: `manifest`.
    key
        A column that it cannot do without, for the message about an empty file.
    """
    raw = path.read_bytes()
    if len(raw) > _LARGEST_BYTES:
        return [], [Problem(f"the file has {len(raw):,} bytes; a {what} has at most {_LARGEST_BYTES:,}")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        return [], [Problem(f"not UTF-8 text; save the {what} as 'CSV UTF-8'", line=line, column=1)]
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return [], [Problem("holds a NUL character: not a text file", line=line, column=1)]
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        end = 0
        for cells in reader:
            start, end = end + 1, reader.line_num
            if any(c.strip() for c in cells):
                rows.append((start, [c.strip() for c in cells]))
    except csv.Error as e:
        return [], [Problem(f"not a readable CSV table: {e}", line=reader.line_num, column=1)]
    if not rows:
        message = f"the {what} is empty; it needs a header with at least the column {key!r}"
        return [], [Problem(message, line=1, column=1)]
    return rows, []


def check_columns(header: Sequence[str], known: Sequence[str], *, needed: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of columns: missing though needed, twice, or nearly one of ours.

    Further columns are left alone; a slip of one of ours is refused, for it would be left alone unseen.
    """
    for i, name in enumerate(header):
        if name in known:
            if name in header[:i]:
                yield Problem(f"column {name!r} is there twice", line=1, column=i + 1)
        elif meant := nearly(name, known):
            message = f"column {name!r} is nearly {meant!r}: write it so, or give a column of your own another name"
            yield Problem(message, line=1, column=i + 1)
    for name in needed:
        if name not in header:
            yield Problem(f"there is no column {name!r}; the columns are: {', '.join(header)}", line=1, column=1)


_SAME_AS = {
    "patient": "subject_id",
    "patient_id": "subject_id",
    "expiry": "expires_on",
    "expiry_date": "expires_on",
    "expiration": "expires_on",
    "expiration_date": "expires_on",
    "exp_date": "expires_on",
}
"""Everyday names of columns of ours: left alone, they would be missed unseen."""


_LIMITS = {"lob", "lod", "lloq"}


def nearly(name: str, known: Sequence[str]) -> str:
    """Return the column that a name is a slip of, the beginning of, or another word for; nothing if there is none.

    >>> nearly("Expiry date", ["expires_on"]), nearly("age_from", ["age_from_years"]), nearly("tube2", ["tube"])
    ('expires_on', 'age_from_years', '')
    """
    word = name.strip().casefold().replace(" ", "_")
    if (same := _SAME_AS.get(word, "")) in known:
        return same
    begun = [c for c in known if c.startswith(f"{word}_") and ("_" in word or word in _LIMITS)]
    alike = [c for c in known if re.findall(r"\d+", c) == re.findall(r"\d+", word)]
    return next(iter([*begun, *get_close_matches(word, alike, n=1, cutoff=0.8)]), "")


def without_apostrophe(cell: str) -> str:
    """Return a cell's text without the apostrophe that our tables put in front of what a spreadsheet would run.

    >>> [without_apostrophe(cell) for cell in ("'+CAR", "+CAR", "'CAR'", "5'")]
    ['+CAR', '+CAR', "'CAR'", "5'"]
    """
    return cell[1:] if cell.startswith(_KEPT_FROM_RUNNING) else cell


def finite_number(text: str) -> float:
    """Return the number that a cell holds; NaN for anything but a finite number.

    >>> [finite_number(text) for text in ("4.5", "", "1_000", "inf", "4,5")]
    [4.5, nan, nan, nan, nan]
    """
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and text.isascii() and "_" not in text else math.nan
