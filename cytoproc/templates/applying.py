"""A bound template applied to a file's events: exact counts, fitted gates, and whatever an observer wants to see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from cytoproc.gates.dimension import Gate
from cytoproc.gates.methods.base import FittedGate, Sketch
from cytoproc.model.events import EventTable
from cytoproc.model.paths import ROOT
from cytoproc.model.results import QCFlag
from cytoproc.templates.binding import BoundTemplate
from cytoproc.templates.columns import GatedChunk

__all__ = ["GatedSample", "Observer", "gate_events"]

_BELOW_THE_LARGEST_LIMIT = 31 << 20


class Observer(Protocol):
    """Looks at every chunk once all its gates are known."""

    def observe(self, chunk: GatedChunk) -> None:
        """Take what is wanted from the chunk; its events are gone afterwards."""


@dataclass(frozen=True, slots=True)
class GatedSample:
    """How many events each population has.

    Parameters
    ----------
    n_events
        All events of the file.
    n_nonfinite
        Those left out of `root` because a channel that the template reads is not a finite number.
    counts
        Events by population path, `root` included.
    fitted
        The gate that each method found, by path.
    """

    n_events: int
    n_nonfinite: int
    counts: Mapping[str, int]
    fitted: Mapping[str, FittedGate]

    def flags(self) -> Iterator[QCFlag]:
        """Yield what was noticed about the events."""
        if self.n_nonfinite:
            left_out = f"{self.n_nonfinite} of {self.n_events} events hold a value that is not a finite number"
            yield QCFlag("EVENTS_NOT_FINITE", f"{left_out} and are left out")
        if not self.n_events:
            yield QCFlag("NO_EVENTS", "the file holds no events")
        for path, fitted in self.fitted.items():
            if fitted.source == "FALLBACK":
                yield QCFlag("GATE_FALLBACK", f"{path}: {fitted.note}")


def gate_events(
    chunks: Callable[[], Iterable[EventTable]], bound: BoundTemplate, *, observers: Sequence[Observer] = ()
) -> GatedSample:
    """Return the counts of every population.

    Parameters
    ----------
    chunks
        Gives the file's events from the start, each time it is called: once if all gates are fixed or the file is
        one chunk, else once more for each level of fitted gates, those below another fitted gate being the next
        level. Memory holds one chunk.
    bound
        The template, bound to this file.
    observers
        Shown every chunk in the last round.
    """
    _keep_freed_memory()
    template = bound.template
    gates: dict[str, Gate] = dict(template.fixed)
    fitted: dict[str, FittedGate] = {}
    chunk_source = _ChunkSource(chunks, bound, gates)
    for methods in template.rounds:
        sketches: dict[str, Sketch] = {}
        for chunk in chunk_source:
            for path, method in methods.items():
                sketch = method.sketch(chunk.population(template.step(path).parent))
                sketches[path] = sketches[path] + sketch if path in sketches else sketch
        for path, method in methods.items():
            fitted[path] = method.fit(sketches[path])
            gates[path] = fitted[path].gate
    counts = dict.fromkeys((ROOT, *template.paths), 0)
    n_events = n_nonfinite = 0
    for chunk in chunk_source:
        n_events += len(chunk.events)
        n_nonfinite += chunk.n_nonfinite
        for path in counts:
            counts[path] += len(chunk.population(path))
        for observer in observers:
            observer.observe(chunk)
    chunk_source.release()
    return GatedSample(n_events, n_nonfinite, counts, fitted)


@cache
def _keep_freed_memory() -> None:
    """Let glibc reuse the memory of one chunk for the next.

    By itself it gives large arrays back to the system each time. Freeing one large block, never touched, raises its
    limits for that (mallopt(3), dynamic M_MMAP_THRESHOLD). Measured on a million events: half the CPU time. Other
    allocators take no notice.
    """
    np.empty(_BELOW_THE_LARGEST_LIMIT, dtype=np.uint8)


class _ChunkSource:
    """Gives the gated chunks of a file, round after round; a file of one chunk is read and gated once."""

    def __init__(
        self, chunks: Callable[[], Iterable[EventTable]], bound: BoundTemplate, gates: Mapping[str, Gate]
    ) -> None:
        self._chunks = chunks
        self._bound = bound
        self._gates = gates
        self._only: GatedChunk | None = None

    def release(self) -> None:
        """Forget the one chunk that was kept for further rounds."""
        if self._only is not None:
            self._only.release()

    def __iter__(self) -> Iterator[GatedChunk]:
        if self._only is not None:
            yield self._only
            return
        n = 0
        chunk = None
        for events in self._chunks():
            if chunk is not None:
                chunk.release()
            chunk = GatedChunk(events, self._bound, self._gates)
            n += 1
            yield chunk
        if n > 1 and chunk is not None:
            chunk.release()
            return
        if chunk is None:
            empty = EventTable(np.empty((0, len(self._bound.panel)), dtype=np.float32), self._bound.panel)
            chunk = GatedChunk(empty, self._bound, self._gates)
            yield chunk
        self._only = chunk
