"""All that leads to the numbers of one population of one sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cytoproc.errors import UsageError
from cytoproc.model.paths import ROOT, split_path
from cytoproc.study.explaining.gates import ExplainedGate, explain_gates, needed_paths
from cytoproc.study.explaining.numbers import ExplainedNumber, explain_number
from cytoproc.study.finished import FinishedRun, Line
from cytoproc.templates.document import did_you_mean
from cytoproc.templates.template import GatingTemplate

__all__ = ["Explanation", "explain"]

_MOST_LISTED = 12


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way from a file to the numbers of one population.

    `gates` lead to the population, `other_gates` to what its numbers are shares of, or counted by. `flags` concern the
    population or the whole sample; `n_other_flags` concern others.
    """

    sample_id: str
    path: str
    line: Line
    entry: Mapping[str, Any]
    n_in_file: int
    n_in_root: int
    template: GatingTemplate
    gates: tuple[ExplainedGate, ...]
    other_gates: tuple[ExplainedGate, ...]
    numbers: tuple[ExplainedNumber, ...]
    flags: tuple[tuple[str, str], ...]
    n_other_flags: int
    table: str
    changed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every number of the table is what its formula gives."""
        return all(number.agrees is not False for number in self.numbers)


def explain(run: FinishedRun, sample_id: str, population: str) -> Explanation:
    """Return the way to every number of a population, which is given by its name or its path.

    Raises
    ------
    UsageError
        If there is no such sample or population, the name stands for several, or the sample has no numbers.
    """
    entry = run.sample(sample_id)
    if error := entry.get("error"):
        msg = (
            f"sample {sample_id!r} has no numbers: its file {entry.get('file')!r} could not be processed, "
            f"{error.get('code')}: {error.get('message')}"
        )
        raise UsageError(msg)
    template = run.template_of(sample_id)
    path = _path_of(population, template)
    lines = run.lines_where("sample_id", sample_id)
    counts = {line.text("population_id"): line.whole("n_events") for line in lines if line.text("statistic") == "COUNT"}
    numbers = [line for line in lines if line.text("population_id") == path]
    missing = [p for p in (ROOT, *template.paths) if p not in counts]
    if missing or not numbers:
        msg = f"{run.folder / run.table} has no line of {missing[0] if missing else path!r} in sample {sample_id!r}"
        raise UsageError(msg)
    way = needed_paths(template, [path])
    others = needed_paths(template, [*_of_the_numbers(numbers, template)])
    found = entry.get("gates_found") or []
    flags = [(str(f.get("code")), str(f.get("message"))) for f in entry.get("flags") or []]
    mine = [f for f in flags if _concerns(f[1], {*way, *others}, template)]
    root = next(line for line in lines if line.text("population_id") == ROOT and line.text("statistic") == "COUNT")
    return Explanation(
        sample_id=sample_id,
        path=path,
        line=numbers[0],
        entry=entry,
        n_in_file=root.whole("n_parent"),
        n_in_root=root.whole("n_events"),
        template=template,
        gates=explain_gates(template, way, counts, found),
        other_gates=explain_gates(template, [p for p in others if p not in way], counts, found),
        numbers=tuple(explain_number(run, line) for line in numbers),
        flags=tuple(mine),
        n_other_flags=len(flags) - len(mine),
        table=run.table,
        changed=run.changed,
    )


def _path_of(population: str, template: GatingTemplate) -> str:
    """Return the path that a name or a path stands for."""
    paths = (ROOT,) if population == ROOT else template.paths_called(population)
    if len(paths) == 1:
        return paths[0]
    if paths:
        msg = f"{population!r} stands for {len(paths)} populations; give the path: {', '.join(map(repr, paths))}"
        raise UsageError(msg)
    names = list(dict.fromkeys(step.name for step in template.steps))
    words = did_you_mean(population, names)
    listed = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
    msg = f"template {template.name!r} has no population {population!r}{words}; it has: {listed}"
    raise UsageError(msg)


def _of_the_numbers(lines: Iterable[Line], template: GatingTemplate) -> Iterable[str]:
    """Yield the populations that the numbers are shares of, and the beads they are counted by."""
    for line in lines:
        if of := line.text("denominator_id"):
            yield of
        if line.number("n_beads") > 0 and template.counting.beads:
            yield template.counting.beads


def _concerns(message: str, paths: set[str], template: GatingTemplate) -> bool:
    """Return whether a flag is about one of these populations, or about none of the template's."""
    named = {p for p in template.paths if f"{p!r}" in message or message.startswith(f"{p}: ")}
    quoted = set(re.findall(r"'([^']*)'", message))
    named |= {p for p in template.paths if split_path(p)[-1] in quoted}
    return not named or bool(named & paths)
