"""A number of events, and the numbers that it could have been."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from cytoproc.quantify.estimate import Estimate, tail_of

__all__ = ["garwood"]


def garwood(n_events: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return counts of events with their exact Poisson interval.

    low = chi2^-1(a/2; 2k)/2, high = chi2^-1(1-a/2; 2k+2)/2, with a = 1 - level; low is 0 at k = 0 (Garwood 1936).
    Half a chi-squared of 2k degrees of freedom is a gamma of shape k.

    Examples
    --------
    >>> ten = garwood([10])
    >>> [round(float(x[0]), 2) for x in (ten.value, ten.low, ten.high)]
    [10.0, 4.8, 18.39]
    """
    tail = tail_of(level)
    k = np.asarray(n_events, dtype=np.float64)
    if (k < 0).any():
        msg = "a count cannot be below 0"
        raise ValueError(msg)
    low = np.where(k > 0, gammaincinv(np.maximum(k, 1), tail), 0.0)
    return Estimate(k, low, gammaincinv(k + 1, 1 - tail), level, method="garwood")
