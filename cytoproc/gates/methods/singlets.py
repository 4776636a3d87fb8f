"""Single cells, by a robust line of height on area."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Columns, Dimension
from cytoproc.gates.methods.base import FittedGate, Sketch
from cytoproc.gates.ranges import RangeGate, RectangleGate
from cytoproc.gates.singlet_band import SingletBand
from cytoproc.transforms.identity import Identity

__all__ = ["Singlets"]

# The sketch counts events by area and by height/area. Both axes are cut where the leading bits of a float32 change:
# bins of nearly equal relative width that need no logarithm, so every processor fills them alike.
_AREA_BITS, _RATIO_BITS = 2, 7  # mantissa bits: 4 area bins and 128 ratio bins an octave
_AREA_OCTAVES = (0, 26)  # areas from 1 to 2^26
_RATIO_OCTAVES = (-5, 3)  # height/area from 1/32 to 8
_SHAPE = (
    (_AREA_OCTAVES[1] - _AREA_OCTAVES[0]) << _AREA_BITS,
    (_RATIO_OCTAVES[1] - _RATIO_OCTAVES[0]) << _RATIO_BITS,
)
_MANTISSA, _BIAS = 23, 127
_LEAST_IN_SLICE = 30
_AROUND_MEDIAN = 2.0  # slices up to this factor from the median area count
_NARROWEST, _LEAST_SCATTER = 0.005, 0.002
_MOST_STEPS = 30
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Singlets:
    """A band around the line that most events follow on a height against area plot.

    The median of height/area in slices of area gives the line, by weights that leave debris and clumps out; only slices
    within a factor of two of the median area count. The scatter of the events above the line, where no doublets are,
    gives the width.

    Parameters
    ----------
    area, height
        The two dimensions, linear.
    width
        Half width of the band in robust standard deviations of height/area.
    min_events
        Fewer events than this are not fitted: the `fallback` is used.
    fallback
        (lowest, highest) height/area; None lets every event pass. Either way the result says FALLBACK.
    """

    area: Dimension
    height: Dimension
    width: float = 4.0
    min_events: int = 200
    fallback: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.width < np.inf:
            msg = f"singlets: width {self.width:g} is not a number of standard deviations above 0"
            raise GateError(msg)
        if self.area.measure == self.height.measure:
            msg = f"singlets: area and height are both {self.area.source}"
            raise GateError(msg)
        if self.min_events < _LEAST_IN_SLICE:
            msg = f"singlets: min_events {self.min_events} is below {_LEAST_IN_SLICE}, too few to find a line"
            raise GateError(msg)
        if self.fallback is not None and not 0 <= self.fallback[0] < self.fallback[1] < np.inf:
            msg = f"singlets: fallback {self.fallback} is not a range of height/area"
            raise GateError(msg)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """Area and height."""
        return (self.area, self.height)

    def sketch(self, columns: Columns) -> Sketch:
        """Return counts by area and height/area, shape (104, 1024); events outside these bins are left out."""
        area = columns.get(self.area.measure).astype(np.float32)
        height = columns.get(self.height.measure).astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            i = _bin(area, _AREA_BITS, _AREA_OCTAVES[0])
            j = _bin(height / area, _RATIO_BITS, _RATIO_OCTAVES[0])
        inside = (i >= 0) & (i < _SHAPE[0]) & (j >= 0) & (j < _SHAPE[1])
        flat = np.bincount((i * _SHAPE[1] + j)[inside], minlength=_SHAPE[0] * _SHAPE[1])
        return flat.reshape(_SHAPE)

    def fit(self, sketch: Sketch) -> FittedGate:
        """Return the band around the robust line, or the fallback."""
        n = int(sketch.sum())
        slices = _central(sketch)
        if n < self.min_events or not len(slices):
            few = f"fewer than {self.min_events}" if n < self.min_events else "too far apart in area"
            return self._fallback(f"{n} events with an area and a height, {few}: band not fitted")
        intercept, slope = _robust_line(sketch[slices], _AREA_CENTRES[slices])
        half = max(self.width * _spread_above(sketch[slices], _AREA_CENTRES[slices], intercept, slope), _NARROWEST)
        band = SingletBand(self.area, self.height, intercept, slope, max(0.0, 1 - half), 1 + half)
        return FittedGate(
            band, "FILE", f"height = {intercept:.6g} + {slope:.6g} x area, within {100 * half:.3g} %, from {n} events"
        )

    def _fallback(self, why: str) -> FittedGate:
        if self.fallback is None:
            sides = tuple(RangeGate(replace(d, scale=Identity())) for d in self.dimensions)
            return FittedGate(RectangleGate(sides), "FALLBACK", f"{why}, every event passes")
        low, high = self.fallback
        band = SingletBand(self.area, self.height, 0.0, 1.0, low, high)
        return FittedGate(band, "FALLBACK", f"{why}, height/area {low:g} to {high:g} used")


def _bin(x: npt.NDArray[np.float32], bits: int, first_octave: int) -> npt.NDArray[np.int64]:
    leading = x.view(np.int32) >> (_MANTISSA - bits)  # a negative float is a negative integer, so it lands below bin 0
    return leading.astype(np.int64) - ((_BIAS + first_octave) << bits)


def _edges(n: int, bits: int, first_octave: int) -> npt.NDArray[np.float64]:
    leading = np.arange(n + 1, dtype=np.int32) + ((_BIAS + first_octave) << bits)
    return (leading << (_MANTISSA - bits)).view(np.float32).astype(np.float64)


_AREA_EDGES = _edges(_SHAPE[0], _AREA_BITS, _AREA_OCTAVES[0])
_AREA_CENTRES = (_AREA_EDGES[1:] + _AREA_EDGES[:-1]) / 2
_RATIO_EDGES = _edges(_SHAPE[1], _RATIO_BITS, _RATIO_OCTAVES[0])
_RATIO_CENTRES = (_RATIO_EDGES[1:] + _RATIO_EDGES[:-1]) / 2


def _median(counts: Sketch) -> float:
    """Return the median ratio of one slice, interpolated inside its bin."""
    cumulated = np.cumsum(counts)
    half = cumulated[-1] / 2
    j = int(np.searchsorted(cumulated, half))
    before = cumulated[j - 1] if j else 0
    return float(_RATIO_EDGES[j] + (half - before) / counts[j] * (_RATIO_EDGES[j + 1] - _RATIO_EDGES[j]))


def _central(sketch: Sketch) -> npt.NDArray[np.intp]:
    """Return the slices near the median area: below lies debris, and above doublets outnumber single cells."""
    counts = sketch.sum(axis=1)
    relative = _AREA_CENTRES / _AREA_CENTRES[np.searchsorted(np.cumsum(counts), counts.sum() / 2)]
    near = (relative > 1 / _AROUND_MEDIAN) & (relative < _AROUND_MEDIAN)
    return np.flatnonzero(near & (counts >= _LEAST_IN_SLICE))


def _robust_line(sketch: Sketch, area: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return intercept and slope of height on area, through the slices' medians.

    By reweighting: first Huber's weights, then Tukey's, which leave out the slices that lie far off the line (Huber and
    Ronchetti, Robust Statistics, 2009).
    """
    weight = sketch.sum(axis=1).astype(np.float64)
    ratio = np.array([_median(row) for row in sketch])
    line = 0.0, _weighted_median(ratio, weight)
    if len(area) < 3:
        return line  # a line through two slices follows their noise
    off = np.full(len(area), np.inf)
    for loss in (_huber, _tukey):
        for _ in range(_MOST_STEPS):
            before, off = off, ratio * area / (line[0] + line[1] * area) - 1
            if np.abs(before - off).max() <= 1e-9:
                break
            scale = max(_MAD_TO_SD * _weighted_median(np.abs(off), weight), _LEAST_SCATTER)
            found = _least_squares(ratio, 1 / area, weight * loss(np.abs(off) / scale))
            if not (found[1] > 0 and (found[0] + found[1] * area > 0).all()):
                return 0.0, _weighted_median(ratio, weight)
            line = found
    return line


