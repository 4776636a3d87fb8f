"""The long table: one row a sample, population and statistic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cytoproc.model.paths import ROOT, split_path
from cytoproc.model.results import PopulationCount, SampleResult, Severity
from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.percent import PERCENT_INTERVALS, clopper_pearson
from cytoproc.quantify.status import Status, decide_by_events, decide_status
from cytoproc.study.basis import Basis
from cytoproc.study.comparing import Comparison, find_indicator
from cytoproc.study.concentrations import CountedCells
from cytoproc.study.days import days_between, study_day
from cytoproc.study.definition import Study
from cytoproc.study.findings import Findings, find_out
from cytoproc.study.limits import PopulationLimits
from cytoproc.study.manifest import Sample
from cytoproc.study.marker_strings import marker_strings
from cytoproc.study.result_row import COLUMNS, ResultRow
from cytoproc.study.run_id import run_id
from cytoproc.templates.template import GatingTemplate, ReportItem
from cytoproc.version import __version__

__all__ = ["COLUMNS", "ResultRow", "collect", "tabulate"]


_NAN = math.nan
_NOTHING = Comparison()


def collect(results: Sequence[SampleResult], study: Study) -> list[ResultRow]:
    """Return the long table of a study: samples in the manifest's order, populations in the template's.

    Every population gets a COUNT and a PCT of its parent; the template's report adds PCT of others, concentrations
    (ABS, where the manifest says how the sample was counted) and intensities. A file that could not be processed gets
    one row, with the error's code in `qc_flags` and its text in `comment`.
    """
    return tabulate(find_out(results, study), study)


def tabulate(found: Findings, study: Study) -> list[ResultRow]:
    """Return the long table of what was found out, as :func:`collect` does."""
    samples = {s.sample_id: s for s in study.manifest.samples}
    drafts = [d for r in found.results for d in _drafts(r, samples[r.sample_id], study, found)]
    percents = [d for d in drafts if d.statistic == "PCT"]
    n, of = np.array([d.n_events for d in percents]), np.array([d.n_denominator for d in percents])
    asked = PERCENT_INTERVALS[study.counts.percent_interval](n, of, level=study.confidence_level)
    exact = clopper_pearson(n, of, level=study.confidence_level)
    numbers = {id(d): _percentage(d, asked, exact, i) for i, d in enumerate(percents)}
    numbered = [(d, numbers.get(id(d)) or _number(d)) for d in drafts]
    shared = _shared_columns(found, study)
    signs = {reference: marker_strings(template) for reference, template in study.templates.items()}
    values = {_number_of(d): n.reported for d, n in numbered}
    rows = []
    for draft, number in numbered:
        sample_id, comparison = draft.result.sample_id, found.comparisons.get(draft.result.sample_id, _NOTHING)
        rows.append(
            ResultRow(
                **shared[sample_id],
                **_of_population(draft, signs[draft.sample.get("template")]),
                **_of_number(draft, number, study.confidence_level),
                **_of_counting(draft.cells),
                **_of_limits(draft, number),
                **_of_reference(draft, number, comparison),
                **_of_change(draft, number, values.get((comparison.baseline, *_number_of(draft)[1:]), _NAN)),
            )
        )
    return rows


_USUAL = PopulationLimits()


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
    limits: PopulationLimits = _USUAL


def _drafts(result: SampleResult, sample: Sample, study: Study, found: Findings) -> Iterator[_Draft]:
    template = study.template_of(sample)
    if result.error_code:
        yield _Draft(result, sample, template, "")
        return
    counts, limits = {c.path: c for c in result.counts}, found.limits[result.sample_id]
    n_events = {path: count.n_events for path, count in counts.items()}
    asked: dict[str, list[ReportItem]] = {}
    for item in template.report:
        asked.setdefault(item.population, []).append(item)
    drafts = {
        path: partial(_Draft, result, sample, template, count=count, limits=limits.of(path))
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
        if cells := found.concentrations.get((result.sample_id, path)):
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

    @property
    def reported(self) -> float:
        """The number, if it may be reported."""
        return self.value if self.status is Status.QUANT else _NAN


def _percentage(draft: _Draft, asked: Estimate, exact: Estimate, i: int) -> _Number:
    """Return a percentage with the interval that the study asks for, and the exact one where nothing was detected."""
    n, limits = draft.n_denominator, draft.limits.events
    status = decide_status(draft.n_events, n, limits)
    interval = exact if status is Status.ND else asked
    value, low, high = (float(x[i]) for x in (interval.value, interval.low, interval.high))
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
    status = decide_by_events(draft.n_events, draft.limits.events)
    if status is not Status.QUANT:
        return _Number(draft.value, status, f"{draft.n_events} events")
    in_words = f"{draft.n_events}" if draft.statistic == "COUNT" else f"{draft.value:.4g}"
    return _Number(draft.value, status, in_words)


# The columns of a row, by what they are about


def _shared_columns(found: Findings, study: Study) -> dict[str, dict[str, Any]]:
    """Return what all rows of a sample have in common, by its id."""
    samples, run = {s.sample_id: s for s in study.manifest.samples}, run_id(found.results, study)
    return {
        r.sample_id: {
            "study_id": study.name,
            "sample_id": r.sample_id,
            "software_version": __version__,
            "run_id": run,
            "result_state": "preliminary",
            **_of_sample(samples[r.sample_id], study),
            **_of_times(samples[r.sample_id], study),
            **_of_file(r),
            **dict.fromkeys(_SIGNED_LATER, ""),
        }
        for r in found.results
    }


_SIGNED_LATER = ("reviewer", "analyst_signature_id")
_AS_WRITTEN = {
    "subject_id": "subject_id",
    "visit": "visit",
    "visit_num": "visit_num",
    "nominal_day": "day",
    "specimen_id": "specimen_id",
    "tube_id": "tube",
    "control": "control",
    "panel_id": "panel_id",
    "panel_version": "panel_version",
    "batch_id": "acquisition_batch",
    "operator": "operator",
}


def _of_sample(sample: Sample, study: Study) -> dict[str, Any]:
    written, template = dict(sample.columns), study.template_of(sample)
    return {
        **{name: written.get(column, "") for name, column in _AS_WRITTEN.items()},
        "site_id": study.subjects.get(sample.get("subject_id")).site_id or study.site_id,
        "template_id": template.name,
        "template_version": template.version,
        "own": tuple((name, written.get(name, "")) for name in study.manifest.own_columns),
    }


def _of_times(sample: Sample, study: Study) -> dict[str, Any]:
    infused, collected = study.subjects.get(sample.get("subject_id")).infused_at, sample.get("collected_at")
    return {
        "collection_dtc": collected,
        "infusion_dtc": infused,
        "study_day": study_day(infused, collected),
        "actual_days_post_infusion": days_between(infused, collected),
    }


def _of_file(result: SampleResult) -> dict[str, Any]:
    codes = [result.error_code] if result.error_code else [f.code for f in result.flags]
    codes += [r.code for r in result.repairs]
    said = map(str.strip, result.error.splitlines()) if result.error_code else [f.message for f in result.flags]
    return {
        "instrument": dict(result.acquisition).get("instrument", ""),
        "fcs_file": result.file,
        "fcs_sha256": result.sha256,
        "pooled_from": ";".join(result.pooled_from),
        "qc_status": _qc_status(result),
        "qc_flags": ";".join(dict.fromkeys(codes)),
        "comment": "; ".join(said),
    }


def _of_population(draft: _Draft, signs: Mapping[str, str]) -> dict[str, Any]:
    count = draft.count
    if count is None:
        return {**dict.fromkeys(_NAMES, ""), "n_events": _NAN, "n_parent": _NAN}
    return {
        "gate_source": count.gate_source if count.path != ROOT else "",
        "population_id": count.path,
        "population_label": split_path(count.path)[-1],
        "marker_string": signs[count.path],
        "parent_id": count.parent,
        "n_events": draft.n_events,
        "n_parent": count.n_parent,
    }


_NAMES = ("gate_source", "population_id", "population_label", "marker_string", "parent_id")


def _number_of(draft: _Draft) -> tuple[str, ...]:
    """Return what tells a number from all others: sample, population, statistic, denominator, marker."""
    path = draft.count.path if draft.count else ""
    return draft.result.sample_id, path, draft.statistic, draft.denominator, draft.marker


def _of_number(draft: _Draft, number: _Number, level: float) -> dict[str, Any]:
    cells = draft.cells
    denominator, n_denominator = _denominator_of(draft)
    return {
        "result_id": "|".join(filter(None, _number_of(draft))),
        "denominator_id": denominator,
        "statistic": draft.statistic,
        "marker": draft.marker,
        "value_raw": number.value,
        "value_reported": number.reported,
        "value_char": number.in_words,
        "unit": _UNITS[draft.statistic],
        "n_denominator": n_denominator,
        "ci_low": number.low,
        "ci_high": number.high,
        "ci_method": number.method,
        "ci_level": level if number.method else _NAN,
        "cv_pct": cells.cv_pct if cells else _cv_pct(draft),
        "status": number.status.value,
    }


def _denominator_of(draft: _Draft) -> tuple[str, float]:
    """Return the population that a number is a share of, or counted against, and its events: beads, of a bead count."""
    if draft.cells is None:
        return draft.denominator, draft.n_denominator if draft.statistic == "PCT" else _NAN
    basis = draft.cells.basis
    if not math.isnan(basis.n_beads):
        return draft.template.counting.beads, basis.n_beads
    return basis.denominator, draft.cells.n_denominator


def _cv_pct(draft: _Draft) -> float:
    """Return the coefficient of variation of a binomial share, 100 sqrt((1 - p) / (n p)); NaN for anything else."""
    if draft.statistic != "PCT" or not draft.n_events:
        return _NAN
    share = draft.n_events / draft.n_denominator
    return 100 * math.sqrt((1 - share) / draft.n_events)


def _of_counting(cells: CountedCells | None) -> dict[str, Any]:
    basis = cells.basis if cells else Basis("")
    return {
        "n_beads": basis.n_beads,
        "beads_per_tube": basis.beads_per_tube,
        "sample_volume_ul": basis.sample_volume_ul,
        "dilution_factor": basis.dilution_factor,
        "vol_acquired_nl": basis.vol_acquired_nl,
        "v_eff_ul": cells.v_eff_ul if cells else _NAN,
        "count_method": basis.method,
        "counted_in": basis.counted_in,
        "singlet_loss_pct": cells.singlet_loss_pct if cells else _NAN,
    }


def _of_limits(draft: _Draft, number: _Number) -> dict[str, Any]:
    is_counted, limits, background = draft.count is not None, draft.limits.events, draft.limits.background
    return {
        "lod_events": limits.detect_events if is_counted else _NAN,
        "lloq_events": limits.lloq_events if is_counted else _NAN,
        "lloq_value": number.lloq,
        "lod_value": number.lod,
        "background_events": background.events,
        "background_source": background.source,
        "lob_events": background.lob_events,
        "lod_exact_events": background.lod_exact_events,
    }


def _of_reference(draft: _Draft, number: _Number, comparison: Comparison) -> dict[str, Any]:
    path = draft.count.path if draft.count else ""
    given = comparison.ranges.get((path, draft.statistic, draft.denominator))
    if given is None:
        return {"reference_low": _NAN, "reference_high": _NAN, "ref_indicator": "", "ref_source": ""}
    return {
        "reference_low": given.low if given.low > -math.inf else _NAN,
        "reference_high": given.high if given.high < math.inf else _NAN,
        "ref_indicator": find_indicator(given, number.value, number.status, number.high),
        "ref_source": given.source,
    }


def _of_change(draft: _Draft, number: _Number, baseline: float) -> dict[str, Any]:
    """Return the change from the subject's own baseline; of events there is none, they depend on the acquisition."""
    before = _NAN if draft.statistic == "COUNT" else baseline
    change = number.reported - before
    return {
        "baseline_value": before,
        "change": change,
        "change_pct": 100 * change / before if before > 0 else _NAN,
    }


_UNITS = {"COUNT": "events", "PCT": "%", "ABS": "cells/uL", "MFI": "linear", "": ""}


def _qc_status(result: SampleResult) -> str:
    severities = {f.severity for f in result.flags}
    if result.error_code or Severity.FAIL in severities:
        return "FAIL"
    return "WARN" if result.repairs or Severity.WARN in severities else "PASS"
