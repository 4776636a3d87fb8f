"""A polygon laid on a grid: the cell an event falls into decides, unless an edge runs through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cytoproc.model.events import Mask

__all__ = ["Raster"]

Points = npt.NDArray[np.float64]
_GRID = 64
_HAIR = 1.01  # a cell counts as touched a little too early, so that rounding at its rim decides nothing


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Which cells of the box around a polygon are wholly inside, and through which an edge may run.

    Parameters
    ----------
    lowest
        The lower corner of the box, in scale units.
    per_unit
        Cells a scale unit, one a dimension.
    inside, touched
        One boolean a cell, row by row.
    """

    lowest: Points
    per_unit: Points
    inside: Mask
    touched: Mask

    @classmethod
    def of(cls, vertices: Points, contains: Callable[[Points], Mask]) -> Raster:
        """Lay a polygon on the grid. A cell that no edge touches is wholly in or out, so its centre decides."""
        lowest, highest = vertices.min(axis=0), vertices.max(axis=0)
        size = (highest - lowest) / _GRID
        steps = np.arange(_GRID) + 0.5
        grid = np.meshgrid(lowest[0] + steps * size[0], lowest[1] + steps * size[1], indexing="ij")
        centres = np.ascontiguousarray(np.stack(grid, axis=-1).reshape(-1, 2))
        touched = np.zeros(len(centres), dtype=np.bool_)
        for start, end in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
            touched |= _touched(centres, size / 2 * _HAIR, start, end)
        return cls(lowest, 1 / size, contains(centres) & ~touched, touched)

    def decide(self, points: Points, contains: Callable[[Points], Mask]) -> Mask:
        """Return one boolean a point of the box: inside or not; `contains` is asked only where an edge is near."""
        cell = self._cell(points, 0) * _GRID
        cell += self._cell(points, 1)
        inside = self.inside.take(cell)
        near = np.flatnonzero(self.touched.take(cell))
        inside[near] = contains(points.take(near, axis=0))
        return inside

    def _cell(self, points: Points, axis: int) -> npt.NDArray[np.intp]:
        place = points[:, axis] - self.lowest[axis]
        place *= self.per_unit[axis]
        cells: npt.NDArray[np.intp] = np.minimum(place.astype(np.intp), _GRID - 1)
        return cells


def _touched(centres: Points, half: Points, start: Points, end: Points) -> Mask:
    """Return which cells the edge from start to end may touch, by separating axes."""
    along = end - start
    near = (np.abs(centres - (start + end) / 2) <= half + np.abs(along) / 2).all(axis=1)
    across = np.abs(along[0] * (centres[:, 1] - start[1]) - along[1] * (centres[:, 0] - start[0]))
    return np.asarray(near & (across <= np.abs(along[0]) * half[1] + np.abs(along[1]) * half[0]))
