"""cytoproc's reader as the scorer of a corpus of FCS files calls it."""

import sys
from pathlib import Path

import numpy as np

# the scorer runs elsewhere
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cytoproc.fcs import read_fcs

TYPED = ("FCSError",)


def read(path):
    dataset, events = read_fcs(path)
    n_odd = int((~np.isfinite(events.values)).any(axis=1).sum())
    warnings = [f"{r.code}: {r.message}" for r in dataset.repairs]
    if n_odd:
        warnings.append(f"{n_odd} event(s) hold a value that is not finite")
    return {
        "raw": events.values,
        "scaled": events.linear(),
        "names": dataset.panel.names,
        "keywords": dataset.keywords,
        "warnings": warnings,
        "tot": dataset.n_events,
    }
