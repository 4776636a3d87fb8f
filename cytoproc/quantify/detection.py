"""How few events can be told from none: the limits of CLSI EP17 for counts, and how many events they need."""

from __future__ import annotations

import math

from scipy.special import betaincinv, gammaincinv, ndtri, pdtr

__all__ = [
    "achieved_percent",
    "background_limit",
    "events_needed",
    "expectation_to_see",
    "limit_of_blank",
    "limit_of_detection",
    "normal_limit_of_detection",
    "one_sided_upper",
]


def limit_of_blank(background_events: float, *, level: float = 0.95) -> int:
    """Return the most events that a blank shows with this probability, if its count is Poisson of this mean.

    The smallest L with P(X <= L) >= level: the limit of blank of CLSI EP17 for counts.

    >>> [limit_of_blank(mean) for mean in (0, 0.1, 0.5, 1, 2, 5, 8, 10, 20)]
    [0, 1, 2, 3, 5, 9, 13, 15, 28]
    """
    _check_background(background_events)
    most = int(background_events)
    while most > 0 and pdtr(most - 1, background_events) >= level:
        most -= 1
    while pdtr(most, background_events) < level:
        most += 1
    return most


def limit_of_detection(background_events: float, *, level: float = 0.95) -> float:
    """Return the mean events, background included, that a sample needs to show more than its limit of blank.

    The smallest mean with P(X > LoB) >= level, for counts that are Poisson: the limit of detection of CLSI EP17.
    P(X > L) is the regularised gamma function of L + 1 at the mean, so the mean is its inverse. It is a property of the
    assay: a sample is called detected by its own events, if they are above the limit of blank.

    >>> [round(limit_of_detection(mean), 2) for mean in (0, 0.5, 1, 5, 8, 20)]
    [3.0, 6.3, 7.75, 15.71, 20.67, 38.39]
    """
    return float(gammaincinv(limit_of_blank(background_events, level=level) + 1, level))


def normal_limit_of_detection(background_events: float, *, level: float = 0.95) -> float:
    """Return the same mean events as if counts were normal: for comparison with what is often printed.

    LoB = b + z sqrt(b) and LoD = LoB + z sqrt(LoD) (CLSI EP17 with the SD of counts), which is (sqrt(b) + z)^2. Below
    about 10 background events it is too low.

    >>> [round(normal_limit_of_detection(mean), 1) for mean in (0, 0.5, 1, 5, 8, 20)]
    [2.7, 5.5, 7.0, 15.1, 20.0, 37.4]
    """
    _check_background(background_events)
    return float((math.sqrt(background_events) + ndtri(level)) ** 2)


def background_limit(k_control: int, n_control: int, *, level: float = 0.95) -> float:
    """Return the largest part of events, 0 to 1, that may lie in a gate by chance, going by a control.

    The one-sided upper limit of k/n (Clopper and Pearson 1934): Beta^-1(level; k+1, n-k). A control without events
    excludes nothing, so its limit is 1.

    >>> round(background_limit(0, 30_000), 7), background_limit(0, 0)
    (9.99e-05, 1.0)
    """
    if not 0 <= k_control <= n_control:
        msg = f"{k_control} events of a control lie in the gate, of {n_control} in all; give 0 to {n_control}"
        raise ValueError(msg)
    return 1.0 if k_control == n_control else float(betaincinv(k_control + 1, n_control - k_control, level))


def expectation_to_see(k: int, *, probability: float = 0.95) -> float:
    """Return the mean events of which `k` or more are seen with this probability (Poisson).

    >>> [round(expectation_to_see(k), 1) for k in (1, 5, 10, 20, 30, 50, 100)]
    [3.0, 9.2, 15.7, 27.9, 39.5, 62.2, 117.0]
    """
    return float(gammaincinv(k, probability)) if k else 0.0


def events_needed(frequency: float, events: int, *, probability: float | None = None) -> float:
    """Return how many parent events are needed to expect so many of a population; with a probability, to see them.

    Parameters
    ----------
    frequency
        The part of the parent that the population is, above 0, at most 1.
    events
        Events of the population that are wanted.
    probability
        How sure it is that so many are seen; without it they are the mean.

    Examples
    --------
    >>> events_needed(1e-4, 50), round(events_needed(1e-4, 50, probability=0.95))
    (500000.0, 621711)
    """
    if not 0 < frequency <= 1:
        msg = f"a frequency is a part of the parent, above 0 and at most 1, not {frequency}"
        raise ValueError(msg)
    wanted = events if probability is None else expectation_to_see(events, probability=probability)
    return wanted / frequency


def achieved_percent(events: int, n_parent: int) -> float:
    """Return the percentage of the parent that so many events are: the lowest that this sample can show; 100 at most.

    NaN where there is no parent event.

    >>> achieved_percent(20, 30_000), achieved_percent(50, 20)
    (0.06666666666666667, 100.0)
    """
    return min(100 * events / n_parent, 100.0) if n_parent else math.nan


def one_sided_upper(n_events: int, *, level: float = 0.95) -> float:
    """Return the largest mean that so many events leave possible, by a one-sided exact Poisson limit.

    chi2^-1(level; 2k+2)/2 (Garwood 1936), the gamma quantile of shape k + 1. At 0 events and 95 % it is 2.9957, the
    rule of three. It is below the upper end of a two-sided interval, which leaves only half of the error there.

    >>> round(one_sided_upper(0), 4)
    2.9957
    """
    return float(gammaincinv(n_events + 1, level))


def _check_background(events: float) -> None:
    if not 0 <= events < math.inf:
        msg = f"mean background events are 0 or more, not {events}"
        raise ValueError(msg)
