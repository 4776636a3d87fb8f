"""What is taken from the events besides counts, chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cytoproc.gates.dimension import Measure
from cytoproc.model.events import FloatArray, Mask
from cytoproc.model.results import Intensity
from cytoproc.templates.columns import GatedChunk
from cytoproc.templates.template import GatingTemplate

__all__ = ["Intensities", "Memberships", "Overlaps"]


class Intensities:
    """Medians and geometric means that the report asks for, exact whatever the chunks or the order of events.

    In linear units, compensated as the template says by default. A geometric mean is of the positive values only.
    """

    def __init__(self, template: GatingTemplate) -> None:
        self._wanted = [(item.population, i.marker, i.statistic) for item in template.report for i in item.intensities]
        self._compensation = template.compensation
        self._values: dict[tuple[str, str], list[FloatArray]] = {(path, marker): [] for path, marker, _ in self._wanted}

    def observe(self, chunk: GatedChunk) -> None:
        """Keep the asked columns of the asked populations."""
        for (path, marker), kept in self._values.items():
            kept.append(np.array(chunk.population(path).get(Measure(marker, self._compensation))))

    def results(self) -> tuple[Intensity, ...]:
        """Return one value for each that was asked; NaN for an empty population."""
        columns = {key: np.concatenate([c.astype(np.float64) for c in kept]) for key, kept in self._values.items()}
        return tuple(
            Intensity(path, marker, statistic, _STATISTICS[statistic](columns[path, marker]))
            for path, marker, statistic in self._wanted
        )


def _median(values: npt.NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _geo_mean(values: npt.NDArray[np.float64]) -> float:
    positive = np.sort(values[values > 0])  # sorted, so that the order of events cannot move the last digit
    return float(np.exp(np.mean(np.log(positive)))) if len(positive) else float("nan")


_STATISTICS = {"median": _median, "geo_mean": _geo_mean}


class Overlaps:
    """How many events of a population are also in another: for percentages of something that is no ancestor."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.counts = dict.fromkeys(pairs, 0)

    def observe(self, chunk: GatedChunk) -> None:
        """Count the events in both."""
        for path, other in self.counts:
            self.counts[path, other] += int(np.count_nonzero(chunk.population(path).member(other)))


class Memberships:
    """One boolean an event and population, in file order."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._parts: dict[str, list[Mask]] = {path: [] for path in paths}

    def observe(self, chunk: GatedChunk) -> None:
        """Keep the masks."""
        for path, parts in self._parts.items():
            parts.append(chunk.mask(path))

    def masks(self) -> dict[str, Mask]:
        """Return one mask a population, over all events of the file."""
        return {path: np.concatenate(parts) for path, parts in self._parts.items()}
