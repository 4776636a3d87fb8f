"""Events written by hand: the smallest thing a gate can look at."""

import numpy as np

from cytoproc.gates.dimension import RatioSource


class Events:
    """Columns by name, and populations by path. Nothing is compensated; ratios are computed.

    >>> from cytoproc.gates.dimension import Measure
    >>> Events(CD3=[1, 2]).get(Measure("CD3", "file"))
    array([1., 2.])
    """

    def __init__(self, populations=None, dtype=np.float64, **columns):
        self.columns = {name: np.asarray(values, dtype=dtype) for name, values in columns.items()}
        self.populations = {path: np.asarray(mask, dtype=bool) for path, mask in (populations or {}).items()}

    def __len__(self):
        return len(next(iter([*self.columns.values(), *self.populations.values()])))

    def get(self, measure):
        if isinstance(measure.source, RatioSource):
            ratio = measure.source
            return ratio.function.apply(self.columns[ratio.numerator], self.columns[ratio.denominator])
        return self.columns[measure.source]

    def member(self, path):
        return self.populations[path]


def inside(gate, **columns):
    """Return for each event whether it is inside, as a list."""
    return gate.contains(Events(**columns)).tolist()
