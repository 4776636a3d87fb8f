"""The matrix of leaks between detectors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cytoproc.errors import CompensationError

__all__ = ["Spillover"]


@dataclass(frozen=True, slots=True, eq=False)
class Spillover:
    """How much of each fluorochrome's light every detector sees.

    Parameters
    ----------
    detectors
        `$PnN` of the n channels, in the matrix's order.
    matrix
        Shape (n, n): row = fluorochrome, column = detector, diagonal 1.
    source
        Where it was found: a keyword such as `$SPILLOVER`, or a file's name.
    """

    detectors: tuple[str, ...]
    matrix: npt.NDArray[np.float64]
    source: str = ""
    inverse: npt.NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the shape, keep read-only views, and invert once."""
        n = len(self.detectors)
        if self.matrix.shape != (n, n):
            msg = f"spillover matrix of shape {self.matrix.shape} does not fit {n} detectors"
            raise CompensationError(msg, code="SPILL_SHAPE")
        if len(set(self.detectors)) != n:
            twice = sorted({d for d in self.detectors if self.detectors.count(d) > 1})
            msg = f"spillover matrix names a detector twice: {', '.join(twice)}"
            raise CompensationError(msg, code="SPILL_DUPLICATE_DETECTOR")
        if not np.isfinite(self.matrix).all():
            msg = "spillover matrix holds a value that is not a finite number"
            raise CompensationError(msg, code="SPILL_NOT_FINITE")
        try:
            inverse = np.linalg.inv(self.matrix)
        except np.linalg.LinAlgError:
            msg = "spillover matrix has no inverse: two of its rows say the same"
            raise CompensationError(msg, code="SPILL_SINGULAR") from None
        for name, array in (("matrix", self.matrix), ("inverse", inverse)):
            view = np.asarray(array, dtype=np.float64).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)
