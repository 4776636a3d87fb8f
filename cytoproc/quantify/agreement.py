"""Whether numbers that should agree do, beyond what chance explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrik, chdtrc, pdtrik

from cytoproc.quantify.estimate import Estimate, FloatArray, tail_of
from cytoproc.quantify.ratio import ratio_of_counts

__all__ = [
    "Steadiness",
    "chance_of_spread",
    "difference",
    "overdispersion",
    "recovery_exceeds",
    "share_is_steady",
    "shares_differ",
    "stands_out",
    "sum_expected",
]

BoolArray = npt.NDArray[np.bool_]


def shares_differ(
    k: tuple[int, int], n: tuple[int, int], *, level: float = 0.99, tolerance: float = 0.2, least_excess: float = 0.002
) -> bool:
    """Return whether two tubes disagree on a share, beyond what chance and gates can do.

    They do if the exact interval of the ratio of their counts excludes all shares of which one is up to `tolerance`
    larger than the other, and the shares are `least_excess` or more apart.

    Parameters
    ----------
    k, n
        Events of the population and of all in each tube.
    level
        Of the interval.
    tolerance
        What gates may cost, as a part of the smaller share.
    least_excess
        What may spill into a gate, as a part of all.

    Examples
    --------
    >>> (
    ...     shares_differ((775, 1037), (6080, 7939)),
    ...     shares_differ((0, 9), (6000, 6000)),
    ...     shares_differ((0, 900), (6000, 8000)),
    ... )
    (False, False, True)
    """
    (k_low, n_low), (k_high, n_high) = sorted(zip(k, n, strict=True), key=lambda pair: pair[0] / max(pair[1], 1))
    if not (k_high and n_low and n_high) or k_high / n_high - k_low / n_low < least_excess:
        return False
    return float(ratio_of_counts(k_low, k_high, level=level).high) < n_low / n_high / (1 + tolerance)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Return a - b of two independent estimates, with an interval from both of theirs (MOVER, Zou and Donner 2008).

    low = a - b - sqrt((a - low of a)^2 + (high of b - b)^2), and high accordingly.

    Examples
    --------
    >>> def estimate(*x):
    ...     return Estimate(*(np.array(v) for v in x), 0.99, "by hand")
    >>> apart = difference(estimate(20.0, 17.0, 24.0), estimate(10.0, 7.0, 14.0))
    >>> [float(x) for x in (apart.value, apart.low, apart.high)]
    [10.0, 5.0, 15.0]
    """
    if a.level != b.level:
        msg = f"both intervals must be at one level, not at {a.level} and {b.level}"
        raise ValueError(msg)
    apart = a.value - b.value
    low = apart - np.hypot(a.value - a.low, b.high - b.value)
    high = apart + np.hypot(a.high - a.value, b.value - b.low)
    return Estimate(apart, low, high, a.level, "mover")


def stands_out(
    value: npt.ArrayLike, *, limits: tuple[npt.ArrayLike, npt.ArrayLike], chance: tuple[npt.ArrayLike, npt.ArrayLike]
) -> BoolArray:
    """Return where a value is outside of limits, and outside of what chance explains too, on the same side.

    A value that is not known stands out of nothing, nor does one of which it is not known what chance explains.

    Examples
    --------
    17 of 20 may be chance, 850 of 1000 are not, and 920 are within the limits:

    >>> stands_out([85, 85, 92], limits=(90, 110), chance=([75, 93.1, 93.1], [125, 113.4, 113.4]))
    array([False,  True, False])
    """
    found = np.asarray(value, dtype=np.float64)
    (low, high), (chance_low, chance_high) = limits, chance
    is_low = (found < np.asarray(low)) & (found < np.asarray(chance_low))
    is_high = (found > np.asarray(high)) & (found > np.asarray(chance_high))
    return np.asarray(is_low | is_high)


def sum_expected(
    n_whole: npt.ArrayLike, *, target: tuple[float, float] = (0.95, 1.05), level: float = 0.99
) -> tuple[FloatArray, FloatArray]:
    """Return the fewest and the most parts that chance explains, if parts should add up to their whole.

    They are the ends of two-sided prediction intervals: the lower end of what the lower edge of `target` leads to
    expect, and the upper end of what the upper edge does; binomial for a part of the whole, Poisson from the whole on.

    Examples
    --------
    >>> [float(x[0]) for x in sum_expected([1000])]
    [931.0, 1134.0]
    """
    tail = tail_of(level)
    n = np.asarray(n_whole, dtype=np.float64)
    low, high = (_quantile(p, n, share) for p, share in zip((tail, 1 - tail), target, strict=True))
    return np.ceil(low), np.floor(high) + 1


