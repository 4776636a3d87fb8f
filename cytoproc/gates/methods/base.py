"""What every gating method is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cytoproc.gates.dimension import Columns, Dimension, Gate

__all__ = ["FittedGate", "GatingMethod", "Sketch"]

Sketch = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FittedGate:
    """The gate that a method found in one sample.

    `source` is where it comes from (`FILE`, `FALLBACK`, ...); `note` says in words how it was found or why not.
    """

    gate: Gate
    source: str
    note: str


@runtime_checkable
class GatingMethod(Protocol):
    """Finds a gate in a population's events.

    It sees the events only as a sketch, a histogram of fixed bins. Sketches add up: over the chunks of a file, or
    over the files of a batch, in any order, with the same result.
    """

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What it looks at."""

    def sketch(self, columns: Columns) -> Sketch:
        """Return the histogram of these events."""

    def fit(self, sketch: Sketch) -> FittedGate:
        """Return the gate that the sketched events ask for."""
