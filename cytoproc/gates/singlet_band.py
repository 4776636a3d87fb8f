"""The band of single cells on a height against area plot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Columns, Dimension
from cytoproc.model.events import Mask

__all__ = ["SingletBand"]


@dataclass(frozen=True, slots=True)
class SingletBand:
    """Events whose height is near what a single cell of their area has.

    A single cell's height is `intercept + slope * area`; inside are events whose height is at least `low` and less than
    `high` times that. Two cells passing together have nearly double the area for the height of one, so they fall below.
    All in linear units.
    """

    area: Dimension
    height: Dimension
    intercept: float
    slope: float
    low: float
    high: float

    def __post_init__(self) -> None:
        """Check that the band has an inside."""
        if not (np.isfinite(self.intercept) and 0 < self.slope < np.inf and 0 <= self.low < self.high < np.inf):
            line = f"{self.intercept:g} + {self.slope:g} x area"
            msg = f"singlet band {self.low:g}..{self.high:g} around {line} has no inside"
            raise GateError(msg)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Area and height."""
        return (self.area, self.height)

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: inside the band or not."""
        height = columns.get(self.height.measure).astype(np.float64)
        single = columns.get(self.area.measure).astype(np.float64) * self.slope
        single += self.intercept
        inside = single > 0
        inside &= height >= single * self.low
        inside &= height < single * self.high
        return inside
