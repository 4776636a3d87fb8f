"""FlowJo's logarithm, which has a floor."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_parameters

__all__ = ["FlowJoLog"]


@dataclass(frozen=True, slots=True)
class FlowJoLog:
    """log10(max(x, offset) / offset) / decades: the offset maps to 0, `decades` above it to 1.

    Everything at or below the offset lies on the axis at 0, so this scale maps every value, where :class:`Log` refuses
    those below zero. Below the offset the inverse cannot give the value back.

    Parameters
    ----------
    offset
        The linear value at 0; above 0.
    decades
        The decades between 0 and 1; above 0.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Examples
    --------
    >>> FlowJoLog(offset=1, decades=4).forward(np.array([-50.0, 1.0, 100.0, 10000.0]))
    array([0. , 0. , 0.5, 1. ])
    """

    kind: ClassVar[str] = "log"

    offset: float
    decades: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(
            "log",
            (0 < self.offset < inf, f"offset must be a number above 0, it is {self.offset}"),
            (0 < self.decades < inf, f"decades must be a number above 0, it is {self.decades}"),
        )

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return log10(max(x, offset) / offset) / decades."""
        with np.errstate(over="ignore"):
            return np.log10(np.maximum(as_float64(x), self.offset) / self.offset) / self.decades

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return offset * 10 ** (decades * y); below 0 that is a value under the floor."""
        with np.errstate(over="ignore"):
            return self.offset * 10.0 ** (self.decades * as_float64(y))
