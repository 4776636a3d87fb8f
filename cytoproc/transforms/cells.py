"""Cells: a table index that is linear near zero, logarithmic far from it, and costs one shift of bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cytoproc.transforms.base import Scaled

__all__ = ["cell_edges", "cell_of"]

_FRACTION_BITS = 52
_ONE = 1023  # the stored exponent of 1.0


def cell_of(s: Scaled, bits: int) -> npt.NDArray[np.int64]:
    """Return the cell of each s >= 0: the exponent and the leading `bits` of the fraction of 1 + s.

    Every doubling of 1 + s has 2**bits cells. A NaN has a cell past the last one.

    >>> cell_of(np.array([0.0, 0.6, 1.0, 3.0]), 1)
    array([0, 1, 2, 4])
    """
    cell = (s + 1.0).view(np.int64)
    cell >>= _FRACTION_BITS - bits
    cell -= _ONE << bits
    return cell


def cell_edges(octaves: int, bits: int) -> Scaled:
    """Return the s at which each cell begins, and the one at which the last cell ends.

    >>> cell_edges(2, 1)
    array([0. , 0.5, 1. , 2. , 3. ])
    """
    count = octaves << bits
    cells = np.arange(count + 1, dtype=np.int64) + (_ONE << bits)
    return (cells << (_FRACTION_BITS - bits)).view(np.float64) - 1.0
