"""FCS files: keywords and channels checked, events read in pieces, files written.

The reader refuses what it would have to guess, with an :class:`~cytoproc.errors.FCSError` whose code says why. It lists
what it repaired. The codes are in :mod:`cytoproc.fcs.repairs`.
"""

from cytoproc.fcs.dataset import FCSDataset, read_dataset
from cytoproc.fcs.layout import Column, Layout
from cytoproc.fcs.reading import iter_events, read_events, read_fcs
from cytoproc.fcs.text import Keywords
from cytoproc.fcs.writing import write_fcs

__all__ = [
    "Column",
    "FCSDataset",
    "Keywords",
    "Layout",
    "iter_events",
    "read_dataset",
    "read_events",
    "read_fcs",
    "write_fcs",
]
