"""Which files a simulated study has, and what each is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum

import numpy as np

from cytoproc.simulate.parameters import read_instrument, read_tables
from cytoproc.simulate.patient import VISITS
from cytoproc.simulate.plan import TUBES, StudyPlan, markers_of

__all__ = ["FMO_MARKERS", "Chance", "Measurement", "generator", "measurements_of"]

FMO_MARKERS = {"T": ("CAR",), "B": ("CD11c", "CXCR5", "CD21", "CD27")}
"""The markers whose FMO controls a study has if `fmo` alone is asked for: their cuts cannot be seen in the sample."""


class Chance(IntEnum):
    """What is drawn: each has its own random numbers, so that none of them changes another."""

    BLOOD = 0
    SESSION = 1
    SAMPLE = 2
    FMO = 3
    SINGLE = 4
    UNSTAINED = 5
    FAULT = 6


@dataclass(frozen=True, slots=True)
class Measurement:
    """One file: a tube of a patient's blood at a visit, or a control.

    `patient` counts from 1; `control` is as in the manifest: empty, `fmo:MARKER`, `single:DETECTOR`, `unstained`;
    `faults` is what goes wrong.
    """

    patient: int
    visit: str
    tube: str
    control: str = ""
    faults: tuple[str, ...] = ()

    @property
    def subject_id(self) -> str:
        """The patient.

        >>> Measurement(12, "D14", "T").subject_id
        'SYN-012'
        """
        return f"SYN-{self.patient:03d}"

    @property
    def specimen_id(self) -> str:
        """The blood draw."""
        return f"{self.subject_id}-{self.visit}"

    @property
    def sample_id(self) -> str:
        """The sample, which is also the name of its file.

        >>> Measurement(1, "D14", "T", "fmo:CAR").sample_id
        'SYN-001-D14-T-FMO-CAR'
        """
        kind, _, which = self.control.partition(":")
        return "-".join(filter(None, (self.specimen_id, self.tube, kind.upper(), which)))

    @property
    def file(self) -> str:
        """Where its FCS file is in the study folder."""
        return f"fcs/{self.sample_id}.fcs"

    @property
    def labels_file(self) -> str:
        """Where the true class of each event of that file is."""
        return f"truth/labels/{self.sample_id}.csv.gz"

    @property
    def kind(self) -> Chance:
        """What kind of a file it is."""
        return Chance[self.control.partition(":")[0].upper() or "SAMPLE"]

    @property
    def begins(self) -> datetime:
        """When it was measured: on the visit's day, one tube after the other; no two of a specimen at once."""
        session = read_tables()["session"]
        infusion = date.fromisoformat(session["infusion_of_the_first_patient"])
        days = session["days_between_patients"] * (self.patient - 1) + read_tables()["visits"][self.visit]["day"]
        first = datetime.combine(infusion + timedelta(days=days), time.fromisoformat(session["first_tube_at"]))
        before = {Chance.SAMPLE: 0, Chance.UNSTAINED: 2, Chance.FMO: 3, Chance.SINGLE: 31}[self.kind]
        order = before + self._item + (TUBES.index(self.tube) * 14 if self.kind is Chance.FMO else 0)
        order += TUBES.index(self.tube) if self.kind is Chance.SAMPLE else 0
        return first + timedelta(minutes=session["minutes_between_tubes"] * order)

    def generator(self, seed: int) -> np.random.Generator:
        """Return where its chance comes from."""
        return generator(seed, self.kind, self.patient, VISITS.index(self.visit), TUBES.index(self.tube), self._item)

    @property
    def _item(self) -> int:
        """The place of the marker or detector of a control in its panel; else 0."""
        kind, _, which = self.control.partition(":")
        if kind == "fmo":
            return markers_of((self.tube,)).index(which)
        return read_instrument().spillover.detectors.index(which) if kind == "single" else 0


def generator(seed: int, *what: int) -> np.random.Generator:
    """Return random numbers for one thing: six whole numbers in all, for a shorter list is as one with zeros after it.

    >>> bool(generator(7, Chance.BLOOD, 1).random() == generator(7, Chance.BLOOD, 2).random())
    False
    """
    words = [seed, *map(int, what)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(words + [0] * (6 - len(words)))))


def measurements_of(plan: StudyPlan) -> tuple[Measurement, ...]:
    """Return every file of a study in the order of its manifest."""
    return tuple(
        m
        for patient in range(1, plan.patients + 1)
        for visit in plan.visits
        for m in _of_visit(plan, patient, visit, is_last=visit == plan.visits[-1])
    )


def _of_visit(plan: StudyPlan, patient: int, visit: str, *, is_last: bool) -> Iterator[Measurement]:
    for tube in plan.tubes:
        is_hit = patient == 1 and is_last and tube == "T"
        yield Measurement(patient, visit, tube, faults=plan.faults if is_hit else ())
    for tube in plan.tubes:
        for marker in _fmo_markers(plan, tube):
            yield Measurement(patient, visit, tube, f"fmo:{marker}")
    if "unstained" in plan.controls:
        yield Measurement(patient, visit, "T", "unstained")
    if "single" in plan.controls and patient == 1 and visit == plan.visits[0]:
        for detector in read_instrument().spillover.detectors:
            yield Measurement(patient, visit, plan.tubes[0], f"single:{detector}")


def _fmo_markers(plan: StudyPlan, tube: str) -> list[str]:
    asked = [c.partition(":")[2] for c in plan.controls if c.startswith("fmo:")]
    wanted = {*asked, *(FMO_MARKERS[tube] if "fmo" in plan.controls else ())}
    return [m for m in markers_of((tube,)) if m in wanted]
