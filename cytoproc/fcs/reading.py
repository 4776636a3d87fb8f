"""From bytes to events."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from cytoproc.errors import UsageError
from cytoproc.fcs.dataset import FCSDataset, read_dataset
from cytoproc.fcs.decoding import Decoder
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.source import Source
from cytoproc.model.events import EventTable

__all__ = ["iter_events", "read_events", "read_fcs"]

_CHUNK_BYTES = 1 << 19


def read_fcs(
    path: str | os.PathLike[str], dataset: int | None = None, *, strict: bool = False
) -> tuple[FCSDataset, EventTable]:
    """Return a data set and all its events: :func:`read_dataset`, then :func:`read_events`."""
    found = read_dataset(path, dataset, strict=strict)
    return found, read_events(found)


def read_events(dataset: FCSDataset) -> EventTable:
    """Return all events of a data set, as stored: shape (events, channels), float32 if that is exact, else float64.

    Raises
    ------
    FCSError
        FCS_CHANGED if the file is not the one that was checked, FCS_INTEGER_TOO_LARGE, FCS_CANNOT_OPEN.
    """
    values = np.empty((dataset.n_events, len(dataset.panel)), dataset.layout.storage)
    size = max(
        1, _CHUNK_BYTES // dataset.layout.row_bytes
    )  # what fits the processor's cache is swapped while it is there
    with _open(dataset) as source:
        decoder = Decoder(dataset.layout, min(size, dataset.n_events), source.path.name)
        for start in range(0, dataset.n_events, size):
            decoder.read(source, values[start : start + size])
    return EventTable(values, dataset.panel)


def iter_events(dataset: FCSDataset, size: int = 65_536) -> Iterator[EventTable]:
    """Go through the events of a data set, up to `size` at a time, in one buffer that is used again.

    A table holds good until the next one is asked for: copy what should last. The file is closed when the walk ends, is
    left or fails. Memory depends on `size`, not on the file.

    Raises
    ------
    UsageError
        If `size` is below 1.
    FCSError
        As :func:`read_events`.
    """
    if size < 1:
        message = f"size is {size}; a chunk has at least 1 event"
        raise UsageError(message)
    return _chunks(dataset, min(size, dataset.n_events))


def _chunks(dataset: FCSDataset, size: int) -> Iterator[EventTable]:
    buffer = np.empty((size, len(dataset.panel)), dataset.layout.storage)
    with _open(dataset) as source:
        decoder = Decoder(dataset.layout, size, source.path.name)
        for start in range(0, dataset.n_events, size or 1):
            values = buffer[: dataset.n_events - start]
            decoder.read(source, values)
            yield EventTable(values, dataset.panel)


def _open(dataset: FCSDataset) -> Source:
    """Return the file, at the first event."""
    source = Source.open(dataset.path)
    if source.size != dataset.file_size:
        source.file.close()
        text = f"has {source.size} bytes, and had {dataset.file_size} when it was checked."
        Findings(dataset.path.name).refuse("FCS_CHANGED", text)
    source.file.seek(dataset.layout.offset)
    return source
