"""A whole tube on the cytometer: particles in, events and what each one truly is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cytoproc.errors import UsageError
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.light import Level, Signal, detect, leak
from cytoproc.simulate.parameters import CellClass, Instrument, TubeKind, read_bead, read_instrument
from cytoproc.simulate.scatter import SCATTER, join_scatter

__all__ = ["BEAD", "DOUBLET", "NOBODY", "Disturbance", "SimulatedTube", "StorageGate", "TubeContents", "acquire"]

BEAD = "BEAD"
"""The class of counting beads."""
DOUBLET = "DOUBLET"
"""The class of two cells that passed the laser together."""
NOBODY = 255
"""In place of a class: there is no second cell in this event."""

_RANGE = 262144.0
_SCATTER_VOLTAGE, _FIRST_VOLTAGE, _VOLTAGE_STEP = 300.0, 400.0, 15.0  # settings that look like an instrument's
_CHUNK_EVENTS = 16_384
_LARGEST_SHARE_OF_A_RUN = 0.1

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TubeContents:
    """What is in a tube before it is acquired.

    Parameters
    ----------
    kind
        The panel, and the classes there can be.
    particles
        How many of each class, cells in doublets included.
    beads
        How many counting beads.
    doublet_share
        Doublets among all events but beads, 0-1. With M particles, M·f/(1 + f) pairs stick together, drawn at random.
    trait_shares
        Of the cells of a class that may have a trait, the share that has it, 0-1; 0 if not given.

    Raises
    ------
    UsageError
        If there is no such class, or a number is negative.
    """

    kind: TubeKind
    particles: Mapping[str, int]
    beads: int = 0
    doublet_share: float = 0.0
    trait_shares: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check names and numbers."""
        known = self.kind.classes
        if unknown := [name for name in self.particles if name not in known]:
            names = ", ".join(map(repr, unknown))
            msg = f"tube {self.kind.name} has no class {names}; it has: {', '.join(known)}"
            raise UsageError(msg)
        counts = {**self.particles, "beads": self.beads, "doublet_share": self.doublet_share}
        if negative := [f"{name} {n}" for name, n in counts.items() if n < 0]:
            msg = f"a tube cannot hold a negative number: {', '.join(negative)}"
            raise UsageError(msg)


