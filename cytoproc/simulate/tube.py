"""A whole tube: cells in, events and what each one truly is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cytoproc.errors import UsageError
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.light import Signal, detect, draw_signal
from cytoproc.simulate.parameters import Parameters, read_parameters
from cytoproc.simulate.scatter import SCATTER, draw_scatter, join_scatter

__all__ = ["DOUBLET", "SimulatedTube", "format_spillover", "simulate_tube"]

DOUBLET = "DOUBLET"
"""The class of two cells that passed the laser together."""

_RANGE = 262144.0
_SCATTER_VOLTAGE, _FIRST_VOLTAGE, _VOLTAGE_STEP = 300.0, 400.0, 15.0  # settings that look like an instrument's

Names = npt.NDArray[np.character]  # not str_, whose name the reference would take for a link


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedTube:
    """What an instrument would have stored, and the truth behind it.

    Parameters
    ----------
    events
        Raw, not compensated, in the order of their arrival: scatter, 14 detectors and time, float32.
    labels
        The class of each event, shape (events,).
    spillover
        The matrix by which light was spilled: compensation with it is right.
    """

    events: EventTable
    labels: Names
    spillover: Spillover


def simulate_tube(composition: Mapping[str, int], *, rng: np.random.Generator) -> SimulatedTube:
    """Return a tube T (T cells, NK cells, CAR-T cells) of exactly these events.

    The classes are those of `parameters.json`, and `DOUBLET`: two events drawn at random from the others' proportions,
    whose light and areas add up. Events are shuffled and arrive as a Poisson process; time is stored in whole steps.
    The same composition and the same state of `rng` give the same events.

    Parameters
    ----------
    composition
        How many events of each class.
    rng
        Where chance comes from.

    Raises
    ------
    UsageError
        If there is no such class, a number is negative, or there are doublets of nothing.

    Examples
    --------
    >>> tube = simulate_tube({"B": 2, "NK": 1}, rng=np.random.default_rng(1))
    >>> sorted(tube.labels.tolist()), tube.events.values.shape
    (['B', 'B', 'NK'], (3, 19))
    """
    parameters = read_parameters()
    _check(composition, parameters)
    singles = [name for name in parameters.classes for _ in range(composition.get(name, 0))]
    n_doublets = composition.get(DOUBLET, 0)
    labels = np.array([*singles, *[DOUBLET] * n_doublets], dtype=np.str_)
    light, scatter = _cells(labels[: len(singles)], parameters, rng)
    if n_doublets:
        partners = rng.choice(labels[: len(singles)], size=2 * n_doublets)
        both_light, both_scatter = _cells(partners, parameters, rng)
        light = np.concatenate((light, both_light[::2] + both_light[1::2]))
        joined = join_scatter(both_scatter[::2], both_scatter[1::2], parameters.pulse)
        scatter = np.concatenate((scatter, joined))
    seen = detect(light, parameters.spillover.matrix, parameters.noise, rng)
    time = _arrivals(len(labels), parameters.events_per_s, parameters.time_step_s, rng)
    order = rng.permutation(len(labels))
    top = parameters.noise.top
    values = np.column_stack((np.minimum(scatter, top)[order], seen[order], time)).astype(np.float32)
    return SimulatedTube(EventTable(values, _panel(parameters)), labels[order], parameters.spillover)


def format_spillover(spillover: Spillover) -> str:
    """Return a matrix as the value of `$SPILLOVER` (FCS 3.1, section 3.3.51): n, names, leaks row by row.

    >>> format_spillover(Spillover(("FITC-A", "PE-A"), np.array([[1, 0.25], [0, 1]])))
    '2,FITC-A,PE-A,1,0.25,0,1'
    """
    cells = (np.format_float_positional(leak, trim="-") for leak in spillover.matrix.ravel())
    return ",".join((str(len(spillover.detectors)), *spillover.detectors, *cells))


def _check(composition: Mapping[str, int], parameters: Parameters) -> None:
    known = (*parameters.classes, DOUBLET)
    unknown = [name for name in composition if name not in known]
    if unknown:
        msg = f"tube T has no class {', '.join(map(repr, unknown))}; it has: {', '.join(known)}"
        raise UsageError(msg)
    negative = [f"{name} {n}" for name, n in composition.items() if n < 0]
    if negative:
        msg = f"a tube cannot hold a negative number of events: {', '.join(negative)}"
        raise UsageError(msg)
    if composition.get(DOUBLET, 0) and sum(composition.values()) == composition[DOUBLET]:
        msg = f"{composition[DOUBLET]} doublets need other events to be made of; give at least one of another class"
        raise UsageError(msg)


def _cells(names: Names, parameters: Parameters, rng: np.random.Generator) -> tuple[Signal, Signal]:
    """Return true light, shape (events, 14), and scatter, shape (events, 4), of single cells of these classes."""
    light, scatter = np.empty((len(names), len(parameters.markers))), np.empty((len(names), len(SCATTER)))
    for name, cell_class in parameters.classes.items():
        rows = np.flatnonzero(names == name)
        light[rows] = draw_signal(cell_class.levels, len(rows), rng)
        scatter[rows] = draw_scatter(cell_class.scatter, parameters.pulse, len(rows), rng)
    return light, scatter


def _arrivals(n: int, events_per_s: float, step_s: float, rng: np.random.Generator) -> Signal:
    """Return the times of a Poisson process in whole steps, from 0."""
    return np.floor(np.cumsum(rng.exponential(1 / events_per_s, n)) / step_s)


def _panel(parameters: Parameters) -> Panel:
    scatter = [Channel(name, top=_RANGE, voltage=_SCATTER_VOLTAGE) for name in SCATTER]
    detectors = parameters.spillover.detectors
    colors = [
        Channel(name, marker, top=_RANGE, voltage=_FIRST_VOLTAGE + _VOLTAGE_STEP * i)
        for i, (name, marker) in enumerate(zip(detectors, parameters.markers, strict=True))
    ]
    return Panel((*scatter, *colors, Channel("Time", top=_RANGE, time_step_s=parameters.time_step_s)))
