"""The numbers behind the simulated tubes, from `parameters.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cytoproc.model.spillover import Spillover
from cytoproc.simulate.light import Level, Noise
from cytoproc.simulate.scatter import Pulse, Scatter

__all__ = ["CellClass", "Instrument", "Trait", "TubeKind", "read_bead", "read_instrument", "read_kind", "read_tables"]

_FILE = Path(__file__).with_name("parameters.json")


@dataclass(frozen=True, slots=True)
class Trait:
    """What some cells of a class have and others have not: another level on one channel (a row of the panel)."""

    name: str
    channel: int
    level: Level


@dataclass(frozen=True, slots=True)
class CellClass:
    """A kind of event: one level a marker, in the panel's order, its scatter, and what some of them have besides."""

    name: str
    levels: tuple[Level, ...]
    scatter: Scatter
    traits: tuple[Trait, ...] = ()


@dataclass(frozen=True, slots=True)
class TubeKind:
    """A panel and the classes of events that a tube of this kind can hold."""

    name: str
    markers: tuple[str, ...]
    classes: Mapping[str, CellClass]

    def brighter(self, marker: str, factor: float, *, classes: str) -> TubeKind:
        """Return the kind with one marker `factor` times as bright on the classes whose names begin so."""
        i = self.markers.index(marker)
        changed = {
            name: replace(c, levels=(*c.levels[:i], c.levels[i].times(factor), *c.levels[i + 1 :]))
            for name, c in self.classes.items()
            if name.startswith(classes)
        }
        return replace(self, classes={**self.classes, **changed})

    def only(self, markers: frozenset[str]) -> TubeKind:
        """Return the kind stained with these markers alone: all else is as dark as negative cells, as in a control."""
        dark = _levels()["n"]
        keep = [m in markers for m in self.markers]
        changed = {
            name: replace(
                c,
                levels=tuple(level if kept else dark for level, kept in zip(c.levels, keep, strict=True)),
                traits=tuple(t for t in c.traits if keep[t.channel]),
            )
            for name, c in self.classes.items()
        }
        return replace(self, classes=changed)

    def single(self, channel: int) -> TubeKind:
        """Return what a single-stained control holds: lymphocytes that are bright on one channel, and dark ones."""
        known, scatter = _levels(), _scatter("lymphocyte")
        dark = (known["n"],) * len(self.markers)
        bright = (*dark[:channel], known["h"], *dark[channel + 1 :])
        classes = {"POSITIVE": CellClass("POSITIVE", bright, scatter), "NEGATIVE": CellClass("NEGATIVE", dark, scatter)}
        return replace(self, classes=classes)


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """The cytometer: its detectors with their spillover and noise, its pulses, and how fast events pass."""

    spillover: Spillover
    noise: Noise
    pulse: Pulse
    events_per_s: float
    time_step_s: float


@cache
def read_tables() -> Mapping[str, Any]:
    """Return the parameters as they are written."""
    tables: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return tables


@cache
def read_instrument() -> Instrument:
    """Return the cytometer of every simulated study."""
    given = read_tables()
    return Instrument(
        spillover=Spillover(tuple(given["detectors"]), np.array(given["spillover"]), source="simulated"),
        noise=Noise(**given["noise"]),
        pulse=Pulse(**given["pulse"]),
        **given["arrival"],
    )


@cache
def read_kind(tube: str, product: str) -> TubeKind:
    """Return tube `T` or `B` of a patient who got an `autologous` or `allogeneic` product."""
    given = read_tables()
    of_tube = given["tubes"][tube]
    markers = tuple(of_tube["markers"])
    written = of_tube["classes"] | given["products"][product].get(tube, {})
    return TubeKind(tube, markers, {name: _class(name, of, markers) for name, of in written.items()})


@cache
def read_bead(n_detectors: int) -> CellClass:
    """Return the counting bead: its levels are what the detectors see, for it carries every dye."""
    given = read_tables()
    return CellClass("BEAD", (_level(given["bead"]),) * n_detectors, _scatter("bead"))


def _class(name: str, of: Mapping[str, Any], markers: tuple[str, ...]) -> CellClass:
    known = _levels()
    levels = of["levels"]
    if isinstance(levels, str):
        found = tuple(known[letter] for letter in levels.split())
    else:
        found = tuple(_written(levels.get(m, "n")) for m in markers)
    traits = read_tables()["traits"]
    of_class = tuple(
        Trait(t, markers.index(traits[t]["marker"]), known[traits[t]["level"]]) for t in of.get("traits", ())
    )
    return CellClass(name, found, _scatter(of["scatter"]), of_class)


def _written(level: str | list[float]) -> Level:
    return _levels()[level] if isinstance(level, str) else Level("lognormal", *level)


@cache
def _levels() -> Mapping[str, Level]:
    return {name: _level(written) for name, written in read_tables()["levels"].items()}


def _scatter(name: str) -> Scatter:
    of = read_tables()["scatter"][name]
    return Scatter(Level("lognormal", *of["forward"]), Level("lognormal", *of["side"]))


def _level(written: Mapping[str, Any]) -> Level:
    """Return the level of `{"lognormal": [900, 0.55]}`."""
    ((shape, numbers),) = written.items()
    return Level(shape, *numbers)
