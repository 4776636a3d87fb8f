"""Tables as CSV: UTF-8, comma, decimal point, no thousands separator; the same table gives the same bytes."""

from __future__ import annotations

import csv
import io

from cytoproc.export.table import Column, Table
from cytoproc.model.text import format_cell

__all__ = ["format_csv"]


def format_csv(table: Table) -> bytes:
    """Return a table as the bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([format_cell(name) for name in table.names])
    writer.writerows(zip(*map(_cells, table.columns), strict=True))
    return text.getvalue().encode("utf-8")


def _cells(column: Column) -> list[str]:
    """Return a column's cells; values repeat down a table, so each is formatted once."""
    known = {value: format_cell(value) for value in set(column.values)}
    return [known[value] for value in column.values]
