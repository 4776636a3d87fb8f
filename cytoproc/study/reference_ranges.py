"""Reference ranges of a lab: read from its table, and the one that holds for a subject of this sex and age."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isnan
from pathlib import Path
from typing import Any

from cytoproc.errors import Problem, StudyError
from cytoproc.model.paths import ROOT
from cytoproc.study.sheet import check_columns, finite_number, read_sheet
from cytoproc.templates.template import GatingTemplate

__all__ = ["Key", "ReferenceRange", "ReferenceRanges", "choose_range", "read_reference_ranges"]

COLUMNS = (
    "population",
    "statistic",
    "percent_of",
    "low",
    "high",
    "sex",
    "age_from_years",
    "age_to_years",
    "source",
)
_NEEDED = ("population", "statistic", "low", "high", "source")
_NUMBERS = ("low", "high", "age_from_years", "age_to_years")

Key = tuple[str, str, str]
"""What a range is of: the population's path, the statistic, and the path of what a percentage is of."""


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """The values from `low` to `high`, both included, that a source calls normal, and in whom.

    `population` and `percent_of` are names or paths, as written. Values are percent (0 to 100) or cells/µL. An empty
    `sex` holds for both; ages are in years, from the first and below the second.
    """

    population: str
    statistic: str
    source: str
    percent_of: str = ""
    low: float = -inf
    high: float = inf
    sex: str = ""
    age_from_years: float = 0.0
    age_to_years: float = inf
    line: int = 0

    def fits(self, sex: str, age_years: float) -> bool | None:
        """Return whether it holds for this sex and age; None if that cannot be said, as one of them is not known."""
        by_sex = True if not self.sex else None if not sex else self.sex == sex
        any_age = self.age_from_years <= 0 and self.age_to_years == inf
        by_age = True if any_age else None if isnan(age_years) else self.age_from_years <= age_years < self.age_to_years
        return False if False in {by_sex, by_age} else None if None in {by_sex, by_age} else True

    def overlaps(self, other: ReferenceRange) -> bool:
        """Return whether somebody could be in both."""
        one_sex = not self.sex or not other.sex or self.sex == other.sex
        return one_sex and self.age_from_years < other.age_to_years and other.age_from_years < self.age_to_years

    def keys_in(self, template: GatingTemplate) -> tuple[Key, ...]:
        """Return what it is of in a template; nothing if the template has no such population."""
        others = _paths(template, self.percent_of) if self.percent_of else ("",)
        return tuple((path, self.statistic, of) for path in _paths(template, self.population) for of in others)


def _paths(template: GatingTemplate, name: str) -> tuple[str, ...]:
    return (ROOT,) if name == ROOT else template.paths_called(name)


@dataclass(frozen=True, slots=True)
class ReferenceRanges:
    """The ranges of a file, and the file's SHA-256."""

    ranges: tuple[ReferenceRange, ...] = ()
    digest: str = ""

    def of_template(self, template: GatingTemplate) -> dict[Key, tuple[ReferenceRange, ...]]:
        """Return the ranges of each number of a template that has any."""
        found: dict[Key, tuple[ReferenceRange, ...]] = {}
        for each in self.ranges:
            for key in each.keys_in(template):
                found[key] = (*found.get(key, ()), each)
        return found

    def unused(self, templates: Iterable[GatingTemplate]) -> tuple[ReferenceRange, ...]:
        """Return the ranges whose population, or what it is a percentage of, none of the templates has."""
        used = list(templates)
        return tuple(r for r in self.ranges if not any(r.keys_in(t) for t in used))


def choose_range(ranges: Sequence[ReferenceRange], sex: str, age_years: float) -> tuple[ReferenceRange | None, bool]:
    """Return the range that holds for a subject, and whether what is not known of the subject decides.

    Nothing is guessed: where a range depends on sex or age, and that is not known, there is none.

    >>> adults = ReferenceRange("B", "ABS", "my lab 2024", low=100, high=500, age_from_years=18)
    >>> choose_range([adults], "F", 40)[0] is adults
    True
    >>> choose_range([adults], "F", float("nan")), choose_range([adults], "F", 7)
    ((None, True), (None, False))
    """
    fits = [(each, each.fits(sex, age_years)) for each in ranges]
    chosen = next((each for each, fit in fits if fit), None)
    return chosen, chosen is None and any(fit is None for _, fit in fits)


