"""The matrix of leaks between detectors, and its inverse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cytoproc.errors import CompensationError

__all__ = ["MAX_CONDITION", "Spillover", "invert"]

Matrix = npt.NDArray[np.float64]

MAX_CONDITION = 1e12
"""A matrix worse conditioned than this (1-norm) leaves fewer than four good digits: it has no inverse worth using."""


def invert(matrix: Matrix) -> Matrix:
    """Return the inverse of a square matrix, the same bits on every processor.

    Gauss-Jordan elimination with partial pivoting, as whole-row multiplications and subtractions. LAPACK chooses its
    order of summation, and whether to fuse, by the processor it runs on; plain row operations leave no choice.

    Parameters
    ----------
    matrix
        Shape (n, n), finite.

    Returns
    -------
    Matrix
        Shape (n, n), read-only. Equal matrices share one inverse.

    Raises
    ------
    CompensationError
        `SPILL_SINGULAR`, if rows depend on each other, exactly or within rounding (see `MAX_CONDITION`).

    Examples
    --------
    >>> invert(np.array([[1.0, 0.25], [0.0, 1.0]]))
    array([[ 1.  , -0.25],
           [ 0.  ,  1.  ]])
    """
    square = np.ascontiguousarray(matrix, dtype=np.float64)
    return _invert_bytes(square.tobytes(), square.shape[0])


@lru_cache(maxsize=64)
def _invert_bytes(data: bytes, n: int) -> Matrix:
    matrix = np.frombuffer(data).reshape(n, n)
    both = np.concatenate((matrix, np.eye(n)), axis=1)
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(both[k:, k])))
        if both[pivot, k] == 0:
            raise _singular()
        both[[k, pivot]] = both[[pivot, k]]
        both[k] /= both[k, k]
        factors = both[:, k].copy()
        factors[k] = 0.0
        both -= factors[:, np.newaxis] * both[k]
    inverse = np.ascontiguousarray(both[:, n:])
    if not _norm(matrix) * _norm(inverse) <= MAX_CONDITION:
        raise _singular()
    inverse.flags.writeable = False
    return inverse


def _norm(matrix: Matrix) -> float:
    return float(np.abs(matrix).sum(axis=0).max())


def _singular() -> CompensationError:
    msg = (
        "spillover matrix has no usable inverse: two of its rows say the same, or nearly so. Compute the matrix "
        "again from "
        "single-stained controls, and look for a fluorochrome that is in it twice."
    )
    return CompensationError(msg, code="SPILL_SINGULAR")


@dataclass(frozen=True, slots=True, eq=False)
class Spillover:
    """How much of each fluorochrome's light every detector sees.

    Parameters
    ----------
    detectors
        `$PnN` of the n channels, in the matrix's order.
    matrix
        Shape (n, n): row = fluorochrome, column = detector, diagonal 1.
    source
        Where it was found: a keyword such as `$SPILLOVER`, or a file's name.

    Raises
    ------
    CompensationError
        `SPILL_EMPTY`, `SPILL_SHAPE`, `SPILL_DUPLICATE_DETECTOR`, `SPILL_NOT_FINITE` or `SPILL_SINGULAR`.
    """

    detectors: tuple[str, ...]
    matrix: Matrix
    source: str = ""
    inverse: Matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the shape, keep a read-only copy, and invert once."""
        matrix = np.array(self.matrix, dtype=np.float64, order="C")
        problem, code = self._problem(matrix)
        if problem:
            raise CompensationError(self._place + problem, code=code)
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)
        try:
            object.__setattr__(self, "inverse", invert(matrix))
        except CompensationError as error:
            raise CompensationError(self._place + str(error), code=error.code) from None

    @property
    def digest(self) -> str:
        """SHA-256 of the detectors and the matrix, in hexadecimal: what a record quotes."""
        content = hashlib.sha256("\0".join(self.detectors).encode())
        content.update(self.matrix.astype("<f8").tobytes())
        return content.hexdigest()

    @property
    def _place(self) -> str:
        return f"{self.source}: " if self.source else ""

    def _problem(self, matrix: Matrix) -> tuple[str, str]:
        n = len(self.detectors)
        if n == 0:
            return "spillover matrix names no detector", "SPILL_EMPTY"
        if matrix.shape != (n, n):
            return f"spillover matrix of shape {matrix.shape} does not fit {n} detectors", "SPILL_SHAPE"
        twice = sorted({d for d in self.detectors if self.detectors.count(d) > 1})
        if twice:
            return f"spillover matrix names a detector twice: {', '.join(twice)}", "SPILL_DUPLICATE_DETECTOR"
        holes = np.argwhere(~np.isfinite(matrix))
        if holes.size:
            i, j = (int(k) for k in holes[0])
            where = f"row {i + 1} ({self.detectors[i]}), column {j + 1} ({self.detectors[j]})"
            return f"spillover matrix holds no finite number in {where}", "SPILL_NOT_FINITE"
        return "", ""
