"""What the numbers of a sample are compared with: the lab's reference ranges, and the subject's own baseline."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cytoproc.model.paths import parent_path, split_path
from cytoproc.model.results import QCFlag, Severity
from cytoproc.quantify.status import Status
from cytoproc.study.basis import Tube
from cytoproc.study.definition import Study
from cytoproc.study.reference_ranges import Key, ReferenceRange, choose_range
from cytoproc.templates.template import GatingTemplate

__all__ = ["Comparison", "find_comparisons", "find_indicator"]

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reference ranges that hold for a sample, and the id of the sample that is its baseline; empty if it has none.

    Controls are nobody's results and are compared with nothing.
    """

    ranges: Mapping[Key, ReferenceRange] = field(default_factory=dict)
    baseline: str = ""
    flags: tuple[QCFlag, ...] = ()


def find_comparisons(tubes: Mapping[str, Tube], study: Study) -> dict[str, Comparison]:
    """Return for each sample what its numbers are compared with, by its id."""
    patients = {i: tube for i, tube in tubes.items() if not tube.sample.get("control")}
    by_template = {reference: study.references.of_template(t) for reference, t in study.templates.items()}
    asked = {reference: _numbers_of(t) for reference, t in study.templates.items()}
    baselines = _baselines(patients, study.baseline)
    found = dict.fromkeys(tubes, Comparison())
    for sample_id, tube in patients.items():
        reference = tube.sample.get("template")
        chosen, flags = _choose(tube, by_template[reference], asked[reference], study)
        first, *others = baselines.get(_what_is_measured(tube), [""])
        if others:
            flags = [*flags, _ambiguous([first, *others], study.baseline)]
        found[sample_id] = Comparison(chosen, "" if others else first, tuple(flags))
    return found


def find_indicator(given: ReferenceRange, value: float, status: Status, ci_high: float) -> str:
    """Return `LOW`, `NORMAL` or `HIGH` (CDISC's NRIND); empty where the number does not tell.

    A number that may be reported lies below, in or above the range, whose ends belong to it. Where only an upper limit
    is known, it is low if that limit is.

    >>> b_cells = ReferenceRange("B", "ABS", "my lab 2024", low=100, high=500)
    >>> [find_indicator(b_cells, value, Status.QUANT, math.nan) for value in (99, 100, 500, 501)]
    ['LOW', 'NORMAL', 'NORMAL', 'HIGH']
    >>> [find_indicator(b_cells, math.nan, Status.ND, ci_high) for ci_high in (1.4, 130)]
    ['LOW', '']
    """
    if status is Status.QUANT:
        return "LOW" if value < given.low else "HIGH" if value > given.high else "NORMAL"
    return "LOW" if status in {Status.BLQ, Status.ND} and ci_high < given.low else ""


def _numbers_of(template: GatingTemplate) -> set[Key]:
    """Return the percentages and concentrations that a template reports."""
    percents = {(path, "PCT", parent_path(path)) for path in template.paths}
    percents |= {(item.population, "PCT", of) for item in template.report for of in item.percent_of}
    return percents | {(path, "ABS", "") for path in template.concentrations}


def _choose(
    tube: Tube, ranges: Mapping[Key, tuple[ReferenceRange, ...]], asked: Collection[Key], study: Study
) -> tuple[dict[Key, ReferenceRange], list[QCFlag]]:
    """Return the ranges that hold for a sample, and a note if some cannot be chosen."""
    subject = study.subjects.get(tube.sample.get("subject_id"))
    age = subject.age_at(tube.sample.get("collected_at"))
    chosen, undecided = {}, []
    for key, each in ranges.items():
        found, is_unknown = choose_range(each, subject.sex, age)
        if found is not None:
            chosen[key] = found
        elif is_unknown and key in asked and (key[1] == "PCT" or tube.method):
            undecided.append(split_path(key[0])[-1])
    if not undecided:
        return chosen, []
    unknown = [what for what, known in (("sex", subject.sex), ("age", not math.isnan(age))) if not known]
    names = list(dict.fromkeys(undecided))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    message = (
        f"the reference ranges of {', '.join(names[:_MOST_NAMED])}{more} depend on sex or age, and "
        f"{' and '.join(unknown)} of the subject {'is' if len(unknown) == 1 else 'are'} not known: none is given; "
        "see subjects in the study file"
    )
    return chosen, [QCFlag("REFERENCE_NOT_CHOSEN", message, Severity.INFO)]


_Measured = tuple[str, str, str, str]


def _what_is_measured(tube: Tube) -> _Measured:
    """Return what two samples must share for the change from one to the other: the subject, the tube, the template."""
    subject, panel = tube.sample.get("subject_id"), tube.sample.get("tube")
    return subject, panel, tube.template.name, tube.template.version


def _baselines(tubes: Mapping[str, Tube], visit: str) -> dict[_Measured, list[str]]:
    """Return the samples of the visit that is the baseline, by what they measure."""
    found: dict[_Measured, list[str]] = {}
    for sample_id, tube in tubes.items():
        is_there = tube.sample.get("visit") == visit and not tube.sample.pooled_into
        if visit and tube.sample.get("subject_id") and is_there:
            found.setdefault(_what_is_measured(tube), []).append(sample_id)
    return found


def _ambiguous(samples: list[str], visit: str) -> QCFlag:
    message = f"{' and '.join(samples)} are both this subject's {visit!r} of this tube: no change from it is given"
    return QCFlag("BASELINE_AMBIGUOUS", message)
