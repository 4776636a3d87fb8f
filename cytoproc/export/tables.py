"""Tables as CSV: UTF-8, comma, decimal point, no thousands separator; the same rows give the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from cytoproc.export.cells import format_cell
from cytoproc.model.events import Mask
from cytoproc.study.results import COLUMNS, ResultRow

__all__ = ["format_csv", "long_table", "membership_table", "wide_table"]


def format_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as the bytes of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([format_cell(h) for h in header])
    writer.writerows([format_cell(v) for v in row] for row in rows)
    return text.getvalue().encode("utf-8")


def long_table(rows: Sequence[ResultRow]) -> bytes:
    """Return `results.csv`: one line a sample, population and statistic; the lab's own columns come last."""
    lines = ([*(getattr(r, c) for c in COLUMNS), *(value for _, value in r.own)] for r in rows)
    return format_csv([*COLUMNS, *_own_names(rows)], lines)


def _own_names(rows: Sequence[ResultRow]) -> list[str]:
    """Return the names of the lab's own columns; one that is a name of ours says where it comes from."""
    own = [name for name, _ in rows[0].own] if rows else []
    return [f"manifest_{name}" if name in COLUMNS else name for name in own]


def wide_table(rows: Sequence[ResultRow]) -> bytes:
    """Return `wide.csv`: one line a sample, one column a population and statistic.

    Counts are as counted; percentages and intensities stand only where they may be reported (status QUANT). A
    percentage's column says of what it is one.
    """
    head = (
        "sample_id",
        "subject_id",
        "visit",
        "nominal_day",
        "tube_id",
        "template_id",
        "template_version",
        "fcs_file",
        "qc_status",
        "qc_flags",
        "comment",
    )
    names = list(dict.fromkeys(name for r in rows if (name := _wide_name(r))))
    samples: dict[str, dict[str, Any]] = {}
    for r in rows:
        line = samples.setdefault(r.sample_id, {h: getattr(r, h) for h in head})
        if name := _wide_name(r):
            line[name] = r.value_raw if r.statistic == "COUNT" else r.value_reported
    own = {r.sample_id: [value for _, value in r.own] for r in rows}
    lines = ([*(line.get(c, "") for c in (*head, *names)), *own[sample]] for sample, line in samples.items())
    return format_csv([*head, *names, *_own_names(rows)], lines)


def _wide_name(row: ResultRow) -> str:
    if row.statistic == "COUNT":
        return f"{row.population_id} events"
    if row.statistic == "PCT":
        return f"{row.population_id} % of {row.denominator_id}"
    return f"{row.population_id} {row.marker}" if row.statistic else ""


def membership_table(memberships: Mapping[str, Mask]) -> bytes:
    """Return one 0/1 column a population path and one row an event in file order (as ISAC's Classification Results)."""
    header = format_csv(list(memberships), [])
    if not memberships:
        return header
    flags = np.column_stack(list(memberships.values()))
    cells = np.full((len(flags), 2 * flags.shape[1]), ord(","), dtype=np.uint8)
    cells[:, ::2] = flags + ord("0")
    cells[:, -1] = ord("\n")
    return header + cells.tobytes()
