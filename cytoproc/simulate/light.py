"""From how bright a cell is to what the detectors report: levels, spillover, noise, clip."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Level", "Noise", "detect", "draw_signal"]

Signal = npt.NDArray[np.float64]


def _lognormal(rng: np.random.Generator, median: float, cv: float, n: int) -> Signal:
    return rng.lognormal(math.log(median), math.sqrt(math.log1p(cv**2)), n)


_SHAPES: Mapping[str, Callable[[np.random.Generator, float, float, int], Signal]] = {
    "normal": lambda rng, mean, sd, n: rng.normal(mean, sd, n),
    "lognormal": _lognormal,
    "uniform": lambda rng, low, high, n: rng.uniform(low, high, n),
}


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
        return _SHAPES[self.shape](rng, self.first, self.second, n)


def draw_signal(levels: Sequence[Level], n: int, rng: np.random.Generator) -> Signal:
    """Return the true signal of `n` cells of one class, shape (n, channels), one level a channel."""
    return np.column_stack([level.draw(n, rng) for level in levels]) if levels else np.empty((n, 0))


@dataclass(frozen=True, slots=True)
class Noise:
    """What a detector adds: variance `photon` x signal + `electronic_sd`²; nothing is reported above `top`."""

    photon: float
    electronic_sd: float
    top: float


def detect(signal: Signal, spillover: npt.NDArray[np.float64], noise: Noise, rng: np.random.Generator) -> Signal:
    """Return what the detectors report of true signals, in linear units, not compensated.

    Light is positive, so only max(signal, 0) spills: seen = max(signal, 0) · S + min(signal, 0). Then
    reported = min(seen + Normal(0, sqrt(photon · max(seen, 0) + electronic_sd²)), top).

    Parameters
    ----------
    signal
        Shape (events, channels).
    spillover
        Shape (channels, channels): row = fluorochrome, column = detector.

    Examples
    --------
    >>> matrix = np.array([[1.0, 0.25], [0.0, 1.0]])
    >>> detect(np.array([[1000.0, -50.0]]), matrix, Noise(0, 0, 900), np.random.default_rng(1))
    array([[900., 200.]])
    """
    light = np.maximum(signal, 0.0)
    seen = np.minimum(signal, 0.0)
    for source, leaks in enumerate(spillover):  # summed in the matrix's order: the same bits whatever the BLAS
        seen += light[:, source, np.newaxis] * leaks
    sd = np.sqrt(noise.photon * np.maximum(seen, 0.0) + noise.electronic_sd**2)
    return np.minimum(seen + sd * rng.standard_normal(seen.shape), noise.top)
