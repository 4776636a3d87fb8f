"""A chunk of events as the gates see it: populations, and columns that are computed when first asked for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cytoproc.compensation import compensate_column
from cytoproc.gates.dimension import Gate, Measure, RatioSource
from cytoproc.model.events import EventTable, FloatArray, Indices, Mask
from cytoproc.model.paths import ROOT
from cytoproc.templates.binding import BoundTemplate

__all__ = ["GatedChunk", "PopulationColumns"]

_LARGEST = np.float64(1e150)


class GatedChunk:
    """Some events of one file, and every population among them that has been asked for.

    Parameters
    ----------
    events
        The chunk.
    bound
        The template and where its markers are.
    gates
        The gate of every population, fitted ones included; may grow between questions.
    """

    __slots__ = ("_masks", "_populations", "bound", "events", "gates", "n_nonfinite")

    def __init__(self, events: EventTable, bound: BoundTemplate, gates: Mapping[str, Gate]) -> None:
        self.events = events
        self.bound = bound
        self.gates = gates
        finite = _finite_rows(events, bound.columns_read)
        self.n_nonfinite = 0 if finite is None else len(events) - len(finite)
        self._populations = {ROOT: PopulationColumns(self, finite, None, None)}
        self._masks: dict[str, Mask] = {}

    def population(self, path: str) -> PopulationColumns:
        """Return the events of a population; its parents are gated first if they have not been."""
        found = self._populations.get(path)
        if found is None:
            parent = self.population(self.bound.template.step(path).parent)
            found = parent.narrow(self.gates[path].contains(parent)) if len(parent) else parent
            self._populations[path] = found
        return found

    def release(self) -> None:
        """Forget every column and mask.

        Chunk and populations hold each other, so their memory would wait for the collector.
        """
        self._populations.clear()
        self._masks.clear()

    def mask(self, path: str) -> Mask:
        """Return one boolean an event of the chunk: in the population or not."""
        found = self._masks.get(path)
        if found is None:
            rows = self.population(path).rows
            found = np.zeros(len(self.events), dtype=np.bool_)
            found[slice(None) if rows is None else rows] = True
            self._masks[path] = found
        return found


class PopulationColumns:
    """The events of one population of a chunk: a :class:`~cytoproc.gates.dimension.Columns`.

    `rows` are their places in the chunk, None for all of it.
    """

    __slots__ = ("_chunk", "_detectors", "_held", "_parent", "_positions", "rows")

    def __init__(
        self, chunk: GatedChunk, rows: Indices | None, parent: PopulationColumns | None, positions: Indices | None
    ) -> None:
        self._chunk = chunk
        self.rows = rows
        self._parent = parent
        self._positions = positions
        self._held: dict[Measure, FloatArray] = {}
        self._detectors: dict[str, npt.NDArray[np.float64]] = {}

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._chunk.events) if self.rows is None else len(self.rows)

    def narrow(self, inside: Mask) -> PopulationColumns:
        """Return those of these events that are inside."""
        positions = np.flatnonzero(inside)
        rows = positions if self.rows is None else self.rows[positions]
        return PopulationColumns(self._chunk, rows, self, positions)

    def member(self, path: str) -> Mask:
        """Return one boolean an event: in the population of that path or not."""
        mask = self._chunk.mask(path)
        return mask if self.rows is None else mask[self.rows]

    def get(self, measure: Measure) -> FloatArray:
        """Return one value an event, in linear units."""
        found = self._inherited(measure)
        if found is None:
            found = self._computed(measure)
            self._held[measure] = found
        return found

    def _inherited(self, measure: Measure) -> FloatArray | None:
        """Return a column that these events or an ancestor's already have."""
        found = self._held.get(measure)
        if found is None and self._parent is not None and self._positions is not None:
            above = self._parent._inherited(measure)
            if above is not None:
                found = above.take(self._positions)
                self._held[measure] = found
        return found

    def _computed(self, measure: Measure) -> FloatArray:
        source, compensation = measure
        if isinstance(source, RatioSource):
            x = self.get(Measure(source.numerator, compensation))
            y = self.get(Measure(source.denominator, compensation))
            return source.function.apply(x, y)
        bound = self._chunk.bound
        column = bound.index[source]
        undoing = bound.undoing.get(compensation)
        if undoing is None or column not in undoing.coefficients:
            return np.ascontiguousarray(self._chunk.events.column(column, self.rows))
        return compensate_column(list(self._light(compensation)), undoing.coefficients[column])

    def _light(self, compensation: str) -> npt.NDArray[np.float64]:
        """Return what every detector of a matrix saw: shape (detectors, events)."""
        found = self._inherited_light(compensation)
        if found is None:
            detectors = self._chunk.bound.undoing[compensation].detectors
            found = self._chunk.events.columns(detectors, self.rows)
            self._detectors[compensation] = found
        return found

    def _inherited_light(self, compensation: str) -> npt.NDArray[np.float64] | None:
        found = self._detectors.get(compensation)
        if found is None and self._parent is not None and self._positions is not None:
            above = self._parent._inherited_light(compensation)
            if above is not None:
                found = above.take(self._positions, axis=1)
                self._detectors[compensation] = found
        return found


def _finite_rows(events: EventTable, columns: tuple[int, ...]) -> Indices | None:
    """Return the rows that are finite numbers in every one of the columns, None if all are.

    A number that would overflow once it is scaled and compensated is taken for infinite.
    """
    values = events.values
    if not len(events) or (float(values.max()) <= _LARGEST and float(values.min()) >= -_LARGEST):
        return None
    finite = (np.abs(values[:, list(columns)]) <= _LARGEST).all(axis=1)
    return None if finite.all() else np.flatnonzero(finite)
