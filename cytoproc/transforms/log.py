"""Gating-ML's parametrized logarithm."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_decades, check_parameters, check_top

__all__ = ["Log"]


@dataclass(frozen=True, slots=True)
class Log:
    """flog(x) = log10(x / T) / M + 1: T maps to 1, M decades below it to 0 (Gating-ML 2.0, 6.2).

    Zero maps to minus infinity; a value below zero cannot be mapped and gives NaN.

    Parameters
    ----------
    t
        T, the linear value at 1; above 0.
    m
        M, the decades between 0 and 1; above 0.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Examples
    --------
    >>> Log(t=10000, m=4).forward(np.array([-1.0, 0.0, 1.0, 100.0, 10000.0]))
    array([ nan, -inf,  0. ,  0.5,  1. ])
    """

    kind: ClassVar[str] = "log"

    t: float
    m: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters("log", check_top(self.t), check_decades(self.m))

    @property
    def domain(self) -> tuple[float, float]:
        """Zero and above."""
        return 0.0, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return log10(x / T) / M + 1."""
        linear = as_float64(x)
        with np.errstate(divide="ignore", over="ignore"):
            return np.log10(np.where(linear < 0, np.nan, linear) / self.t) / self.m + 1.0

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return T * 10 ** (M * (y - 1))."""
        with np.errstate(over="ignore"):
            return self.t * 10.0 ** (self.m * (as_float64(y) - 1.0))
