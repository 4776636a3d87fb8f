"""The shape that logicle and hyperlog share, solved fast and to the last bit.

Both scales are given by their inverse, B(y), which has no closed solution for y. Written about the scale value of zero,
`u = |y - centre|`, both become `unit * g(u)` with

    g(u) = (exp(rise u) - 1) + fold (1 - exp(-fall u)) + slope u

a sum of terms of one sign: nothing cancels near zero, so no series is needed there. Below zero both are mirrored.

To solve g(u) = s, the range of s is cut into cells, equally wide near 0 and equally wide on a log axis far from it: the
leading bits of the floating-point number 1 + s. Each cell holds the Taylor series of the solution about one of its
points. Five terms in 256 cells an octave leave an error far below one unit in the last place, so results do not
decrease where the values do not, even from one floating-point number to the next. Above the cells, beyond 16 times
the top of the scale, Newton's method takes over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cytoproc.transforms.base import FloatArray, Scaled, as_float64
from cytoproc.transforms.cells import cell_edges, cell_of

__all__ = ["Curve", "Mirrored"]

_CELL_BITS = 8
_HEADROOM_OCTAVES = 4  # cells reach 16 times beyond the top of the scale


@dataclass(frozen=True, slots=True)
class Curve:
    """g(u) = expm1(rise u) - fold expm1(-fall u) + slope u for u >= 0: it rises and is convex."""

    rise: float
    fall: float = 0.0
    fold: float = 0.0
    slope: float = 0.0

    def value(self, u: Scaled) -> Scaled:
        """Return g(u)."""
        return np.expm1(self.rise * u) + self._rest(u)

    def _rest(self, u: Scaled) -> Scaled:
        rest = np.zeros_like(u)
        if self.fold:
            rest -= self.fold * np.expm1(-self.fall * u)
        if self.slope:
            rest += self.slope * u
        return rest

    def taylor(self, u: Scaled, order: int) -> Scaled:
        """Return the n-th derivative of g divided by n!, for n = 1 to `order`; shape (order, len(u))."""
        up, down = np.exp(self.rise * u), self.fold * np.exp(-self.fall * u)
        terms = [(self.rise**n * up - (-self.fall) ** n * down) / math.factorial(n) for n in range(1, order + 1)]
        terms[0] += self.slope
        return np.array(terms)

    def solve(self, s: Scaled) -> Scaled:
        """Return u with g(u) = s, by Newton's method from the right, where a convex curve cannot be overshot.

        Each element stops by itself, so its result does not depend on its neighbours.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            u = np.log1p(s) / self.rise * (1 + 1e-9)
            while True:
                nearer = u - (self.value(u) - s) / self.taylor(u, 1)[0]
                closer = nearer < u
                if not closer.any():
                    return u
                u = np.where(closer, nearer, u)

    def solve_far(self, s: Scaled) -> Scaled:
        """Return u with g(u) = s where the exponential rules: a last step through the logarithm keeps the order."""
        u = self.solve(s)
        with np.errstate(invalid="ignore"):
            polished = np.log(s + (1.0 - self._rest(u))) / self.rise
        return np.where(np.isinf(s), s, polished)


@dataclass(frozen=True, slots=True, eq=False)
class Mirrored:
    """A scale made of a curve and its mirror image: `x = ±unit * g(abs(y - centre))`.

    `end` is the s above the last cell; `points` and `values` are the point of each cell and the scale value there;
    `series` has shape (5, cells).
    """

    centre: float
    unit: float
    curve: Curve
    end: float
    points: Scaled
    values: Scaled
    series: Scaled

    @classmethod
    def of(cls, curve: Curve, *, centre: float, top: float) -> Mirrored:
        """Return the scale on which zero lies at `centre` and the linear value `top` at 1."""
        height = float(curve.value(np.array([1.0 - centre]))[0])
        octaves = math.ceil(math.log2(1.0 + height)) + _HEADROOM_OCTAVES
        edges = cell_edges(octaves, _CELL_BITS)
        middles = (edges[1:] + edges[:-1]) / 2
        middles[0] = 0.0  # so that zero, and what is close to it, is exact
        values = centre + curve.solve(middles)
        u = values - centre
        lost = (values - u) - centre  # what the subtraction rounded away: g is wanted at the exact values - centre
        g1, *others = curve.taylor(u, 5)
        q2, q3, q4, q5 = (g / g1 for g in others)
        series = np.array(  # reversion of a power series, in the first-order step (s - point) / g1
            [
                1 / g1,
                -q2,
                2 * q2**2 - q3,
                5 * q2 * q3 - q4 - 5 * q2**3,
                6 * q2 * q4 + 3 * q3**2 + 14 * q2**4 - q5 - 21 * q2**2 * q3,
            ]
        )
        return cls(centre, top / height, curve, float(edges[-1]), curve.value(u) + g1 * lost, values, series)

    def forward(self, x: FloatArray) -> Scaled:
        """Return scale units for linear values."""
        linear = as_float64(x)
        flat = linear.reshape(-1)
        with np.errstate(over="ignore"):
            s = np.abs(flat) / self.unit
        near = np.minimum(s, self.end)
        cell = cell_of(near, _CELL_BITS)
        first, *rest = (row.take(cell, mode="clip") for row in self.series)
        step = (near - self.points.take(cell, mode="clip")) * first
        y = rest.pop()
        while rest:
            y *= step
            y += rest.pop()
        y *= step
        y += 1.0
        y *= step
        y += self.values.take(cell, mode="clip")
        far = np.flatnonzero(s > self.end)
        if far.size:
            y[far] = self.centre + self.curve.solve_far(s[far])
        scaled: Scaled = np.where(flat < 0, 2 * self.centre - y, y)
        return scaled.reshape(linear.shape)

    def inverse(self, y: FloatArray) -> Scaled:
        """Return linear values for scale units."""
        u = as_float64(y) - self.centre
        with np.errstate(over="ignore"):
            x: Scaled = np.copysign(self.unit * self.curve.value(np.abs(u)), u)
        return x
