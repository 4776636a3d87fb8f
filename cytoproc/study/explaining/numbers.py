"""One number with its formula, interval and limits, and why it may be reported or not."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cytoproc.quantify.detection import limit_of_blank
from cytoproc.quantify.status import Limits, Status, decide_by_events
from cytoproc.study.basis import relation_of
from cytoproc.study.explaining.formulas import Formula, formula_of, shown, ten_digits
from cytoproc.study.explaining.intervals import Carried, ExplainedInterval, explain_interval
from cytoproc.study.finished import FinishedRun, Line

__all__ = ["ExplainedLimits", "ExplainedNumber", "explain_number"]

_CODE = re.compile(r"\(([A-Z][A-Z0-9_]+)\)")
_IN_THE_COUNTED_TUBE = "in the counted tube"
UNITS = {"cells/uL": "cells/µL"}


@dataclass(frozen=True, slots=True)
class ExplainedLimits:
    """Least events to be detected and to be quantified, and what they are in the unit of the number (NaN: not given).

    `of_events` say where they come from, `in_the_unit` what they make. `background_events` are expected by chance, and
    `lob_events` is the most that a blank shows of them (NaN where no background is known).
    """

    detect_events: int
    quantify_events: int
    detect_value: float
    quantify_value: float
    background_events: float
    background_source: str
    lob_events: float
    of_events: tuple[str, ...]
    in_the_unit: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedNumber:
    """One line of the long table, and the way to it.

    `v_eff_ul` is the blood that was looked at. `counted` is the number of the counted tube from which a concentration
    was carried over. `facts` are what else the
    line says: doublets, reference range, baseline.
    """

    sample_id: str
    path: str
    statistic: str
    of: str
    marker: str
    unit: str
    value: float
    v_eff_ul: float
    reported: str
    status: str
    why: str
    formula: Formula | None
    interval: ExplainedInterval | None
    limits: ExplainedLimits | None
    facts: tuple[str, ...]
    counted: ExplainedNumber | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether value and interval are what their formulas give; None where there is no formula to ask."""
        asked = []
        if self.formula is not None and not math.isnan(self.value):
            asked.append(math.isclose(self.formula.value, self.value, rel_tol=1e-9, abs_tol=1e-300))
        if self.interval is not None and self.interval.agrees is not None:
            asked.append(self.interval.agrees)
        if self.counted is not None and self.counted.agrees is not None:
            asked.append(self.counted.agrees)
        return all(asked) if asked else None


def explain_number(run: FinishedRun, line: Line) -> ExplainedNumber:
    """Return the way to the number of a line of the long table."""
    sample_id, path = line.text("sample_id"), line.text("population_id")
    entry = run.sample(sample_id)
    has_value = not math.isnan(line.number("value_raw"))
    carried = _carried(run, line, entry) if has_value else None
    reference = carried.reference if carried else None
    members = _members(run, line)
    formula = (
        formula_of(line, counting=entry.get("counting") or {}, reference=reference, members=members)
        if has_value
        else None
    )
    limits = _limits(line, reference) if line.text("status") not in _REFUSED else None
    return ExplainedNumber(
        sample_id=sample_id,
        path=path,
        statistic=line.text("statistic"),
        of=line.text("denominator_id"),
        marker=line.text("marker"),
        unit=UNITS.get(line.text("unit"), line.text("unit")),
        value=line.number("value_raw"),
        v_eff_ul=line.number("v_eff_ul"),
        reported=line.text("value_char"),
        status=line.text("status"),
        why=_why(line, entry, reference),
        formula=formula,
        interval=explain_interval(line, carried=carried, cvs=_cvs(run, line, entry), members=members),
        limits=limits,
        facts=tuple(_facts(line)),
        counted=explain_number(run, reference) if reference else None,
    )


_REFUSED = {Status.INVALID.value, Status.NOT_DONE.value}


_ERRORS = {
    "SP_BEAD": ("pipetting", "beads"),
    "SP_VOL": ("pipetting", "volume"),
    "DP_ALC": ("blood_count", "gate"),
    "DP_WBC": ("blood_count", "gate"),
}


