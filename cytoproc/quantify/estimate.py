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


def tail_of(level: float) -> float:
    """Return the part of the error that lies beyond each end of a two-sided interval.

    >>> round(tail_of(0.95), 3)
    0.025
    """
    if not 0 < level < 1:
        msg = f"a confidence level lies between 0 and 1, not at {level}"
        raise ValueError(msg)
    return (1 - level) / 2
