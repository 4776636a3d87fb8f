"""Spillover matrices as CSV files: our own layout, and those FlowJo and R write."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from cytoproc.compensation.found import fractions, is_number, parse_number
from cytoproc.errors import CompensationError
from cytoproc.model.results import QCFlag
from cytoproc.model.spillover import Matrix, Spillover
from cytoproc.model.text import format_cell, without_apostrophe
from cytoproc.writing import write_whole

__all__ = ["parse_spillover_csv", "read_spillover_csv", "read_spillover_table", "write_spillover_csv"]

_MARK = re.compile(r"^(fj)?comp-", re.IGNORECASE)
_Row = tuple[int, list[str]]


def read_spillover_csv(path: Path) -> Spillover:
    """Return the spillover matrix in a CSV file.

    See :func:`parse_spillover_csv` for the layouts, and :func:`read_spillover_table` for what is raised.
    """
    return read_spillover_table(path)[0]


def read_spillover_table(path: Path) -> tuple[Spillover, tuple[QCFlag, ...]]:
    """Return the spillover matrix in a CSV file, and a flag if it was in percent.

    Raises
    ------
    CompensationError
        `SPILL_FILE` if the file cannot be read as UTF-8 text, else as :func:`parse_spillover_csv`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        msg = (
            f"spillover file {path.name!r} cannot be read: {error.strerror}. "
            "`compensation:` takes `file`, `none` or the path of a CSV file."
        )
        raise CompensationError(msg, code="SPILL_FILE") from error
    except UnicodeDecodeError as error:
        msg = f"spillover file {path.name!r} is not UTF-8 text. Save it as `CSV UTF-8`."
        raise CompensationError(msg, code="SPILL_FILE") from error
    return parse_spillover_csv(text, path.name)


def parse_spillover_csv(text: str, source: str) -> tuple[Spillover, tuple[QCFlag, ...]]:
    r"""Return the spillover matrix written in CSV text, and a flag if it was in percent.

    The first row names the detectors; then comes one row a fluorochrome. A first column with row names is optional; the
    header may have a cell above it or not. Cells are separated by tab, semicolon or comma; a comma inside a cell is a
    decimal point. FlowJo's `Comp-FITC-A :: CD3` means `FITC-A`. Rows named by detectors are put in the
    order of the header.

    Raises
    ------
    CompensationError
        With line and column: `SPILL_EMPTY`, `SPILL_SHAPE`, `SPILL_NOT_A_NUMBER`, `SPILL_NOT_FINITE`,
        `SPILL_ROW_NAMES`, `SPILL_DUPLICATE_DETECTOR`, `SPILL_SINGULAR`.

    Examples
    --------
    >>> spillover, _ = parse_spillover_csv(";FITC-A :: CD3;PE-A :: CD4\nFITC-A;1;0,25\nPE-A;0;1", "lab.csv")
    >>> spillover.detectors, spillover.matrix.tolist()
    (('FITC-A', 'PE-A'), [[1.0, 0.25], [0.0, 1.0]])
    """
    rows = _rows(text, source)
    if len(rows) < 2:
        msg = f"{source} holds no matrix: expected a row of detector names, then one row a fluorochrome."
        raise CompensationError(msg, code="SPILL_EMPTY")
    detectors, names, cells = _layout(rows, source)
    matrix = np.empty((len(detectors), len(detectors)))
    for i, (line, row) in enumerate(cells):
        first = len(row) - len(detectors)
        for j, cell in enumerate(row[first:]):
            place = f"{source}, line {line}, column {first + j + 1} ({detectors[j]})"
            matrix[i, j] = parse_number(cell, place, decimal_comma=True)
    matrix, flags = fractions(_in_header_order(matrix, names, detectors, source), source)
    return Spillover(detectors, matrix, source), flags


def write_spillover_csv(path: str | Path, spillover: Spillover) -> None:
    """Write a matrix as CSV with detector names above and at the left; every digit is kept.

    Raises
    ------
    OutputError
        If the file cannot be written. It is replaced whole or not at all.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    names = [format_cell(name) for name in spillover.detectors]
    table.writerow(["", *names])
    table.writerows([name, *row] for name, row in zip(names, spillover.matrix.tolist(), strict=True))
    write_whole(Path(path), text.getvalue().encode("utf-8"))


def _separator(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", header)
    return next((s for s in "\t;" if s in unquoted), ",")


def _rows(text: str, source: str) -> list[_Row]:
    """Return the rows that hold something, each with its line, without empty cells at the end."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    rows = []
    try:
        for row in table:
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                rows.append((table.line_num, cells))
    except csv.Error as error:
        msg = f"{source}, line {table.line_num}: not a CSV file ({error}). Export the matrix again as CSV."
        raise CompensationError(msg, code="SPILL_FILE") from error
    return rows


def _layout(rows: list[_Row], source: str) -> tuple[tuple[str, ...], tuple[str, ...], list[_Row]]:
    """Return detectors, row names (empty if there are none) and the rows below the header."""
    (line, header), *body = rows
    n = len(body)
    has_corner = len(header) == n + 1 and (not header[0] or any(not is_number(row[0]) for _, row in body))
    has_names = has_corner or (len(header) == n and len(body[0][1]) == n + 1)
    header = header[1:] if has_corner else header
    if len(header) != n:
        msg = (
            f"{source}, line {line}: expected as many detectors as rows below, {n}, found {len(header)}. A spillover "
            "matrix is square."
        )
        raise CompensationError(msg, code="SPILL_SHAPE")
    for line, row in body:
        if len(row) != n + has_names:
            msg = (
                f"{source}, line {line}: expected {n + has_names} cells, found {len(row)}. A matrix is square. "
                "Write decimal points where commas separate the cells."
            )
            raise CompensationError(msg, code="SPILL_SHAPE")
    return tuple(_plain(h) for h in header), tuple(_plain(row[0]) for _, row in body if has_names), body


def _plain(name: str) -> str:
    return _MARK.sub("", without_apostrophe(name.partition(" :: ")[0].strip()))


def _in_header_order(matrix: Matrix, names: tuple[str, ...], detectors: tuple[str, ...], source: str) -> Matrix:
    if len(names) == len(set(names)) and set(names) == set(detectors):
        return matrix[[names.index(d) for d in detectors]]
    for name, detector in zip(names, detectors, strict=False):
        if name in detectors and name != detector:
            msg = (
                f"{source}: expected the row of {detector!r}, found that of {name!r}; not all rows are named by their "
                "detectors. Name every row by its detector, or put the rows in the order of the header."
            )
            raise CompensationError(msg, code="SPILL_ROW_NAMES")
    return matrix
