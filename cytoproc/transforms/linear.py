"""Gating-ML's parametrized linear scale."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_parameters, check_top

__all__ = ["Linear"]


@dataclass(frozen=True, slots=True)
class Linear:
    """flin(x) = (x + A) / (T + A): -A maps to 0 and T to 1 (Gating-ML 2.0, 6.1).

    Parameters
    ----------
    t
        T, the linear value at 1; above 0.
    a
        A, 0 to T: how far below zero the scale starts.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Examples
    --------
    >>> Linear(t=1000, a=100).forward(np.array([-100.0, 450.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    kind: ClassVar[str] = "linear"

    t: float
    a: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(
            "linear",
            check_top(self.t),
            (0 <= self.a <= self.t, f"a must be between 0 and t = {self.t}, it is {self.a}"),
        )

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return (x + A) / (T + A)."""
        with np.errstate(over="ignore"):
            return (as_float64(x) + self.a) / (self.t + self.a)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return y * (T + A) - A."""
        with np.errstate(over="ignore"):
            return as_float64(y) * (self.t + self.a) - self.a
