"""One file of a simulated study: blood into a tube, the tube onto the cytometer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cytoproc.model.events import EventTable
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.faults import FAULT_TEXTS, disturbance_of, mislabel, stale_matrix
from cytoproc.simulate.measurement import Chance, Measurement, generator
from cytoproc.simulate.parameters import TubeKind, read_instrument, read_kind, read_tables
from cytoproc.simulate.patient import VISITS, Blood, draw_blood, product_of
from cytoproc.simulate.plan import OF_THE_FLOW, StudyPlan
from cytoproc.simulate.tube import SimulatedTube, StorageGate, TubeContents, acquire

__all__ = ["Fault", "Measured", "Volumes", "blood_of", "contents_of", "measure", "volumes_of"]

_CONTROL_EVENTS = 20_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with a sample, and from when to when in its run, if that can be said."""

    sample_id: str
    fault: str
    begin_s: float | None
    end_s: float | None
    what: str


@dataclass(frozen=True, slots=True)
class Volumes:
    """What the manifest says of a counted tube: µL of blood in it, µL in all, and how many beads were added."""

    sample_ul: float
    final_ul: float
    beads_per_tube: int


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A measurement as it is written: `events` and `spillover` may be faulty, `tube` tells the truth.

    `stored_by` is the gate by which events were stored, `volume_nl` the volume that the instrument measured, if any.
    """

    measurement: Measurement
    blood: Blood
    tube: SimulatedTube
    events: EventTable
    spillover: Spillover
    stored_by: StorageGate | None
    volume_nl: int | None
    faults: tuple[Fault, ...]


def measure(plan: StudyPlan, measurement: Measurement) -> Measured:
    """Return one file of a study. It does not depend on which others there are."""
    rng = measurement.generator(plan.seed)
    blood = blood_of(plan, measurement)
    contents = contents_of(plan, measurement, blood, rng)
    storage = StorageGate() if plan.storage_gate and _shows_cd45(measurement) else None
    tube = acquire(
        contents,
        rng=rng,
        gains=_gains(plan, measurement),
        max_events=_most_events(plan, measurement),
        storage=storage,
        disturbance=disturbance_of(measurement.faults),
        events_per_s=_events_per_s(plan, measurement, contents),
    )
    events, spillover = tube.events, tube.spillover
    if "mislabelled" in measurement.faults:
        events = EventTable(events.values, mislabel(events.panel))
    if "stale_matrix" in measurement.faults:
        spillover = stale_matrix(spillover, plan.drift, generator(plan.seed, Chance.FAULT))
    return Measured(
        measurement,
        blood,
        tube,
        events,
        spillover,
        storage,
        _volume_nl(plan, tube) if measurement.kind is Chance.SAMPLE else None,
        _faults(measurement, tube),
    )


def volumes_of(plan: StudyPlan) -> Volumes:
    """Return the volumes of a tube: 100 µL of blood, more where that would not give the blood to be analysed.

    >>> volumes_of(StudyPlan(volume_ul=160)).sample_ul
    200.0
    """
    given = read_tables()["counting"]
    sample = max(float(given["sample_volume_ul"]), plan.volume_ul / given["recovered_share"])
    return Volumes(sample, sample * given["dilution_factor"], given["beads_per_tube"])


def blood_of(plan: StudyPlan, measurement: Measurement) -> Blood:
    """Return the blood of a patient at a visit; patient 1 is that of the tables."""
    patient = measurement.patient
    rng = generator(plan.seed, Chance.BLOOD, patient) if patient > 1 else None
    return draw_blood(plan.scenario, measurement.visit, rng=rng)


def contents_of(plan: StudyPlan, measurement: Measurement, blood: Blood, rng: np.random.Generator) -> TubeContents:
    """Return what is in the part of a tube that is to be run: of each class Poisson(concentration x volume) cells."""
    kind = _stained(plan, measurement)
    if measurement.kind is Chance.SINGLE:
        n = plan.events or _CONTROL_EVENTS
        return TubeContents(kind, {"POSITIVE": n // 2, "NEGATIVE": n - n // 2})
    means = {name: per_ul * plan.volume_ul for name, per_ul in blood.cells[measurement.tube].items()}
    live = sum(means.values())
    others = live / (1 - plan.dead - plan.debris)
    means |= {"DEAD": others * plan.dead, "DEBRIS": others * plan.debris}
    particles = {name: int(rng.poisson(means[name])) for name in kind.classes if name in means}
    beads = 0
    if plan.counting == "beads" and measurement.kind is Chance.SAMPLE and measurement.tube == "T":
        volumes = volumes_of(plan)
        beads = int(rng.poisson(volumes.beads_per_tube * plan.volume_ul / volumes.sample_ul))
    return TubeContents(kind, particles, beads, plan.doublets, blood.trait_shares)


def _stained(plan: StudyPlan, measurement: Measurement) -> TubeKind:
    """Return the panel of a measurement, dark where a control has no dye."""
    kind = read_kind(measurement.tube, product_of(plan.scenario))
    if measurement.tube == "T" and plan.car_brightness != 1:
        kind = kind.brighter("CAR", plan.car_brightness, classes="CAR")
    which = measurement.control.partition(":")[2]
    match measurement.kind:
        case Chance.SINGLE:
            return kind.single(read_instrument().spillover.detectors.index(which))
        case Chance.FMO:
            return kind.only(frozenset(kind.markers) - {which})
        case Chance.UNSTAINED:
            return kind.only(frozenset())
        case _:
            return kind


def _shows_cd45(measurement: Measurement) -> bool:
    """Return whether a storage gate on CD45 makes sense."""
    return measurement.kind in {Chance.SAMPLE, Chance.FMO} and measurement.control != "fmo:CD45"


def _gains(plan: StudyPlan, measurement: Measurement) -> npt.NDArray[np.float64]:
    """Return by how much each detector is off at a visit, the same for all its tubes and controls."""
    rng = generator(plan.seed, Chance.SESSION, measurement.patient, VISITS.index(measurement.visit))
    n = len(read_instrument().spillover.detectors)
    return np.asarray(np.round(10 ** rng.uniform(-plan.drift, plan.drift, n), 6))  # a power is not the same everywhere


def _most_events(plan: StudyPlan, measurement: Measurement) -> int | None:
    is_small = measurement.kind in {Chance.SINGLE, Chance.UNSTAINED}
    return plan.events or (_CONTROL_EVENTS if is_small else None)


def _events_per_s(plan: StudyPlan, measurement: Measurement, contents: TubeContents) -> float:
    """Return how fast events pass; with a volumetric pump no faster than its fastest flow allows."""
    most: float = read_instrument().events_per_s
    if plan.counting == "beads" or measurement.kind is Chance.SINGLE or not contents.n_events:
        return most
    given = read_tables()["counting"]
    least_s: float = plan.volume_ul * given["dilution_factor"] / given["fastest_flow_ul_per_min"] * 60
    return min(most, contents.n_events / least_s)


def _volume_nl(plan: StudyPlan, tube: SimulatedTube) -> int | None:
    if plan.counting != "volumetric":
        return None
    factor: float = read_tables()["counting"]["dilution_factor"]
    return round(plan.volume_ul * tube.acquired_share * factor * 1000)


def _faults(measurement: Measurement, tube: SimulatedTube) -> tuple[Fault, ...]:
    seconds = tube.events.column(-1)
    spans: dict[str, tuple[float, float] | None] = dict.fromkeys(OF_THE_FLOW, tube.disturbed_s)
    spans["drift"] = (0.0, float(seconds[-1])) if len(seconds) else None
    found = []
    for name in measurement.faults:
        begin_s, end_s = spans.get(name) or (None, None)
        found.append(Fault(measurement.sample_id, name, begin_s, end_s, FAULT_TEXTS[name]))
    return tuple(found)
