"""Something that goes wrong while a tube runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cytoproc.model.panel import Panel
from cytoproc.simulate.light import Signal

__all__ = ["Disturbance"]

_BEGINS_AT = 0.4
_LARGEST_SHARE_OF_A_RUN = 0.1


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A change of the flow or of the signals for a while, or of one detector over the whole run.

    Parameters
    ----------
    seconds
        How long, but at most a tenth of the run; it begins when 40 % of the run is over.
    rate
        Meanwhile events arrive so many times as fast; 0 is air in the line.
    signal
        Meanwhile all signals are so many times as high.
    drift
        A detector, and how many times as high its signal is at the end of the run as at its beginning.
    """

    seconds: float = 5.0
    rate: float = 1.0
    signal: float = 1.0
    drift: tuple[str, float] | None = None

    @property
    def _is_short(self) -> bool:
        return self.rate != 1 or self.signal != 1

    def span(self, run_s: float) -> tuple[float, float]:
        """Return when it begins and ends, in seconds, in a run that would take `run_s` without it.

        >>> Disturbance(rate=0.1).span(100.0), Disturbance(rate=0.1).span(20.0)
        ((40.0, 45.0), (8.0, 10.0))
        """
        if not self._is_short:
            return 0.0, run_s
        begin = _BEGINS_AT * run_s
        return begin, begin + min(self.seconds, _LARGEST_SHARE_OF_A_RUN * run_s)

    def times(self, steady_s: Signal, run_s: float) -> tuple[Signal, npt.NDArray[np.bool_]]:
        """Return when events arrive that would have arrived at `steady_s`, and which of them are disturbed.

        >>> times, disturbed = Disturbance(rate=0).times(np.array([0.0, 40.0, 100.0]), 100.0)
        >>> times.tolist(), disturbed.tolist()
        ([0.0, 45.0, 105.0], [False, False, False])
        """
        if not self._is_short:
            return steady_s, np.zeros(len(steady_s), dtype=bool)
        begin, end = self.span(run_s)
        flow = (end - begin) * self.rate  # so many seconds of the steady flow pass meanwhile
        inside = (steady_s >= begin) & (steady_s < begin + flow)
        after = steady_s >= begin + flow
        stretched = begin + (steady_s - begin) / (self.rate or 1.0)
        return np.where(inside, stretched, steady_s + after * (end - begin - flow)), inside

    def disturb(self, values: Signal, share_of_run: Signal, disturbed: npt.NDArray[np.bool_], panel: Panel) -> None:
        """Change signals, shape (channels, events), in place."""
        if self.signal != 1:
            values[:, disturbed] *= self.signal
        if self.drift:
            detector, factor = self.drift
            values[panel.index(detector)] *= 1 + (factor - 1) * share_of_run
