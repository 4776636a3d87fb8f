"""Bounds on a scale as bounds in linear space, so that a range gate need not transform events."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from cytoproc.errors import ScaleError
from cytoproc.transforms.base import Scaled, Transform

__all__ = ["linear_bound", "linear_bound32"]

_WAYS = 256  # candidates a round: the first round looks around the inverse, eight more would search all of float64


@lru_cache(maxsize=4096)
def linear_bound(transform: Transform, bound: float) -> float:
    """Return the smallest float64 `x` with `transform.forward(x) >= bound`.

    So `values >= linear_bound(transform, bound)` selects what `transform.forward(values) >= bound` selects, and nothing
    else, for any float64 or float32 values: what the scale cannot map is in neither. Of a bound of minus infinity it is
    the low end of the scale's domain; of one that the scale does not reach, plus infinity.

    Raises
    ------
    ScaleError
        If the bound is not a number.

    Examples
    --------
    >>> from cytoproc.transforms.log import Log
    >>> round(linear_bound(Log(t=10000, m=4), 0.5), 9)
    100.0
    """
    if math.isnan(bound):
        msg = f"a bound on the {transform.kind} scale is not a number"
        raise ScaleError(msg)
    low, high = (_rank(end) for end in transform.domain)
    guess = _rank(float(transform.inverse(np.array([bound]))[0]))
    start = max(low, min(guess - _WAYS // 2, high - _WAYS))
    ranks = list(range(start, start + _WAYS))
    while low < high:
        reached = transform.forward(_ranked(ranks)) >= bound
        first = int(reached.argmax()) if reached.any() else _WAYS
        if first < _WAYS:
            high = ranks[first]
        if first > 0:
            low = ranks[first - 1] + 1
        ranks = [low + (high - low) * k // _WAYS for k in range(_WAYS)]
    return float(_ranked([low])[0])


def linear_bound32(x: float) -> np.float32:
    """Return the smallest float32 not below `x`, so that float32 values compare with it as with `x`.

    >>> linear_bound32(0.1) >= 0.1
    np.True_
    """
    with np.errstate(over="ignore"):
        nearest = np.float32(x)
    return nearest if float(nearest) >= x else np.nextafter(nearest, np.float32(np.inf))


def _rank(x: float) -> int:
    """Return the place of a float64 among all of them, in order; both zeros have 0."""
    bits = int(np.float64(x).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def _ranked(ranks: list[int]) -> Scaled:
    """Return the float64 values at these places."""
    signed = np.array(ranks, dtype=np.int64)
    return np.where(signed < 0, -1.0, 1.0) * np.abs(signed).view(np.float64)
