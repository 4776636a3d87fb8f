"""The limits that a lab validated for its assay: read from its table, and those that hold for a template."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from cytoproc.errors import Problem, StudyError
from cytoproc.model.paths import ROOT, parent_path
from cytoproc.model.text import without_apostrophe
from cytoproc.study.sheet import check_columns, finite_number, read_sheet
from cytoproc.templates.document import did_you_mean
from cytoproc.templates.template import GatingTemplate

__all__ = ["AssayLimit", "AssayLimits", "Validated", "read_assay_limits"]

COLUMNS = (
    "population",
    "template",
    "percent_of",
    "background_percent",
    "lob_events",
    "lod_events",
    "lloq_events",
    "lloq_percent",
    "lloq_per_ul",
    "source",
)
_NEEDED = ("population", "source")
_NUMBERS = ("lob_events", "lod_events", "lloq_events", "lloq_percent", "lloq_per_ul", "background_percent")
_SHARES = {"lloq_percent", "background_percent"}
_NAN = math.nan


@dataclass(frozen=True, slots=True)
class AssayLimit:
    """What was established for one population; NaN for what was not.

    `population` and `percent_of` are names or paths, as written; an empty `percent_of` is the parent, an empty
    `template` every template that has the population. Events may be fractions: means are.
    """

    population: str
    source: str
    template: str = ""
    percent_of: str = ""
    lob_events: float = _NAN
    lod_events: float = _NAN
    lloq_events: float = _NAN
    lloq_percent: float = _NAN
    lloq_per_ul: float = _NAN
    background_percent: float = _NAN
    line: int = 0

    def path_in(self, template: GatingTemplate) -> str:
        """Return the population's path in a template; empty if the limits are not for it."""
        paths = template.paths_called(self.population) if self.template in {"", template.name} else ()
        return paths[0] if len(paths) == 1 else ""

    def denominator_in(self, template: GatingTemplate) -> str:
        """Return the path of what the percentages are of; empty if the template has no such population."""
        if not self.percent_of:
            return parent_path(self.path_in(template))
        paths = _paths(template, self.percent_of)
        return paths[0] if len(paths) == 1 else ""


def _paths(template: GatingTemplate, name: str) -> tuple[str, ...]:
    return (ROOT,) if name == ROOT else template.paths_called(name)


@dataclass(frozen=True, slots=True)
class Validated:
    """What is established for one population of a template; 0, or NaN for the limit of blank, if it is not.

    `lloq_percents` are paths with the lowest percentage of them that is a number, `background_percents` paths with the
    percentage of them that lies in the gate by chance.
    """

    source: str = ""
    lob_events: float = _NAN
    detect_events: int = 0
    lloq_events: int = 0
    lloq_percents: tuple[tuple[str, float], ...] = ()
    lloq_per_ul: float = 0.0
    background_percents: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AssayLimits:
    """The rows of a file, the file's name and its SHA-256."""

    rows: tuple[AssayLimit, ...] = ()
    file: str = ""
    digest: str = ""

    def of_template(self, template: GatingTemplate) -> dict[str, Validated]:
        """Return what is established for the populations of a template, by path."""
        rows: dict[str, list[AssayLimit]] = {}
        for row in self.rows:
            if path := row.path_in(template):
                rows.setdefault(path, []).append(row)
        return {path: self._together(each, template) for path, each in rows.items()}

    def _together(self, rows: Sequence[AssayLimit], template: GatingTemplate) -> Validated:
        given = {name: [v for r in rows if (v := getattr(r, name)) >= 0] for name in _NUMBERS}
        shares = {
            name: tuple(dict.fromkeys((r.denominator_in(template), v) for r in rows if (v := getattr(r, name)) >= 0))
            for name in _SHARES
        }
        return Validated(
            source=f"assay {self.file}",
            lob_events=math.floor(max(given["lob_events"])) if given["lob_events"] else _NAN,
            detect_events=math.ceil(max(given["lod_events"], default=0)),
            lloq_events=math.ceil(max(given["lloq_events"], default=0)),
            lloq_percents=shares["lloq_percent"],
            lloq_per_ul=max(given["lloq_per_ul"], default=0.0),
            background_percents=shares["background_percent"],
        )


