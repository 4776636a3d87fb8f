"""The values in a row of DATA, as floating-point numbers."""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt

from cytoproc.fcs.layout import Column, Layout
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.source import Source
from cytoproc.model.panel import FloatArray

__all__ = ["Decoder"]

_FLOAT64_BITS = 53  # integers up to 2**53 are exact in float64
_NATIVE_WIDTHS = (1, 2, 4, 8)

_Bytes = npt.NDArray[np.uint8]
_Integers = npt.NDArray[np.unsignedinteger]


class Decoder:
    """Reads rows of one layout, up to `size` at a time, with no memory but one buffer.

    Parameters
    ----------
    layout
        How the rows are stored.
    size
        The most rows in one go.
    name
        Of the file, for messages.
    """

    def __init__(self, layout: Layout, size: int, name: str) -> None:
        self._layout = layout
        self._name = name
        self._is_swapped = layout.byte_order != sys.byteorder
        kinds = {(c.kind, c.width) for c in layout.columns}
        kind, width = next(iter(kinds))
        n_columns = len(layout.columns)
        self._is_plain = len(kinds) == 1 and kind != "I"
        self._is_uniform = len(kinds) == 1 and kind == "I" and width in _NATIVE_WIDTHS
        self._buffer: npt.NDArray[np.generic] = np.empty(0, np.uint8)
        if self._is_uniform:
            dtype = np.dtype(f"u{width}")
            self._buffer = np.empty((size, n_columns), dtype)
            full = (1 << 8 * width) - 1
            self._masks = np.array([c.mask or full for c in layout.columns], dtype)
            self._is_masked = any(c.mask for c in layout.columns)
        elif not self._is_plain:
            self._buffer = np.empty((size, layout.row_bytes), np.uint8)

    def read(self, source: Source, values: FloatArray) -> None:
        """Fill `values` with the next rows: shape (rows, channels), contiguous, of the layout's storage.

        Raises
        ------
        FCSError
            FCS_CHANGED if the file ends, FCS_INTEGER_TOO_LARGE if an integer has no exact float64.
        """
        if self._is_plain:
            source.fill(values)
            if self._is_swapped:
                values.byteswap(inplace=True)
            return
        rows = self._buffer[: len(values)]
        source.fill(rows)
        if self._is_uniform:
            self._decode_uniform(rows, values)
        else:
            self._decode_columns(rows.view(np.uint8), values)

    def _decode_uniform(self, rows: npt.NDArray[np.generic], values: FloatArray) -> None:
        """Integers of one width that the processor knows: all columns at once."""
        integers = rows.view(self._masks.dtype)
        if self._is_swapped:
            integers.byteswap(inplace=True)
        if self._is_masked:
            np.bitwise_and(integers, self._masks, out=integers)
        if any(c.bits > _FLOAT64_BITS for c in self._layout.columns):
            self._refuse_inexact(integers)
        np.copyto(values, integers, casting="unsafe")

    def _decode_columns(self, rows: _Bytes, values: FloatArray) -> None:
        """Widths or kinds that differ, or that the processor does not know: one column after the other."""
        at = 0
        with np.errstate(invalid="ignore"):  # a float32 that is not a number stays none as float64
            for j, column in enumerate(self._layout.columns):
                values[:, j] = self._column(rows[:, at : at + column.width], column)
                at += column.width

    def _column(self, cells: _Bytes, column: Column) -> npt.NDArray[np.generic]:
        order = "<" if self._layout.byte_order == "little" else ">"
        if column.kind != "I":
            return np.ascontiguousarray(cells).view(f"{order}f{column.width}")[:, 0]
        if column.width in _NATIVE_WIDTHS:
            integers = np.ascontiguousarray(cells).view(f"{order}u{column.width}")[:, 0]
        else:
            integers = self._odd_width(cells, column.width)
        if column.mask:
            integers = integers & integers.dtype.type(column.mask)
        if column.bits > _FLOAT64_BITS:
            self._refuse_inexact(integers)
        return integers

    def _odd_width(self, cells: _Bytes, width: int) -> _Integers:
        """Integers of 3, 5, 6 or 7 bytes, padded with zeros to the next width that the processor knows."""
        wide = 4 if width == 3 else 8
        padded = np.zeros((len(cells), wide), np.uint8)
        if self._layout.byte_order == "little":
            padded[:, :width] = cells
            return padded.view(f"<u{wide}")[:, 0]
        padded[:, wide - width :] = cells
        return padded.view(f">u{wide}")[:, 0]

    def _refuse_inexact(self, integers: _Integers) -> None:
        largest = int(integers.max(initial=0))
        if largest > 1 << _FLOAT64_BITS:
            text = f"the integer {largest} is beyond 2**{_FLOAT64_BITS}, too large to be exact as float64."
            Findings(self._name).refuse("FCS_INTEGER_TOO_LARGE", text)
