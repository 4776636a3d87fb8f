"""A gating template: the tree of populations for every sample of a kind, before it meets a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cytoproc.gates.boolean import BooleanGate
from cytoproc.gates.dimension import Dimension, Gate
from cytoproc.gates.methods.base import GatingMethod
from cytoproc.model.paths import ROOT, parent_path, split_path
from cytoproc.model.results import Severity

__all__ = [
    "Acceptance",
    "Alert",
    "CarryOver",
    "Counting",
    "Delay",
    "GatingTemplate",
    "IntensityItem",
    "Marker",
    "ReportItem",
    "Sensitivity",
    "Step",
    "SumCheck",
    "TwoBeads",
    "Viability",
]


@dataclass(frozen=True, slots=True)
class Marker:
    """A name the gates use, and the other names under which files may carry it."""

    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One population: its path, its parent's path, and the gate or method that selects it from the parent."""

    path: str
    parent: str
    gate: Gate | GatingMethod | BooleanGate

    @property
    def name(self) -> str:
        """The last name of the path."""
        return split_path(self.path)[-1]


@dataclass(frozen=True, slots=True)
class IntensityItem:
    """A median or geometric mean intensity that the report asks for."""

    marker: str
    statistic: str


@dataclass(frozen=True, slots=True)
class ReportItem:
    """What is reported of one population: percentages of which others, cells/µL, and which intensities.

    A `headline` is what a summary shows first.
    """

    population: str
    percent_of: tuple[str, ...] = ()
    concentration: bool = False
    intensities: tuple[IntensityItem, ...] = ()
    headline: bool = False


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Cells that a second, counted tube of the specimen counts too.

    `population` is a path of this template; `counted_as` is the name or path of the same cells in the other tube's.
    """

    population: str
    counted_as: str


@dataclass(frozen=True, slots=True)
class TwoBeads:
    """The populations of the two kinds of beads of one product, by path, and how many A there are for each B."""

    a: str
    b: str
    ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Counting:
    """The populations from which absolute counts are computed, by path; empty for those the template does not name.

    `beads` are the counting beads, all of them where `two_beads` tells two kinds apart; `lymphocytes` and `leukocytes`
    are the cells that a blood count gives.
    """

    beads: str = ""
    lymphocytes: str = ""
    leukocytes: str = ""
    carry_over: CarryOver | None = None
    two_beads: TwoBeads | None = None


@dataclass(frozen=True, slots=True)
class Viability:
    """The live cells, those they are part of, and percentages below which somebody is told, and none is counted."""

    population: str
    of: str
    warn_below: float = 85.0
    refuse_below: float = 70.0


@dataclass(frozen=True, slots=True)
class Delay:
    """The hours from the blood draw to the measurement, above which somebody is told, and none is counted."""

    warn_above: float
    refuse_above: float


@dataclass(frozen=True, slots=True)
class Acceptance:
    """When a sample of this kind is not fit for a count; None where the template does not say."""

    viability: Viability | None = None
    delay_h: Delay | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What is said of a sample in which a population is detected."""

    population: str
    code: str
    message: str
    severity: Severity = Severity.WARN


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How few cells of a population a sample should be able to give a number for; None for what is not asked."""

    population: str
    percent_of_parent: float | None = None
    cells_per_ul: float | None = None


@dataclass(frozen=True, slots=True)
class SumCheck:
    """Populations that should add up to another one; all by path, and limits in percent of it.

    A sum is told if it lies outside of `between`, and further from `target` than chance explains.
    """

    name: str
    of: str
    parts: tuple[str, ...]
    between: tuple[float, float] = (90.0, 110.0)
    target: tuple[float, float] = (95.0, 105.0)


@dataclass(frozen=True, slots=True)
class GatingTemplate:
    """A checked template. Steps stand in an order in which every population comes after those it needs.

    `background` holds paths with the percentage of their parent's events that lie in the gate by chance, and
    `background_controls` those for which that is measured, with the kinds of controls that do, best first. `matrices`
    maps the names that dimensions use for compensation to files; `digest` is the SHA-256 of the document it was read
    from, empty if it was built in code, and `source` that document's bytes. `fixed` holds the gates that no data can
    move, `rounds` the methods in the order in which they can be fitted.
    """

    name: str
    version: str
    markers: tuple[Marker, ...]
    steps: tuple[Step, ...]
    report: tuple[ReportItem, ...] = ()
    compensation: str = "file"
    matrices: tuple[tuple[str, Path], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    background: tuple[tuple[str, float], ...] = ()
    background_controls: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    description: str = ""
    digest: str = ""
    counting: Counting = Counting()
    acceptance: Acceptance = Acceptance()
    alerts: tuple[Alert, ...] = ()
    sums: tuple[SumCheck, ...] = ()
    source: bytes = field(default=b"", repr=False, compare=False)
    fixed: Mapping[str, Gate] = field(init=False, repr=False, compare=False)
    rounds: tuple[Mapping[str, GatingMethod], ...] = field(init=False, repr=False, compare=False)
    _known: Mapping[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the steps by path, and sort the methods into rounds: those below no other method are fitted first."""
        object.__setattr__(self, "_known", {s.path: s for s in self.steps})
        object.__setattr__(self, "fixed", {s.path: s.gate for s in self.steps if not isinstance(s.gate, GatingMethod)})
        object.__setattr__(self, "rounds", tuple(_rounds(self.steps)))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every population's path, parents first."""
        return tuple(s.path for s in self.steps)

    def step(self, path: str) -> Step:
        """Return the population of that path."""
        return self._known[path]

    @property
    def concentrations(self) -> tuple[str, ...]:
        """The populations whose cells/µL the report asks for."""
        return tuple(dict.fromkeys(item.population for item in self.report if item.concentration))

    @property
    def headlines(self) -> tuple[str, ...]:
        """The populations that a summary shows: those that the report calls headlines, else those with cells/µL."""
        called = tuple(dict.fromkeys(item.population for item in self.report if item.headline))
        return tuple(path for path in called or self.concentrations if path != ROOT)  # root is no part of anything

    def main_denominator(self, path: str) -> str:
        """Return of what a summary gives a percentage: the first that the report asks for, or the parent."""
        asked = [of for item in self.report if item.population == path for of in item.percent_of]
        return asked[0] if asked else parent_path(path)

    def paths_called(self, reference: str) -> tuple[str, ...]:
        """Return the paths of the populations that a name or a path, with or without `root/`, can stand for."""
        path = reference.removeprefix(f"{ROOT}/")
        return tuple(s.path for s in self.steps if path == s.path or reference == s.name)

    def dimensions(self) -> Iterator[Dimension]:
        """Yield every dimension of every gate."""
        for step in self.steps:
            yield from step.gate.dimensions

    def aliases(self, name: str) -> tuple[str, ...]:
        """Return the other names of a marker; none for a channel that the template does not list."""
        return next((m.aliases for m in self.markers if m.name == name), ())


def _rounds(steps: Sequence[Step]) -> list[Mapping[str, GatingMethod]]:
    depths = {ROOT: 0}
    rounds: dict[int, dict[str, GatingMethod]] = {}
    for step in steps:
        needs = [step.parent, *(step.gate.references() if isinstance(step.gate, BooleanGate) else ())]
        depth = max(depths[path] for path in needs)
        if isinstance(step.gate, GatingMethod):
            rounds.setdefault(depth, {})[step.path] = step.gate
            depth += 1
        depths[step.path] = depth
    return [rounds[depth] for depth in sorted(rounds)]
