"""The plan by which a lab verifies an assay: which samples are blanks, dilutions and replicates."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from cytoproc.errors import DocumentError, Problem
from cytoproc.model.text import without_apostrophe
from cytoproc.study.sheet import check_columns, finite_number, read_sheet

__all__ = ["COLUMNS", "SAY_WHICH", "AssayPlan", "Kind", "Measurement", "Planned", "read_plan"]

_NAN = math.nan
_ABOUT_THE_SAMPLE = ("sample_id", "kind", "level", "run_day", "batch", "lot")
_EXPECTED = ("expected", "expected_percent", "expected_per_ul", "expected_relative")
_COUNTED = ("population", "percent_of", "n_events", "n_parent", "v_eff_ul")
COLUMNS = (*_ABOUT_THE_SAMPLE, *_EXPECTED, *_COUNTED)
SAY_WHICH = (
    "there are percentages and cells/µL, so say which is expected: name the column expected_percent, expected_per_ul, "
    "or expected_relative for shares of the highest level"
)
"""What is wrong with a bare `expected` where there are two statistics."""


class Kind(StrEnum):
    """What a measurement is for: a sample without the cells, one of a dilution series, one of several alike."""

    BLANK = "blank"
    DILUTION = "dilution"
    REPLICATE = "replicate"


@dataclass(frozen=True, slots=True)
class Planned:
    """One row of the plan; `line` is where it stands, `run` names its day and batch.

    `expected` holds what is known of the level, by `percent`, `per_ul` or `relative` (to the highest level); by the
    empty text where the plan does not say which.
    """

    line: int
    sample_id: str
    kind: Kind
    level: str = ""
    run: str = ""
    lot: str = ""
    expected: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was counted of one population in one sample of the plan; NaN where it is not known."""

    planned: Planned
    population: str
    percent_of: str
    n_events: int
    n_parent: float
    v_eff_ul: float = _NAN


@dataclass(frozen=True, slots=True)
class AssayPlan:
    """The rows of a plan, its name and SHA-256, and the numbers, if it holds them itself."""

    name: str
    digest: str
    rows: tuple[Planned, ...]
    measurements: tuple[Measurement, ...] = ()