def _quantile(p: float, n: FloatArray, share: float) -> FloatArray:
    """Return where P(X <= k) reaches p, between whole numbers too."""
    found = bdtrik(p, n, share) if share < 1 else pdtrik(p, share * n)
    return np.asarray(found, dtype=np.float64)


def overdispersion(n_events: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """Return how many times the variance of replicate counts is that of chance: phi; NaN of fewer than two.

    phi = sum (N - E)^2/E / (r - 1), for r replicates whose expected counts have the same sum as the counts found. It
    is 1 on average if chance alone is at work. The standard error of what comes of the counts is sqrt(phi) times as
    large.

    Examples
    --------
    >>> overdispersion([80, 120], [100, 100])
    8.0
    """
    n, e = np.broadcast_arrays(np.asarray(n_events, dtype=np.float64), np.asarray(expected, dtype=np.float64))
    if n.size < 2 or not (e > 0).all():
        return math.nan
    return float(np.sum((n - e) ** 2 / e) / (n.size - 1))


def chance_of_spread(phi: float, n_replicates: int) -> float:
    """Return how likely chance alone makes so large a phi, or a larger one: phi (r - 1) is chi-squared.

    >>> round(chance_of_spread(6.63, 2), 3)
    0.01
    """
    return float(chdtrc(n_replicates - 1, phi * (n_replicates - 1)))


def recovery_exceeds(n_beads: float, beads_per_tube: float, *, cv_lot: float, sds: float = 3) -> bool:
    """Return whether more beads were counted than can have been in the tube.

    They were if B > b (1 + sds sqrt(1/b + cv^2)): b is the number on the lot's pouch, with the spread of counting it
    out (Poisson) and of the lot.

    >>> recovery_exceeds(57_000, 51_664, cv_lot=0.04), recovery_exceeds(60_000, 51_664, cv_lot=0.04)
    (False, True)
    """
    return n_beads > beads_per_tube * (1 + sds * math.sqrt(1 / beads_per_tube + cv_lot**2))


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How a share goes on through a file.

    `cv` is that of the share's values by part of the file, `cv_beyond_chance` what counting does not explain of it,
    both 0 to 1; `trend_percent` how much the share changes from the first part to the last, in percent of its mean.
    All are NaN where too little was counted to tell.
    """

    cv: float
    cv_beyond_chance: float
    trend_percent: float
    is_unsteady: bool


_MOST_TREND_PERCENT = 20
_TREND_SDS = 3


def share_is_steady(
    counts_by_part: npt.ArrayLike, totals_by_part: npt.ArrayLike, *, cv_limit: float = 0.15, p: float = 0.01
) -> Steadiness:
    """Return whether a share, such as that of beads among events, stays the same through the parts of a file.

    It is unsteady if the CV of its values is above the limit and they differ beyond chance (chi-squared test of
    homogeneity), or if a straight line through them, weighted by their events, rises or falls by more than 20 % from
    the first part to the last and by more than 3 of its standard errors. Parts without events are left out.

    Parameters
    ----------
    counts_by_part, totals_by_part
        Events of the population, and all events it is a share of, in each part of the file (tenths, by habit).
    cv_limit
        The largest CV that needs no word.
    p
        The probability below which chance no longer explains the differences.

    Examples
    --------
    Beads that settle:

    >>> found = share_is_steady([140, 130, 120, 110, 100, 90, 80, 70, 60, 50], [1000] * 10)
    >>> round(found.cv, 3), round(found.trend_percent, 1), found.is_unsteady
    (0.319, -94.7, True)
    """
    k, n = (np.asarray(x, dtype=np.float64) for x in (counts_by_part, totals_by_part))
    n_parts = n.size
    at = np.arange(n_parts, dtype=np.float64)[n > 0]
    k, n = k[n > 0], n[n > 0]
    share = k.sum() / n.sum() if n.size else math.nan
    if n.size < 3 or not 0 < share < 1:
        return Steadiness(math.nan, math.nan, math.nan, is_unsteady=False)
    values, variance = k / n, share * (1 - share) / n
    cv = float(values.std(ddof=1) / values.mean())
    chance = float(chdtrc(n.size - 1, np.sum((values - share) ** 2 / variance)))
    beyond = math.sqrt(max(cv**2 - float(variance.mean()) / share**2, 0.0))
    x = at - np.average(at, weights=n)
    spread = float(np.sum(x * x / variance))
    slope = float(np.sum(x * values / variance)) / spread
    trend_percent = 100 * slope * (n_parts - 1) / float(share)
    drifts = abs(slope) > _TREND_SDS / math.sqrt(spread) and abs(trend_percent) > _MOST_TREND_PERCENT
    return Steadiness(cv, beyond, trend_percent, is_unsteady=(cv > cv_limit and chance < p) or drifts)
