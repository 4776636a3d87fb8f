"""What a simulated study is to be: every argument, checked."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from cytoproc.errors import UsageError
from cytoproc.simulate.parameters import read_tables
from cytoproc.simulate.patient import SCENARIOS, VISITS

__all__ = ["CONTROLS", "COUNTING", "FAULTS", "OF_THE_FLOW", "TUBES", "StudyPlan"]

TUBES = tuple(read_tables()["tubes"])
"""The tubes there are, `T` for T, NK and CAR-T cells and `B` for the subsets of B cells."""
COUNTING = ("beads", "volumetric")
"""How absolute counts are made possible."""
CONTROLS = ("fmo", "single", "unstained")
"""The kinds of controls. One FMO control alone is `fmo`, a colon, and its marker."""
FAULTS = ("clog", "surge", "drift", "air", "stale_matrix", "mislabelled", "swapped")
"""What can go wrong with tube T of the first patient's last visit."""

OF_THE_FLOW = ("clog", "surge", "air")
"""The faults that change how fast events arrive for a while."""
_BOUNDS: dict[str, tuple[float, float]] = {
    "patients": (1, 999),
    "volume_ul": (0.1, 2000),
    "events": (1, 50_000_000),
    "seed": (0, 2**32 - 1),
    "drift": (0, 0.5),
    "dead": (0, 0.8),
    "doublets": (0, 0.8),
    "debris": (0, 0.8),
    "car_brightness": (0.01, 10),
}
_LARGEST_SHARE_OF_NO_LIVE_CELLS = 0.95


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """The arguments of a simulated study.

    Parameters
    ----------
    scenario
        How the patients fare; one of `SCENARIOS`.
    patients
        How many. The first is the patient of the tables, each further one is drawn.
    visits
        Some of `VISITS`.
    tubes
        Some of `TUBES`.
    volume_ul
        Blood analysed of each tube, µL.
    events
        Acquisition stops when so many events are stored; less blood is analysed then, and fewer beads. None: no stop.
    seed
        Where chance begins.
    counting
        One of `COUNTING`.
    drift
        The gain of each detector is off by up to so many decades, another one each visit; the matrix follows.
    dead, debris
        Their share of all particles but beads, 0-1.
    doublets
        Their share of all events but beads, 0-1.
    car_brightness
        How many times as bright as in the tables CAR-T cells are on the CAR channel.
    controls
        Some of `CONTROLS`, or `fmo:MARKER`.
    faults
        Some of `FAULTS`.
    storage_gate
        Whether the cytometer stores little more than lymphocytes, monocytes and beads.

    Raises
    ------
    UsageError
        Listing every argument that is wrong, and what there is.

    Examples
    --------
    >>> StudyPlan(visits=("D14",), tubes=("T",)).visits
    ('D14',)
    """

    scenario: str = "autologous"
    patients: int = 1
    visits: tuple[str, ...] = ("BL", "D14", "M6")
    tubes: tuple[str, ...] = TUBES
    volume_ul: float = 80.0
    events: int | None = None
    seed: int = 1
    counting: str = "beads"
    drift: float = 0.0
    dead: float = 0.03
    doublets: float = 0.04
    debris: float = 0.15
    car_brightness: float = 1.0
    controls: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    storage_gate: bool = False

    def __post_init__(self) -> None:
        """Check everything, and put visits and tubes in their order."""
        problems = [*self._unknown(), *self._out_of_bounds(), *self._contradictions()]
        if problems:
            raise UsageError("\n".join(problems))
        object.__setattr__(self, "visits", tuple(sorted(self.visits, key=VISITS.index)))
        object.__setattr__(self, "tubes", tuple(sorted(self.tubes, key=TUBES.index)))

    def _unknown(self) -> Iterator[str]:
        yield from _unknown("scenario", (self.scenario,), SCENARIOS)
        yield from _unknown("counting", (self.counting,), COUNTING)
        yield from _unknown("visits", self.visits, VISITS)
        yield from _unknown("tubes", self.tubes, TUBES)
        yield from _unknown("faults", self.faults, FAULTS)
        markers = markers_of(t for t in self.tubes if t in TUBES)
        for control in self.controls:
            kind, colon, marker = control.partition(":")
            if kind == "fmo" and colon and marker not in markers and markers:
                yield f"controls: no tube that is made has a marker {marker!r}; there are: {', '.join(markers)}"
            elif control not in CONTROLS and not (kind == "fmo" and colon):
                yield f"controls: there is no {control!r}; there are: {', '.join(CONTROLS)}, fmo:MARKER"
        for what, given in (("visits", self.visits), ("tubes", self.tubes)):
            if not given:
                yield f"{what}: none is given; name one at least"
        for what in ("visits", "tubes", "controls", "faults"):
            named = getattr(self, what)
            if twice := sorted({n for n in named if named.count(n) > 1}):
                yield f"{what}: named twice: {', '.join(twice)}"

    def _out_of_bounds(self) -> Iterator[str]:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                yield f"{name}: {value} is not a number from {_written(least)} to {_written(most)}"
        if self.dead + self.debris > _LARGEST_SHARE_OF_NO_LIVE_CELLS:
            yield f"dead and debris: {self.dead:g} + {self.debris:g} leaves next to no live cells; take less than 0.95"

    def _contradictions(self) -> Iterator[str]:
        if self.faults and "T" not in self.tubes:
            yield "faults: they befall tube T, which is not made; add it to the tubes"
        if len(flow := [f for f in self.faults if f in OF_THE_FLOW]) > 1:
            yield f"faults: {' and '.join(flow)} would befall the same tube at the same time; take one of them"
        if "swapped" in self.faults and len(self.visits) < 2:
            yield "faults: to swap the files of two visits, two visits are needed; add one"
        if "unstained" in self.controls and "T" not in self.tubes:
            yield "controls: unstained cells are measured as tube T, which is not made; add it to the tubes"
        if self.counting == "beads" and self.tubes == ("B",):
            yield "counting: tube B has no beads, it is counted by way of tube T; add tube T, or count volumetric"

    @property
    def name(self) -> str:
        """The name of the study."""
        return f"simulated-{self.scenario.replace('_', '-')}"

    @property
    def command(self) -> str:
        """The command that makes the study in a folder OUT.

        >>> StudyPlan(visits=("D14",), faults=("clog",)).command
        'cytoproc simulate OUT --visits D14 --fault clog'
        """
        words = ["cytoproc", "simulate", "OUT"]
        for of in fields(self):
            value = getattr(self, of.name)
            if value != of.default:
                option = "--" + ("fault" if of.name == "faults" else of.name.replace("_", "-"))
                words += [option] if value is True else [option, _written(value)]
        return shlex.join(words)


def markers_of(tubes: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """Return the markers that these tubes have, each once."""
    return tuple(dict.fromkeys(m for t in tubes for m in read_tables()["tubes"][t]["markers"]))


def _unknown(what: str, given: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    if wrong := [n for n in given if n not in known]:
        yield f"{what}: there is no {', '.join(map(repr, wrong))}; there are: {', '.join(known)}"


def _written(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value).removesuffix(".0")
