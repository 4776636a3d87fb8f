"""The verification of an assay as tables, and as a summary for the validation file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from cytoproc.export.table import Column, Table, count_column, number_column, text_column
from cytoproc.model.text import write_out
from cytoproc.study.assay import Goals, Series, Statistic
from cytoproc.study.assay_findings import Finding, LimitsRow, in_unit, say
from cytoproc.study.rounding import rounded

__all__ = ["findings_table", "format_summary", "heading_of", "limits_table"]

_TEXT = {"population", "percent_of", "statistic", "quantity", "level", "unit", "method", "verdict", "source"}
_WHOLE = {"n", "lob_events", "lod_events", "lloq_events"}


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return every number of a verification, one a line."""
    return Table(tuple(_column(f.name, [getattr(x, f.name) for x in findings]) for f in fields(Finding)))


def limits_table(limits: Sequence[LimitsRow]) -> Table:
    """Return what studies judge populations by, one population a line."""
    return Table(tuple(_column(f.name, [getattr(x, f.name) for x in limits]) for f in fields(LimitsRow)))


def _column(name: str, values: Sequence[str | float]) -> Column:
    if name in _TEXT:
        return text_column(name, map(str, values))
    return count_column(name, values) if name in _WHOLE else number_column(name, values)


# The summary


def format_summary(
    series: Sequence[Series],
    findings: Iterable[Finding],
    goals: Goals,
    *,
    title: str,
    facts: Mapping[str, str],
    plots: Mapping[str, Sequence[str]],
) -> bytes:
    """Return a Markdown page: what was found in words, the levels as tables, the plots.

    Parameters
    ----------
    series, findings, goals
        What was found.
    title
        The heading.
    facts
        What it was made from, a line each.
    plots
        File names of plots, by :func:`~cytoproc.export.verification.heading_of` of the series.
    """
    found = list(findings)
    lines = [f"# {_clean(title)}", "", *(f"- {name}: {_clean(text)}" for name, text in facts.items()), ""]
    for of in series:
        lines += [f"## {_clean(heading_of(of))}", "", *(f"- {_clean(_short(line))}" for line in say([of], goals)), ""]
        if of.levels and of.statistic is not Statistic.COUNT:
            theirs = [f for f in found if (f.population, f.statistic) == (of.population, of.statistic)]
            lines += [*_level_table(of, theirs), ""]
        lines += [line for name in plots.get(heading_of(of), ()) for line in (f"![{name}]({name})", "")]
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8")


def heading_of(of: Series) -> str:
    """Return what a series is called: `CAR+, % of T cells`."""
    return f"{of.population}, {in_unit(of)}"


_COLUMNS = (
    ("mean", "mean", "value"),
    ("events", "mean_events", "value"),
    ("CV %", "cv", "interval"),
    ("by counting", "cv_counting", "value"),
    ("within a run", "cv_within_run", "value"),
    ("between runs", "cv_between_runs", "value"),
    ("any run", "cv_any_run", "value"),
    ("expected", "expected", "value"),
    ("recovery %", "recovery", "interval"),
    ("off the line %", "deviation_from_line", "value"),
)


def _level_table(of: Series, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines of a table with a line for each level; what no level has is left out."""
    numbers = {(f.level, f.quantity): f for f in findings}
    there = {f.quantity for f in findings}
    columns = [c for c in _COLUMNS if c[1] in there]
    yield "| " + " | ".join(["level", "n", *(title for title, _, _ in columns), "verdict"]) + " |"
    yield "|" + "---|" * (len(columns) + 3)
    for level in of.levels:
        cells = [_shown(numbers.get((level.name, quantity)), how) for _, quantity, how in columns]
        yield (
            "| "
            + " | ".join([_clean(level.name), str(level.precision.n), *cells, _verdict(numbers, level.name)])
            + " |"
        )


def _verdict(numbers: Mapping[tuple[str, str], Finding], level: str) -> str:
    told = {
        "CV": numbers.get((level, "cv_any_run")) or numbers.get((level, "cv")),
        "bias": numbers.get((level, "recovery")),
    }
    return "; ".join(f"{name} {f.verdict}" for name, f in told.items() if f is not None)


def _shown(finding: Finding | None, how: str) -> str:
    if finding is None or math.isnan(finding.value):
        return ""
    value = rounded(finding.value, 3)
    if how == "value" or math.isnan(finding.ci_low):
        return value
    return f"{value} ({rounded(finding.ci_low, 3)} to {rounded(finding.ci_high, 3)})"


def _short(line: str) -> str:
    """Return a line of words without the series it is about, which stands above it."""
    return line.partition(": ")[2]


def _clean(text: str) -> str:
    """Return text that is no Markdown."""
    return write_out(text).translate({ord(c): f"\\{c}" for c in "|<>`*_[]\\"})
