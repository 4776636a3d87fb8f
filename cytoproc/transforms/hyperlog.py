"""The hyperlog scale: a logarithm with a straight line added."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import ClassVar

from cytoproc.transforms.base import FloatArray, Scaled, check_decades, check_parameters, check_top
from cytoproc.transforms.curve import Curve, Mirrored

__all__ = ["Hyperlog"]

_LN10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class Hyperlog:
    """The solution y of x = a exp(b y) + c y - f: T maps to 1 (Gating-ML 2.0, 6.5).

    Much as logicle, with a linear part that fades more slowly. Below zero it is the same upside down.

    Parameters
    ----------
    t
        T, the linear value at 1; above 0.
    w
        W, the decades that are nearly linear on each side of zero; above 0, at most M / 2.
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
    Bagwell CB. Hyperlog: a flexible log-like transform for negative, zero, and positive valued data.
    Cytometry A 2005; 64A:34-42, as Gating-ML 2.0 parametrizes it.

    Examples
    --------
    >>> import numpy as np
    >>> Hyperlog(t=1000, w=1, m=4, a=0).forward(np.array([-10.0, 0.0, 10.0, 1000.0])).round(4)
    array([0.0836, 0.25  , 0.4164, 1.    ])
    """

    kind: ClassVar[str] = "hyperlog"

    t: float
    w: float
    m: float
    a: float

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_parameters(
            "hyperlog",
            check_top(self.t),
            check_decades(self.m),
            (0 < self.w <= self.m / 2, f"w must be above 0 and at most m / 2 = {self.m / 2:g}, it is {self.w}"),
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
        """Return y with EH(y) = x, within 2e-16 of the scale's height."""
        return _mirrored(self).forward(x)

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return EH(y)."""
        return _mirrored(self).inverse(y)


@lru_cache(maxsize=64)
def _mirrored(scale: Hyperlog) -> Mirrored:
    """Return the scale about its value of zero, x1 = x2 + w; there c / (a exp(b x1)) is exp(b w) / w."""
    b = (scale.m + scale.a) * _LN10
    w = scale.w / (scale.m + scale.a)
    centre = (scale.a + scale.w) / (scale.m + scale.a)
    return Mirrored.of(Curve(rise=b, slope=math.exp(b * w) / w), centre=centre, top=scale.t)
