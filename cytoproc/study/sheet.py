"""A table that a lab's spreadsheet program saved as CSV, as rows of text."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from cytoproc.errors import Problem

__all__ = ["Rows", "read_sheet"]

Rows = list[tuple[int, list[str]]]

_LARGEST_BYTES = 50_000_000
_DELIMITERS = ",;\t"


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