def _huber(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.minimum(1.0, 1.345 / np.maximum(x, 1e-12))


def _tukey(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    weight: npt.NDArray[np.float64] = np.square(1 - np.minimum(np.square(x / 4.685), 1.0))
    return weight


def _weighted_median(x: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]) -> float:
    order = np.argsort(x, kind="stable")
    cumulated = np.cumsum(weight[order])
    return float(x[order][np.searchsorted(cumulated, cumulated[-1] / 2)])


def _least_squares(
    ratio: npt.NDArray[np.float64], u: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Return intercept and slope of height on area from height/area = slope + intercept u, with u = 1/area."""
    total = weight.sum()
    mean_u, mean_r = (weight * u).sum() / total, (weight * ratio).sum() / total
    variance = (weight * (u - mean_u) ** 2).sum()
    intercept = (weight * (u - mean_u) * (ratio - mean_r)).sum() / variance if variance > 0 else 0.0
    return float(intercept), float(mean_r - intercept * mean_u)


def _spread_above(sketch: Sketch, area: npt.NDArray[np.float64], intercept: float, slope: float) -> float:
    """Return the robust relative standard deviation of the events above the line."""
    off = _RATIO_CENTRES[None, :] * area[:, None] / (intercept + slope * area)[:, None] - 1
    above = (off > 0) & (sketch > 0)
    if not above.any():
        return 0.0
    return _MAD_TO_SD * _weighted_median(off[above], sketch[above].astype(np.float64))
