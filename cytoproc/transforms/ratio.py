"""The ratio of two channels, a dimension of its own."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_parameters

__all__ = ["Ratio"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """fratio(x, y) = A (x - B) / (y - C) of two channels in linear units (Gating-ML 2.0, 6.6).

    Where y is C there is no ratio: NaN.

    Parameters
    ----------
    a
        A, the factor; not 0.
    b, c
        B and C, what is taken off x and y first.

    Raises
    ------
    ScaleError
        If a parameter is not a finite number, or A is 0.

    Examples
    --------
    >>> Ratio(a=2, b=10, c=5).apply(np.array([20.0, 20.0]), np.array([9.0, 5.0]))
    array([ 5., nan])
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(
            "ratio",
            (isfinite(self.a) and self.a != 0, f"a must be a number other than 0, it is {self.a}"),
            (isfinite(self.b), f"b must be a number, it is {self.b}"),
            (isfinite(self.c), f"c must be a number, it is {self.c}"),
        )

    def apply(self, x: FloatArray, y: FloatArray, /) -> Scaled:
        """Return A (x - B) / (y - C), one a pair of values."""
        below = as_float64(y) - self.c
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = self.a * (as_float64(x) - self.b) / below
        return np.where(below == 0, np.nan, ratio)
