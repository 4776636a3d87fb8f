"""An area on two dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from flowutils.gating import points_in_polygon

from cytoproc.errors import GateError
from cytoproc.gates.box import LinearBox
from cytoproc.gates.dimension import Columns, Dimension, Units, scaled_points
from cytoproc.gates.raster import Raster
from cytoproc.model.events import Mask

__all__ = ["PolygonGate"]

_LEAST_VERTICES = 3
_LARGEST_EXPONENT = 400  # of two


@dataclass(frozen=True, slots=True)
class PolygonGate:
    """Events inside a polygon whose edges are straight on the stated scales.

    An event on an edge is in or out as FlowUtils has it; where edges cross, an area is inside if the outline runs
    around it an odd number of times.

    Parameters
    ----------
    x, y
        The two dimensions.
    vertices
        At least three corners, in `units`; the outline closes by itself.
    """

    x: Dimension
    y: Dimension
    vertices: tuple[tuple[float, float], ...]
    units: Units = Units.LINEAR
    _scaled: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _shrink: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _outline: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _box: LinearBox = field(init=False, repr=False, compare=False)
    _raster: Raster = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the corners and take them to scale units."""
        if len(set(self.vertices)) < _LEAST_VERTICES:
            msg = f"a polygon needs at least 3 different corners, this one has {len(set(self.vertices))}"
            raise GateError(msg)
        scaled = scaled_points(self.dimensions, self.vertices, self.units)
        if self.x.measure == self.y.measure:
            msg = f"both axes of a polygon are {self.x.source}"
            raise GateError(msg)
        shrink = _shrink(scaled)
        outline = np.ascontiguousarray(scaled * shrink)
        if _on_one_line(outline):
            msg = "the corners of a polygon lie on one line, so it has no inside"
            raise GateError(msg)
        object.__setattr__(self, "_scaled", scaled)
        object.__setattr__(self, "_shrink", shrink)
        object.__setattr__(self, "_outline", outline)
        object.__setattr__(self, "_box", LinearBox.around(self.dimensions, scaled.min(axis=0), scaled.max(axis=0)))
        object.__setattr__(self, "_raster", Raster.of(outline, self._winds_around))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The two it looks at."""
        return (self.x, self.y)

    @property
    def scaled_vertices(self) -> npt.NDArray[np.float64]:
        """The corners in scale units, shape (corners, 2)."""
        return self._scaled

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: inside the polygon or not."""
        positions, points = self._box.scaled_inside(columns)
        inside = np.zeros(len(columns), dtype=np.bool_)
        inside[positions] = self._raster.decide(points * self._shrink, self._winds_around)
        return inside

    def _winds_around(self, points: npt.NDArray[np.float64]) -> Mask:
        return np.asarray(points_in_polygon(self._outline, points), dtype=np.bool_)


def _shrink(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the factor for each axis, 1 unless coordinates are so large or small that their products would be lost.

    Some programs write an open side of a polygon as the largest number there is. A power of two changes no digit.
    """
    exponent = np.frexp(np.abs(points).max(axis=0))[1]
    power = np.clip(exponent, -_LARGEST_EXPONENT, _LARGEST_EXPONENT) - exponent
    return np.asarray(np.ldexp(1.0, power), dtype=np.float64)


def _on_one_line(points: npt.NDArray[np.float64]) -> bool:
    extent = np.ptp(points, axis=0)
    if (extent == 0).any():
        return True
    unit = (points - points[0]) / extent
    return bool(np.linalg.matrix_rank(unit) < 2)
