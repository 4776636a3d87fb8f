"""The numbers behind the simulated tubes, from `parameters.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cytoproc.model.spillover import Spillover
from cytoproc.simulate.light import Level, Noise
from cytoproc.simulate.scatter import Pulse, Scatter

__all__ = ["CellClass", "Parameters", "read_parameters"]

_FILE = Path(__file__).with_name("parameters.json")


@dataclass(frozen=True, slots=True)
class CellClass:
    """A kind of event: one level a marker, in the panel's order, and its scatter."""

    levels: tuple[Level, ...]
    scatter: Scatter


@dataclass(frozen=True, slots=True, eq=False)
class Parameters:
    """What tube T is made of: its 14 detectors and markers, its classes of events, and the instrument."""

    markers: tuple[str, ...]
    classes: Mapping[str, CellClass]
    spillover: Spillover
    noise: Noise
    pulse: Pulse
    events_per_s: float
    time_step_s: float


@cache
def read_parameters() -> Parameters:
    """Return the parameters that come with the package."""
    given = json.loads(_FILE.read_text(encoding="utf-8"))
    levels = {name: _level(written) for name, written in given["levels"].items()}
    scatter = {
        name: Scatter(Level("lognormal", *of["forward"]), Level("lognormal", *of["side"]))
        for name, of in given["scatter"].items()
    }
    classes = {
        name: CellClass(tuple(levels[letter] for letter in of["levels"].split()), scatter[of["scatter"]])
        for name, of in given["tube_t_classes"].items()
    }
    return Parameters(
        markers=tuple(given["tube_t_markers"]),
        classes=classes,
        spillover=Spillover(tuple(given["detectors"]), np.array(given["spillover"]), source="simulated"),
        noise=Noise(**given["noise"]),
        pulse=Pulse(**given["pulse"]),
        **given["arrival"],
    )


def _level(written: Mapping[str, Any]) -> Level:
    """Return the level of `{"lognormal": [900, 0.55]}`."""
    ((shape, numbers),) = written.items()
    return Level(shape, *numbers)
