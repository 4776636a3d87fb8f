"""Bounds on one or several dimensions: range, rectangle, quadrant."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isnan

import numpy as np

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Columns, Dimension, Units
from cytoproc.model.events import FloatArray, Mask
from cytoproc.transforms.bounds import linear_bound, linear_bound32

__all__ = ["QuadrantGate", "RangeGate", "RectangleGate"]


@dataclass(frozen=True, slots=True)
class RangeGate:
    """Events whose value on one dimension lies in [low, high).

    The bounds become linear ones once, so no event is transformed. A value that the scale cannot map is outside.
    """

    dimension: Dimension
    low: float = -inf
    high: float = inf
    units: Units = Units.LINEAR
    _from: float = field(init=False, repr=False, compare=False)
    _below: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the order of the bounds and take them to linear units."""
        if isnan(self.low) or isnan(self.high) or not self.low < self.high:
            msg = f"range on {self.dimension.source}: low {self.low:g} is not below high {self.high:g}"
            raise GateError(msg)
        lowest, highest = self.dimension.scale.domain
        if self.units is Units.SCALE:
            start = linear_bound(self.dimension.scale, self.low)
            stop = inf if self.high == inf else linear_bound(self.dimension.scale, self.high)
        else:
            start, stop = max(self.low, lowest), self.high
        if highest < inf:
            stop = min(stop, float(np.nextafter(highest, inf)))
        object.__setattr__(self, "_from", start)
        object.__setattr__(self, "_below", stop)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The one it looks at."""
        return (self.dimension,)

    @property
    def linear_bounds(self) -> tuple[float, float]:
        """The half-open range [low, high) in linear units, exact."""
        return self._from, self._below

    @property
    def is_empty(self) -> bool:
        """Whether no value that the scale can map lies in the range: `below: -100` on a log scale."""
        return not self._from < self._below

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: inside the range or not."""
        return within(columns.get(self.dimension.measure), self._from, self._below)


def within(x: FloatArray, low: float, high: float) -> Mask:
    """Return where low <= x < high; NaN is nowhere. Exact for float32 columns too, without widening them."""
    exact = linear_bound32 if x.dtype == np.float32 else np.float64
    start, stop = exact(low), exact(high)
    if low == -inf and high == inf:
        return ~np.isnan(x)
    if high == inf:
        return x >= start
    if low == -inf:
        return x < stop
    inside = x >= start
    inside &= x < stop
    return inside


@dataclass(frozen=True, slots=True)
class RectangleGate:
    """Events inside every one of several ranges."""

    sides: tuple[RangeGate, ...]

    def __post_init__(self) -> None:
        """Check that there is a side at all, and one a dimension."""
        if not self.sides:
            msg = "a rectangle needs at least one dimension"
            raise GateError(msg)
        measures = [s.dimension.measure for s in self.sides]
        if len(set(measures)) != len(measures):
            msg = "a rectangle names the same dimension twice"
            raise GateError(msg)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """One a side."""
        return tuple(s.dimension for s in self.sides)

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: inside all sides or not."""
        inside = self.sides[0].contains(columns)
        for side in self.sides[1:]:
            inside &= side.contains(columns)
        return inside


@dataclass(frozen=True, slots=True)
class QuadrantGate:
    """One cell of the grid that dividers cut out of one or several dimensions.

    Parameters
    ----------
    dividers
        For each dimension, its increasing cut values: n cuts make n + 1 bins, numbered from 0; bin i holds
        [cut i-1, cut i).
    cell
        The bin on each dimension; None where the dimension does not matter.
    units
        Units of the cut values.
    """

    dividers: tuple[tuple[Dimension, tuple[float, ...]], ...]
    cell: tuple[int | None, ...]
    units: Units = Units.LINEAR
    _rectangle: RectangleGate = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the grid and find the cell's sides."""
        if len(self.cell) != len(self.dividers) or all(b is None for b in self.cell):
            msg = "a quadrant needs a place on its dividers, and on at least one of them"
            raise GateError(msg)
        sides = []
        for (dimension, cuts), place in zip(self.dividers, self.cell, strict=True):
            if not cuts or any(not a < b for a, b in pairwise(cuts)):
                msg = f"dividers on {dimension.source} must increase and be at least one: {list(cuts)}"
                raise GateError(msg)
            if place is None:
                continue
            if not 0 <= place <= len(cuts):
                msg = (
                    f"{len(cuts)} divider(s) on {dimension.source} make bins 0 to {len(cuts)}; there is no bin {place}"
                )
                raise GateError(msg)
            edges = (-inf, *cuts, inf)
            sides.append(RangeGate(dimension, edges[place], edges[place + 1], self.units))
        object.__setattr__(self, "_rectangle", RectangleGate(tuple(sides)))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Every divided dimension, those that do not matter for this cell too."""
        return tuple(d for d, _ in self.dividers)

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: in this cell or not."""
        return self._rectangle.contains(columns)
