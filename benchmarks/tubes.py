"""Files to measure on: copies of a real one where it is at hand, and synthetic ones of any size."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks.strategy import FLUORESCENCE
from cytoproc.fcs import write_fcs
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel

__all__ = ["find_real_tube", "write_synthetic_tube"]

_SCATTER = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W")
_SPARE_SCATTER = "SSC-W"
_OTHER = ("PE-Texas Red-A", "PE-Cy7-A", "Qdot 605-A", "BV711-A", "BV785-A")
_REAL = "data/fcs/DillonHammill__CytoExploreRData/Activation_1.fcs"


def find_real_tube() -> Path | None:
    """Return the real file, 50,000 events by 18 channels, or None where there is no folder of real files."""
    default = Path(__file__).resolve().parents[2] / "shared"
    path = Path(os.environ.get("CYTOPROC_SHARED", default)) / _REAL
    return path if path.is_file() else None


def write_synthetic_tube(path: Path, n_events: int, *, spare: bool = True, seed: int = 1) -> None:
    """Write a tube of `n_events` whose events fall into every population of the strategy.

    It has 20 channels, or without the `spare` ones, which no gate reads, 14.
    """
    colors = (*FLUORESCENCE, *_OTHER) if spare else tuple(FLUORESCENCE)
    names = (*_SCATTER, *colors, "Time")
    rng = np.random.default_rng(seed)
    values = np.empty((n_events, len(names)), dtype=np.float32)
    size = rng.normal(110_000, 35_000, n_events)
    values[:, 0] = size
    values[:, 1] = size * rng.normal(0.78, 0.03, n_events)
    values[:, 2] = rng.normal(80_000, 5_000, n_events)
    values[:, 3] = rng.lognormal(11, 0.5, n_events)
    values[:, 4] = values[:, 3] * 0.8
    values[:, 5] = rng.normal(80_000, 5_000, n_events)
    for j in range(len(_SCATTER), len(names) - 1):
        values[:, j] = rng.normal(60, 120, n_events)
        values[rng.random(n_events) < 0.4, j] += rng.lognormal(8.5, 0.8)
        values[:, j] += rng.lognormal(5, 1.5, n_events)
    values[:, -1] = np.sort(rng.uniform(0, 60_000, n_events))
    n = len(colors)
    matrix = np.eye(n) + 0.08 * np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n)))) * (1 - np.eye(n))
    light = values[:, len(_SCATTER) : -1]
    light[:] = light @ matrix.astype(np.float32)
    spill = ",".join([str(n), *colors, *(f"{v:.6g}" for v in matrix.ravel())])
    kept = [j for j, name in enumerate(names) if spare or name != _SPARE_SCATTER]
    panel = Panel(tuple(Channel(names[j], top=262144.0) for j in kept))
    write_fcs(path, EventTable(values[:, kept], panel), keywords={"$SPILLOVER": spill})