def _cvs(run: FinishedRun, line: Line, entry: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the technical errors that enter a concentration, by what they are the errors of.

    A lot of beads that has an error of its own stands in for the one that the study gives for all lots.
    """
    counts = run.record.get("counts")
    given = counts.get("cv") if isinstance(counts, dict) else None
    of_study = given if isinstance(given, dict) else {}
    cvs = {name: of_study[name] for name in _ERRORS.get(line.text("count_method"), ()) if name in of_study}
    if line.text("count_method") != "SP_BEAD":
        return cvs
    lots = {str(lot.get("bead_lot")): lot.get("cv_percent") for lot in run.record.get("bead_lots") or []}
    used = _lots_of(run, entry)
    known = {f"beads of lot {name}": lots[name] / 100 for name in used if lots.get(name) is not None}
    if known and len(known) == len(used):
        cvs.pop("beads", None)
    return cvs | known


def _lots_of(run: FinishedRun, entry: Mapping[str, Any]) -> list[str]:
    """Return the lots of beads of a sample, or of the tubes that it was made of."""
    entries = [entry, *map(run.sample, entry.get("pooled_from") or [])]
    found = [(e.get("counting") or {}).get("bead_lot", "") for e in entries]
    return list(dict.fromkeys(filter(None, found)))


# Other tubes


def _members(run: FinishedRun, line: Line) -> list[Line]:
    """Return the lines of the same population in the tubes that a pooled line was made of."""
    if line.text("count_method") == "SECOND_TUBE":
        return []
    found: list[Line] = []
    for sample_id in filter(None, line.text("pooled_from").split(";")):
        same = [m for m in run.lines_where("sample_id", sample_id.strip()) if _is_concentration_of(m, line)]
        found += same[:1]
    return found if all(m.number("v_eff_ul") > 0 for m in found) else []


def _is_concentration_of(line: Line, other: Line) -> bool:
    return line.text("statistic") == other.text("statistic") == "ABS" and line.text("population_id") == other.text(
        "population_id"
    )


def _carried(run: FinishedRun, line: Line, entry: Mapping[str, Any]) -> Carried | None:
    """Return what a concentration was carried over from; none if it was not, or the other tube cannot be found."""
    carry = run.template_of(line.text("sample_id")).counting.carry_over
    if line.text("statistic") != "ABS" or line.text("count_method") != "SECOND_TUBE" or carry is None:
        return None
    counted_in = line.text("counted_in")
    paths = run.template_of(counted_in).paths_called(carry.counted_as) if counted_in else ()
    tube = run.lines_where("sample_id", counted_in)
    references = [t for t in tube if t.text("statistic") == "ABS" and t.text("population_id") in paths]
    if not references:
        return None
    [reference] = references
    shared, path = line.text("denominator_id"), line.text("population_id")
    both = (entry.get("among_shared") or {}).get(path, 0)
    return Carried(reference, relation_of(path, shared), int(both))


# Limits, and why


def _limits(line: Line, reference: Line | None) -> ExplainedLimits | None:
    detect, quantify = line.whole("lod_events"), line.whole("lloq_events")
    if not detect:
        return None
    background, source, words = _background(line)
    lob = line.number("lob_events")
    if math.isnan(lob) and not math.isnan(background):
        lob = limit_of_blank(background)
    lines = [*words]
    if not math.isnan(lob) and not math.isnan(background):
        lines.append(
            f"a sample without such cells shows at most {lob:.0f} events in 95 of 100 cases (limit of blank), so "
            f"{lob + 1:.0f} or more must be seen"
        )
    lines.append(f"{detect} events or more are called detected, {quantify} or more get a number")
    made = []
    lod, lloq = line.number("lod_value"), line.number("lloq_value")
    for name, events, value in (("detected", detect, lod), ("a number", quantify, lloq)):
        if not math.isnan(value):
            made.append(f"{name} from {_in_the_unit(line, events, value, reference)}")
    return ExplainedLimits(detect, quantify, lod, lloq, background, source, lob, tuple(lines), tuple(made))


def _background(line: Line) -> tuple[float, str, list[str]]:
    """Return the events that are expected by chance, and where that is known from."""
    events, source = line.number("background_events"), line.text("background_source")
    if not math.isnan(events):
        if source.startswith("control"):
            words = f"up to {shown(events)} events by chance: the upper 95 % limit of what lies in the gate in {source}"
        else:
            words = f"{shown(events)} events are expected by chance" + (f" ({source})" if source else "")
        return events, source, [words]
    return math.nan, "", []


def _in_the_unit(line: Line, events: int, value: float, reference: Line | None) -> str:
    """Return a limit in events as one in percent or cells/µL."""
    of, volume = line.whole("n_denominator"), line.number("v_eff_ul")
    if line.text("statistic") == "PCT":
        made = 100 * events / of if of else math.nan
        if math.isclose(min(made, 100), value, rel_tol=1e-9):
            return f"100 × {events} / {of}{', at most 100' if events > of else ''} = {shown(value)} %"
        return f"{shown(value)} %, for which the assay is validated; by events alone it were {shown(made)} %"
    if volume > 0 and math.isclose(events / volume, value, rel_tol=1e-9):
        return f"{events} / V = {events} / {ten_digits(volume)} µL = {shown(value)} cells/µL"
    counted = [reference.number(c) for c in ("lod_value", "lloq_value")] if reference else []
    where = "that of the counted tube" if value in counted else "for which the assay is validated"
    return f"{shown(value)} cells/µL, {where}; by events alone it were {shown(events / volume if volume else math.nan)}"


def _why(line: Line, entry: Mapping[str, Any], reference: Line | None) -> str:
    """Return in a sentence why the number has its status."""
    n, status, words = line.whole("n_events"), line.text("status"), line.text("value_char")
    limits = Limits(max(line.whole("lod_events"), 1), max(line.whole("lloq_events"), 1))
    if status in _REFUSED:
        return _refused(words, entry)
    if status == Status.NOT_EVALUABLE:
        if line.text("statistic") == "PCT":
            of = line.whole("n_denominator")
            return f"it is a share of {of} events, and a percentage is given of {limits.parent_events} or more."
        reason = words.partition("(")[2].rpartition(")")[0] or words
        return f"{reason}; a share of so few cells, or of other cells, gives no concentration."
    if status != decide_by_events(n, limits):
        return _not_by_its_events(line, reference)
    match status:
        case Status.QUANT:
            return f"{n} events are {limits.lloq_events} or more, so the number is reported."
        case Status.BLQ:
            return (
                f"{n} events are {limits.detect_events} or more, so the population is there; they are fewer than "
                f"{limits.lloq_events}, too few for a number."
            )
        case Status.ND:
            end = (
                "" if math.isnan(line.number("ci_high")) else " What it may be at most is the high end of the interval."
            )
            return f"{n} events are fewer than the {limits.detect_events} it takes to call it detected.{end}"
        case _:
            return f"the table says {status}."


def _not_by_its_events(line: Line, reference: Line | None) -> str:
    """Return what else decided than the events of the population."""
    status, value, least = line.text("status"), line.number("value_raw"), line.number("lloq_value")
    if reference and reference.text("status") == status:
        n = reference.whole("n_events")
        return (
            f"the counted tube decides: its number, of {n} events, is {status}, and what is carried over is no surer."
        )
    if status == Status.BLQ and value < least:
        unit = UNITS.get(line.text("unit"), line.text("unit"))
        return f"{shown(value)} {unit} is below {shown(least)} {unit}, the least for which the assay is validated."
    return f"the table says {status}: {line.text('value_char')}."


def _refused(words: str, entry: Mapping[str, Any]) -> str:
    code = _CODE.search(words)
    messages = {str(f.get("code")): str(f.get("message")) for f in entry.get("flags") or []}
    if code and code[1] in messages:
        return f"{code[1]}: {messages[code[1]]}."
    return f"the table says: {words}."


def _facts(line: Line) -> list[str]:
    """Return what else the line says of its number."""
    facts = []
    if not math.isnan(cv := line.number("cv_pct")):
        facts.append(f"coefficient of variation {cv:.3g} %")
    loss = line.number("singlet_loss_pct")
    if not math.isnan(loss):
        facts.append(
            f"gates on single cells removed about {loss:.2g} % of the cells as doublets (singlet_loss_pct); the number "
            "is not corrected for it"
            if loss > 0
            else "no gate on single cells removed any of them (singlet_loss_pct 0)"
        )
    low, high, source = line.number("reference_low"), line.number("reference_high"), line.text("ref_source")
    if not (math.isnan(low) and math.isnan(high)):
        given = " to ".join("open" if math.isnan(end) else f"{end:g}" for end in (low, high))
        judged = f": {line.text('ref_indicator')}" if line.text("ref_indicator") else ""
        facts.append(f"reference range {given} ({source}){judged}")
    base, change, percent = (line.number(c) for c in ("baseline_value", "change", "change_pct"))
    if not math.isnan(base):
        facts.append(f"at baseline {shown(base)}")
    if not math.isnan(change):
        of = "" if math.isnan(percent) else f" ({percent:+.3g} %)"
        facts.append(f"change from baseline {shown(line.number('value_raw'))} - {shown(base)} = {change:+.6g}{of}")
    return facts
