"""Percentages and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtri

from cytoproc.quantify.estimate import Estimate, FloatArray, tail_of

__all__ = ["PERCENT_INTERVALS", "clopper_pearson", "jeffreys", "wilson"]


def clopper_pearson(k: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return 100 k/n with its exact binomial interval, 0-100; NaN where there is no parent event.

    low = Beta^-1(a/2; k, n-k+1), high = Beta^-1(1-a/2; k+1, n-k), with a = 1 - level; low is 0 at k = 0 and high is
    100 at k = n (Clopper and Pearson 1934).

    Examples
    --------
    >>> three = clopper_pearson([3], [30_000])
    >>> [round(float(x[0]), 5) for x in (three.value, three.low, three.high)]
    [0.01, 0.00206, 0.02922]
    """
    tail = tail_of(level)
    k, n = _counts(k, n)
    low = betaincinv(np.maximum(k, 1), n - k + 1, tail)
    high = betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail)
    return _percent(k, n, (low, high), level=level, method="clopper-pearson")


def wilson(k: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return 100 k/n with its score interval, 0-100; NaN where there is no parent event.

    centre = (p + z^2/2n) / (1 + z^2/n), half = z/(1 + z^2/n) sqrt(p(1-p)/n + z^2/4n^2), with p = k/n and z the normal
    quantile of the level (Wilson 1927). It is right on average over p, and too narrow for some p near 0.

    Examples
    --------
    >>> three = wilson([3], [30_000])
    >>> [round(float(x[0]), 5) for x in (three.value, three.low, three.high)]
    [0.01, 0.0034, 0.0294]
    """
    z = -ndtri(tail_of(level))
    k, n = _counts(k, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = k / n
        shrink = 1 + z * z / n
        centre = (p + z * z / (2 * n)) / shrink
        half = z / shrink * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    return _percent(k, n, (centre - half, centre + half), level=level, method="wilson")


def jeffreys(k: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return 100 k/n with the interval of Beta(k+1/2, n-k+1/2), 0-100; NaN where there is no parent event.

    That is the posterior of Jeffreys' prior; low is 0 at k = 0 and high is 100 at k = n (Brown, Cai and DasGupta 2001).
    At k = 0 the upper end is below the exact one: do not use it to say that something was not detected.

    Examples
    --------
    >>> three = jeffreys([3], [30_000])
    >>> [round(float(x[0]), 5) for x in (three.value, three.low, three.high)]
    [0.01, 0.00282, 0.02669]
    """
    tail = tail_of(level)
    k, n = _counts(k, n)
    low, high = (betaincinv(k + 0.5, n - k + 0.5, at) for at in (tail, 1 - tail))
    return _percent(k, n, (low, high), level=level, method="jeffreys")


def _counts(k: npt.ArrayLike, n: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    k, n = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if (k < 0).any() or (k > n).any():
        msg = "a count must lie between 0 and that of its parent"
        raise ValueError(msg)
    return k, n


def _percent(
    k: FloatArray, n: FloatArray, ends: tuple[FloatArray, FloatArray], *, level: float, method: str
) -> Estimate:
    """Return fractions as percentages, with the ends that are certain: 0 at k = 0, 100 at k = n."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(n > 0, 100 * k / n, np.nan)
    low, high = np.where(k > 0, 100 * ends[0], 0.0), np.where(k < n, 100 * ends[1], 100.0)
    low, high = (np.where(n > 0, x, np.nan) for x in (low, high))
    return Estimate(value, low, high, level, method=method)


PERCENT_INTERVALS: Mapping[str, Callable[..., Estimate]] = {
    "clopper-pearson": clopper_pearson,
    "wilson": wilson,
    "jeffreys": jeffreys,
}