@dataclass(frozen=True, slots=True)
class StorageGate:
    """Which events the cytometer stores, by their raw values: lymphocytes and monocytes roughly, and every bead.

    An event is stored if side scatter is below `largest_side` and CD45 at or above `least_cd45`, or if it is as
    granular and as bright as a bead: side scatter at or above `bead_side`, `bead_channel` at or above `bead_light`.
    """

    largest_side: float = 100_000.0
    least_cd45: float = 1_500.0
    bead_side: float = 120_000.0
    bead_light: float = 60_000.0
    bead_channel: str = "V450-A"

    def stores(self, values: Signal, panel: Panel) -> npt.NDArray[np.bool_]:
        """Return which events are stored; `values` has shape (channels, events)."""
        side = values[panel.index("SSC-A")]
        cd45 = values[panel.find("CD45")]
        bead = values[panel.index(self.bead_channel)]
        cells = (side < self.largest_side) & (cd45 >= self.least_cd45)
        return np.asarray(cells | ((side >= self.bead_side) & (bead >= self.bead_light)))

    def __str__(self) -> str:
        """Return the gate as a keyword has it."""
        cells = f"SSC-A<{self.largest_side:g} and CD45>={self.least_cd45:g}"
        return f"{cells}; or SSC-A>={self.bead_side:g} and {self.bead_channel}>={self.bead_light:g}; raw values"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that goes wrong while a tube runs.

    Parameters
    ----------
    seconds
        How long, but at most a tenth of the run; it begins after 40 % of the events.
    rate
        Meanwhile events arrive so many times as fast; 0 is air in the line.
    signal
        Meanwhile all signals are so many times as high.
    drift
        A detector, and how many times as high its signal is at the end of the run as at its beginning.
    """

    seconds: float = 5.0
    rate: float = 1.0
    signal: float = 1.0
    drift: tuple[str, float] | None = None

    def times(self, steady_s: Signal) -> tuple[Signal, npt.NDArray[np.bool_]]:
        """Return when events arrive that would have arrived at `steady_s`, and which of them are disturbed."""
        if not len(steady_s) or (self.rate == 1 and self.signal == 1):
            return steady_s, np.zeros(len(steady_s), dtype=bool)
        end = steady_s[-1]
        length = min(self.seconds, _LARGEST_SHARE_OF_A_RUN * end)
        begin = 0.4 * end
        inside = (steady_s >= begin) & (steady_s < begin + length * self.rate)
        later = steady_s >= begin + length * self.rate
        slowed = begin + (steady_s - begin) / (self.rate or 1.0)
        return np.where(inside, slowed, steady_s + later * length * (1 - self.rate)), inside

    def disturb(self, values: Signal, share_of_run: Signal, disturbed: npt.NDArray[np.bool_], panel: Panel) -> None:
        """Change signals, shape (channels, events), in place."""
        if self.signal != 1:
            values[:, disturbed] *= self.signal
        if self.drift:
            detector, factor = self.drift
            values[panel.index(detector)] *= 1 + (factor - 1) * share_of_run


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedTube:
    """What an instrument would have stored, and the truth behind it.

    Parameters
    ----------
    events
        Raw, not compensated, in the order of their arrival: scatter, 14 detectors and time, float32.
    names
        The class of each code in `first` and `second`.
    first, second
        The class of each event's cell, and of its other cell if it is a doublet (else `NOBODY`), shape (events,).
    traits
        A bit a trait, in the order of `trait_names`; of a doublet, those of either cell.
    disturbed
        Which events arrived while something went wrong.
    spillover
        The matrix by which light was spilled: compensation with it is right.
    passed
        Particles of each class that passed the laser until acquisition ended, beads and what was not stored included.
    acquired_share
        The part of the tube that was run, 0-1: below 1 if acquisition was stopped early.
    """

    events: EventTable
    names: tuple[str, ...]
    first: Codes
    second: Codes
    traits: npt.NDArray[np.uint16]
    trait_names: tuple[str, ...]
    disturbed: npt.NDArray[np.bool_]
    spillover: Spillover
    passed: Mapping[str, int]
    acquired_share: float

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """The class of each event; `DOUBLET` is one of its own."""
        names = np.array([*self.names, DOUBLET])
        return names[np.where(self.second == NOBODY, self.first, len(self.names))]

    def has(self, trait: str) -> npt.NDArray[np.bool_]:
        """Return which events have a trait."""
        if trait not in self.trait_names:
            return np.zeros(len(self.first), dtype=bool)
        return np.asarray(self.traits & (1 << self.trait_names.index(trait)) > 0)


def acquire(
    contents: TubeContents,
    *,
    rng: np.random.Generator,
    gains: npt.NDArray[np.float64] | None = None,
    max_events: int | None = None,
    storage: StorageGate | None = None,
    disturbance: Disturbance | None = None,
) -> SimulatedTube:
    """Return what the cytometer stores of a tube.

    Particles pass in random order, as a Poisson process; time is stored in whole steps. The same arguments and the
    same state of `rng` give the same bytes.

    Parameters
    ----------
    contents
        What is in the tube.
    rng
        Where chance comes from.
    gains
        By how much each detector's signal is multiplied, shape (14,). The matrix of the result follows:
        S_ij · gain_j / gain_i.
    max_events
        Acquisition stops when so many events are stored.
    storage
        Which events are stored; all if not given.
    disturbance
        What goes wrong meanwhile.

    Examples
    --------
    >>> from cytoproc.simulate.parameters import read_kind
    >>> contents = TubeContents(read_kind("T", "autologous"), {"B": 2, "NK": 1})
    >>> tube = acquire(contents, rng=np.random.default_rng(1))
    >>> sorted(tube.labels.tolist()), tube.events.values.shape
    (['B', 'B', 'NK'], (3, 19))
    """
    instrument = read_instrument()
    panel = _panel(contents.kind, instrument)
    first, second = _sequence(contents, rng)
    steady = np.cumsum(rng.standard_exponential(len(first))) / instrument.events_per_s
    disturbance = disturbance or Disturbance()
    times, disturbed = disturbance.times(steady)
    laser = _Laser(contents, instrument, np.ones(len(contents.kind.markers)) if gains is None else gains, rng)
    blocks: list[npt.NDArray[np.float32]] = []
    traits, rows, n_passed = [np.empty(0, np.uint16)], [np.empty(0, np.intp)], 0
    room = len(first) if max_events is None else max_events
    while n_passed < len(first) and room > 0:
        part = slice(n_passed, n_passed + _CHUNK_EVENTS)
        values, bits = laser.read(first[part], second[part])
        disturbance.disturb(values, times[part] / times[-1], disturbed[part], panel)
        values = laser.digitize(values)
        kept = np.flatnonzero(storage.stores(values, panel)) if storage else np.arange(values.shape[1])
        is_last = len(kept) >= room and max_events is not None
        kept = kept[:room]
        blocks.append(values.T[kept].astype(np.float32))
        traits.append(bits[kept])
        rows.append(n_passed + kept)
        n_passed += int(kept[-1]) + 1 if is_last else values.shape[1]
        room -= len(kept)
    at = np.concatenate(rows)
    table = np.empty((len(at), len(panel)), dtype=np.float32)
    if blocks:
        np.concatenate(blocks, out=table[:, :-1])
    table[:, -1] = np.floor(times[at] / instrument.time_step_s)
    names = (*contents.kind.classes, BEAD)
    return SimulatedTube(
        events=EventTable(table, panel),
        names=names,
        first=first[at],
        second=second[at],
        traits=np.concatenate(traits),
        trait_names=laser.trait_names,
        disturbed=disturbed[at],
        spillover=_drifted(instrument.spillover, laser.gains),
        passed=_passed(names, first[:n_passed], second[:n_passed]),
        acquired_share=float(times[n_passed - 1] / times[-1]) if n_passed else 0.0,
    )


def _sequence(contents: TubeContents, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Return the classes of all events in random order: the cell, and the other cell of a doublet."""
    counts = [contents.particles.get(name, 0) for name in contents.kind.classes]
    cells = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    rng.shuffle(cells)
    n_pairs = int(len(cells) * contents.doublet_share / (1 + contents.doublet_share))
    beads = np.full(contents.beads, len(counts), dtype=np.uint8)
    first = np.concatenate((cells[:n_pairs], cells[2 * n_pairs :], beads))
    second = np.full(len(first), NOBODY, dtype=np.uint8)
    second[:n_pairs] = cells[n_pairs : 2 * n_pairs]
    order = rng.permutation(len(first))
    return first[order], second[order]


