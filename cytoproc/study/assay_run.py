"""What a finished run counted in the samples of a plan."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from cytoproc.errors import DocumentError, Problem, UsageError
from cytoproc.model.paths import ROOT
from cytoproc.study.assay_plan import SAY_WHICH, AssayPlan, Measurement
from cytoproc.study.finished import FinishedRun, Line

__all__ = ["measure"]

_REFUSED = {"INVALID", "NOT_DONE"}


def measure(
    plan: AssayPlan, run: FinishedRun, *, populations: Sequence[str] = (), percent_of: str = ""
) -> tuple[Measurement, ...]:
    """Return what a run counted in the samples of a plan.

    Parameters
    ----------
    plan, run
        From :func:`~cytoproc.study.assay_plan.read_plan` and :func:`~cytoproc.study.finished.read_run`.
    populations
        Names or paths; without any, all that are in every sample of the plan.
    percent_of
        Name or path of what percentages are of; the population's parent if empty.

    Raises
    ------
    DocumentError
        Listing every sample that the run does not have, could not process, or lacks a population of.
    UsageError
        If a name fits several populations, or a known value is given for more than one.
    """
    theirs = {p.sample_id: run.lines_where("sample_id", p.sample_id) for p in plan.rows}
    problems = list(_check_samples(plan, theirs, run))
    if problems:
        raise DocumentError(plan.name, problems)
    labels = _labels(line for lines in theirs.values() for line in lines)
    paths = [_resolve(name, labels) for name in populations] or _shared_paths(theirs.values())
    if not paths:
        msg = f"no population is in all samples of {plan.name}; name those to verify with --population"
        raise UsageError(msg)
    if len(paths) > 1 and any(name != "relative" for p in plan.rows for name, _ in p.expected):
        msg = (
            f"{plan.name} says what one population is expected to be, and there are {len(paths)}; name it with "
            "--population, or use expected_relative"
        )
        raise UsageError(msg)
    wanted = _resolve(percent_of, labels) if percent_of else ""
    short = Counter(labels.values())
    measurements = []
    for path in dict.fromkeys(paths):
        for planned in plan.rows:
            found = _numbers(theirs[planned.sample_id], path, wanted)
            if found is None:
                which = f" as a percentage of {percent_of!r}" if wanted else ""
                message = f"the run has no {path!r}{which} for sample {planned.sample_id!r}"
                problems.append(Problem(message, "sample_id", planned.line, 1))
                continue
            of = labels.get(found[0], found[0])
            name = labels[path] if short[labels[path]] == 1 else path
            measurements.append(Measurement(planned, name, of if short[of] <= 1 else found[0], *found[1:]))
    if problems:
        raise DocumentError(plan.name, problems)
    return _with_their_unit(plan, measurements)


def _with_their_unit(plan: AssayPlan, measurements: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """Return the measurements with a bare `expected` taken for a percentage, if there is nothing else it can be."""
    if all(name for row in plan.rows for name, _ in row.expected):
        return tuple(measurements)
    if not all(math.isnan(m.v_eff_ul) for m in measurements):
        raise DocumentError(plan.name, [Problem(SAY_WHICH, "expected", 1, 1)])
    return tuple(
        replace(m, planned=replace(m.planned, expected=tuple((n or "percent", x) for n, x in m.planned.expected)))
        for m in measurements
    )


def _check_samples(plan: AssayPlan, theirs: Mapping[str, Sequence[Line]], run: FinishedRun) -> Iterator[Problem]:
    for row in plan.rows:
        lines = theirs[row.sample_id]
        if not lines:
            near = get_close_matches(row.sample_id, run.sample_ids, n=1)
            meant = f"; is it {near[0]!r}?" if near else ""
            yield Problem(f"the run in {run.folder} has no sample {row.sample_id!r}{meant}", "sample_id", row.line, 1)
        elif not any(line.text("population_id") for line in lines):
            why = lines[0].text("qc_flags") or "see its comment"
            message = f"sample {row.sample_id!r} could not be processed in the run ({why}); mend it or leave it out"
            yield Problem(message, "sample_id", row.line, 1)


def _labels(lines: Iterable[Line]) -> dict[str, str]:
    """Return the last name of each path."""
    return {path: line.text("population_label") for line in lines if (path := line.text("population_id"))}


def _resolve(name: str, labels: Mapping[str, str]) -> str:
    """Return the path that a name or path means."""
    if name in labels:
        return name
    paths = [path for path, label in labels.items() if label == name]
    if len(paths) == 1:
        return paths[0]
    msg = f"there is no population {name!r}; there are: {', '.join(dict.fromkeys(labels.values()))}"
    if paths:
        msg = f"{name!r} can be {' or '.join(paths)}; write the path"
    raise UsageError(msg)


def _shared_paths(samples: Collection[Sequence[Line]]) -> list[str]:
    """Return the populations that all samples have, in the order of the first."""
    having = Counter(path for lines in samples for path in _labels(lines))
    return [path for path, n in having.items() if n == len(samples) and path != ROOT]


def _numbers(lines: Iterable[Line], path: str, percent_of: str) -> tuple[str, int, float, float] | None:
    """Return denominator, events, events of the denominator and effective volume; None if they are not all there."""
    theirs = [line for line in lines if line.text("population_id") == path]
    percent = next((line for line in theirs if _is_percentage(line, percent_of or line.text("parent_id"))), None)
    if percent is None:
        return None
    counted = (line.number("v_eff_ul") for line in theirs if _is_count_of_blood(line))
    volume = next(counted, math.nan) or math.nan
    return percent.text("denominator_id"), percent.whole("n_events"), percent.number("n_denominator"), volume


def _is_percentage(line: Line, of: str) -> bool:
    return line.text("statistic") == "PCT" and line.text("denominator_id") == of


def _is_count_of_blood(line: Line) -> bool:
    return line.text("statistic") == "ABS" and line.text("status") not in _REFUSED
