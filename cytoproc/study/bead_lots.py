"""The lots of counting beads that a study used: how many beads, how surely, and until when."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cytoproc.errors import Problem, StudyError
from cytoproc.study.sheet import check_columns, finite_number, read_sheet

__all__ = ["BeadLot", "beads_added", "read_bead_lots"]

_NAN = math.nan
_NUMBERS = ("beads_per_tube", "beads_per_ul", "cv_percent", "ratio_a_to_b")
_COLUMNS = ("bead_lot", *_NUMBERS, "expires_on")


@dataclass(frozen=True, slots=True)
class BeadLot:
    """A lot of pellets (`beads_per_tube`) or of liquid beads (`beads_per_ul`, beads in a µL); NaN is not known.

    `cv` is the error of that number (0.02 is 2 %), `ratio_a_to_b` how many beads A there are for each B in a product
    with two, `expires_on` the last day on which the lot may be used.
    """

    name: str
    beads_per_tube: float = _NAN
    beads_per_ul: float = _NAN
    cv: float = _NAN
    ratio_a_to_b: float = _NAN
    expires_on: date | None = None

    @property
    def is_liquid(self) -> bool:
        """Whether a volume of it is put into the tube."""
        return not math.isnan(self.beads_per_ul)


def beads_added(get: Callable[[str], str], lots: Mapping[str, BeadLot]) -> float:
    """Return how many beads were put into the tube of a row, NaN if nothing says so or what says it is no number.

    What the row says of the tube goes before what the lot says: `beads_per_tube`, or beads/µL times `bead_volume_ul`.

    >>> beads_added({"beads_per_ul": "1020", "bead_volume_ul": "50"}.get, {})
    51000.0
    """
    lot = lots.get(get("bead_lot") or "", BeadLot(""))
    if in_tube := get("beads_per_tube"):
        return finite_number(in_tube)
    if not math.isnan(lot.beads_per_tube):
        return lot.beads_per_tube
    per_ul, volume = get("beads_per_ul"), get("bead_volume_ul")
    return (finite_number(per_ul) if per_ul else lot.beads_per_ul) * finite_number(volume or "")


def read_bead_lots(path: Path) -> dict[str, BeadLot]:
    """Return the lots of a CSV file by name; further columns are left alone.

    Its columns are `bead_lot`, one of `beads_per_tube` and `beads_per_ul`, and if known `cv_percent` (2.5 for 2.5 %),
    `expires_on` (2024-01-31) and `ratio_a_to_b`.

    Raises
    ------
    StudyError
        Listing every problem with its line and column.
    """
    rows, problems = read_sheet(path, "table of bead lots", key="bead_lot")
    header = rows[0][1] if rows else []
    problems += check_columns(header, _COLUMNS, needed=("bead_lot",)) if rows else []
    if problems:
        raise StudyError(str(path), problems)
    lots: dict[str, BeadLot] = {}
    for line, cells in rows[1:]:
        row = dict(zip(header, cells, strict=False))
        wrong = [Problem(message, c, line, header.index(c) + 1 if c in header else 1) for c, message in _wrong(row)]
        if len(cells) != len(header):
            wrong = [Problem(f"the row has {len(cells)} cells, the header {len(header)}", line=line, column=1)]
        elif row["bead_lot"] in lots:
            wrong.append(Problem(f"lot {row['bead_lot']!r} is there already", "bead_lot", line, 1))
        problems += wrong
        if not wrong:
            lots[row["bead_lot"]] = _lot(row)
    if problems:
        raise StudyError(str(path), problems)
    return lots


def _wrong(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the column and what is wrong with it."""
    if not row.get("bead_lot"):
        yield "bead_lot", "the row names no lot"
    for column in _NUMBERS:
        if (text := row.get(column)) and not finite_number(text) > 0:
            yield column, f"expected a number above 0, with a decimal point, found {text!r}"
    if bool(row.get("beads_per_tube")) == bool(row.get("beads_per_ul")):
        yield "beads_per_tube", "expected either beads_per_tube (pellets) or beads_per_ul (liquid beads)"
    if finite_number(row.get("cv_percent", "")) >= 100:
        yield "cv_percent", f"expected a percentage below 100, found {row['cv_percent']!r}"
    if (text := row.get("expires_on")) and _date(text) is None:
        yield "expires_on", f"expected a date as in 2024-01-31, found {text!r}"


def _lot(row: Mapping[str, str]) -> BeadLot:
    numbers = [finite_number(row.get(column, "")) for column in _NUMBERS]
    return BeadLot(
        row["bead_lot"], numbers[0], numbers[1], numbers[2] / 100, numbers[3], _date(row.get("expires_on", ""))
    )


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
