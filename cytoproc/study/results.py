"""The long table: one row a sample, population and statistic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from cytoproc.model.paths import ROOT, split_path
from cytoproc.model.results import PopulationCount, SampleResult, Severity
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.status import Limits, Status, decide_status
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Sample
from cytoproc.templates.template import GatingTemplate, ReportItem
from cytoproc.version import __version__

__all__ = ["ResultRow", "collect"]


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One number and all that is needed to judge it.

    Column names are those of a lab's flat result table (CDISC habits). Percentages are 0-100. Empty text and NaN
    mean: does not apply. `own` holds the columns of the manifest that only the lab knows, carried through as written;
    they are the last columns of every table.
    """

    study_id: str
    sample_id: str
    subject_id: str
    specimen_id: str
    visit: str
    nominal_day: str
    collection_dtc: str
    tube_id: str
    template_id: str
    template_version: str
    gate_source: str
    software_version: str
    batch_id: str
    instrument: str
    fcs_file: str
    fcs_sha256: str
    result_id: str
    population_id: str
    population_label: str
    parent_id: str
    denominator_id: str
    statistic: str
    marker: str
    value_raw: float
    value_reported: float
    value_char: str
    unit: str
    n_events: float
    n_parent: float
    n_denominator: float
    ci_low: float
    ci_high: float
    ci_method: str
    ci_level: float
    lod_events: float
    lloq_events: float
    status: str
    qc_status: str
    qc_flags: str
    comment: str
    own: tuple[tuple[str, str], ...] = ()


COLUMNS = tuple(f.name for f in fields(ResultRow) if f.name != "own")
_NAN = math.nan


