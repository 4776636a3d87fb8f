"""The tables of a run: every number in a row, one line a sample, and which events are in which population."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cytoproc.export.delimited import format_csv
from cytoproc.export.dictionary import kind_of
from cytoproc.export.table import Column, Kind, Table, count_column, number_column, text_column
from cytoproc.model.events import Mask
from cytoproc.model.paths import split_path
from cytoproc.model.text import write_out
from cytoproc.study.definition import Study
from cytoproc.study.result_row import COLUMNS, ResultRow

__all__ = ["long_table", "membership_table", "sample_table", "summary_table", "wide_table"]

_WHOSE = ("subject_id", "specimen_id", "visit", "nominal_day", "tube_id", "control")
_GATED_WITH = ("template_id", "template_version")
_FOUND = ("qc_status", "qc_flags", "comment")
_HEAD = ("sample_id", *_WHOSE, *_GATED_WITH, "fcs_file", *_FOUND)
_WHEN = ("collection_dtc", "infusion_dtc", "study_day", "actual_days_post_infusion")
_WHERE = ("site_id", "visit_num", "panel_id", "panel_version", "batch_id", "instrument", "operator", "pooled_from")
_OF_A_SAMPLE = ("sample_id", "fcs_file", "fcs_sha256", *_WHOSE, *_WHEN, *_WHERE, *_GATED_WITH, *_FOUND)


def long_table(rows: Sequence[ResultRow]) -> Table:
    """Return the table `results`: one line a sample, population and statistic; the lab's own columns come last."""
    return Table((*_columns(COLUMNS, rows), *_own_columns(rows, COLUMNS)))


def sample_table(rows: Sequence[ResultRow]) -> Table:
    """Return one line a sample: which file it is, what it was gated with, and what was found about it."""
    return Table(_columns(_OF_A_SAMPLE, _first_of_each_sample(rows)))


def wide_table(rows: Sequence[ResultRow]) -> Table:
    """Return the table `wide`: one line a sample, and for each number of a population a column.

    Counts are as counted. Percentages, cells/µL and intensities stand only where they may be reported (status QUANT).
    Cells/µL have four columns more, without which an empty cell could not be analysed: the ends of the interval, the
    status, and the limit of quantification.
    """
    cells: dict[_Wide, dict[str, Any]] = {}
    for row in rows:
        for column, value in _wide_cells(row):
            cells.setdefault(column, {})[row.sample_id] = value
    firsts = _first_of_each_sample(rows)
    same = Counter(column.title for column in cells)
    inner = [
        column.filled([values.get(r.sample_id) for r in firsts], title=column.title if same[column.title] == 1 else "")
        for column, values in cells.items()
    ]
    names = [c.name for c in inner]
    return Table((*_columns(_HEAD, firsts), *inner, *_own_columns(firsts, (*COLUMNS, *names))))


def summary_table(rows: Sequence[ResultRow], study: Study) -> Table:
    """Return one line a sample and headline population: its events, its percentage and its cells/µL, to be looked at.

    Headlines are what the templates call so. Controls are left out, and so are samples of a template without any; a
    pooled sample stands in place of its members. A sample that could not be processed has one line with its flags.
    """
    numbers: dict[str, dict[tuple[str, str, str], ResultRow]] = {}
    for row in rows:
        of = row.denominator_id if row.statistic == "PCT" else ""
        numbers.setdefault(row.sample_id, {})[row.population_id, row.statistic, of] = row
    lines = []
    for sample in study.manifest.samples:
        found, template = numbers.get(sample.sample_id, {}), study.template_of(sample)
        failed = found.get(("", "", ""))
        if sample.get("control") or sample.pooled_into or not template.headlines:
            continue
        if failed:
            lines.append(_Headline(failed))
        for path in () if failed else template.headlines:
            percent = found.get((path, "PCT", template.main_denominator(path)))
            lines.append(_Headline(found[path, "COUNT", ""], percent, found.get((path, "ABS", ""))))
    return _summary(lines)


def membership_table(memberships: Mapping[str, Mask]) -> bytes:
    """Return one 0/1 column a population path and one row an event in file order (as ISAC's Classification Results)."""
    header = format_csv(Table(tuple(text_column(path, ()) for path in memberships)))
    if not memberships:
        return header
    flags = np.column_stack(list(memberships.values()))
    cells = np.full((len(flags), 2 * flags.shape[1]), ord(","), dtype=np.uint8)
    cells[:, ::2] = flags + ord("0")
    cells[:, -1] = ord("\n")
    return header + cells.tobytes()


