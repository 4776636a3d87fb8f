"""No scale at all: the linear channel values themselves."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from cytoproc.transforms.base import FloatArray, Scaled, as_float64

__all__ = ["Identity"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Scale units that are the linear values themselves.

    >>> import numpy as np
    >>> Identity().forward(np.array([-5.0, 1e6]))
    array([-5.e+00,  1.e+06])
    """

    kind: ClassVar[str] = "linear"

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return the values as float64; the array itself where it holds float64 already."""
        return as_float64(x)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return the values as float64; the array itself where it holds float64 already."""
        return as_float64(y)
