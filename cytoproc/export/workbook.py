"""Tables as an Excel workbook, for the bench: one sheet a table, ready to read, filter and print.

Nothing in a sheet is a formula or a link, whatever the text in it looks like: every text cell is a text cell, so
``001`` and ``1E5`` stay as they are. Excel shows 15 digits of a number; the other files hold all of them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from datetime import datetime

import xlsxwriter
from xlsxwriter.exceptions import XlsxFileError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from cytoproc.errors import OutputError
from cytoproc.export.table import Column, Kind, Table

__all__ = ["format_workbook"]

_MOST_ROWS, _MOST_COLUMNS, _LONGEST_CELL = 1_048_576, 16_384, 32_767  # of a sheet, and of a cell in UTF-16 units
_NARROWEST, _WIDEST, _WIDEST_PROSE = 8, 40, 90  # characters
_LOOKED_AT = 2_000  # lines that decide how wide a column is
_TALLEST_HEADER = 8  # lines
_MOST_DECIMALS = 8
_LARGEST = 1e308  # what is larger, Excel has no number for
_KEPT_IN_SIGHT = "sample_id"
_CREATED = datetime(2000, 1, 1)  # the time of making would change the bytes
_PLAIN = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": True,  # lines go to a temporary file as they come: 30 MB instead of 300 for 1,000 samples
}


def format_workbook(sheets: Mapping[str, Table]) -> bytes:
    """Return a workbook with these sheets as the bytes of an .xlsx file.

    What a sheet of Excel cannot hold is said in its place: a table of too many lines or columns, and the rest of a text
    that is too long for a cell.

    Raises
    ------
    OutputError
        If there is no room for the temporary files it takes.
    """
    file = _Bytes()
    try:
        with xlsxwriter.Workbook(file, _PLAIN) as workbook:
            workbook.use_zip64()  # a sheet may be larger than 4 GB before it is compressed
            workbook.set_properties({"created": _CREATED})
            formats = _Formats(workbook)
            for name, table in sheets.items():
                _write_sheet(workbook.add_worksheet(name), table, formats)
    except (OSError, XlsxFileError) as error:
        msg = f"cannot make the Excel workbook: {error}. Is there room in the folder for temporary files (TMPDIR)?"
        raise OutputError(msg) from error
    return file.getvalue()


class _Bytes(io.BytesIO):
    """Bytes that stay open: the archive of a workbook that failed is closed after them, and would complain aloud."""

    def close(self) -> None:
        """Do nothing."""


class _Formats:
    """The few looks that cells have, each made once; a text cell stays one when somebody edits it."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self.header = workbook.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4", "num_format": "@"}
        )
        self.text = workbook.add_format({"num_format": "@"})
        self.prose = workbook.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        self._numbers = [
            workbook.add_format({"num_format": "0." + "0" * n if n else "0"}) for n in range(_MOST_DECIMALS + 1)
        ]

    def number(self, kind: Kind, value: float) -> Format:
        """Return the format of a number: two decimals for a percentage, else four digits; more if it is small."""
        return self._numbers[_decimals(kind, value)]


def _decimals(kind: Kind, value: float) -> int:
    if kind is Kind.COUNT or (kind is Kind.NUMBER and float(value).is_integer()):
        return 0
    least, digits = (2, 3) if kind is Kind.PERCENT else (0, 4)
    needed = digits - 1 - math.floor(math.log10(abs(value))) if value else 0
    return min(max(needed, least), _MOST_DECIMALS)


def _write_sheet(sheet: Worksheet, table: Table, formats: _Formats) -> None:
    if table.n_rows >= _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        size = f"{table.n_rows:,} lines and {len(table.columns):,} columns"
        most = f"{_MOST_ROWS - 1:,} and {_MOST_COLUMNS:,}"
        sheet.write_string(0, 0, f"This table has {size}. A sheet of Excel holds {most}: open the CSV or Parquet file.")
        return
    widths = [_width(column) for column in table.columns]
    for i, width in enumerate(widths):
        sheet.set_column(i, i, width)
    sheet.set_row(0, 15 * max((_lines(c, w) for c, w in zip(table.columns, widths, strict=True)), default=1))
    for i, column in enumerate(table.columns):
        _write_text(sheet, 0, i, column.title or column.name, formats.header)
    for row, values in enumerate(table.rows(), start=1):
        for i, (column, value) in enumerate(zip(table.columns, values, strict=True)):
            if value is None or value == "":
                continue
            if isinstance(value, str) or not abs(value) < _LARGEST:
                _write_text(sheet, row, i, str(value), formats.prose if column.is_prose else formats.text)
            else:
                sheet.write_number(row, i, value, formats.number(column.kind, value))
    sheet.freeze_panes(1, table.names.index(_KEPT_IN_SIGHT) + 1 if _KEPT_IN_SIGHT in table.names else 0)
    if table.columns:
        sheet.autofilter(0, 0, table.n_rows, len(table.columns) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{_MOST_ROWS}"})  # no green corners on ids


def _write_text(sheet: Worksheet, row: int, column: int, text: str, look: Format) -> None:
    """Write a text cell, and nothing but text."""
    text = _cut(text)
    if text.startswith("<r>") and text.endswith("</r>"):  # the library would take it for its own markup
        sheet.write_rich_string(row, column, text[:1], look, text[1:], look)
    else:
        sheet.write_string(row, column, text, look)


def _cut(text: str) -> str:
    """Return text as long as a cell may be, saying so if that is not all."""
    if len(text) <= _LONGEST_CELL // 2 or _length(text) <= _LONGEST_CELL:
        return text
    note = f" ... [{len(text):,} characters; the CSV and Parquet files have all of them]"
    kept = text[: _LONGEST_CELL - len(note)]
    while _length(kept) + len(note) > _LONGEST_CELL:
        kept = kept[: -(_length(kept) + len(note) - _LONGEST_CELL)]
    return kept + note


def _length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _width(column: Column) -> int:
    """Return how wide a column must be: for its longest value, and for a third of its header, which is wrapped."""
    shown = column.values[:_LOOKED_AT]
    longest = max((len(v) for v in shown), default=0) if column.kind is Kind.TEXT else _NARROWEST
    title = column.title or column.name
    words = max(map(len, title.split()), default=0)
    widest = _WIDEST_PROSE if column.is_prose else _WIDEST
    return min(max(longest + 1, len(title) // 3, words + 3, _NARROWEST), widest)


def _lines(column: Column, width: int) -> int:
    """Return how many lines the header takes."""
    return min(1 + len(column.title or column.name) // (width - 3), _TALLEST_HEADER)
