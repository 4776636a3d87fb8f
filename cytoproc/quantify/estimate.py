"""Numbers with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Estimate", "FloatArray", "tail_of"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Values and the ends of their two-sided intervals, all of one shape and unit; NaN where there is none.

    `level` is that of the intervals, `method` how they were computed; empty where the method gives none.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    method: str = ""

    def scaled(self, factor: npt.ArrayLike) -> Estimate:
        """Return the estimate in another unit: value and interval times a factor that is known exactly."""
        by = np.asarray(factor, dtype=np.float64)
        return Estimate(self.value * by, self.low * by, self.high * by, self.level, self.method)

    def widened(self, factor: npt.ArrayLike) -> Estimate:
        """Return the estimate with its interval so many times as wide on the log scale: for more spread than counting.

        low = value (low/value)^factor, and high accordingly. Where the value is 0, low stays 0 and high is multiplied.
        The method says so, as in `conditional-binomial-widened`. A factor below 1 is refused.

        Examples
        --------
        >>> ten = Estimate(np.array([10.0, 0.0]), np.array([5.0, 0.0]), np.array([20.0, 3.0]), 0.95, "by-hand")
        >>> twice = ten.widened(2)
        >>> twice.low.tolist(), twice.high.tolist(), twice.method
        ([2.5, 0.0], [40.0, 6.0], 'by-hand-widened')
        """
        by = np.asarray(factor, dtype=np.float64)
        if not (by >= 1).all():
            msg = f"an interval is widened by a factor of 1 or more, not by {by}"
            raise ValueError(msg)
        some = self.value > 0
        value = np.where(some, self.value, 1.0)
        low = np.where(some, value * (self.low / value) ** by, self.low)
        high = np.where(some, value * (self.high / value) ** by, self.high * by)
        return Estimate(self.value, low, high, self.level, self.method and f"{self.method}-widened")


def tail_of(level: float) -> float:
    """Return the part of the error that lies beyond each end of a two-sided interval.

    >>> round(tail_of(0.95), 3)
    0.025
    """
    if not 0 < level < 1:
        msg = f"a confidence level lies between 0 and 1, not at {level}"
        raise ValueError(msg)
    return (1 - level) / 2
