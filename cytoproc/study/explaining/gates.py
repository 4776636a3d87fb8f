"""Gates in words: what each asks of an event, and how many passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from math import inf
from typing import Any

from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.methods.base import GatingMethod
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.paths import ROOT, split_path
from cytoproc.templates.template import GatingTemplate

__all__ = ["ExplainedGate", "explain_gates", "gate_in_words", "needed_paths"]


@dataclass(frozen=True, slots=True)
class ExplainedGate:
    """One population on the way: what its gate asks for, where that came from, and the events in and out."""

    path: str
    parent: str
    in_words: str
    source: str
    n_in: int
    n_out: int

    @property
    def percent_of_parent(self) -> float | None:
        """Events out of events in, 0-100; nothing if none came in."""
        return 100 * self.n_out / self.n_in if self.n_in else None


def explain_gates(
    template: GatingTemplate, paths: Sequence[str], counts: Mapping[str, int], found: Sequence[Mapping[str, Any]]
) -> tuple[ExplainedGate, ...]:
    """Return the gates of these populations in the template's order, parents first.

    `counts` are the sample's events by path, and `found` the gates that were found in its file, from the run's record.
    """
    how = {str(g.get("population")): g for g in found}
    gates = []
    for step in template.steps:
        if step.path in paths:
            words, fitted = gate_in_words(step.gate, template.compensation), how.get(step.path, {})
            source = str(fitted.get("source", "LOCKED"))
            if fitted:
                found_here = {"FILE": "found in this file", "FALLBACK": "not found in this file"}.get(source, source)
                words = f"{words}, {found_here}: {fitted.get('how')}"
            elif isinstance(step.gate, GatingMethod):  # of pooled files, each with its own
                words = f"{words}, found in each file"
            gates.append(ExplainedGate(step.path, step.parent, words, source, counts[step.parent], counts[step.path]))
    return tuple(gates)


def needed_paths(template: GatingTemplate, targets: Sequence[str]) -> tuple[str, ...]:
    """Return every population that one of these depends on, themselves included, without `root`.

    >>> from cytoproc.gates.dimension import Dimension
    >>> from cytoproc.templates.template import Step
    >>> def step(path, parent):
    ...     return Step(path, parent, RangeGate(Dimension("FSC-A"), low=1))
    >>> steps = (step("Cells", "root"), step("Cells/T", "Cells"), step("Cells/B", "Cells"))
    >>> needed_paths(GatingTemplate("x", "1", (), steps), ["Cells/T", "root"])
    ('Cells', 'Cells/T')
    """
    needed: set[str] = set()
    waiting = [path for path in targets if path != ROOT]
    while waiting:
        path = waiting.pop()
        if path == ROOT or path in needed:
            continue
        needed.add(path)
        step = template.step(path)
        waiting += [step.parent, *(step.gate.references() if isinstance(step.gate, BooleanGate) else ())]
    return tuple(path for path in template.paths if path in needed)


def gate_in_words(gate: object, compensation: str = "file") -> str:
    """Return what a gate asks of an event; channels that are not compensated as the template says are told.

    >>> from cytoproc.gates.dimension import Dimension
    >>> gate_in_words(RangeGate(Dimension("CD3"), low=2000))
    'CD3 at or above 2000'
    >>> gate_in_words(BooleanGate(Operator.NOT, ("Beads",)))
    'not in Beads'
    """
    return _in_words(gate, compensation)


@singledispatch
def _in_words(gate: object, compensation: str) -> str:
    return f"by the method {type(gate).__name__}"


@_in_words.register
def _(gate: RangeGate, compensation: str) -> str:
    return _between(gate.dimension, gate.low, gate.high, gate.units, compensation)


@_in_words.register
def _(gate: RectangleGate, compensation: str) -> str:
    return ", and ".join(_in_words(side, compensation) for side in gate.sides)


@_in_words.register
def _(gate: QuadrantGate, compensation: str) -> str:
    sides = []
    for (dimension, cuts), place in zip(gate.dividers, gate.cell, strict=True):
        if place is not None:
            edges = (-inf, *cuts, inf)
            sides.append(_between(dimension, edges[place], edges[place + 1], gate.units, compensation))
    return ", and ".join(sides)


@_in_words.register
def _(gate: PolygonGate, compensation: str) -> str:
    axes = f"{_axis(gate.x, compensation)} and {_axis(gate.y, compensation)}"
    corners = ", ".join(f"({x:g}, {y:g})" for x, y in gate.vertices)
    return f"inside the polygon of {len(gate.vertices)} corners on {axes}: {corners}{_units(gate.units)}"


@_in_words.register
def _(gate: EllipsoidGate, compensation: str) -> str:
    axes = " and ".join(_axis(d, compensation) for d in gate.axes)
    centre = ", ".join(f"{c:g}" for c in gate.center)
    return f"inside the ellipse around ({centre}) on {axes}{_units(gate.units)}"


@_in_words.register
def _(gate: BooleanGate, compensation: str) -> str:
    parts = [f"({_in_words(o, compensation)})" if isinstance(o, BooleanGate) else _name(o) for o in gate.operands]
    if gate.operator is Operator.NOT:
        return f"not in {parts[0]}"
    return f" {gate.operator.value} ".join(f"in {part}" for part in parts)


@_in_words.register
def _(gate: Singlets, compensation: str) -> str:
    return f"single cells, by a band of {gate.height.source} on {gate.area.source}"


def _between(dimension: Dimension, low: float, high: float, units: Units, compensation: str) -> str:
    axis = _axis(dimension, compensation)
    match low > -inf, high < inf:
        case True, True:
            words = f"{axis} at or above {low:g} and below {high:g}"
        case True, False:
            words = f"{axis} at or above {low:g}"
        case False, True:
            words = f"{axis} below {high:g}"
        case _:
            words = f"any value of {axis}"
    return words + _units(units)


def _axis(dimension: Dimension, compensation: str) -> str:
    if dimension.compensation == compensation:
        return str(dimension.source)
    how = "as measured" if dimension.compensation == "none" else f"compensated by {dimension.compensation}"
    return f"{dimension.source} ({how})"


def _units(units: Units) -> str:
    return " (in units of the scale)" if units is Units.SCALE else ""


def _name(path: str) -> str:
    return split_path(path)[-1]
