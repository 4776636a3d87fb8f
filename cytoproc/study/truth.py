"""What is truly in the tubes of a simulated or spiked study, to be shown beside its results."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from cytoproc.errors import Problem, StudyError
from cytoproc.study.sheet import read_sheet

__all__ = ["TrueCount", "read_truth"]

_NAMES = ("sample_id", "population")
_NUMBERS = ("concentration_per_ul", "live_cells", "live_singlets")


@dataclass(frozen=True, slots=True)
class TrueCount:
    """What is truly there of one population of one sample; NaN where the file does not say.

    `population` is a name or path, as written. `concentration_per_ul` is that in the patient, in cells/µL; `live_cells`
    are those in the tube, doublets counted as two; `live_singlets` are the events that are one live cell.
    """

    sample_id: str
    population: str
    concentration_per_ul: float
    live_cells: float
    live_singlets: float


def read_truth(path: Path, sample_ids: Collection[str]) -> tuple[TrueCount, ...]:
    """Return the rows of a CSV file with the columns of :class:`TrueCount`; further columns are left alone.

    Raises
    ------
    StudyError
        Listing every problem with its line: a column that is missing, a sample that the manifest does not have, a
        number that is none, a population that a sample has twice.
    """
    rows, problems = read_sheet(path, "truth file", key="sample_id")
    header = rows[0][1] if rows else []
    for name in [n for n in (*_NAMES, *_NUMBERS) if rows and header.count(n) != 1]:
        times = "twice" if name in header else "missing"
        problems.append(Problem(f"column {name!r} is {times}; there must be one", line=1, column=1))
    if problems:
        raise StudyError(str(path), problems)
    found: dict[tuple[str, str], TrueCount] = {}
    for line, cells in rows[1:]:
        before = len(problems)
        row = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            message = f"the row has {len(cells)} cells, the header {len(header)}"
            problems.append(Problem(message, line=line, column=1))
            continue
        problems += [
            Problem(f"expected a number that is not below 0, found {row[n]!r}", n, line, header.index(n) + 1)
            for n in _NUMBERS
            if not _number(row[n]) >= 0 and row[n]
        ]
        key = (row["sample_id"], row["population"])
        if key[0] not in sample_ids:
            message = f"the manifest has no sample {key[0]!r}"
            problems.append(Problem(message, "sample_id", line, header.index("sample_id") + 1))
        elif key in found or not key[1]:
            message = f"sample {key[0]!r} has {key[1]!r} already" if key[1] else "the row names no population"
            problems.append(Problem(message, "population", line, header.index("population") + 1))
        if len(problems) == before:
            found[key] = TrueCount(*key, *(_number(row[n]) for n in _NUMBERS))
    if problems:
        raise StudyError(str(path), problems)
    return tuple(found.values())


def _number(text: str) -> float:
    """Return a finite number, or NaN for anything else."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) and text.isascii() and "_" not in text else math.nan
