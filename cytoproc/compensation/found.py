"""What looking for a spillover matrix gives, and how its cells are read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from cytoproc.errors import CompensationError
from cytoproc.model.results import QCFlag
from cytoproc.model.spillover import Matrix, Spillover

__all__ = ["DIAGONAL_TOLERANCE", "FoundSpillover", "fractions", "is_number", "parse_number"]

DIAGONAL_TOLERANCE = 1e-6

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class FoundSpillover:
    """A spillover matrix, or None where there is none to undo, and what is odd about it."""

    spillover: Spillover | None
    flags: tuple[QCFlag, ...] = ()


def is_number(cell: str) -> bool:
    """Return whether a cell holds a number, with a decimal point or a decimal comma."""
    return _NUMBER.fullmatch(cell.strip().replace(",", ".", 1)) is not None


def parse_number(cell: str, place: str, *, decimal_comma: bool = False) -> float:
    """Return the number a cell of a matrix holds.

    Stricter than `float`: no `nan`, no `inf`, no underscores, no digits of other scripts.

    Parameters
    ----------
    cell
        The text between two separators.
    place
        Where it is, for the message: `$SPILLOVER, row 2 (PE-A), column 1 (FITC-A)`.
    decimal_comma
        Whether a comma may stand for the decimal point.

    Raises
    ------
    CompensationError
        `SPILL_NOT_A_NUMBER` or `SPILL_NOT_FINITE`.

    Examples
    --------
    >>> parse_number("0,25", "row 1, column 2", decimal_comma=True)
    0.25
    """
    text = cell.strip()
    if decimal_comma:
        text = text.replace(",", ".", 1)
    is_written_as_number = _NUMBER.fullmatch(text) is not None
    if is_written_as_number and math.isfinite(value := float(text)):
        return value
    if is_written_as_number or _NOT_FINITE.fullmatch(text):
        code, expected = "SPILL_NOT_FINITE", "a finite number"
    else:
        code, expected = "SPILL_NOT_A_NUMBER", "a number"
    msg = f"{place}: expected {expected}, found {text[:_SHOWN]!r}. Export the matrix again, or give it as a CSV file."
    raise CompensationError(msg, code=code)


def fractions(matrix: Matrix, source: str) -> tuple[Matrix, tuple[QCFlag, ...]]:
    """Return a matrix as fractions, and a flag if it was written in percent (its whole diagonal 100).

    Examples
    --------
    >>> matrix, flags = fractions(np.array([[100.0, 25.0], [0.0, 100.0]]), "SPILL")
    >>> matrix.tolist(), flags[0].code
    ([[1.0, 0.25], [0.0, 1.0]], 'SPILL_PERCENT')
    """
    if not np.allclose(matrix.diagonal(), 100.0, rtol=DIAGONAL_TOLERANCE, atol=0.0):
        return matrix, ()
    return matrix / 100.0, (
        QCFlag("SPILL_PERCENT", f"{source} is written in percent (its diagonal is 100); divided by 100"),
    )
