"""Intervals from the relative errors of what a number is made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from cytoproc.quantify.estimate import Estimate, tail_of

__all__ = ["log_delta"]


def log_delta(value: npt.ArrayLike, relative_variance: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return values with the interval value exp(-z SE) to value exp(+z SE); no interval (NaN) where there is no log.

    SE^2 is the relative variance: of independent factors and divisors it is the sum of theirs, so 1/N for a count and
    CV^2 for a technical error (delta method on the log). z is the normal quantile of the level. A value of 0 and an
    infinite variance have no interval.

    Examples
    --------
    >>> found = log_delta([11.6632], [1 / 412 + 1 / 18_250])
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [11.663, 10.578, 12.86]
    """
    z = -ndtri(tail_of(level))
    value, variance = np.broadcast_arrays(
        np.asarray(value, dtype=np.float64), np.asarray(relative_variance, dtype=np.float64)
    )
    if (variance < 0).any():
        msg = "a variance cannot be below 0"
        raise ValueError(msg)
    by = np.exp(z * np.sqrt(np.where((value > 0) & np.isfinite(variance), variance, np.nan)))
    return Estimate(value, value / by, value * by, level, method="log-delta")
