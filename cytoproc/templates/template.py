"""A gating template: the tree of populations for every sample of a kind, before it meets a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cytoproc.gates.boolean import BooleanGate
from cytoproc.gates.dimension import Dimension, Gate
from cytoproc.gates.methods.base import GatingMethod
from cytoproc.model.paths import ROOT, split_path

__all__ = ["GatingTemplate", "IntensityItem", "Marker", "ReportItem", "Step"]


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
    """What is reported of one population: percentages of which others, and which intensities."""

    population: str
    percent_of: tuple[str, ...] = ()
    concentration: bool = False
    intensities: tuple[IntensityItem, ...] = ()


@dataclass(frozen=True, slots=True)
class GatingTemplate:
    """A checked template. Steps stand in an order in which every population comes after those it needs.

    `matrices` maps the names that dimensions use for compensation to files; `digest` is the SHA-256 of the document
    it was read from, empty if it was built in code. `fixed` holds the gates that no data can move, `rounds` the
    methods in the order in which they can be fitted.
    """

    name: str
    version: str
    markers: tuple[Marker, ...]
    steps: tuple[Step, ...]
    report: tuple[ReportItem, ...] = ()
    compensation: str = "file"
    matrices: tuple[tuple[str, Path], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    description: str = ""
    digest: str = ""
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
