"""The logicle scale: the usual one for compensated fluorescence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import ClassVar

from cytoproc.transforms.base import FloatArray, Scaled, check_decades, check_parameters, check_top
from cytoproc.transforms.curve import Curve, Mirrored

__all__ = ["Logicle"]

_LN10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class Logicle:
    """The solution y of x = a exp(b y) - c exp(-d y) - f: T maps to 1 (Gating-ML 2.0, 6.4).

    Linear around zero, logarithmic far from it, and the same upside down below zero. Values beyond the display, above T
    or far below zero, follow the same formula.

    Parameters
    ----------
    t
        T, the linear value at 1; above 0.
    w
        W, the decades that are nearly linear on each side of zero; 0 to M / 2.
    m
        M, the decades the scale would have were it logarithmic throughout; above 0.
    a
        A, further decades below zero; -W to M - 2 W.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Notes
    -----
    Moore WA, Parks DR. Update for the logicle data scale including operational code implementations.
    Cytometry A 2012; 81A:273-277. Software that gives 0 to M instead of 0 to 1 gives M times these units.

    Examples
    --------
    >>> import numpy as np
    >>> Logicle(t=262144, w=0.5, m=4.5, a=0).forward(np.array([-100.0, 0.0, 1000.0, 262144.0])).round(4)
    array([0.009 , 0.1111, 0.4543, 1.    ])
    """

    kind: ClassVar[str] = "logicle"

    t: float = 262144.0
    w: float = 0.5
    m: float = 4.5
    a: float = 0.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(
            "logicle",
            check_top(self.t),
            check_decades(self.m),
            (0 <= self.w <= self.m / 2, f"w must be between 0 and m / 2 = {self.m / 2:g}, it is {self.w}"),
            (
                -self.w <= self.a <= self.m - 2 * self.w,
                f"a must be between -w = {-self.w:g} and m - 2 w = {self.m - 2 * self.w:g}, it is {self.a}",
            ),
        )

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return y with B(y) = x, within 2e-16 of the scale's height."""
        return _mirrored(self).forward(x)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return B(y)."""
        return _mirrored(self).inverse(y)


@lru_cache(maxsize=64)
def _mirrored(scale: Logicle) -> Mirrored:
    """Return the scale about its value of zero, x1, where the second derivative of B is 0: there c d² / a b² is 1."""
    b = (scale.m + scale.a) * _LN10
    w = scale.w / (scale.m + scale.a)
    d = _fall(b, w)
    centre = (scale.a + scale.w) / (scale.m + scale.a)
    return Mirrored.of(Curve(rise=b, fall=d, fold=(b / d) ** 2), centre=centre, top=scale.t)


def _fall(b: float, w: float) -> float:
    """Return d with 2 (ln d - ln b) + w (b + d) = 0, by Newton's method from the left, where it cannot overshoot."""
    d = b * math.exp(-w * b)
    while True:
        nearer = d - (2 * math.log(d / b) + w * (b + d)) / (2 / d + w)
        if nearer <= d:
            return d
        d = nearer