def read_assay_limits(path: Path, templates: Mapping[str, GatingTemplate]) -> AssayLimits:
    """Return the limits of a CSV file; columns of other names are left alone.

    Raises
    ------
    StudyError
        Listing every problem with its line and column: a cell that is none of its kind, limits in the wrong order, a
        population that no template has, two rows that contradict each other.
    """
    rows, problems = read_sheet(path, "table of assay limits", key="population")
    if not problems:
        problems = list(check_columns(rows[0][1], COLUMNS, needed=_NEEDED))
    if problems:
        raise StudyError(str(path), problems)
    header = rows[0][1]
    distinct = list({(t.name, t.version, t.digest): t for t in templates.values()}.values())
    limits = []
    for line, cells in rows[1:]:
        row = dict.fromkeys(COLUMNS, "") | dict(zip(header, map(without_apostrophe, cells), strict=False))
        wrong = list(_wrong_in(row, cells, header))
        if not wrong:
            limit = _limit(row, line)
            wrong = list(_unknown(limit, distinct))
            limits.append(limit)
        problems += [_problem(column, message, line, header) for column, message in wrong]
    for limit, column, message in _contradictions(limits, distinct):
        problems.append(_problem(column, message, limit.line, header))
    if problems:
        raise StudyError(str(path), sorted(problems, key=lambda p: (p.line, p.column)))
    return AssayLimits(tuple(limits), path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def _problem(column: str, message: str, line: int, header: Sequence[str]) -> Problem:
    return Problem(message, column, line, header.index(column) + 1 if column in header else 1)


def _limit(row: Mapping[str, str], line: int) -> AssayLimit:
    numbers: dict[str, Any] = {name: finite_number(row[name]) for name in _NUMBERS}
    return AssayLimit(row["population"], row["source"], row["template"], row["percent_of"], **numbers, line=line)


def _wrong_in(row: Mapping[str, str], cells: Sequence[str], header: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a row, each with its column."""
    if len(cells) != len(header):
        counts = f"the row has {len(cells)} cells, the header {len(header)}"
        yield "", f"{counts}; is a cell with a comma missing its quotes?"
        return
    if not row["population"]:
        yield "population", "the row names no population"
    if not row["source"]:
        yield "source", "the row does not say where the limits come from"
    for name in _NUMBERS:
        value, may_be_0 = finite_number(row[name]), name == "lob_events"
        if row[name] and not (value > 0 or (value == 0 and may_be_0)):
            least = "that is not below 0" if may_be_0 else "above 0"
            yield name, f"expected a number {least}, or nothing where none is established, found {row[name]!r}"
    if finite_number(row["lloq_percent"]) >= 100:
        yield "lloq_percent", f"expected a percentage below 100, found {row['lloq_percent']}"
    if finite_number(row["background_percent"]) > 100:
        yield "background_percent", f"expected a percentage, at most 100, found {row['background_percent']}"
    lob, lod, lloq = (finite_number(row[name]) for name in _NUMBERS[:3])
    if lod <= lob:
        yield "lod_events", f"{row['lod_events']} is not above the limit of blank, lob_events {row['lob_events']}"
    if lloq < lod:
        yield "lloq_events", f"{row['lloq_events']} is below the limit of detection, lod_events {row['lod_events']}"


def _unknown(limit: AssayLimit, templates: Sequence[GatingTemplate]) -> Iterator[tuple[str, str]]:
    """Yield what a row names that the templates do not have, or have more than once."""
    names = [t.name for t in templates]
    if limit.template and limit.template not in names:
        words = did_you_mean(limit.template, names)
        yield "template", f"the study has no template {limit.template!r}{words}; it has: {', '.join(names)}"
        return
    meant = [t for t in templates if limit.template in {"", t.name}]
    having = [t for t in meant if t.paths_called(limit.population)]
    if not having:
        known = list(dict.fromkeys(s.name for t in meant for s in t.steps))
        where = " or ".join(dict.fromkeys(t.name for t in meant))
        yield (
            "population",
            f"there is no population {limit.population!r}{did_you_mean(limit.population, known)} in {where}",
        )
    for template in having:
        for column, name in (("population", limit.population), ("percent_of", limit.percent_of)):
            paths = _paths(template, name) if name else ()
            if len(paths) > 1:
                message = f"{name!r} is several populations of template {template.name!r}: {', '.join(paths)}"
                yield column, f"{message}; write one of these paths"
            elif name and not paths:
                words = did_you_mean(name, [s.name for s in template.steps])
                yield column, f"there is no population {name!r}{words} in {template.name}"


def _contradictions(
    limits: Iterable[AssayLimit], templates: Sequence[GatingTemplate]
) -> Iterator[tuple[AssayLimit, str, str]]:
    """Yield each row that gives another value to what an earlier row has established."""
    for first, second in combinations(limits, 2):
        shared = [t for t in templates if first.path_in(t) and first.path_in(t) == second.path_in(t)]
        if not shared:
            continue
        alike = any(first.denominator_in(t) == second.denominator_in(t) for t in shared)
        for name in _NUMBERS if alike else [n for n in _NUMBERS if n not in _SHARES]:
            one, other = getattr(first, name), getattr(second, name)
            if one >= 0 and other >= 0 and one != other:
                yield (
                    second,
                    name,
                    f"{name} of {second.population!r} is {one:g} in line {first.line}, and {other:g} here",
                )
