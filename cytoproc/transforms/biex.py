"""FlowJo's biexponential scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from math import inf
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from cytoproc.transforms.base import FloatArray, Scaled, as_float64, check_parameters, check_top
from cytoproc.transforms.cells import cell_edges, cell_of

__all__ = ["Biex"]

_LN10 = math.log(10.0)
_LEAST_WIDTH, _MOST_WIDTH = 0.5, 3.0
_CHANNELS = (16, 2**16)
_MOST_STEPS = 100
_INVERSE_STEPS = 8


@dataclass(frozen=True, slots=True)
class Biex:
    """FlowJo's biexponential: display channels, from 0 at the left of the axis to `channel_range` at `top`.

    This scale has no formula but a table, one linear value a channel, with a natural cubic spline through it. The
    table, its roundings and the spline are those of R's flowWorkspace and cytolib, which say they follow FlowJo's code;
    the values are compared with flowWorkspace's, not with FlowJo itself. Beyond the table it goes on in straight lines
    with the slopes of its ends, as there: so no two values fall together, and order and inverse hold everywhere.
    Software that piles such events up on the edge of the plot differs.

    Parameters
    ----------
    width_basis
        Below 0: the more negative, the wider the linear part around zero. Outside -10**3 to -10**0.5 it counts as
        -10**0.5, as in cytolib.
    positive_decades
        Decades above zero; above half of log10(-width_basis).
    negative_decades
        Further decades below zero; 0 or above.
    top
        The linear value near the top of the axis.
    channel_range
        How many channels the axis has: a whole number.

    Raises
    ------
    ScaleError
        If the parameters break these bounds.

    Examples
    --------
    >>> Biex().forward(np.array([-100.0, 0.0, 1000.0, 262144.0])).round(1)
    array([ 849.1,  927. , 1597.5, 4094.9])
    """

    kind: ClassVar[str] = "biex"

    width_basis: float = -100.0
    positive_decades: float = 4.418539922
    negative_decades: float = 0.0
    top: float = 262144.0
    channel_range: float = 4096

    def __post_init__(self) -> None:
        """Check the parameters."""
        least, most = _CHANNELS
        whole = least <= self.channel_range <= most and self.channel_range == int(self.channel_range)
        check_parameters(
            "biex",
            (-inf < self.width_basis < 0, f"width_basis must be a number below 0, it is {self.width_basis}"),
            (
                self.width_basis < 0 and _half_width(self) < self.positive_decades < inf,
                f"positive_decades must be above half of log10(-width_basis), it is {self.positive_decades}",
            ),
            (0 <= self.negative_decades < inf, f"negative_decades must be 0 or above, it is {self.negative_decades}"),
            check_top(self.top),
            (whole, f"channel_range must be a whole number from {least} to {most}, it is {self.channel_range}"),
        )

    @property
    def domain(self) -> tuple[float, float]:
        """Every linear value."""
        return -inf, inf

    def forward(self, x: FloatArray, /) -> Scaled:
        """Return display channels for linear values."""
        return _spline(self).forward(as_float64(x))

    def inverse(self, y: FloatArray, /) -> Scaled:
        """Return linear values for display channels."""
        return _spline(self).inverse(as_float64(y))


@dataclass(frozen=True, slots=True, eq=False)
class _Spline:
    """A rising cubic spline through (knots[j], j), straight beyond its ends.

    `series` has shape (3, pieces): the coefficients of x - knot, its square and its cube; `slopes` are those of the
    ends. `guide` has shape (2, cells of |x| / unit): the first piece that a cell meets, for x >= 0 and for x < 0; no
    cell meets more than `reach` further ones.
    """

    knots: Scaled
    series: Scaled
    slopes: tuple[float, float]
    unit: float
    bits: int
    guide: npt.NDArray[np.intp]
    reach: int

    @classmethod
    def through(cls, knots: Scaled) -> _Spline:
        """Return the natural spline through the knots; one of them is 0."""
        series = _natural_series(knots)
        width = knots[-1] - knots[-2]
        last = series[0, -1] + width * (2 * series[1, -1] + width * 3 * series[2, -1])
        bits = (len(knots) - 2).bit_length()
        unit = float(np.diff(knots).min()) * 2.0**bits
        span = float(np.abs(knots[[0, -1]]).max())
        edges = cell_edges(int(math.log2(1 + span / unit)) + 1, bits) * unit
        up = _piece(knots, edges)
        down = _piece(knots, -edges)
        reach = max(int(np.diff(up).max()), int(-np.diff(down).min()))
        return cls(knots, series, (float(series[0, 0]), float(last)), unit, bits, np.array([up[:-1], down[1:]]), reach)

    def forward(self, x: Scaled) -> Scaled:
        """Return the spline's value at each x."""
        flat = x.reshape(-1)
        low, high = self.knots[0], self.knots[-1]
        near = np.clip(flat, low, high)
        cell = cell_of(np.abs(near) / self.unit, self.bits)
        cell[flat < 0] += self.guide.shape[1]
        piece = self.guide.take(cell, mode="clip")
        for _ in range(self.reach):
            piece += near >= self.knots.take(piece + 1, mode="clip")
        np.minimum(piece, len(self.knots) - 2, out=piece)
        step = near - self.knots.take(piece)
        first, second, third = (row.take(piece) for row in self.series)
        y: Scaled = piece + step * (first + step * (second + step * third))
        with np.errstate(over="ignore"):
            y += self.slopes[0] * np.minimum(flat - low, 0.0) + self.slopes[1] * np.maximum(flat - high, 0.0)
        return y.reshape(x.shape)

    def inverse(self, y: Scaled) -> Scaled:
        """Return the x at which the spline is y; within a piece by Newton's method."""
        last = float(len(self.knots) - 1)
        near = np.clip(y, 0.0, last)
        piece = np.nan_to_num(near).astype(np.intp)
        np.minimum(piece, len(self.knots) - 2, out=piece)
        height = near - piece
        first, second, third = self.series[:, piece]
        step = height / first
        for _ in range(_INVERSE_STEPS):
            over = step * (first + step * (second + step * third)) - height
            step = step - over / (first + step * (2 * second + 3 * step * third))
        with np.errstate(over="ignore"):
            beyond = np.minimum(y, 0.0) / self.slopes[0] + np.maximum(y - last, 0.0) / self.slopes[1]
        x: Scaled = self.knots[piece] + step + beyond
        return x


