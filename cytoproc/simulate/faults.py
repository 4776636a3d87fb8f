"""What goes wrong on purpose with one tube of a simulated study."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from cytoproc.model.panel import Panel
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.disturbance import Disturbance
from cytoproc.simulate.parameters import read_tables
from cytoproc.simulate.tube import drifted

__all__ = ["FAULT_TEXTS", "disturbance_of", "mislabel", "stale_matrix"]

_EXCHANGED = ("CD4", "CD8")
_DRIFT = ("V450-A", 0.85)
_OF_THE_FLOW = {
    "clog": Disturbance(rate=0.1, signal=0.7),
    "surge": Disturbance(rate=5.0),
    "air": Disturbance(rate=0.0),
}

FAULT_TEXTS: Mapping[str, str] = {
    "clog": "events arrive at a tenth of the rate, all signals are 0.7 times as high",
    "surge": "events arrive five times as fast",
    "air": "no events arrive",
    "drift": "the signal of V450-A sinks evenly to 0.85 times what it was",
    "stale_matrix": "$SPILLOVER is the matrix of another session",
    "mislabelled": "the labels ($PnS) of CD4 and CD8 are exchanged",
    "swapped": "in the manifest, this tube's file and that of the visit before are exchanged",
}
"""What each fault is, in words."""


def disturbance_of(faults: Collection[str]) -> Disturbance | None:
    """Return what goes wrong while the tube runs, if anything.

    >>> disturbance_of(["drift", "air"])
    Disturbance(seconds=5.0, rate=0.0, signal=1.0, drift=('V450-A', 0.85))
    """
    found = next((d for name, d in _OF_THE_FLOW.items() if name in faults), None)
    return replace(found or Disturbance(), drift=_DRIFT) if "drift" in faults else found


def stale_matrix(spillover: Spillover, drift: float, rng: np.random.Generator) -> Spillover:
    """Return the matrix of another session: its leaks off by up to 10 %, and its gains by up to `drift` decades."""
    given = read_tables()["stale_matrix"]
    error = given["error_of_a_leak"]
    n = len(spillover.detectors)
    wrong = np.round(spillover.matrix * rng.uniform(1 - error, 1 + error, (n, n)), 6)
    np.fill_diagonal(wrong, 1.0)
    decades = max(drift, given["least_drift"])
    gains = np.round(10 ** rng.uniform(-decades, decades, n), 6)
    return drifted(Spillover(spillover.detectors, wrong, source=spillover.source), gains)


def mislabel(panel: Panel) -> Panel:
    """Return the panel with the labels of CD4 and CD8 exchanged."""
    names = dict(zip(_EXCHANGED, reversed(_EXCHANGED), strict=True))
    return Panel(tuple(replace(c, label=names.get(c.label, c.label)) for c in panel.channels))
