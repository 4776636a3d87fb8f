"""How the numbers of a run were made, in words, with the numbers that went in: the workbook's sheet `Methods`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from cytoproc.export.table import Table, text_column
from cytoproc.model.paths import split_path
from cytoproc.quantify.status import Limits
from cytoproc.study.definition import Study
from cytoproc.study.result_row import ResultRow
from cytoproc.templates.template import GatingTemplate

__all__ = ["methods_table"]

_HEADER = ("about", "name", "how")
_MOST_NAMED = 5
_PERCENT = "percent = 100 × n_events / n_denominator"
_COUNTED = {
    "SP_BEAD": "cells/µL = n_events / n_beads × beads_per_tube / sample_volume_ul × dilution_factor",
    "SP_VOL": "cells/µL = n_events / (vol_acquired_nl / 1000) × dilution_factor",
    "DP_ALC": "cells/µL = 1000 × lymphocytes in 10^9/L of the blood count × n_events / n_denominator",
    "DP_WBC": "cells/µL = 1000 × white blood cells in 10^9/L of the blood count × n_events / n_denominator",
    "SECOND_TUBE": "cells/µL = those of the shared cells in the counted tube × n_events / n_denominator",
}
_INTERVALS = {
    "clopper-pearson": "exact binomial (Clopper and Pearson 1934), by quantiles of the beta distribution",
    "wilson": "score interval of a binomial share (Wilson 1927)",
    "jeffreys": "quantiles of Beta(k + 1/2, n - k + 1/2); from 0 where k = 0, to 100 where k = n",
    "conditional-binomial": "cells and beads, or two kinds of cells, are both counted: exact interval of a ratio",
    "garwood": "exact Poisson interval of the events (Garwood 1936) over the volume looked at",
    "mover": "from the interval of the share and that of the counted tube's concentration (MOVER, Donner and Zou 2012)",
    "log-delta": "value × exp(± z × SE), SE² the sum of 1 / events and of the squares of the technical CVs",
}
_WIDENED = "-widened"


def methods_table(rows: Sequence[ResultRow], study: Study, facts: Mapping[str, str]) -> Table:
    """Return the methods: `facts` about the run first, then templates, counting, intervals, limits and rules."""
    lines = [(about, name, how) for about, part in _parts(rows, study, facts) for name, how in part.items()]
    named = zip(_HEADER, zip(*lines, strict=True), strict=True)
    return Table(tuple(text_column(name, cells, is_prose=name == "how") for name, cells in named))


def _parts(
    rows: Sequence[ResultRow], study: Study, facts: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    templates = list({(t.name, t.version, t.digest): t for t in study.templates.values()}.values())
    yield "run", facts
    yield "template", {f"{t.name} {t.version}": _of_template(t) for t in templates}
    yield "percent", {"PCT": _PERCENT, "cv_pct": "100 × √((1 - p) / n_events), p = n_events / n_denominator"}
    yield "cells/µL", _counting(rows)
    yield "interval", _intervals(rows)
    yield "limits", {f"{t.name} {t.version}": _limits(t) for t in templates}
    if study.assay_limits.digest:
        yield (
            "limits",
            {
                "validated limits": f"SHA-256 {study.assay_limits.digest}; with a background they replace those of the "
                "templates, without one they only raise them"
            },
        )
    yield "status", _STATUS_RULES
    yield "background", _backgrounds(rows)
    yield "compared with", _compared(study, templates)
    yield "acceptance", {f"{t.name} {t.version}: {name}": how for t in templates for name, how in _acceptance(t)}
    yield "rules for counting", dict(_settings(study.counts))


def _of_template(template: GatingTemplate) -> str:
    digest = f"SHA-256 {template.digest}" if template.digest else "made from Python"
    n_found = sum(len(methods) for methods in template.rounds)
    return f"{digest}; {len(template.steps)} populations, of which {n_found} gates are found in each file"


def _counting(rows: Sequence[ResultRow]) -> dict[str, str]:
    """Return for each way of counting that was used its formula, and for how many samples."""
    samples: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.count_method:
            samples.setdefault(row.count_method, {})[row.sample_id] = None
    return {method: f"{_COUNTED[method]}; {_named(list(ids), 'sample')}" for method, ids in samples.items()}


def _named(names: Sequence[str], what: str) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'}: {', '.join(names[:_MOST_NAMED])}{more}"


def _intervals(rows: Sequence[ResultRow]) -> dict[str, str]:
    """Return each way in which an interval was computed, and its level."""
    levels = {row.ci_method: row.ci_level for row in rows if row.ci_method}
    return {method: f"{_interval(method)}; two-sided, level {level:g}" for method, level in sorted(levels.items())}


def _interval(method: str) -> str:
    known = _INTERVALS.get(method.removesuffix(_WIDENED), method)
    widened = ", made wider on the log scale for what duplicate tubes differ beyond chance"
    return known + (widened if method.endswith(_WIDENED) else "")


def _limits(template: GatingTemplate) -> str:
    given, usual = dict(template.limits), Limits()
    detect = given.get("lod_events", usual.detect_events)
    quantify = given.get("lloq_events", usual.lloq_events)
    said = f"detected from {detect:g} events on, a number from {quantify:g} on"
    return f"{said}; others where a background or a validated limit says so (lod_events, lloq_events of each line)"


_STATUS_RULES = {
    "NOT_EVALUABLE": f"a percentage of fewer than {Limits().parent_events} events",
    "ND": "n_events below lod_events",
    "BLQ": "n_events below lloq_events",
    "lod_value, lloq_value": "the limit in events as a number of this sample: of its parent's events, of its volume",
    "lob_events": "the smallest number that a Poisson count of mean background_events does not exceed in 95 of 100",
    "lod_exact_events": "the mean of which a Poisson count exceeds lob_events in 95 of 100",
    "singlet_loss_pct": "what gates on single cells removed, counted as doublets; nothing is corrected",
}


def _backgrounds(rows: Sequence[ResultRow]) -> dict[str, str]:
    """Return how many false events are expected of each population that has a background of its own."""
    found: dict[str, list[ResultRow]] = {}
    for row in rows:
        if row.background_events >= 0 and row.statistic == "COUNT":
            found.setdefault(row.population_id, []).append(row)
    said: dict[str, str] = {}
    for path, each in found.items():
        means, sources = [r.background_events for r in each], list(dict.fromkeys(r.background_source for r in each))
        how = f"{min(means):.3g} to {max(means):.3g} expected events; {_named(sources, 'source')}"
        if not any(said[above] == how for above in said if path.startswith(f"{above}/")):
            said[path] = how
    return said


def _acceptance(template: GatingTemplate) -> Iterator[tuple[str, str]]:
    """Yield what a template asks of its samples: live cells, fresh blood, enough cells, sums, and what alerts."""
    live, delay = template.acceptance.viability, template.acceptance.delay_h
    if live:
        told = f"flagged below {live.warn_below:g} %, no count below {live.refuse_below:g} %"
        yield "viability", f"100 × {_last(live.population)} / {_last(live.of)}; {told}"
    if delay:
        told = f"flagged above {delay.warn_above:g}, no count above {delay.refuse_above:g}"
        yield "delay", f"hours from the blood draw to the measurement; {told}"
    for each in template.sensitivity:
        asked = ((each.percent_of_parent, "% of its parent"), (each.cells_per_ul, "cells/µL"))
        from_on = " and ".join(f"{least:g} {unit}" for least, unit in asked if least is not None)
        yield f"sensitivity of {_last(each.population)}", f"asked for a number from {from_on} on, else flagged"
    for check in template.sums:
        parts, (low, high) = " + ".join(map(_last, check.parts)), check.between
        yield (
            check.name,
            f"{parts} are {low:g} to {high:g} % of {_last(check.of)}; flagged if outside, beyond chance (99 %)",
        )
    for alert in template.alerts:
        yield alert.code, f"{alert.severity.value} where {_last(alert.population)} is detected: {alert.message}"


def _last(path: str) -> str:
    return split_path(path)[-1]


def _compared(study: Study, templates: Sequence[GatingTemplate]) -> dict[str, str]:
    said = {}
    if study.references.digest:
        unused = study.references.unused(templates)
        n_used = len(study.references.ranges) - len(unused)
        used = "1 is of a population" if n_used == 1 else f"{n_used} are of populations"
        lost = ", ".join(f"{r.population} {r.statistic} (line {r.line})" for r in unused)
        digest = f"SHA-256 {study.references.digest}"
        said["reference ranges"] = f"{digest}; {used} of these templates" + (f"; not: {lost}" if lost else "")
    if study.subjects.digest:
        said["subjects"] = f"SHA-256 {study.subjects.digest}"
    if study.baseline:
        said["baseline"] = f"visit {study.baseline}, of the same subject, tube, template and version"
    return said


def _settings(rules: Any, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield every rule of a study by its name and value; those of a part by the names of both."""
    for field in fields(rules):
        value, name = getattr(rules, field.name), f"{within}{field.name}"
        if is_dataclass(value):
            yield from _settings(value, f"{name} ")
        elif isinstance(value, tuple):
            yield name, " to ".join(f"{v:g}" for v in value)
        else:
            yield name, f"{value:g}" if isinstance(value, float) else str(value)