@lru_cache(maxsize=64)
def _spline(scale: Biex) -> _Spline:
    return _Spline.through(_table(scale))


def _half_width(scale: Biex) -> float:
    width = math.log10(-scale.width_basis)
    return (width if _LEAST_WIDTH <= width <= _MOST_WIDTH else _LEAST_WIDTH) / 2


def _table(scale: Biex) -> Scaled:
    """Return the linear value of each display channel, 0 to `channel_range`, by cytolib's table.

    Above the channel of zero it is a rising less a falling exponential of q = channel / (channel_range + 1), where q is
    rounded to single precision; below, the same upside down.
    """
    channels = int(scale.channel_range)
    half_width = _half_width(scale)
    decades = scale.positive_decades - half_width
    extra = scale.negative_decades + half_width
    zero = min(int(extra * channels / (extra + decades)), channels // 2)
    if zero:
        decades = extra * channels / zero
    width = half_width / decades
    rise = _LN10 * decades
    fall = _fall(rise, width)

    q = (np.arange(channels + 1, dtype=np.float32) / np.float32(channels + 1)).astype(np.float64)
    linear: Scaled = np.exp(rise * q) - math.exp((rise + fall) * (width + extra / decades)) * np.exp(-fall * q)
    linear = scale.top / math.exp(rise) * (linear - linear[zero])
    linear[:zero] = -linear[2 * zero : zero : -1]
    return linear


def _fall(rise: float, width: float) -> float:
    """Return how fast the negative exponential falls: about the root of 2 ln(z / rise) + width (z + rise).

    Newton's method kept within a bracket, as cytolib runs it: it begins with the residual of another place, compares
    whole numbers, and ends with the first step shorter than 1. The root itself would be another scale, channels away.
    """
    low, high = 0.0, rise
    z = rise / 2
    step = float(int(rise))
    miss, slope = 2 * math.log(z / rise) + 2 * width * rise, 2 / z + width
    for _ in range(_MOST_STEPS):
        if low < z - miss / slope < high and int(abs(2 * miss)) <= int(abs(step * slope)):
            step = miss / slope
            z -= step
        else:
            step = (high - low) / 2
            z = low + step
        if abs(step) < 1:
            break
        miss, slope = 2 * math.log(z / rise) + width * (z + rise), 2 / z + width
        low, high = (z, high) if miss < 0 else (low, z)
    return z


def _natural_series(x: Scaled) -> Scaled:
    """Return the coefficients of the natural cubic spline through (x[j], j); shape (3, pieces).

    Its second derivatives solve a tridiagonal system and are 0 at both ends.
    """
    gap = np.diff(x)
    bend = 6 * np.diff(1 / gap)
    diagonal, right = (2 * (gap[:-1] + gap[1:])).tolist(), bend.tolist()
    beside = gap.tolist()
    for j in range(1, len(right)):
        factor = beside[j] / diagonal[j - 1]
        diagonal[j] -= factor * beside[j]
        right[j] -= factor * right[j - 1]
    second = [0.0] * len(x)
    for j in range(len(right), 0, -1):
        second[j] = (right[j - 1] - beside[j] * second[j + 1]) / diagonal[j - 1]
    curve = np.array(second)
    return np.array([1 / gap - gap * (2 * curve[:-1] + curve[1:]) / 6, curve[:-1] / 2, np.diff(curve) / (6 * gap)])


def _piece(knots: Scaled, x: Scaled) -> npt.NDArray[np.intp]:
    return np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
