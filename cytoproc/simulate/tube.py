"""A whole tube on the cytometer: particles in, events and what each one truly is out."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cytoproc.errors import UsageError
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Panel
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.disturbance import Disturbance
from cytoproc.simulate.laser import NOBODY, Codes, Laser, TraitBits, panel_of
from cytoproc.simulate.light import Signal
from cytoproc.simulate.parameters import TubeKind, read_instrument
from cytoproc.simulate.tally import Tally, tally

__all__ = ["BEAD", "DOUBLET", "NOBODY", "SimulatedTube", "StorageGate", "TubeContents", "acquire", "drifted"]

BEAD = "BEAD"
"""The class of counting beads."""
DOUBLET = "DOUBLET"
"""The class of two cells that passed the laser together."""

_CHUNK_EVENTS = 16_384


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

    @property
    def n_pairs(self) -> int:
        """How many doublets there will be."""
        return int(sum(self.particles.values()) * self.doublet_share / (1 + self.doublet_share))

    @property
    def n_events(self) -> int:
        """How many events the whole tube gives."""
        return sum(self.particles.values()) - self.n_pairs + self.beads


@dataclass(frozen=True, slots=True)
class StorageGate:
    """Which events the cytometer stores, by their raw values: lymphocytes and monocytes roughly, and every bead.

    An event is stored if side scatter is below `largest_side` and CD45 at or above `least_cd45`, or if it is as
    granular and as bright as a bead: side scatter at or above `bead_side`, `bead_channel` at or above `bead_light`.
    """

    largest_side: float = 115_000.0
    least_cd45: float = 1_500.0
    bead_side: float = 120_000.0
    bead_light: float = 30_000.0
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
    first_traits, second_traits
        A bit a trait, in the order of `trait_names`.
    disturbed
        Which events arrived while something went wrong.
    spillover
        The matrix by which light was spilled: compensation with it is right.
    passed
        The particles that passed the laser until acquisition ended, beads and what was not stored included.
    acquired_share
        The part of the tube that was run, 0-1: below 1 if acquisition was stopped early.
    disturbed_s
        When something went wrong: from and to, seconds; nothing if all went well.
    """

    events: EventTable
    names: tuple[str, ...]
    first: Codes
    second: Codes
    first_traits: TraitBits
    second_traits: TraitBits
    trait_names: tuple[str, ...]
    disturbed: npt.NDArray[np.bool_]
    spillover: Spillover
    passed: Tally
    acquired_share: float
    disturbed_s: tuple[float, float] | None = None

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """The class of each event; `DOUBLET` is one of its own."""
        names = np.array([*self.names, DOUBLET])
        return names[np.where(self.second == NOBODY, self.first, len(self.names))]

    @property
    def singlets(self) -> Tally:
        """The stored events that are one particle."""
        alone = self.second == NOBODY
        return tally(self.names, self.trait_names, self.first[alone], self.first_traits[alone])

    def has(self, trait: str) -> npt.NDArray[np.bool_]:
        """Return which events have a trait; a doublet has it if either of its cells has."""
        if trait not in self.trait_names:
            return np.zeros(len(self.first), dtype=bool)
        bit = 1 << self.trait_names.index(trait)
        return np.asarray((self.first_traits | self.second_traits) & bit > 0)


def acquire(
    contents: TubeContents,
    *,
    rng: np.random.Generator,
    gains: npt.NDArray[np.float64] | None = None,
    max_events: int | None = None,
    storage: StorageGate | None = None,
    disturbance: Disturbance | None = None,
    events_per_s: float | None = None,
) -> SimulatedTube:
    """Return what the cytometer stores of a tube.

    Particles pass in random order, as a Poisson process; time is stored in whole steps. The same arguments and the
    same state of `rng` give the same bytes. A run that is stopped early gives the first events of the whole run.

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
    events_per_s
        How fast particles pass; as fast as the instrument can if not given.

    Examples
    --------
    >>> from cytoproc.simulate.parameters import read_kind
    >>> contents = TubeContents(read_kind("T", "autologous"), {"B": 2, "NK": 1})
    >>> tube = acquire(contents, rng=np.random.default_rng(1))
    >>> sorted(tube.labels.tolist()), tube.events.values.shape
    (['B', 'B', 'NK'], (3, 19))
    """
    instrument = read_instrument()
    first, second = _sequence(contents, rng)
    steady = np.cumsum(rng.standard_exponential(len(first))) / (events_per_s or instrument.events_per_s)
    gains = np.ones(len(contents.kind.markers)) if gains is None else gains
    laser = Laser(contents.kind, instrument, gains=gains, trait_shares=contents.trait_shares)
    run = _Run(laser, panel_of(contents.kind, instrument), first, second, storage, max_events)
    times, disturbed, disturbed_s = steady, np.zeros(len(first), dtype=bool), None
    if disturbance is None or not len(first):
        stored = run.store(rng)
    else:  # where the run ends is known once it was made without the disturbance
        n_passed = len(first) if max_events is None else run.store(deepcopy(rng)).n_passed
        run_s = float(steady[n_passed - 1])
        times, disturbed = disturbance.times(steady, run_s)
        disturbed_s = disturbance.span(run_s)
        stored = run.store(rng, disturbance, share_of_run=times / times[n_passed - 1], disturbed=disturbed)
    at, n = stored.rows, stored.n_passed
    stored.values[:, -1] = np.floor(times[at] / instrument.time_step_s)
    names = (*contents.kind.classes, BEAD)
    passed = np.concatenate((first[:n], second[:n]))
    traits = np.concatenate((stored.first_traits[:n], stored.second_traits[:n]))
    return SimulatedTube(
        events=EventTable(stored.values, run.panel),
        names=names,
        first=first[at],
        second=second[at],
        first_traits=stored.first_traits[at],
        second_traits=stored.second_traits[at],
        trait_names=laser.trait_names,
        disturbed=disturbed[at],
        spillover=drifted(instrument.spillover, gains),
        passed=tally(names, laser.trait_names, passed, traits),
        acquired_share=float(steady[n - 1] / steady[-1]) if n else 1.0,
        disturbed_s=disturbed_s,
    )