def read_reference_ranges(path: Path, templates: Mapping[str, GatingTemplate]) -> ReferenceRanges:
    """Return the ranges of a CSV file; columns of other names are left alone.

    A file may hold more populations than the templates have.

    Raises
    ------
    StudyError
        Listing every problem with its line and column: a cell that is none of its kind, a name that stands for several
        populations of a template, two ranges that both hold for somebody.
    """
    rows, problems = read_sheet(path, "table of reference ranges", key="population")
    if not problems:
        problems = list(check_columns(rows[0][1], COLUMNS, needed=_NEEDED))
    if problems:
        raise StudyError(str(path), problems)
    header = rows[0][1]
    ranges = []
    for line, cells in rows[1:]:
        row = dict.fromkeys(COLUMNS, "") | dict(zip(header, cells, strict=False))
        found = list(_wrong_in(row, cells, header))
        for column, message in found:
            place = header.index(column) + 1 if column in header else 1
            problems.append(Problem(message, column, line, place))
        if not found:
            ranges.append(_range(row, line))
    problems += _several(ranges, templates.values(), header)
    problems += _both_fit(ranges, list(templates.values()))
    if problems:
        raise StudyError(str(path), sorted(problems, key=lambda p: (p.line, p.column)))
    return ReferenceRanges(tuple(ranges), hashlib.sha256(path.read_bytes()).hexdigest())


def _range(row: Mapping[str, str], line: int) -> ReferenceRange:
    texts = {name: row[name] for name in COLUMNS if name not in _NUMBERS}
    given: dict[str, Any] = texts | {name: finite_number(row[name]) for name in _NUMBERS if row[name]}
    return ReferenceRange(**given, line=line)


def _wrong_in(row: Mapping[str, str], cells: Sequence[str], header: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a row, each with its column."""
    if len(cells) != len(header):
        yield (
            "",
            f"the row has {len(cells)} cells, the header {len(header)}; is a cell with a comma missing its quotes?",
        )
        return
    if not row["population"]:
        yield "population", "the row names no population"
    if row["statistic"] not in {"PCT", "ABS"}:
        yield "statistic", f"expected PCT (percent) or ABS (cells/µL), found {row['statistic']!r}"
    if row["statistic"] == "PCT" and not row["percent_of"]:
        yield "percent_of", "the row does not say of what the percentage is"
    if row["statistic"] == "ABS" and row["percent_of"]:
        yield "percent_of", f"a range of cells/µL is of nothing; leave {row['percent_of']!r} out"
    if row["sex"] not in {"", "F", "M"}:
        yield "sex", f"expected F, M or nothing, found {row['sex']!r}"
    if not row["source"]:
        yield "source", "the row does not say where the range comes from"
    yield from _wrong_numbers(row)


def _wrong_numbers(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in _NUMBERS:
        if row[name] and not finite_number(row[name]) >= 0:
            yield name, f"expected a number that is not below 0, found {row[name]!r}"
    if not row["low"] and not row["high"]:
        yield "low", "the row has neither end of a range"
    for name in ("low", "high") if row["statistic"] == "PCT" else ():
        if finite_number(row[name]) > 100:
            yield name, f"a percentage is at most 100, found {row[name]}"
    for first, last, may_be_equal in (("low", "high", True), ("age_from_years", "age_to_years", False)):
        start, end = finite_number(row[first]), finite_number(row[last])
        if start > end or (start == end and not may_be_equal):
            yield last, f"{row[last]} is not above {first} {row[first]}"


def _several(
    ranges: Sequence[ReferenceRange], templates: Iterable[GatingTemplate], header: Sequence[str]
) -> Iterator[Problem]:
    """Yield each name that stands for more than one population of a template."""
    for template in {(t.name, t.version, t.digest): t for t in templates}.values():
        for each in ranges:
            for column, name in (("population", each.population), ("percent_of", each.percent_of)):
                if name and len(paths := _paths(template, name)) > 1:
                    message = f"{name!r} is several populations of template {template.name!r}: {', '.join(paths)}"
                    yield Problem(f"{message}; write one of these paths", column, each.line, header.index(column) + 1)


def _both_fit(ranges: Sequence[ReferenceRange], templates: Sequence[GatingTemplate]) -> Iterator[Problem]:
    """Yield each pair of ranges of one number that both hold for somebody."""
    keys = {each.line: _all_keys(each, templates) for each in ranges}
    for first, second in combinations(ranges, 2):
        if keys[first.line] & keys[second.line] and first.overlaps(second):
            message = (
                f"the range in line {first.line} is of the same number and holds for some of the same people "
                "(sex, age_from_years, age_to_years); of two ranges none can be chosen"
            )
            yield Problem(message, "population", second.line, 1)


def _all_keys(each: ReferenceRange, templates: Sequence[GatingTemplate]) -> set[tuple[int, Key]]:
    """Return what a range is of, as written and in each template."""
    written = (each.population, each.statistic, each.percent_of)
    return {(-1, written)} | {(i, key) for i, template in enumerate(templates) for key in each.keys_in(template)}
