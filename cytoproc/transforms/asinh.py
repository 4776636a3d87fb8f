"""The inverse hyperbolic sine: linear around zero, logarithmic far from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_decades, check_parameters, check_top

__all__ = ["Asinh", "AsinhCofactor"]

_LN10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class Asinh:
    """fasinh(x) = (asinh(x sinh(M ln 10) / T) + A ln 10) / ((M + A) ln 10) (Gating-ML 2.0, 6.3).

    T maps to 1 and zero to A / (M + A). FlowJo's `fasinh` is this times its `length`.

    Parameters
    ----------
    t
        T, the linear value at 1; above 0.
    m
        M, the decades; above 0.
    a
        A, the further decades below zero; 0 to M.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Examples
    --------
    >>> Asinh(t=1000, m=4, a=1).forward(np.array([0.0, 1000.0]))
    array([0.2, 1. ])
    """

    kind: ClassVar[str] = "asinh"

    t: float
    m: float
    a: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        rule = (0 <= self.a <= self.m, f"a must be between 0 and m = {self.m}, it is {self.a}")
        check_parameters("asinh", check_top(self.t), check_decades(self.m), rule)

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return (asinh(x sinh(M ln 10) / T) + A ln 10) / ((M + A) ln 10)."""
        with np.errstate(over="ignore"):
            bent = np.arcsinh(as_float64(x) * (math.sinh(self.m * _LN10) / self.t))
        return (bent + self.a * _LN10) / ((self.m + self.a) * _LN10)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return T sinh(y (M + A) ln 10 - A ln 10) / sinh(M ln 10)."""
        u = as_float64(y) * ((self.m + self.a) * _LN10) - self.a * _LN10
        with np.errstate(over="ignore"):
            return np.sinh(u) * (self.t / math.sinh(self.m * _LN10))


@dataclass(frozen=True, slots=True)
class AsinhCofactor:
    """asinh(x / cofactor): the form in common use, with 5 for mass cytometry and 150 for conventional flow cytometry.

    Its units are not Gating-ML's: nothing maps to 1 by design.

    Parameters
    ----------
    cofactor
        About where linear turns into logarithmic; above 0.

    Raises
    ------
    ScaleError
        If the cofactor is not above 0.

    Examples
    --------
    >>> AsinhCofactor(150).forward(np.array([-150.0, 0.0, 150.0])).round(3)
    array([-0.881,  0.   ,  0.881])
    """

    kind: ClassVar[str] = "asinh"

    cofactor: float

    def __post_init__(self) -> None:
        """Check the parameter."""
        rule = (0 < self.cofactor < inf, f"cofactor must be a number above 0, it is {self.cofactor}")
        check_parameters("asinh", rule)

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return asinh(x / cofactor)."""
        with np.errstate(over="ignore"):
            return np.arcsinh(as_float64(x) / self.cofactor)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return cofactor * sinh(y)."""
        with np.errstate(over="ignore"):
            return np.sinh(as_float64(y)) * self.cofactor