def drifted(spillover: Spillover, gains: npt.NDArray[np.float64]) -> Spillover:
    """Return the matrix as detectors with other gains see it: the leak of i into j times gain_j / gain_i."""
    if (gains == 1).all():
        return spillover
    return Spillover(spillover.detectors, spillover.matrix * gains / gains[:, np.newaxis], source=spillover.source)


def _sequence(contents: TubeContents, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Return the classes of all events in random order: the cell, and the other cell of a doublet."""
    counts = [contents.particles.get(name, 0) for name in contents.kind.classes]
    cells = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    rng.shuffle(cells)
    n_pairs = contents.n_pairs
    beads = np.full(contents.beads, len(counts), dtype=np.uint8)
    first = np.concatenate((cells[:n_pairs], cells[2 * n_pairs :], beads))
    second = np.full(len(first), NOBODY, dtype=np.uint8)
    second[:n_pairs] = cells[n_pairs : 2 * n_pairs]
    order = rng.permutation(len(first))
    return first[order], second[order]


@dataclass(frozen=True, slots=True, eq=False)
class _Stored:
    """The rows that were stored, their values without time, the traits of all that was seen, and how many passed."""

    rows: npt.NDArray[np.intp]
    values: npt.NDArray[np.float32]
    first_traits: TraitBits
    second_traits: TraitBits
    n_passed: int


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One acquisition: what passes in which order, and which of it is stored."""

    laser: Laser
    panel: Panel
    first: Codes
    second: Codes
    storage: StorageGate | None
    max_events: int | None

    def store(
        self,
        rng: np.random.Generator,
        disturbance: Disturbance | None = None,
        *,
        share_of_run: Signal | None = None,
        disturbed: npt.NDArray[np.bool_] | None = None,
    ) -> _Stored:
        """Return what is stored, chunk after chunk, so that memory holds little more than the table itself."""
        n = len(self.first)
        room = n if self.max_events is None else min(self.max_events, n)
        table = np.empty((room, len(self.panel)), dtype=np.float32)
        rows = np.empty(room, dtype=np.intp)
        traits = np.zeros((2, n), dtype=np.uint16)
        n_stored = n_passed = 0
        while n_passed < n and n_stored < room:
            order = np.argsort(self.first[n_passed : n_passed + _CHUNK_EVENTS], kind="stable")
            part = n_passed + order  # by class, until they are stored
            values, traits[0, part], traits[1, part] = self.laser.read(self.first[part], self.second[part], rng)
            if disturbance is not None and share_of_run is not None and disturbed is not None:
                disturbance.disturb(values, share_of_run[part], disturbed[part], self.panel)
            values = self.laser.digitize(values)
            place = np.empty_like(order)
            place[order] = np.arange(len(order))
            if self.storage is not None:
                place = place[self.storage.stores(values, self.panel)[place]]
            place = place[: room - n_stored]
            kept = part[place]
            table[n_stored : n_stored + len(kept), :-1] = np.ascontiguousarray(values.astype(np.float32).T)[place]
            rows[n_stored : n_stored + len(kept)] = kept
            n_stored += len(kept)
            is_last = n_stored == room and self.max_events is not None
            n_passed = int(kept[-1]) + 1 if is_last else n_passed + len(part)
        return _Stored(rows[:n_stored], table[:n_stored], traits[0], traits[1], n_passed)