def _passed(names: tuple[str, ...], first: Codes, second: Codes) -> dict[str, int]:
    counts = np.bincount(first, minlength=NOBODY + 1) + np.bincount(second, minlength=NOBODY + 1)
    return {name: int(counts[code]) for code, name in enumerate(names)}


def _drifted(spillover: Spillover, gains: npt.NDArray[np.float64]) -> Spillover:
    """Return the matrix as detectors with other gains see it: the leak of i into j times gain_j / gain_i."""
    if (gains == 1).all():
        return spillover
    return Spillover(spillover.detectors, spillover.matrix * gains / gains[:, np.newaxis], source=spillover.source)


class _Laser:
    """What the detectors see of the particles of one tube."""

    def __init__(
        self,
        contents: TubeContents,
        instrument: Instrument,
        gains: npt.NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        self.gains = gains
        self.classes = (*contents.kind.classes.values(), read_bead(len(contents.kind.markers)))
        self.trait_names = tuple(dict.fromkeys(t.name for c in self.classes for t in c.traits))
        self._shares = contents.trait_shares
        self._instrument = instrument
        self._rng = rng
        self._n = len(contents.kind.markers)

    def read(self, first: Codes, second: Codes) -> tuple[Signal, npt.NDArray[np.uint16]]:
        """Return signals, rows as in the panel without time, and the traits of each event."""
        drawn, traits = self._draw(first)
        pairs = np.flatnonzero(second != NOBODY)
        if len(pairs):
            others, more = self._draw(second[pairs])
            traits[pairs] |= more
            drawn[4:, pairs] += others[4:]
            drawn[:4, pairs] = join_scatter(drawn[:4, pairs], others[:4], self._instrument.pulse)
        beads = np.flatnonzero(first == len(self.classes) - 1)
        light = drawn[4:]
        of_beads = light[:, beads]
        light[:, beads] = 0.0
        seen = leak(light, self._instrument.spillover.matrix)
        seen[:, beads] = of_beads  # a bead carries every dye: its level is what each detector sees
        drawn[4:] = detect(seen, self._instrument.noise, self._rng) * self.gains[:, np.newaxis]
        return drawn, traits

    def digitize(self, values: Signal) -> Signal:
        """Return values as they are stored: in steps, and none above the top."""
        noise = self._instrument.noise
        values = np.rint(values / noise.step)
        values *= noise.step
        return np.minimum(values, noise.top, out=values)

    def _draw(self, codes: Codes) -> tuple[Signal, npt.NDArray[np.uint16]]:
        """Return scatter (4 rows) and true light (a row a color) of single particles, and their traits."""
        order = np.argsort(codes, kind="stable")
        drawn = self._rng.standard_normal((4 + self._n, len(codes)))
        traits = np.zeros(len(codes), dtype=np.uint16)
        start = 0
        for code, count in enumerate(np.bincount(codes, minlength=len(self.classes))):
            part = slice(start, start + int(count))
            if count:
                self._shape(self.classes[code], drawn[:, part], traits[part])
            start += int(count)
        values, bits = np.empty_like(drawn), np.empty_like(traits)
        values[:, order], bits[order] = drawn, traits
        return values, bits

    def _shape(self, of: CellClass, normal: Signal, traits: npt.NDArray[np.uint16]) -> None:
        """Turn standard normal numbers, in place, into the scatter and light of cells of one class."""
        n, pulse = normal.shape[1], self._instrument.pulse
        ratio = Level("normal", pulse.ratio, pulse.ratio_sd)
        levels = (of.scatter.forward, ratio, of.scatter.side, ratio, *of.levels)
        for row, level in zip(normal, levels, strict=True):
            if level.shape == "uniform":
                row[:] = level.draw(n, self._rng)
            else:
                level.shape_normal(row)
        normal[1] *= normal[0]
        normal[3] *= normal[2]
        for trait in of.traits:
            share = self._shares.get(trait.name, 0.0)
            if share:
                has = np.flatnonzero(self._rng.random(n) < share)
                normal[4 + trait.channel, has] = trait.level.draw(len(has), self._rng)
                traits[has] |= np.uint16(1 << self.trait_names.index(trait.name))


def _panel(kind: TubeKind, instrument: Instrument) -> Panel:
    scatter = [Channel(name, top=_RANGE, voltage=_SCATTER_VOLTAGE) for name in SCATTER]
    colors = [
        Channel(name, marker, top=_RANGE, voltage=_FIRST_VOLTAGE + _VOLTAGE_STEP * i)
        for i, (name, marker) in enumerate(zip(instrument.spillover.detectors, kind.markers, strict=True))
    ]
    return Panel((*scatter, *colors, Channel("Time", top=_RANGE, time_step_s=instrument.time_step_s)))
