"""A table that a lab keeps as CSV or in an Excel workbook, as rows of text."""

from __future__ import annotations

import csv
import io
import logging
import math
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from cytoproc.errors import DocumentError, Problem
from cytoproc.interop.xlsx import parse_xlsx

__all__ = ["Rows", "check_columns", "check_names", "finite_number", "nearly", "read_sheet"]

Rows = list[tuple[int, list[str]]]

log = logging.getLogger(__name__)
_LARGEST_BYTES = 50_000_000
_DELIMITERS = ",;\t"
_WORKBOOKS = {".xlsx", ".xlsm"}
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NAMES = re.compile(
    r"(.*[_ ])?(id|name|file|visit|tube|template|batch|control|lot|version|operator|population|well|plate|(bar)?code)",
    re.IGNORECASE,
)


def read_sheet(path: Path, what: str, *, key: str) -> tuple[Rows, list[Problem]]:
    """Return the rows that are not empty, each with the line it starts in, or what is wrong with the file as a whole.

    CSV has comma, semicolon or tab between cells, whichever the first line has most of, and is UTF-8. Of an Excel
    workbook the sheet that is called as the table or the file is read, else the first that holds something, as
    :func:`~cytoproc.interop.xlsx.parse_xlsx` does; a line is then a row of the sheet. White space around a cell is not
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
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return [], [Problem(f"this is no file; a {what} is a CSV file or an Excel workbook")]
    if status.st_size > _LARGEST_BYTES:
        return [], [Problem(f"the file has {status.st_size:,} bytes; a {what} has at most {_LARGEST_BYTES:,}")]
    raw = path.read_bytes()
    is_workbook = path.suffix.lower() in _WORKBOOKS
    if problem := _another_kind(raw, what, is_workbook=is_workbook):
        return [], [problem]
    rows, problems = _rows_of_workbook(raw, path, what) if is_workbook else _rows_of_csv(raw, what)
    rows = [(line, [c.strip() for c in cells]) for line, cells in rows if any(c.strip() for c in cells)]
    problems += _lost(rows)
    if not rows and not problems:
        message = f"the {what} is empty; it needs a header with at least the column {key!r}"
        problems.append(Problem(message, line=1, column=1))
    return ([], problems) if problems else (rows, [])


def _another_kind(raw: bytes, what: str, *, is_workbook: bool) -> Problem | None:
    """Return what is wrong if the content is not what the file's name says."""
    if raw.startswith(_OLD_EXCEL):
        return Problem("an old Excel file, or one with a password; save it as .xlsx, without a password")
    if is_workbook and not raw.startswith(_ZIP):
        return Problem(f"no Excel workbook, though its name ends so; save the {what} again as .xlsx")
    if not is_workbook and raw.startswith(_ZIP):
        message = f"no CSV table but a workbook or another archive; call it .xlsx, or save the {what} as 'CSV UTF-8'"
        return Problem(message, line=1, column=1)
    return None


def _rows_of_workbook(raw: bytes, path: Path, what: str) -> tuple[Rows, list[Problem]]:
    try:
        sheet = parse_xlsx(raw, str(path), names={what, path.stem}, is_name=lambda c: bool(_NAMES.fullmatch(c)))
    except DocumentError as e:
        return [], list(e.problems)
    if sheet.others:
        log.warning("%s: the sheet %r is read; not read: %s", path.name, sheet.name, ", ".join(map(repr, sheet.others)))
    return sheet.rows, []


def _rows_of_csv(raw: bytes, what: str) -> tuple[Rows, list[Problem]]:
    if raw.startswith(_UTF_16) or (len(raw) > 3 and raw[1::2].count(0) > len(raw) // 4):
        message = f"UTF-16 text (Excel's 'Unicode Text'); save the {what} as 'CSV UTF-8'"
        return [], [Problem(message, line=1, column=1)]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        odd = f"the byte {raw[e.start]:#04x} is none"
        return [], [Problem(f"not UTF-8 text, {odd}; save the {what} as 'CSV UTF-8'", line=line, column=1)]
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return [], [Problem("holds a NUL character: not a text file", line=line, column=1)]
    first = re.sub(r'"[^"]*"', "", next((line for line in text.splitlines() if line.strip()), ""))
    rows = []
    end = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        for cells in reader:
            rows.append((end + 1, cells))
            end = reader.line_num
    except csv.Error as e:
        is_open = "unexpected end" in str(e)
        why = "a quote is opened in this row and not closed" if is_open else str(e)
        line = end + 1 if is_open else reader.line_num
        return [], [Problem(f"not a readable CSV table: {why}", line=line, column=1)]
    return rows, []


def _lost(rows: Rows) -> Iterator[Problem]:
    """Yield every cell of which a character was lost before we saw it."""
    for line, cells in rows:
        for i, cell in enumerate(cells):
            if "\ufffd" in cell:
                message = f"a character of {cell!r} was lost when the file was saved; type it again"
                yield Problem(message, line=line, column=i + 1)


def check_names(header: Sequence[str]) -> Iterator[Problem]:
    """Yield each column that has no name, or the name of another one, be it in other case."""
    folded = [unicodedata.normalize("NFC", name.casefold()) for name in header]
    for i, name in enumerate(header):
        if not name:
            yield Problem(f"column {i + 1} has no name", line=1, column=i + 1)
        elif name in header[:i]:
            yield Problem(f"column {name!r} is there twice", line=1, column=i + 1)
        elif folded[i] in folded[:i]:
            other = header[folded.index(folded[i])]
            yield Problem(f"column {name!r} has the name of column {other!r}", line=1, column=i + 1)


def check_columns(header: Sequence[str], known: Sequence[str], *, needed: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names of columns: missing though needed, twice, or nearly one of ours.

    Further columns are left alone; a slip of one of ours is refused, for it would be left alone unseen.
    """
    told = list(check_names(header))
    yield from told
    for i, name in enumerate(header):
        if name and name not in known and i + 1 not in {p.column for p in told} and (meant := nearly(name, known)):
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
