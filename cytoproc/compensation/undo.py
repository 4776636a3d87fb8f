"""Spillover undone: for a whole table, or one channel at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cytoproc.errors import CompensationError
from cytoproc.model.events import EventTable, Stage
from cytoproc.model.spillover import Spillover

__all__ = ["compensate", "compensate_column"]

Column = npt.NDArray[np.float64]


def compensate(events: EventTable, spillover: Spillover) -> EventTable:
    """Return the events as if no fluorochrome spilled into another's detector.

    Measured light is the true signal times the spillover matrix, so the true signal is found by the inverse of that
    matrix (Bagwell & Adams 1993, Ann N Y Acad Sci 677:167). Channels that the matrix does not name (scatter, time) keep
    their values, in linear units.

    Parameters
    ----------
    events
        At stage RAW. Stored values are made linear first, as leaks add up in linear units only.
    spillover
        Its detectors must be channels of the events.

    Returns
    -------
    EventTable
        Shape (events, channels), float64, linear, at stage COMPENSATED.

    Raises
    ------
    CompensationError
        `COMPENSATED_TWICE`, if the events are compensated already: doing it twice would go unseen.
    PanelError
        If a detector is not a channel of the events, or is there more than once.

    Examples
    --------
    >>> from cytoproc.model.panel import Channel, Panel
    >>> panel = Panel((Channel("FITC-A"), Channel("PE-A")))
    >>> seen = EventTable(np.array([[100.0, 25.0]]), panel, Stage.RAW)
    >>> matrix = np.array([[1.0, 0.25], [0.0, 1.0]])  # a quarter of FITC reaches PE
    >>> compensate(seen, Spillover(("FITC-A", "PE-A"), matrix)).values
    array([[100.,   0.]])
    """
    if events.stage is not Stage.RAW:
        msg = (
            f"can only compensate raw events, these are {events.stage.value}. Compensate the events as they were read."
        )
        raise CompensationError(msg, code="COMPENSATED_TWICE")
    targets = [events.panel.index(d) for d in spillover.detectors]
    values = np.empty(events.values.shape, order="F")
    for j in range(len(events.panel)):
        values[:, j] = events.column(j)
    seen = [values[:, j].copy() for j in targets]
    for target, coefficients in zip(targets, spillover.inverse.T, strict=True):
        values[:, target] = compensate_column(seen, coefficients)
    return events.advance(values, Stage.COMPENSATED)


def compensate_column(columns: Sequence[Column], coefficients: Column) -> Column:
    """Return one channel compensated: the sum of columns times coefficients.

    Summed in the order given, each product rounded before it is added, so an event has the same bits alone, among any
    others, and on any processor. A coefficient of exactly 0 is left out: a non-finite value there does not spread.

    Parameters
    ----------
    columns
        n columns of linear values, shape (events,), in the order of the matrix's detectors. A column whose coefficient
        is 0 is not looked at.
    coefficients
        Shape (n,): the column `inverse[:, j]` for detector j.

    Returns
    -------
    Column
        Shape (events,), new.

    Examples
    --------
    >>> compensate_column([np.array([100.0]), np.array([25.0])], np.array([-0.25, 1.0]))
    array([0.])
    """
    terms = [(column, c) for column, c in zip(columns, coefficients.tolist(), strict=True) if c != 0.0]
    (column, c), *others = terms
    total: Column = np.multiply(column, c, dtype=np.float64)
    product = np.empty_like(total)
    for column, c in others:
        np.multiply(column, c, out=product, dtype=np.float64)
        total += product
    return total