def read_plan(path: str | Path, *, counted_elsewhere: bool = False) -> AssayPlan:
    """Return the plan that a CSV file holds: one row a measurement.

    Parameters
    ----------
    path
        Comma, semicolon or tab between cells; UTF-8. Columns that are not of :data:`COLUMNS` are left alone. The
        apostrophe that a table of results puts before a name such as `+CAR` is no part of it.
    counted_elsewhere
        Whether the numbers come from a run; else the plan holds them: `population`, `n_events`, `n_parent`, and
        `v_eff_ul` where cells/µL are to be had.

    Raises
    ------
    DocumentError
        Listing every problem with its line and column.
    """
    path = Path(path)
    rows, problems = read_sheet(path, "plan", key="sample_id")
    if problems:
        raise DocumentError(str(path), problems)
    header = rows[0][1]
    problems = list(_check_header(header, counted_elsewhere=counted_elsewhere))
    if not problems and len(rows) == 1:
        problems = [Problem("the plan has a header and no rows", line=1, column=1)]
    if problems:
        raise DocumentError(str(path), problems)
    planned: list[Planned] = []
    measurements: list[Measurement] = []
    for line, written in rows[1:]:
        cells = [without_apostrophe(cell) for cell in written]
        wrong = list(_check_row(header, cells, line, counted_elsewhere=counted_elsewhere))
        problems += wrong
        if not wrong:
            row = dict(zip(header, cells, strict=True))
            planned.append(_planned(row, line, bare="" if counted_elsewhere else "percent"))
            if not counted_elsewhere:
                measurements.append(_measured(row, planned[-1]))
    columns = {name: i + 1 for i, name in enumerate(header)}
    problems += [replace(p, column=columns.get(p.where, 1)) for p in _check_rows(planned, measurements)]
    if problems:
        raise DocumentError(str(path), sorted(problems, key=lambda p: (p.line, p.column)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return AssayPlan(path.name, digest, tuple(planned), tuple(measurements))


# The table


def _needed(*, counted_elsewhere: bool) -> tuple[str, ...]:
    return ("sample_id", "kind") if counted_elsewhere else ("sample_id", "kind", "population", "n_events", "n_parent")


def _check_header(header: Sequence[str], *, counted_elsewhere: bool) -> Iterator[Problem]:
    yield from check_columns(header, COLUMNS, needed=("sample_id", "kind"))
    if counted_elsewhere:
        for name in [n for n in _COUNTED if n in header]:
            message = f"the numbers come from the run; leave column {name!r} out"
            yield Problem(message, line=1, column=header.index(name) + 1)
    elif missing := [n for n in _needed(counted_elsewhere=False) if n in _COUNTED and n not in header]:
        message = f"there are no numbers: name a finished run with --run, or add the columns {', '.join(missing)}"
        yield Problem(message, line=1, column=1)
    several = [name for name in _EXPECTED if name in header]
    if "expected" in several and len(several) > 1:
        yield Problem(f"columns 'expected' and {several[1]!r} are both there; leave 'expected' out", line=1, column=1)
    if "expected" in several and "v_eff_ul" in header:
        yield Problem(SAY_WHICH, "expected", 1, header.index("expected") + 1)


def _check_row(header: Sequence[str], cells: Sequence[str], line: int, *, counted_elsewhere: bool) -> Iterator[Problem]:
    if len(cells) != len(header):
        yield Problem(f"the row has {len(cells)} cells, the header {len(header)}", line=line, column=1)
        return
    row = dict(zip(header, cells, strict=True))
    needed = _needed(counted_elsewhere=counted_elsewhere)
    for column, text in row.items():
        wanted = _CELLS.get(column)
        if text and wanted and not wanted[0](text):
            yield Problem(f"expected {wanted[1]}, found {text!r}", column, line, header.index(column) + 1)
        elif not text and column in needed:
            yield Problem("the cell is empty", column, line, header.index(column) + 1)
    level, kind = row.get("level", ""), row["kind"]
    place = (line, header.index("level") + 1 if "level" in header else 1)
    if kind in (Kind.DILUTION, Kind.REPLICATE) and not level:
        yield Problem(f"a {kind} needs the name of its level", "level", *place)
    if kind == Kind.BLANK and level:
        yield Problem(f"a blank has no level, found {level!r}", "level", *place)
    told = next((name for name in _EXPECTED if row.get(name)), "")
    if kind == Kind.DILUTION and not told:
        yield Problem("a dilution needs an expected value (expected, or expected_relative)", "expected", line, 1)
    if kind == Kind.BLANK and told:
        yield Problem(f"a blank is expected to hold none, found {row[told]!r}", told, line, header.index(told) + 1)
    counts = row.get("n_events", ""), row.get("n_parent", "")
    if all(map(_is_count, counts)) and int(float(counts[0])) > int(float(counts[1])):
        message = f"{counts[0]} events of a population cannot be among {counts[1]} (n_parent)"
        yield Problem(message, "n_events", line, header.index("n_events") + 1)


_MOST = 1e9
_LEAST = 1e-9


def _is_count(text: str) -> bool:
    value = finite_number(text)
    return 0 <= value <= _MOST and value.is_integer()


def _is_amount(text: str) -> bool:
    return _LEAST <= finite_number(text) <= _MOST


_ABOVE_ZERO: tuple[Callable[[str], bool], str] = (_is_amount, "a number above 0, at most 10^9, with a decimal point")
_COUNT: tuple[Callable[[str], bool], str] = (_is_count, "a whole number of events, 0 to 10^9")
_CELLS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "kind": (tuple(Kind).__contains__, f"one of {', '.join(Kind)}"),
    **dict.fromkeys((*_EXPECTED, "v_eff_ul"), _ABOVE_ZERO),
    **dict.fromkeys(("n_events", "n_parent"), _COUNT),
}


def _planned(row: Mapping[str, str], line: int, *, bare: str) -> Planned:
    """Return a row; `bare` is what the column `expected` is in."""
    run = " ".join(row[name] for name in ("run_day", "batch") if row.get(name))
    expected = tuple(
        (name.removeprefix("expected").removeprefix("_") or bare, float(row[name]))
        for name in _EXPECTED
        if row.get(name)
    )
    return Planned(line, row["sample_id"], Kind(row["kind"]), row.get("level", ""), run, row.get("lot", ""), expected)


def _measured(row: Mapping[str, str], planned: Planned) -> Measurement:
    return Measurement(
        planned,
        row["population"],
        row.get("percent_of", ""),
        int(float(row["n_events"])),
        float(row["n_parent"]),
        float(row.get("v_eff_ul") or "nan"),
    )


def _check_rows(planned: Sequence[Planned], measurements: Sequence[Measurement]) -> Iterator[Problem]:
    """Tell of rows that contradict each other; a level has one expected value, a population one denominator."""
    about = {m.planned.line: m for m in measurements}
    seen: dict[tuple[str, str], int] = {}
    levels: dict[tuple[str, str], Planned] = {}
    denominators: dict[str, tuple[int, str]] = {}
    for row in planned:
        m = about.get(row.line)
        population = m.population if m else ""
        if (first := seen.setdefault((row.sample_id, population), row.line)) != row.line:
            of = f" of {population!r}" if population else ""
            yield Problem(f"sample {row.sample_id!r}{of} is in line {first} already", "sample_id", row.line)
        if row.expected and (other := levels.setdefault((row.level, population), row)).expected != row.expected:
            message = f"level {row.level!r} is expected otherwise in line {other.line}"
            yield Problem(message, "level", row.line)
        if m and (told := denominators.setdefault(m.population, (row.line, m.percent_of)))[1] != m.percent_of:
            message = f"{m.population!r} is a percentage of {told[1]!r} in line {told[0]}, here of {m.percent_of!r}"
            yield Problem(message, "percent_of", row.line)