@dataclass(frozen=True, slots=True)
class _Headline:
    """What a line of the summary is made of: a sample's row, and those of a population's percentage and cells/µL."""

    of_sample: ResultRow
    percent: ResultRow | None = None
    cells: ResultRow | None = None


def _summary(lines: Sequence[_Headline]) -> Table:
    def given(rows: Iterable[ResultRow | None], name: str) -> list[Any]:
        return [getattr(row, name) if row else "" for row in rows]

    samples, percents, cells = [h.of_sample for h in lines], [h.percent for h in lines], [h.cells for h in lines]
    return Table(
        (
            *_columns(("sample_id", "subject_id", "visit", "nominal_day", "tube_id"), samples),
            text_column("population", given(samples, "population_label")),
            count_column("events", [row.n_events for row in samples]),
            number_column("percent", given(percents, "value_reported"), percent=True),
            text_column("of", (split_path(of)[-1] if of else "" for of in given(percents, "denominator_id"))),
            number_column("percent ci_low", given(percents, "ci_low"), percent=True),
            number_column("percent ci_high", given(percents, "ci_high"), percent=True),
            text_column("percent status", given(percents, "status")),
            text_column("percent ref_indicator", given(percents, "ref_indicator")),
            number_column("cells/uL", given(cells, "value_reported")),
            number_column("cells/uL ci_low", given(cells, "ci_low")),
            number_column("cells/uL ci_high", given(cells, "ci_high")),
            text_column("cells/uL status", given(cells, "status")),
            text_column("cells/uL ref_indicator", given(cells, "ref_indicator")),
            text_column("cells/uL in words", given(cells, "value_char")),
            *_columns(("qc_status", "qc_flags", "comment"), samples),
        )
    )


def _first_of_each_sample(rows: Iterable[ResultRow]) -> list[ResultRow]:
    firsts: dict[str, ResultRow] = {}
    for row in rows:
        firsts.setdefault(row.sample_id, row)
    return list(firsts.values())


def _columns(names: Iterable[str], rows: Sequence[ResultRow]) -> tuple[Column, ...]:
    return tuple(_column(name, [getattr(r, name) for r in rows]) for name in names)


def _column(name: str, values: list[Any]) -> Column:
    """Return a column of ours in its kind."""
    match kind := kind_of(name):
        case Kind.TEXT:
            return text_column(name, values)
        case Kind.COUNT:
            return count_column(name, values)
        case _:
            return number_column(name, values, percent=kind is Kind.PERCENT)


def _own_columns(rows: Sequence[ResultRow], taken: Iterable[str]) -> tuple[Column, ...]:
    """Return the lab's own columns, all text; one that has a name of ours says where it comes from."""
    used = set(taken)
    columns = []
    for i, (written, _) in enumerate(rows[0].own if rows else ()):
        name = write_out(written)
        while name in used:
            name = f"manifest_{name}"
        used.add(name)
        columns.append(text_column(name, [r.own[i][1] for r in rows]))
    return tuple(columns)


@dataclass(frozen=True, slots=True)
class _Wide:
    """A column of the wide table: the population it is about, what it says of it, and of what that is a part."""

    population: str
    what: str
    kind: Kind
    of: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.population, self.what, self.of)))

    @property
    def title(self) -> str:
        """The name without the paths."""
        return " ".join(filter(None, (split_path(self.population)[-1], self.what, self.of and split_path(self.of)[-1])))

    def filled(self, values: Sequence[Any], *, title: str) -> Column:
        match self.kind:
            case Kind.TEXT:
                return text_column(self.name, (v or "" for v in values), title=title)
            case Kind.COUNT:
                return count_column(self.name, values, title=title)
            case _:
                return number_column(self.name, values, percent=self.kind is Kind.PERCENT, title=title)


def _wide_cells(row: ResultRow) -> list[tuple[_Wide, Any]]:
    """Return what a row of the long table puts into the wide one."""
    path = row.population_id
    match row.statistic:
        case "COUNT":
            return [(_Wide(path, "events", Kind.COUNT), row.value_raw)]
        case "PCT":
            return [(_Wide(path, "% of", Kind.PERCENT, row.denominator_id), row.value_reported)]
        case "ABS":
            return [
                (_Wide(path, "cells/uL", Kind.NUMBER), row.value_reported),
                (_Wide(path, "cells/uL ci_low", Kind.NUMBER), row.ci_low),
                (_Wide(path, "cells/uL ci_high", Kind.NUMBER), row.ci_high),
                (_Wide(path, "cells/uL status", Kind.TEXT), row.status),
                (_Wide(path, "cells/uL lloq", Kind.NUMBER), row.lloq_value),
            ]
        case "":
            return []
        case _:
            return [(_Wide(path, row.marker, Kind.NUMBER), row.value_reported)]
