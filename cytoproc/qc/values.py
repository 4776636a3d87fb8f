"""Values that no cell gives: not a number, infinite, at the end of the range, or far below zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from cytoproc.model.panel import ChannelKind, Panel
from cytoproc.model.results import QCFlag
from cytoproc.templates.columns import GatedChunk

__all__ = ["OddValues"]

MANY_SATURATED = 0.05
"""The part of a channel's events at the end of its range from which somebody is told."""
FAR_BELOW = 0.1
"""A part of the range; noise around zero, after a baseline is restored, reaches about a tenth of this below it."""
_MOST_NAMED = 6


class OddValues:
    """Counts values as stored, in every channel but time, of all events of a file; flags are of channels that are read.

    A value is saturated at or above the last step of the channel's range (`$PnR` - 1), and far below zero under minus a
    tenth of it. A channel without a range of its own has neither.

    Parameters
    ----------
    panel
        The channels of the file.
    read
        The columns that any number depends on; what is odd elsewhere is counted only.
    """

    def __init__(self, panel: Panel, read: Iterable[int]) -> None:
        self._read = sorted(read)
        self._titles = [c.title for c in panel.channels]
        self._looked_at = np.array([c.kind is not ChannelKind.TIME for c in panel.channels], dtype=np.bool_)
        has_range = np.array([np.isfinite(c.top) and c.top > 1 for c in panel.channels], dtype=np.bool_)
        tops = np.array([c.top for c in panel.channels], dtype=np.float64)
        has_end = has_range & np.array([c.kind in _MEASURING for c in panel.channels], dtype=np.bool_)
        self._high = np.where(has_end, tops - 1, np.inf)
        self._low = np.where(has_end, -FAR_BELOW * tops, -np.inf)
        self._counts = {name: np.zeros(len(panel), dtype=np.int64) for name in _KINDS}
        self._n_events = 0

    def observe(self, chunk: GatedChunk) -> None:
        """Count what is odd in a chunk."""
        values = chunk.events.values
        self._n_events += len(values)
        if not len(values):
            return
        with np.errstate(invalid="ignore"):
            lowest, highest = values.min(axis=0), values.max(axis=0)
            plain = (lowest >= self._low) & (highest < self._high)  # a NaN is never plain
            plain &= np.isfinite(lowest) & np.isfinite(highest)
            for j in np.flatnonzero(self._looked_at & ~plain):
                self._count(int(j), values[:, j])

    def _count(self, j: int, column: npt.NDArray[np.floating]) -> None:
        for name, is_odd in _KINDS.items():
            self._counts[name][j] += np.count_nonzero(is_odd(column, self._low[j], self._high[j]))

    def counts(self) -> tuple[tuple[str, str, int], ...]:
        """Return what was found as (what, channel, number of events), each that is not zero."""
        return tuple(
            (name, self._titles[j], int(n)) for name, found in self._counts.items() for j, n in enumerate(found) if n
        )

    def flags(self) -> Iterator[QCFlag]:
        """Yield what somebody must be told: any value that is none, and as many at an end that medians move."""
        for code, names, text in _FLAGS:
            found = np.sum([self._counts[name] for name in names], axis=0)
            if seen := [f"{self._titles[j]} {found[j]}" for j in self._read if found[j]]:
                yield QCFlag(code, f"{text}, events by channel: {_named(seen)}")
        shares = self._counts["saturated"] / max(self._n_events, 1)
        if seen := [f"{self._titles[j]} {100 * shares[j]:.1f} %" for j in self._read if shares[j] > MANY_SATURATED]:
            message = f"events at the end of the range, which are brighter than they seem: {_named(seen)}"
            yield QCFlag("VALUES_SATURATED", message)


_MEASURING = (ChannelKind.FLUORESCENCE, ChannelKind.SCATTER)
_Test = Callable[[npt.NDArray[np.floating], float, float], npt.NDArray[np.bool_]]
_KINDS: dict[str, _Test] = {
    "nan": lambda column, low, high: np.isnan(column),
    "infinite": lambda column, low, high: np.isinf(column),
    "saturated": lambda column, low, high: np.isfinite(column) & (column >= high),
    "far_below_zero": lambda column, low, high: np.isfinite(column) & (column < low),
}
_FLAGS = (
    ("VALUES_NOT_FINITE", ("nan", "infinite"), "values that are no finite number"),
    ("VALUES_FAR_BELOW_ZERO", ("far_below_zero",), "values below minus a tenth of the range, which no cell gives"),
)


def _named(seen: list[str]) -> str:
    """Return the first of a list, and how many more there are."""
    more = f" and {len(seen) - _MOST_NAMED} more channels" if len(seen) > _MOST_NAMED else ""
    return ", ".join(seen[:_MOST_NAMED]) + more
