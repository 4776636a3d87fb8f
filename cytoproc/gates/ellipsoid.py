"""An ellipse on two dimensions, an ellipsoid on more."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cytoproc.errors import CompensationError, GateError
from cytoproc.gates.box import LinearBox
from cytoproc.gates.dimension import Columns, Dimension, Units, scaled_points
from cytoproc.model.events import Mask
from cytoproc.model.spillover import invert
from cytoproc.transforms.identity import Identity

__all__ = ["EllipsoidGate"]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class EllipsoidGate:
    """Events whose squared Mahalanobis distance from a centre is at most `distance_square` (GatingML 2.0).

    Parameters
    ----------
    axes
        The n dimensions.
    center
        n coordinates, in `units`.
    covariance
        n x n with an inverse, always in scale units: an ellipse is one only on its scale. So `units` may be linear only
        where all scales are the identity. The inequality is evaluated as written even for a matrix that is no
        covariance, because ISAC's compliance set holds such a gate; see `is_bounded`.
    distance_square
        Above 0.
    """

    axes: tuple[Dimension, ...]
    center: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    distance_square: float = 1.0
    units: Units = Units.SCALE
    _inverse: npt.NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _box: LinearBox = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the form and invert the covariance once."""
        n = len(self.axes)
        if self.units is Units.LINEAR and any(d.scale != Identity() for d in self.axes):
            msg = "an ellipse on a scale needs its centre and covariance in scale units: write units: scale"
            raise GateError(msg)
        lengths = {n, len(self.center), len(self.covariance), *(len(row) for row in self.covariance)}
        if n < 2 or lengths != {n}:
            msg = (
                f"an ellipse on n >= 2 dimensions needs n coordinates and an n x n covariance; here are {n} dimensions"
            )
            raise GateError(msg)
        matrix = np.array(self.covariance, dtype=np.float64)
        if not (np.isfinite(matrix).all() and 0 < self.distance_square < np.inf):
            msg = "an ellipse needs a finite covariance and a distance_square above 0"
            raise GateError(msg)
        if len({d.measure for d in self.axes}) != n:
            msg = "an ellipse names the same dimension twice"
            raise GateError(msg)
        center = scaled_points(self.axes, [self.center], Units.SCALE)[0]
        object.__setattr__(self, "_inverse", _inverse(matrix))
        with np.errstate(invalid="ignore"):
            reach = np.sqrt(self.distance_square * np.diag(matrix)) * (1 + _ROUNDING)
        half = reach if self.is_bounded else np.full(n, np.inf)
        object.__setattr__(self, "_box", LinearBox.around(self.axes, center - half, center + half))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """One an axis."""
        return self.axes

    @property
    def is_bounded(self) -> bool:
        """Whether the covariance is one, symmetric and positive definite, so that the gate has an outline."""
        matrix = np.array(self.covariance, dtype=np.float64)
        symmetric = np.allclose(matrix, matrix.T, rtol=_ROUNDING, atol=0)
        return bool(symmetric and np.linalg.eigvalsh(matrix).min() > 0)

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: on or inside the ellipse, or not."""
        positions, points = self._box.scaled_inside(columns)
        away = [points[:, i] - c for i, c in enumerate(self.center)]
        distance = np.zeros(len(points))
        for i, a in enumerate(away):
            distance += a * sum((b * self._inverse[j, i] for j, b in enumerate(away)), np.zeros(len(points)))
        inside = np.zeros(len(columns), dtype=np.bool_)
        inside[positions] = distance <= self.distance_square
        return inside


def _inverse(covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the inverse, found on axes of equal size: scatter beside a 0-1 scale makes no thin ellipse."""
    size = np.sqrt(np.abs(np.diag(covariance)))
    size = np.ldexp(1.0, np.frexp(np.where(size > 0, size, 1.0))[1])  # powers of two, which round nothing
    both: npt.NDArray[np.float64] = size[:, None] * size[None, :]
    try:
        return np.divide(invert(covariance / both), both)
    except CompensationError:
        msg = "an ellipse is too thin for its length to be computed with"
        raise GateError(msg) from None
