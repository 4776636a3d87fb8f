"""How many cells there are of each class, with which traits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from cytoproc.simulate.laser import NOBODY, Codes, TraitBits

__all__ = ["Tally", "tally"]

_N_CODES = NOBODY + 1


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of cells by class and by their traits together, as a bit a trait in the order of `trait_names`."""

    trait_names: tuple[str, ...]
    cells: Mapping[tuple[str, int], int]

    def count(self, classes: Collection[str], traits: Collection[str] = ()) -> int:
        """Return how many cells are of one of these classes and have all these traits.

        >>> Tally(("PD-1+", "LAG-3+"), {("CAR_DN", 0): 5, ("CAR_DN", 3): 2, ("B", 0): 9}).count({"CAR_DN"}, ["LAG-3+"])
        2
        """
        if not set(traits) <= set(self.trait_names):
            return 0
        wanted = reduce(int.__or__, (1 << self.trait_names.index(t) for t in traits), 0)
        return sum(n for (name, bits), n in self.cells.items() if name in classes and bits & wanted == wanted)


def tally(names: tuple[str, ...], trait_names: tuple[str, ...], codes: Codes, traits: TraitBits) -> Tally:
    """Return the tally of cells given as codes (places in `names`; `NOBODY` is left out) and bits.

    >>> tally(("B", "NK"), ("x",), np.array([0, 1, 1, NOBODY], np.uint8), np.array([0, 1, 1, 0], np.uint16)).cells
    {('B', 0): 1, ('NK', 1): 2}
    """
    found = np.bincount(traits.astype(np.intp) * _N_CODES + codes)
    places = ((int(at) % _N_CODES, int(at) // _N_CODES) for at in np.flatnonzero(found))
    cells = {(names[code], bits): int(found[bits * _N_CODES + code]) for code, bits in places if code != NOBODY}
    return Tally(trait_names, cells)
