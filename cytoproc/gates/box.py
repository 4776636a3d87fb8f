"""The box around a curved shape: it decides most events by comparing two numbers, before anything is transformed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from cytoproc.gates.dimension import Columns, Dimension
from cytoproc.gates.ranges import within
from cytoproc.model.events import Indices
from cytoproc.transforms.bounds import linear_bound

__all__ = ["LinearBox"]

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearBox:
    """Half-open bounds in linear units, one pair a dimension."""

    dimensions: tuple[Dimension, ...]
    bounds: tuple[tuple[float, float], ...]

    @classmethod
    def around(cls, dimensions: Sequence[Dimension], lowest: Points, highest: Points) -> LinearBox:
        """Return the box that holds every value whose scaled value is in [lowest, highest], both ends included."""
        bounds = tuple(
            (linear_bound(d.scale, float(low)), linear_bound(d.scale, float(np.nextafter(high, inf))))
            for d, low, high in zip(dimensions, lowest, highest, strict=True)
        )
        return cls(tuple(dimensions), bounds)

    def scaled_inside(self, columns: Columns) -> tuple[Indices, Points]:
        """Return which events are in the box, and their scaled values: shape (events in the box, dimensions)."""
        values = [columns.get(d.measure) for d in self.dimensions]
        inside = within(values[0], *self.bounds[0])
        for x, (low, high) in zip(values[1:], self.bounds[1:], strict=True):
            inside &= within(x, low, high)
        positions = np.flatnonzero(inside)
        points = np.empty((len(positions), len(values)), dtype=np.float64)
        for i, (x, dimension) in enumerate(zip(values, self.dimensions, strict=True)):
            points[:, i] = dimension.scale.forward(x.take(positions))
        return positions, points
