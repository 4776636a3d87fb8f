"""The long table: one row a sample, population and statistic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from cytoproc.model.paths import ROOT, split_path
from cytoproc.model.results import PopulationCount, SampleResult, Severity
from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.status import Limits, Status, decide_by_events, decide_status
from cytoproc.study.concentrations import CountedCells, limits_of
from cytoproc.study.counting import Basis
from cytoproc.study.definition import Study
from cytoproc.study.findings import find_out
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
    control: str
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
    n_beads: float
    beads_per_tube: float
    sample_volume_ul: float
    dilution_factor: float
    vol_acquired_nl: float
    v_eff_ul: float
    count_method: str
    ci_low: float
    ci_high: float
    ci_method: str
    ci_level: float
    lod_events: float
    lloq_events: float
    lod_value: float
    lloq_value: float
    singlet_loss_pct: float
    status: str
    qc_status: str
    qc_flags: str
    comment: str
    own: tuple[tuple[str, str], ...] = ()


COLUMNS = tuple(f.name for f in fields(ResultRow) if f.name != "own")
_NAN = math.nan


def collect(results: Sequence[SampleResult], study: Study) -> list[ResultRow]:
    """Return the long table of a study: samples in the manifest's order, populations in the template's.

    Every population gets a COUNT and a PCT of its parent; the template's report adds PCT of others, concentrations
    (ABS, where the manifest says how the sample was counted) and intensities. A file that could not be processed gets
    one row, with the error's code in `qc_flags` and its text in `comment`.
    """
    samples = {s.sample_id: s for s in study.manifest.samples}
    found = find_out(results, study)
    drafts = [d for r in found.results for d in _drafts(r, samples[r.sample_id], study, found.concentrations)]
    percents = [d for d in drafts if d.statistic == "PCT"]
    interval = clopper_pearson(
        np.array([d.n_events for d in percents]),
        np.array([d.n_denominator for d in percents]),
        level=study.confidence_level,
    )
    numbers = {id(d): _percentage(d, interval, i) for i, d in enumerate(percents)}
    return [_row(d, numbers.get(id(d)) or _number(d), study) for d in drafts]


_USUAL = Limits()


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
    cells: CountedCells | None = None
    limits: Limits = _USUAL


def _drafts(
    result: SampleResult, sample: Sample, study: Study, concentrations: Mapping[tuple[str, str], CountedCells]
) -> Iterator[_Draft]:
    template = study.template_of(sample)
    if result.error_code:
        yield _Draft(result, sample, template, "")
        return
    counts = {c.path: c for c in result.counts}
    n_events = {path: count.n_events for path, count in counts.items()}
    asked: dict[str, list[ReportItem]] = {}
    for item in template.report:
        asked.setdefault(item.population, []).append(item)
    drafts = {
        path: partial(_Draft, result, sample, template, count=count, limits=limits_of(template, path, n_events))
        for path, count in counts.items()
    }
    for path, count in counts.items():
        n, draft = count.n_events, drafts[path]
        yield draft(statistic="COUNT", n_events=n, n_denominator=count.n_parent, value=n)
        others = [of for item in asked.get(path, []) for of in item.percent_of]
        for of in dict.fromkeys([count.parent, *others] if path != ROOT else others):
            if (path, of) in result.not_contained:
                continue
            yield draft(statistic="PCT", n_events=n, n_denominator=n_events[of], denominator=of)
        if cells := concentrations.get((result.sample_id, path)):
            yield draft(statistic="ABS", n_events=n, cells=cells)
    for i in result.intensities:
        n = n_events[i.path]
        marker = f"{i.marker} {i.statistic}"
        yield drafts[i.path](statistic="MFI", n_events=n, n_denominator=n, marker=marker, value=i.value)


@dataclass(frozen=True, slots=True)
class _Number:
    """What a row says of its number."""

    value: float
    status: Status
    in_words: str
    low: float = _NAN
    high: float = _NAN
    method: str = ""
    lod: float = _NAN
    lloq: float = _NAN


def _percentage(draft: _Draft, interval: Estimate, i: int) -> _Number:
    n, limits = draft.n_denominator, draft.limits
    value, low, high = (float(x[i]) for x in (interval.value, interval.low, interval.high))
    status = decide_status(draft.n_events, n, limits)
    known = status is not Status.NOT_EVALUABLE
    lod, lloq = (min(100 * k / n, 100.0) if known else _NAN for k in (limits.detect_events, limits.lloq_events))
    in_words = {
        Status.NOT_EVALUABLE: f"not evaluable ({n} parent events)",
        Status.ND: f"{draft.n_events} events, below detection limit; upper limit {high:.3g} %",
        Status.BLQ: f"<{lloq:.3g} %",
    }.get(status, f"{value:.4g}")
    return _Number(value, status, in_words, low, high, interval.method if n else "", lod, lloq)


def _number(draft: _Draft) -> _Number:
    """Return what is said of anything but a percentage."""
    if draft.count is None:
        return _Number(_NAN, Status.INVALID, "invalid")
    if draft.cells is not None:
        c = draft.cells
        return _Number(c.value, c.status, c.in_words, c.low, c.high, c.ci_method, c.lod_value, c.lloq_value)
    status = decide_by_events(draft.n_events, draft.limits)
    if status is not Status.QUANT:
        return _Number(draft.value, status, f"{draft.n_events} events")
    in_words = f"{draft.n_events}" if draft.statistic == "COUNT" else f"{draft.value:.4g}"
    return _Number(draft.value, status, in_words)


def _row(draft: _Draft, number: _Number, study: Study) -> ResultRow:
    result, sample, count, cells = draft.result, draft.sample, draft.count, draft.cells
    limits = draft.limits
    codes = [result.error_code] if result.error_code else [f.code for f in result.flags]
    codes += [r.code for r in result.repairs]
    path = count.path if count else ""
    basis = cells.basis if cells else Basis("")
    return ResultRow(
        study_id=study.name,
        sample_id=result.sample_id,
        subject_id=sample.get("subject_id"),
        specimen_id=sample.get("specimen_id"),
        visit=sample.get("visit"),
        nominal_day=sample.get("day"),
        collection_dtc=sample.get("collected_at"),
        tube_id=sample.get("tube"),
        control=sample.get("control"),
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
        denominator_id=draft.denominator or basis.denominator,
        statistic=draft.statistic,
        marker=draft.marker,
        value_raw=number.value,
        value_reported=number.value if number.status is Status.QUANT else _NAN,
        value_char=number.in_words,
        unit=_UNITS[draft.statistic],
        n_events=draft.n_events if count else _NAN,
        n_parent=count.n_parent if count else _NAN,
        n_denominator=cells.n_denominator if cells else draft.n_denominator if draft.statistic == "PCT" else _NAN,
        n_beads=basis.n_beads,
        beads_per_tube=basis.beads_per_tube,
        sample_volume_ul=basis.sample_volume_ul,
        dilution_factor=basis.dilution_factor,
        vol_acquired_nl=basis.vol_acquired_nl,
        v_eff_ul=cells.v_eff_ul if cells else _NAN,
        count_method=basis.method,
        ci_low=number.low,
        ci_high=number.high,
        ci_method=number.method,
        ci_level=study.confidence_level if number.method else _NAN,
        lod_events=limits.detect_events if count else _NAN,
        lloq_events=limits.lloq_events if count else _NAN,
        lod_value=number.lod,
        lloq_value=number.lloq,
        singlet_loss_pct=cells.singlet_loss_pct if cells else _NAN,
        status=number.status.value,
        qc_status=_qc_status(result),
        qc_flags=";".join(dict.fromkeys(codes)),
        comment="; ".join(
            map(str.strip, result.error.splitlines()) if result.error_code else [f.message for f in result.flags]
        ),
        own=tuple((name, sample.get(name)) for name in study.manifest.own_columns),
    )


_UNITS = {"COUNT": "events", "PCT": "%", "ABS": "cells/uL", "MFI": "linear", "": ""}


def _qc_status(result: SampleResult) -> str:
    severities = {f.severity for f in result.flags}
    if result.error_code or Severity.FAIL in severities:
        return "FAIL"
    return "WARN" if result.repairs or Severity.WARN in severities else "PASS"
