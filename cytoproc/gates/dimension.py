"""What a gate looks at: a channel or ratio, whether it is compensated, and on which scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cytoproc.errors import GateError
from cytoproc.model.events import FloatArray, Mask
from cytoproc.transforms.base import Transform
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.ratio import Ratio

__all__ = ["Columns", "Dimension", "Gate", "Measure", "RatioSource", "Units", "scaled_points"]


class Units(StrEnum):
    """In which units the coordinates of a gate are written.

    `LINEAR`: the numbers on a plot's axis. `SCALE`: what the dimension's scale makes of them (GatingML: full scale =
    1).
    """

    LINEAR = "linear"
    SCALE = "scale"


@dataclass(frozen=True, slots=True)
class RatioSource:
    """The ratio of two channels, a*(x - b)/(y - c): GatingML 2.0 `fratio`."""

    numerator: str
    denominator: str
    function: Ratio

    def __str__(self) -> str:
        """`CD3/CD19`."""
        return f"{self.numerator}/{self.denominator}"


class Measure(NamedTuple):
    """A column before any scale: what two dimensions share when only their scales differ."""

    source: str | RatioSource
    compensation: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis of a gate.

    Parameters
    ----------
    source
        A marker or channel by the name the template gives it, or a ratio of two.
    compensation
        `file` (the file's own matrix), `none`, or the name of a matrix. Channels that the matrix does not name are as
        measured in any case.
    scale
        How linear values are spread along the axis.
    """

    source: str | RatioSource
    compensation: str = "file"
    scale: Transform = Identity()

    @property
    def measure(self) -> Measure:
        """The column it reads, in linear units."""
        return Measure(self.source, self.compensation)

    @property
    def channels(self) -> tuple[str, ...]:
        """The one or two names it reads."""
        if isinstance(self.source, RatioSource):
            return (self.source.numerator, self.source.denominator)
        return (self.source,)


class Columns(Protocol):
    """The events of one population, column by column; a column is computed when it is first asked for."""

    def __len__(self) -> int:
        """How many events there are."""

    def get(self, measure: Measure) -> FloatArray:
        """Return one value an event, in linear units."""

    def member(self, path: str) -> Mask:
        """Return one boolean an event: in the population of that path or not."""


@runtime_checkable
class Gate(Protocol):
    """A geometry over dimensions. It has no name and no parent: those belong to a population."""

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What it looks at."""

    def contains(self, columns: Columns) -> Mask:
        """Return one boolean an event: inside or not."""


def scaled_points(
    dimensions: Sequence[Dimension], points: Iterable[Sequence[float]], units: Units
) -> npt.NDArray[np.float64]:
    """Return points of shape (points, dimensions) in scale units.

    Raises
    ------
    GateError
        If a coordinate is not finite, or lies where its scale has no value (below zero on a log scale).
    """
    rows = [list(p) for p in points]
    if {len(row) for row in rows} != {len(dimensions)}:
        msg = f"every point needs {len(dimensions)} coordinates, one a dimension"
        raise GateError(msg)
    given = np.array(rows, dtype=np.float64)
    scaled = (
        given
        if units is Units.SCALE
        else np.column_stack([d.scale.forward(given[:, i]) for i, d in enumerate(dimensions)])
    )
    if not np.isfinite(scaled).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(scaled))[0])
        where = f"{given[row, column]:g} on {dimensions[column].source}"
        msg = f"point {row + 1} has {where}, which has no place on its scale"
        raise GateError(msg)
    return scaled