def collect(results: Sequence[SampleResult], study: Study) -> list[ResultRow]:
    """Return the long table of a study: samples in the manifest's order, populations in the template's.

    Every population gets a COUNT and a PCT of its parent; the template's report adds PCT of others and intensities. A
    file that could not be processed gets one row, with the error's code in `qc_flags` and its text in `comment`.
    """
    samples = {s.sample_id: s for s in study.manifest.samples}
    drafts = [d for r in results for d in _drafts(r, samples[r.sample_id], study)]
    percents = [d for d in drafts if d.statistic == "PCT"]
    interval = clopper_pearson(
        np.array([d.n_events for d in percents]),
        np.array([d.n_denominator for d in percents]),
        level=study.confidence_level,
    )
    bounds = {
        id(d): (float(interval.value[i]), float(interval.low[i]), float(interval.high[i]))
        for i, d in enumerate(percents)
    }
    return [_row(d, bounds.get(id(d)), study, interval.method) for d in drafts]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A row before its interval."""

    result: SampleResult
    sample: Sample
    template: GatingTemplate
    statistic: str
    count: PopulationCount | None = None
    n_events: int = 0
    n_denominator: int = 0
    denominator: str = ""
    marker: str = ""
    value: float = _NAN


def _drafts(result: SampleResult, sample: Sample, study: Study) -> Iterator[_Draft]:
    template = study.template_of(sample)
    if result.error_code:
        yield _Draft(result, sample, template, "")
        return
    counts = {c.path: c for c in result.counts}
    asked: dict[str, list[ReportItem]] = {}
    for item in template.report:
        asked.setdefault(item.population, []).append(item)
    for path, count in counts.items():
        yield _Draft(result, sample, template, "COUNT", count, count.n_events, count.n_parent, value=count.n_events)
        others = [of for item in asked.get(path, []) for of in item.percent_of]
        for of in dict.fromkeys([count.parent, *others] if path != ROOT else others):
            if (path, of) in result.not_contained:
                continue
            yield _Draft(result, sample, template, "PCT", count, count.n_events, counts[of].n_events, of)
    for i in result.intensities:
        count = counts[i.path]
        yield _Draft(
            result,
            sample,
            template,
            "MFI",
            count,
            count.n_events,
            count.n_events,
            "",
            f"{i.marker} {i.statistic}",
            i.value,
        )


def _row(draft: _Draft, bounds: tuple[float, float, float] | None, study: Study, method: str) -> ResultRow:
    result, sample, count = draft.result, draft.sample, draft.count
    limits = _limits(draft.template)
    value, low, high = bounds or (draft.value, _NAN, _NAN)
    status = _status(draft, limits)
    codes = [result.error_code] if result.error_code else [f.code for f in result.flags]
    codes += [r.code for r in result.repairs]
    path = count.path if count else ""
    return ResultRow(
        study_id=study.name,
        sample_id=result.sample_id,
        subject_id=sample.get("subject_id"),
        specimen_id=sample.get("specimen_id"),
        visit=sample.get("visit"),
        nominal_day=sample.get("day"),
        collection_dtc=sample.get("collected_at"),
        tube_id=sample.get("tube"),
        template_id=draft.template.name,
        template_version=draft.template.version,
        gate_source=count.gate_source if count and path != ROOT else "",
        software_version=__version__,
        batch_id=sample.get("acquisition_batch"),
        instrument=dict(result.acquisition).get("instrument", ""),
        fcs_file=result.file,
        fcs_sha256=result.sha256,
        result_id="|".join(p for p in (result.sample_id, path, draft.statistic, draft.denominator, draft.marker) if p),
        population_id=path,
        population_label=split_path(path)[-1] if path else "",
        parent_id=count.parent if count else "",
        denominator_id=draft.denominator if draft.statistic == "PCT" else "",
        statistic=draft.statistic,
        marker=draft.marker,
        value_raw=value,
        value_reported=value if status is Status.QUANT else _NAN,
        value_char=_in_words(draft, status, value, high, limits),
        unit=_UNITS[draft.statistic],
        n_events=draft.n_events if count else _NAN,
        n_parent=count.n_parent if count else _NAN,
        n_denominator=draft.n_denominator if draft.statistic == "PCT" else _NAN,
        ci_low=low,
        ci_high=high,
        ci_method=method if bounds and not math.isnan(low) else "",
        ci_level=study.confidence_level if bounds and not math.isnan(low) else _NAN,
        lod_events=limits.detect_events if count else _NAN,
        lloq_events=limits.lloq_events if count else _NAN,
        status=status.value,
        qc_status=_qc_status(result),
        qc_flags=";".join(dict.fromkeys(codes)),
        comment="; ".join(
            map(str.strip, result.error.splitlines()) if result.error_code else [f.message for f in result.flags]
        ),
        own=tuple((name, sample.get(name)) for name in study.manifest.own_columns),
    )


_UNITS = {"COUNT": "events", "PCT": "%", "MFI": "linear", "": ""}


def _limits(template: GatingTemplate) -> Limits:
    given = dict(template.limits)
    return Limits(int(given.get("lod_events", 20)), int(given.get("lloq_events", 50)))


def _status(draft: _Draft, limits: Limits) -> Status:
    if draft.result.error_code:
        return Status.INVALID
    if draft.statistic == "PCT":
        return decide_status(draft.n_events, draft.n_denominator, limits)
    return decide_status(draft.n_events, max(draft.n_denominator, limits.parent_events), limits)


def _qc_status(result: SampleResult) -> str:
    if result.error_code:
        return "FAIL"
    odd = result.repairs or any(f.severity is not Severity.INFO for f in result.flags)
    return "WARN" if odd else "PASS"


def _in_words(draft: _Draft, status: Status, value: float, high: float, limits: Limits) -> str:
    """Return the value as a report prints it."""
    if status is Status.INVALID:
        return "invalid"
    if status is Status.NOT_EVALUABLE:
        return f"not evaluable ({draft.n_denominator} parent events)"
    if status is Status.QUANT:
        return str(int(value)) if draft.statistic == "COUNT" else f"{value:.4g}"
    if draft.statistic != "PCT":
        return f"{draft.n_events} events"
    if status is Status.ND:
        return f"{draft.n_events} events, below detection limit; upper limit {high:.3g} %"
    return f"<{100 * limits.lloq_events / draft.n_denominator:.3g} %"
