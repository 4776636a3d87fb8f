"""Percentages and their intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from cytoproc.quantify.estimate import Estimate, tail_of

__all__ = ["clopper_pearson"]


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
    k, n = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if (k < 0).any() or (k > n).any():
        msg = "a count must lie between 0 and that of its parent"
        raise ValueError(msg)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(n > 0, 100 * k / n, np.nan)
        low = np.where(k > 0, 100 * betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
        high = np.where(k < n, 100 * betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 100.0)
    empty = n == 0
    return Estimate(value, np.where(empty, np.nan, low), np.where(empty, np.nan, high), level, method="clopper-pearson")
