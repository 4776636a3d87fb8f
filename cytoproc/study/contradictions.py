"""What two cells of a manifest cannot both say: each is told with its row, its column and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cytoproc.study.bead_lots import BeadLot
from cytoproc.study.sheet import finite_number

__all__ = ["in_a_row", "in_tubes", "in_what_is_one"]

Row = Mapping[str, str]
Line = tuple[int, Row]
_BEADS = ("beads_per_tube", "beads_per_ul", "bead_volume_ul")
_OF_ONE_TUBE = (
    "count_method",
    "sample_volume_ul",
    "final_volume_ul",
    "predilution",
    "bead_lot",
    *_BEADS,
    "alc_10e9_l",
    "wbc_10e9_l",
)
_OTHERWISE = {
    "SP_VOL": "by the volume",
    "SECOND_TUBE": "in another tube",
    "DP_ALC": "by the blood count",
    "DP_WBC": "by the blood count",
}
_ALIKE = 0.005  # how far numbers of beads may be apart that were rounded


def in_a_row(row: Row, lots: Mapping[str, BeadLot]) -> Iterator[tuple[str, str]]:
    """Yield the column and what is wrong for everything in a row that contradicts the rest of it."""
    if row.get("control") == "pre_infusion" and _number(row, "day") > 0:
        message = f"a pre_infusion control is drawn before the infusion, and this is day {row['day']}"
        yield "day", f"{message}; correct the day or the control"
    if _is_control(row):
        return
    method = row.get("count_method", "")
    if how := _OTHERWISE.get(method):
        for column in _given(row, _BEADS):
            yield column, f"count_method {method} counts {how}: leave this empty, or write SP_BEAD if beads count"
    if method == "SP_BEAD":
        yield from _in_beads(row, lots)
    lymphocytes, leukocytes = _number(row, "alc_10e9_l"), _number(row, "wbc_10e9_l")
    if lymphocytes > leukocytes:
        yield (
            "alc_10e9_l",
            f"{lymphocytes:g} lymphocytes are more than the {leukocytes:g} white blood cells (wbc_10e9_l) that they "
            "are part of; correct one of them",
        )
    final, blood = _number(row, "final_volume_ul"), _number(row, "sample_volume_ul")
    if final < blood:
        message = f"{final:g} µL in the tube is less than the {blood:g} µL of blood (sample_volume_ul) put into it"
        yield "final_volume_ul", message
    elif final < blood + _number(row, "bead_volume_ul", 0):
        beads = _number(row, "bead_volume_ul")
        yield (
            "final_volume_ul",
            f"{final:g} µL in the tube is less than {blood:g} µL of blood and {beads:g} µL of beads",
        )
    for column in _given(row, ("part", "replicate")):
        for needed in (c for c in ("specimen_id", "tube") if not row.get(c)):
            yield column, f"{needed} is empty: say of which specimen and tube this is a {column}"
            break


def _in_beads(row: Row, lots: Mapping[str, BeadLot]) -> Iterator[tuple[str, str]]:
    name = row.get("bead_lot", "")
    lot = lots.get(name)
    in_tube = _number(row, "beads_per_tube")
    per_ul, volume = _number(row, "beads_per_ul"), _number(row, "bead_volume_ul")
    if name and lots and lot is None:
        yield "bead_lot", f"lot {name!r} is not in the table of bead lots, which has: {', '.join(lots)}; add it there"
    if lot is not None and not lot.is_liquid:
        if _differ(in_tube, lot.beads_per_tube):
            said = f"{in_tube:g}, and lot {name!r} has {lot.beads_per_tube:g} beads in a tube"
            yield "beads_per_tube", f"{said}; correct the number or the lot, or leave this empty"
        for column in _given(row, ("beads_per_ul", "bead_volume_ul")):
            yield column, f"lot {name!r} is of pellets, which have no volume; leave this empty or correct the lot"
    if lot is not None and lot.is_liquid and _differ(per_ul, lot.beads_per_ul):
        said = f"{per_ul:g}, and lot {name!r} has {lot.beads_per_ul:g} beads/µL"
        yield "beads_per_ul", f"{said}; correct the number or the lot, or leave this empty"
    known = lot.beads_per_ul if lot is not None and math.isnan(per_ul) else per_ul
    if not math.isnan(known) and math.isnan(volume) and math.isnan(in_tube):
        yield "bead_volume_ul", f"{known:g} beads/µL were put in, and not how many µL of them; write the volume"
    if math.isnan(known) and not math.isnan(volume) and (lot is None or lot.is_liquid):
        yield "beads_per_ul", f"{volume:g} µL of beads were put in, and not how many are in a µL; write it, or the lot"
    if _differ(in_tube, known * volume):
        said = f"{in_tube:g}, and {known:g} beads/µL x {volume:g} µL are {known * volume:g}"
        yield "beads_per_tube", f"{said}; correct one, or leave this empty"


def in_what_is_one(lines: Sequence[Line]) -> Iterator[tuple[int, str, str]]:
    """Yield line, column and what is wrong where rows about one blood draw, or one lot of beads, do not agree.

    A draw has one visit and day, one specimen type, one blood count; tubes drawn together have one time.
    """
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    for line, row in lines:
        for column in _OF_ONE_DRAW if row.get("specimen_id") else ():
            cell = row.get(column, "")
            if not cell and column not in _ALSO_EMPTY:
                continue
            draw = row.get("subject_id", ""), row["specimen_id"]
            earlier, said = first.setdefault((*draw, column), (line, cell))
            if not _agree(column, said, cell):
                found = f"{cell!r}, and {said!r} in line {earlier}"
                message = f"specimen {draw[1]!r} is one blood draw and has one {column}; found {found}"
                yield line, column, message
        if row.get("bead_lot") and row.get("beads_per_tube") and not row.get("bead_volume_ul"):
            lot, number = row["bead_lot"], row["beads_per_tube"]
            earlier, said = first.setdefault(("lot", lot), (line, number))
            if float(said) != float(number):
                found = f"{number}, and {said} in line {earlier}"
                yield line, "beads_per_tube", f"lot {lot!r} has one number of beads in a tube; found {found}"


_ALSO_EMPTY = ("visit", "day")
_OF_ONE_DRAW = (*_ALSO_EMPTY, "specimen_type", "alc_10e9_l", "wbc_10e9_l", "collected_at")


def _agree(column: str, a: str, b: str) -> bool:
    if column == "collected_at":  # a date agrees with a time on that day
        return a.startswith(b) or b.startswith(a)
    return _as_number(a) == _as_number(b)


def in_tubes(lines: Sequence[Line]) -> Iterator[tuple[int, str, str]]:
    """Yield line, column and what is wrong where several rows are of one specimen and tube.

    They are files of one tube (`part`) or tubes of one panel (`replicate`), and each is said once. What is one tube has
    one volume and one number of beads.
    """
    tubes: dict[tuple[str, ...], list[Line]] = {}
    for line, row in lines:
        if row.get("specimen_id") and row.get("tube"):
            key = tuple(row.get(c, "") for c in ("subject_id", "specimen_id", "tube", "template", "control"))
            tubes.setdefault(key, []).append((line, row))
    for group in tubes.values():
        if len(group) > 1 and any(_is_counted(row) or _given(row, ("part", "replicate")) for _, row in group):
            yield from _in_a_tube(group)


def _is_counted(row: Row) -> bool:
    return row.get("count_method", "") not in {"", "NONE"} and not _is_control(row)


def _in_a_tube(group: Sequence[Line]) -> Iterator[tuple[int, str, str]]:
    seen: dict[tuple[str, str], int] = {}
    whole: dict[str, Line] = {}
    for line, row in group:
        part, replicate = _whole(row.get("part", "")), _whole(row.get("replicate", ""))
        tube = f"tube {row['tube']!r} of specimen {row['specimen_id']!r}"
        if (earlier := seen.setdefault((part, replicate), line)) != line:
            if part or replicate:
                what = " and ".join(f"{c} {row[c]}" for c in _given(row, ("replicate", "part")))
                yield line, "part" if part else "replicate", f"{what} of {tube} is in line {earlier} already"
            else:
                yield (
                    line,
                    "replicate",
                    f"{tube} is in line {earlier} already: number both, as part if they are files of one tube, as "
                    "replicate if they are two tubes; or say of which marker one is the control (fmo:MARKER)",
                )
            continue
        earlier, first = whole.setdefault(replicate, (line, row))
        if earlier == line:
            continue
        if not part or not first.get("part"):
            where = line if not part else earlier
            yield where, "part", f"{tube} is in several files (lines {earlier} and {line}): number each as part"
        yield from _in_parts(line, row, earlier, first)
    for line, row, column, message in _not_alike(group):
        yield line, column, f"tube {row['tube']!r} of specimen {row['specimen_id']!r}: {message}"
    numbered = [replicate for _, replicate in seen]
    if "" in numbered and len(set(numbered)) > 1:
        line = next(line for (_, replicate), line in seen.items() if not replicate)
        yield line, "replicate", "the other tubes of this specimen and panel are numbered; number this one too"


def _not_alike(group: Sequence[Line]) -> Iterator[tuple[int, Row, str, str]]:
    """Yield what is wrong among tubes of one panel: counted in different ways, or a file of one that is missing."""
    first_line, first = group[0]
    for line, row in group[1:]:
        if row.get("count_method", "") != first.get("count_method", ""):
            found = f"{row.get('count_method', '')!r}, and {first.get('count_method', '')!r} in line {first_line}"
            yield line, row, "count_method", f"replicates and parts are counted in one way; found {found}"
            break
    parts: dict[str, set[str]] = {}
    for _, row in group:
        parts.setdefault(_whole(row.get("replicate", "")), set()).add(_whole(row.get("part", "")))
    for replicate, numbers in parts.items():
        missing = {f"{n}" for n in range(1, len(numbers) + 1)} - numbers
        if missing and "" not in numbers:
            line, row = next((n, r) for n, r in group if _whole(r.get("replicate", "")) == replicate)
            found = f"there are parts {', '.join(sorted(numbers))} and no part {min(missing)}"
            yield line, row, "part", f"{found}; number the files of a tube 1, 2, ..., and name all of them"


def _in_parts(line: int, row: Row, earlier: int, first: Row) -> Iterator[tuple[int, str, str]]:
    """Yield what cannot differ between files of one tube."""
    for column in _OF_ONE_TUBE:
        a, b = first.get(column, ""), row.get(column, "")
        if _as_number(a) != _as_number(b):
            found = f"{b!r}, and {a!r} in line {earlier}"
            yield line, column, f"files of one tube have one {column}; found {found}"
            return


def _is_control(row: Row) -> bool:
    return bool(row.get("control"))


def _given(row: Row, columns: Iterable[str]) -> list[str]:
    return [c for c in columns if row.get(c)]


def _differ(a: float, b: float) -> bool:
    """Return whether two numbers of beads are both known and not the same, but for rounding."""
    return abs(a - b) > _ALIKE * max(abs(a), abs(b))


def _number(row: Row, column: str, default: float = math.nan) -> float:
    """Return the number in a cell; what is empty or no number is said elsewhere."""
    value = finite_number(row.get(column, ""))
    return default if math.isnan(value) else value


def _as_number(text: str) -> float | str:
    """Return a number for what is one, so that 14 and 14.0 are the same day."""
    value = finite_number(text)
    return text if math.isnan(value) else value


def _whole(text: str) -> str:
    """Return a number of a part or replicate in one spelling."""
    value = _as_number(text)
    return f"{value:g}" if isinstance(value, float) else text
