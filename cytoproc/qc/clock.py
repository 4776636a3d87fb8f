"""The time channel: how long an acquisition took, and whether its clock can be believed."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from cytoproc.model.panel import ChannelKind, Panel
from cytoproc.model.results import QCFlag
from cytoproc.templates.columns import GatedChunk

__all__ = ["Clock"]

_NEAR_AN_END = 0.02
_OUT_OF_STEP_S = 1.0
_OUT_OF_STEP_PART = 0.01

FloatArray = npt.NDArray[np.float64]


class Clock:
    """Watches the time channel go by.

    A clock that begins again at the end of its range has wrapped: time falls from within 2 % of the top of the range
    (`$PnR`) to within 2 % of zero, and a lap is added for each. Any other fall is time that runs back: the file was
    put together from several, its events are out of order, or the instrument set its clock.

    Parameters
    ----------
    panel
        The channels; without one of time nothing is seen.
    has_unit
        Whether the file says what a step of the clock is, in seconds.
    """

    def __init__(self, panel: Panel, *, has_unit: bool) -> None:
        kinds = [c.kind for c in panel.channels]
        self._column = kinds.index(ChannelKind.TIME) if ChannelKind.TIME in kinds else None
        self._lap = _lap(panel, self._column)
        self._has_unit = has_unit
        self._n = self._n_not_finite = self._n_falls = self._n_laps = 0
        self._before = math.nan
        self._furthest_fall = 0.0
        self._stored, self._unrolled = _Span(), _Span()

    def observe(self, chunk: GatedChunk) -> None:
        """Look at the time of every event of a chunk, which follows the one before it."""
        if self._column is None:
            return
        time = np.asarray(chunk.events.column(self._column), dtype=np.float64)
        finite = time[np.isfinite(time)]
        self._n_not_finite += len(time) - len(finite)
        if not len(finite):
            return
        self._n += len(finite)
        steps = np.diff(finite, prepend=finite[0] if math.isnan(self._before) else self._before)
        self._before = float(finite[-1])
        laps = self._laps(finite, steps)
        self._stored.widen(finite)
        self._unrolled.widen(finite + self._lap * laps if self._n_laps else finite)

    def _laps(self, time: FloatArray, steps: FloatArray) -> npt.NDArray[np.int64]:
        """Return how many laps lie before each event; count the falls that end none."""
        back = steps < 0
        near = _NEAR_AN_END * self._lap
        wraps = back & (time <= near) & (time - steps >= self._lap - near) & np.isfinite(near)
        falls = -steps[back & ~wraps]
        self._n_falls += len(falls)
        self._furthest_fall = max(self._furthest_fall, float(falls.max(initial=0.0)))
        laps = self._n_laps + np.cumsum(wraps)
        self._n_laps = int(laps[-1])
        return laps

    @property
    def _runs_back(self) -> bool:
        span = self._stored.length
        least = min(_OUT_OF_STEP_S, _OUT_OF_STEP_PART * span) if self._has_unit else _OUT_OF_STEP_PART * span
        return self._furthest_fall > least

    @property
    def seconds(self) -> float | None:
        """How long it took; None if the file has no time, or does not say in what unit.

        If time runs back, laps cannot be told from it, and this is the time from the earliest event to the latest.
        """
        if not self._has_unit or not self._n:
            return None
        return (self._stored if self._runs_back else self._unrolled).length

    def flags(self) -> Iterator[QCFlag]:
        """Yield what is odd about the clock."""
        if self._n_not_finite:
            yield QCFlag("TIME_NOT_FINITE", f"{self._n_not_finite} events have a time that is no finite number")
        if self._n > 1 and self._stored.length == 0:
            yield QCFlag("TIME_STANDS_STILL", f"all {self._n} events have the same time")
        if self._runs_back:
            fall = f"{self._furthest_fall:.4g}{' s' if self._has_unit else ''}"
            message = (
                f"time runs back {self._n_falls + self._n_laps} times, by up to {fall}: events are not in the order in "
                "which they were measured, or several acquisitions are in one file"
            )
            yield QCFlag("TIME_RUNS_BACK", message)
        elif self._n_laps:
            message = f"the clock began again {self._n_laps} times at the end of its range; each time counts as a lap"
            yield QCFlag("TIME_WRAPS", message)


class _Span:
    """From the least value to the greatest."""

    def __init__(self) -> None:
        self._low, self._high = math.inf, -math.inf

    def widen(self, values: FloatArray) -> None:
        self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))

    @property
    def length(self) -> float:
        return max(self._high - self._low, 0.0)


def _lap(panel: Panel, column: int | None) -> float:
    """Return the range of the clock in its linear units; infinite if it has none."""
    if column is None:
        return math.inf
    channel = panel.channels[column]
    lap = channel.top * channel.time_step_s
    return lap if lap > 0 else math.inf
