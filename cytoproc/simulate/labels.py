"""What each event of a file truly is, as a table."""

from __future__ import annotations

import gzip

import numpy as np

from cytoproc.simulate.tube import DOUBLET, NOBODY, SimulatedTube

__all__ = ["HEADER", "format_labels"]

HEADER = "class,first,second,traits,disturbed"
"""The class; of a doublet its two cells; traits joined by `;`, those of a doublet's two cells by `|`; 0 or 1."""

_LEVEL = 1  # the text repeats itself: more effort gains little


def format_labels(tube: SimulatedTube) -> bytes:
    """Return a gzipped CSV, one row an event in file order; the same bytes for the same tube.

    >>> from cytoproc.simulate.parameters import read_kind
    >>> from cytoproc.simulate.tube import TubeContents, acquire
    >>> tube = acquire(TubeContents(read_kind("T", "autologous"), {"NK": 1}), rng=np.random.default_rng(1))
    >>> gzip.decompress(format_labels(tube)).decode().splitlines()
    ['class,first,second,traits,disturbed', 'NK,,,,0']
    """
    parts = (tube.first, tube.second, tube.first_traits, tube.second_traits, tube.disturbed)
    key = np.zeros(len(tube.first), dtype=np.int64)
    for part in parts:
        key <<= 8 * part.dtype.itemsize
        key |= part
    _, first_at, row = np.unique(key, return_index=True, return_inverse=True)
    lines = [_line(tube, int(at)) for at in first_at]  # few of them differ
    text = (HEADER + "\n").encode() + b"".join(map(lines.__getitem__, row.tolist()))
    return gzip.compress(text, _LEVEL, mtime=0)


def _line(tube: SimulatedTube, at: int) -> bytes:
    one, other = int(tube.first[at]), int(tube.second[at])
    traits = _traits(tube, int(tube.first_traits[at]))
    cells = [tube.names[one], "", "", traits]
    if other != NOBODY:
        cells = [DOUBLET, tube.names[one], tube.names[other], f"{traits}|{_traits(tube, int(tube.second_traits[at]))}"]
    return f"{','.join(cells)},{int(tube.disturbed[at])}\n".encode()


def _traits(tube: SimulatedTube, bits: int) -> str:
    return ";".join(name for i, name in enumerate(tube.trait_names) if bits & 1 << i)
