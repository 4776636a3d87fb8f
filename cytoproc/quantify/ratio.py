"""One count for each event of another, and what is made of such ratios."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from cytoproc.quantify.estimate import Estimate, FloatArray, tail_of

__all__ = ["mover_product", "mover_sum", "ratio_of_counts"]


def ratio_of_counts(k: npt.ArrayLike, other: npt.ArrayLike, *, level: float = 0.95) -> Estimate:
    """Return k/other with its exact interval, where both are counts of their own (Poisson): NaN where `other` is 0.

    Given k + other events, k is binomial. The Clopper-Pearson interval of that share p becomes one of p/(1-p)
    (Przyborowski and Wilenski 1940). Each 1-p is computed as the mirrored quantile, so no digits are lost where p is
    near 1. At k = 0 the low end is 0 and the high end stays finite.

    Examples
    --------
    >>> ratio = ratio_of_counts([412], [18_250])
    >>> [round(float(x[0]), 5) for x in (ratio.value, ratio.low, ratio.high)]
    [0.02258, 0.02043, 0.02489]
    """
    tail = tail_of(level)
    k, other = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(other, dtype=np.float64))
    if (k < 0).any() or (other < 0).any():
        msg = "a count cannot be below 0"
        raise ValueError(msg)
    a, b = np.maximum(k, 1), np.maximum(other, 1)
    low = np.where(k > 0, betaincinv(a, other + 1, tail) / betaincinv(other + 1, a, 1 - tail), 0.0)
    high = betaincinv(k + 1, b, 1 - tail) / betaincinv(b, k + 1, tail)
    none = other == 0
    value, low, high = (np.where(none, np.nan, x) for x in (k / b, low, high))
    return Estimate(value, low, high, level, method="conditional-binomial")


def mover_sum(a: Estimate, b: Estimate) -> Estimate:
    """Return a + b with an interval from both of theirs (MOVER, Zou and Donner 2008).

    low = a + b - sqrt((a - low of a)^2 + (b - low of b)^2), and high accordingly. Each side keeps its own width.

    Examples
    --------
    >>> def estimate(*x):
    ...     return Estimate(*(np.array([v]) for v in x), 0.95, "by hand")
    >>> both = mover_sum(estimate(10, 7, 16), estimate(5, 1, 13))
    >>> [float(x[0]) for x in (both.value, both.low, both.high)]
    [15.0, 10.0, 25.0]
    """
    value = a.value + b.value
    low = value - np.hypot(a.value - a.low, b.value - b.low)
    high = value + np.hypot(a.high - a.value, b.high - b.value)
    return Estimate(value, low, high, a.level, "mover")


def mover_product(share: Estimate, reference: Estimate) -> Estimate:
    """Return share times reference, with an interval from both of theirs; the two are independent.

    MOVER for a ratio (Donner and Zou 2012, equations for theta1/theta2) with theta1 the share and theta2 = 1/reference.
    Their equations are divided out, so that nothing is 0/0 where an end of either interval is 0::

        low  = R l (2p - l) / (p + sqrt(p^2 - l (2p - l) r (2 - r)))         r = R / low end of R
        high = R (p + sqrt(p^2 - u (2p - u) r (2 - r))) / (r (2 - r))        r = R / high end of R

    with p, l, u the share and its ends, R the reference. Where the reference is 0, the interval is from 0 to the
    product of the high ends. Without an interval of the reference there is none.

    Examples
    --------
    A half (0.4 to 0.6) of 10 (25/3 to 12.5):

    >>> def estimate(*x):
    ...     return Estimate(*(np.array([v]) for v in x), 0.95, "by hand")
    >>> both = mover_product(estimate(0.5, 0.4, 0.6), estimate(10, 25 / 3, 12.5))
    >>> [round(float(x[0]), 4) for x in (both.value, both.low, both.high)]
    [5.0, 3.75, 6.6667]
    """
    p, r = share.value, reference.value
    with np.errstate(divide="ignore", invalid="ignore"):
        low = _low_end(p, share.low, r, reference.low)
        high = _high_end(p, share.high, r, reference.high)
    high = np.where(r == 0, share.high * reference.high, high)
    unknown = np.isnan(p * r) | np.isnan(reference.high)
    low, high = np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
    return Estimate(p * r, low, high, reference.level, "mover" if reference.method else "")


def _low_end(p: FloatArray, low: FloatArray, r: FloatArray, r_low: FloatArray) -> FloatArray:
    part = low * (2 * p - low)
    times = r / r_low
    root = np.sqrt(np.maximum(p * p - part * times * (2 - times), 0))
    return np.where((low > 0) & (r_low > 0), r * part / (p + root), 0.0)


def _high_end(p: FloatArray, high: FloatArray, r: FloatArray, r_high: FloatArray) -> FloatArray:
    times = r / r_high
    known = times * (2 - times)
    root = np.sqrt(np.maximum(p * p - high * (2 * p - high) * known, 0))
    end: FloatArray = r * (p + root) / known
    return end
