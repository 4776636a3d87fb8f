"""What stands in the workbook's sheet `Notes`: what each sheet, status, file and column is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cytoproc.export.dictionary import MEANINGS
from cytoproc.export.table import Table, text_column
from cytoproc.quantify.status import Status
from cytoproc.study.result_row import COLUMNS

__all__ = ["notes_table"]

_WIDE = {
    "NAME events": "events in the population",
    "NAME % of OTHER": "percent of the other population, if it may be reported",
    "NAME cells/uL": "cells per µL of blood, if it may be reported (status QUANT)",
    "NAME cells/uL ci_low, ci_high": "the confidence interval; of what was not detected, up to its upper limit",
    "NAME cells/uL status": "whether there is a number, and if not, why",
    "NAME cells/uL lloq": "the concentration from which there is a number",
    "NAME MARKER median, geo_mean": "middle intensity of the marker, if it may be reported",
}
_SHEETS = {
    "Summary": "one line a sample and headline population of its template: the numbers to look at first.",
    "Wide": "one line a sample: to read, sort and plot. The same as wide.csv, with shorter headings.",
    "Results": "one line a number, with all that is needed to judge it. The same as results.csv.",
    "QC": "one line a sample and finding: what was found, how grave it is, and what to do.",
    "Checks": "one line a comparison of numbers that should agree, if there is one. The same as checks.csv.",
    "Samples": "one line a sample: the file, its fingerprint, its template, and what was found about it.",
    "Methods": "how the numbers were made: formulas, intervals, limits, rules, versions and fingerprints.",
}
_STATUS = {
    Status.QUANT: "the number may be reported",
    Status.BLQ: "below the limit of quantification: seen, but too few events for a number",
    Status.ND: "not detected: too few events to call it a population; the upper limit is what it may be at most",
    Status.NOT_EVALUABLE: "too few events in the denominator",
    Status.INVALID: "the file or its counting was refused; qc_flags and comment say why",
    Status.NOT_DONE: "there is no tube",
}
_ELSEWHERE = {
    "results.csv, wide.csv": "the same tables as text; a text that a spreadsheet would run has an apostrophe in front",
    "results.parquet, wide.parquet": "the same tables with their types, for R and pandas",
    "results.schema.json": "the columns of results for a program: types, units and values, as a JSON Schema",
    "data_dictionary.csv": "the columns of results for people: type, unit, meaning, values, and what CDISC calls them",
    "record.json": "versions, and the fingerprints of every file and template: what it takes to compute this again",
    "run.log": "when the run was made",
}


def notes_table(wide: Table) -> Table:
    """Return the notes: sheets, statuses, files, and every column."""
    lines = list(_lines(wide))
    named = zip(_HEADER, zip(*lines, strict=True), strict=True)
    return Table(tuple(text_column(name, cells, is_prose=name == "meaning") for name, cells in named))


_HEADER = ("about", "name", "meaning")


def _lines(wide: Table) -> Iterator[tuple[str, str, str]]:
    parts: list[tuple[str, Mapping[str, str]]] = [
        ("sheet", _SHEETS),
        ("status", {status.value: meaning for status, meaning in _STATUS.items()}),
        ("file", _ELSEWHERE),
        ("Wide", _WIDE),
        ("Wide, in full", {c.title: c.name for c in wide.columns if c.title}),
        ("Results", {name: MEANINGS[name] for name in COLUMNS}),
    ]
    for about, part in parts:
        for name, meaning in part.items():
            yield about, name, meaning
