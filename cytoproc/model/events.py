"""Events: the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cytoproc.model.panel import FloatArray, Panel

__all__ = ["EventTable", "FloatArray", "Indices", "Mask", "Stage"]

Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


class Stage(StrEnum):
    """What has been done to the light."""

    RAW = "raw"
    COMPENSATED = "compensated"


@dataclass(frozen=True, slots=True, eq=False)
class EventTable:
    """Events by channels, as stored, with what is needed to read them.

    Parameters
    ----------
    values
        Shape (events, channels), float32 or float64: the numbers the file stores. :meth:`column` gives linear ones.
    panel
        One channel a column.
    stage
        Whether spillover has been undone.
    """

    values: FloatArray
    panel: Panel
    stage: Stage = Stage.RAW

    def __post_init__(self) -> None:
        """Check the shape and keep a view that cannot be written through."""
        if self.values.ndim != 2 or self.values.shape[1] != len(self.panel):
            msg = f"values of shape {self.values.shape} do not fit a panel of {len(self.panel)} channels"
            raise ValueError(msg)
        view = self.values.view()
        view.flags.writeable = False
        object.__setattr__(self, "values", view)

    def __len__(self) -> int:
        """How many events there are."""
        return int(self.values.shape[0])

    def column(self, index: int, rows: Indices | None = None) -> FloatArray:
        """Return one channel in linear units, for all events or for those in `rows`."""
        stored = self.values[:, index] if rows is None else self.values[rows, index]
        return self.panel.channels[index].linearize(stored)

    def columns(self, indices: Sequence[int], rows: Indices | None = None) -> npt.NDArray[np.float64]:
        """Return several channels in linear units, shape (channels, events), contiguous float64."""
        rows_first = (
            self.values if rows is None else self.values.take(rows, axis=0)
        )  # whole rows lie together in memory
        out = np.empty((len(indices), len(rows_first)), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            for k, j in enumerate(indices):
                out[k] = self.panel.channels[j].linearize(rows_first[:, j])
        return out

    def linear(self) -> npt.NDArray[np.float64]:
        """Return all values in linear units, as a new float64 array of shape (events, channels)."""
        out = np.empty(self.values.shape, dtype=np.float64)
        with np.errstate(invalid="ignore"):  # a signalling NaN of the file becomes a quiet one
            for j in range(len(self.panel)):
                out[:, j] = self.column(j)
        return out

    def advance(self, values: FloatArray, stage: Stage) -> EventTable:
        """Return a table of linear `values` at another stage; its channels need no further reading."""
        channels = tuple(replace(c, decades=0.0, gain=1.0, time_step_s=1.0) for c in self.panel.channels)
        return EventTable(values, Panel(channels), stage)
