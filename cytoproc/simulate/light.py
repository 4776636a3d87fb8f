"""From how bright a cell is to what the detectors report: levels, spillover, noise, clip."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Level", "Noise", "detect", "leak"]

Signal = npt.NDArray[np.float64]


_SHAPES = ("normal", "lognormal", "uniform")


@dataclass(frozen=True, slots=True)
class Level:
    """How bright the cells of a class are on one channel, as a distribution in linear units.

    Parameters
    ----------
    shape
        `normal` (mean, standard deviation), for negative cells; `lognormal` (median, coefficient of variation), for
        positive ones; `uniform` (low, high), for what sticks to dead cells.
    first, second
        The two numbers of the shape. The log of a log-normal has the standard deviation sqrt(ln(1 + CV²)).

    Raises
    ------
    ValueError
        If there is no such shape.
    """

    shape: str
    first: float
    second: float

    def __post_init__(self) -> None:
        """Check the shape."""
        if self.shape not in _SHAPES:
            msg = f"a level has the shape {', '.join(_SHAPES)}; found {self.shape!r}"
            raise ValueError(msg)

    def draw(self, n: int, rng: np.random.Generator) -> Signal:
        """Return the true signal of `n` cells.

        >>> Level("uniform", 600, 600).draw(2, np.random.default_rng(1))
        array([600., 600.])
        """
        if self.shape == "uniform":
            return self.first + (self.second - self.first) * rng.random(n)
        middle, spread = self.line
        drawn = middle + spread * rng.standard_normal(n)
        return np.exp(drawn) if self.shape == "lognormal" else drawn

    @property
    def line(self) -> tuple[float, float]:
        """What makes signals of standard normal numbers z: the (a, b) of a + b·z, or of its logarithm if log-normal.

        >>> Level("normal", 60, 120).line
        (60, 120)
        """
        if self.shape == "lognormal":
            return math.log(self.first), math.sqrt(math.log1p(self.second**2))
        return self.first, self.second

    def times(self, factor: float) -> Level:
        """Return the level of cells `factor` times as bright.

        >>> Level("lognormal", 2500, 0.7).times(0.5)
        Level(shape='lognormal', first=1250.0, second=0.7)
        """
        spread = self.second if self.shape == "lognormal" else self.second * factor
        return Level(self.shape, self.first * factor, spread)


@dataclass(frozen=True, slots=True)
class Noise:
    """What a detector adds: variance `photon` x signal + `electronic_sd`²; nothing is reported above `top`.

    Values are reported in steps of `step`, as by a digitizer. The step is far above the last bit of any processor's
    exponential function, so the same tube has the same bytes everywhere.
    """

    photon: float
    electronic_sd: float
    top: float
    step: float = 0.125


def leak(light: Signal, spillover: npt.NDArray[np.float64]) -> Signal:
    """Return what reaches the detectors: max(light, 0) · S + min(light, 0), for only light above zero spills.

    Parameters
    ----------
    light
        True signals, shape (channels, events).
    spillover
        Shape (channels, channels): row = fluorochrome, column = detector.

    Examples
    --------
    >>> leak(np.array([[1000.0], [-50.0]]), np.array([[1.0, 0.25], [0.0, 1.0]])).ravel()
    array([1000.,  200.])
    """
    above = np.maximum(light, 0.0)
    seen = np.minimum(light, 0.0)
    for source, target in zip(*np.nonzero(spillover), strict=True):  # in a fixed order: the same bits whatever the BLAS
        seen[target] += above[source] * spillover[source, target]
    return seen


def detect(seen: Signal, noise: Noise, rng: np.random.Generator) -> Signal:
    """Return `seen` with the noise of light and electronics: seen + Normal(0, sqrt(photon · max(seen, 0) + sd²)).

    >>> detect(np.array([[100.0, 2.0]]), Noise(0, 0, 1e9), np.random.default_rng(1))
    array([[100.,   2.]])
    """
    spread = np.maximum(seen, 0.0)
    spread *= noise.photon
    spread += noise.electronic_sd**2
    np.sqrt(spread, out=spread)
    spread *= rng.standard_normal(seen.shape)
    spread += seen
    return spread
