"""The formula of one number: in symbols, with the values of its line put in, and computed once more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cytoproc.model.paths import split_path
from cytoproc.study.finished import Line
from cytoproc.study.rounding import rounded

__all__ = ["Formula", "exactly", "formula_of", "is_of_unlike_tubes", "shown", "ten_digits"]


_BY_BEADS = ("n_beads", "beads_per_tube", "sample_volume_ul", "dilution_factor")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in symbols, the same with its values, what these make, and what each symbol stands for.

    Of the values nothing but +, -, x and / is asked: a pocket calculator does it. `volume` is how the blood that was
    looked at (V, µL) follows from them, of a concentration.
    """

    symbols: str
    with_values: str
    value: float
    where: tuple[str, ...] = ()
    volume: str = ""


def exactly(value: float) -> str:
    """Return a number with all its digits, never in powers of ten.

    >>> exactly(51664.0), exactly(0.1), exactly(1e-7)
    ('51664', '0.1', '0.0000001')
    """
    return str(int(value)) if float(value).is_integer() else format(Decimal(repr(float(value))), "f")


def ten_digits(value: float) -> str:
    """Return a number that others are computed from: ten digits are enough for six of the result.

    >>> ten_digits(100 / 3), ten_digits(1 / 3e9)
    ('33.33333333', '0.0000000003333333333')
    """
    return format(Decimal(f"{value:.10g}"), "f")


def shown(value: float) -> str:
    """Return a result with six digits.

    >>> shown(86.25194), shown(1_234_567.8)
    ('86.2519', '1234568')
    """
    return "unknown" if math.isnan(value) else rounded(value, 6)


def formula_of(
    line: Line, *, counting: Mapping[str, str], reference: Line | None = None, members: Sequence[Line] = ()
) -> Formula | None:
    """Return the formula of a line's number; none where there is nothing to compute it from.

    Parameters
    ----------
    line
        A COUNT, PCT or ABS.
    counting
        What the manifest says of how the sample was counted, from the run's record.
    reference
        The line of the counted tube from which a concentration was carried over.
    members
        The lines of the tubes that a pooled concentration was made of.
    """
    n = line.whole("n_events")
    match line.text("statistic"):
        case "COUNT":
            return Formula("N", f"{n}", n, (_cells(line),))
        case "PCT":
            return _percent(line, n)
        case "ABS" if members:
            return _pooled(line, members)
        case "ABS" if is_of_unlike_tubes(line):
            return _by_volume_seen(line, n, counting)
        case "ABS" if line.text("count_method") == "SECOND_TUBE":
            return _carried(line, n, reference)
        case "ABS":
            return _WAYS.get(line.text("count_method"), _by_volume_seen)(line, n, counting)
    return None


def is_of_unlike_tubes(line: Line) -> bool:
    """Return whether the beads of a pooled line do not tell its blood as those of one tube would."""
    if not line.text("pooled_from") or line.text("count_method") != "SP_BEAD":
        return False
    beads, added, volume, dilution = (line.number(c) for c in _BY_BEADS)
    return not math.isclose(volume / dilution * beads / added, line.number("v_eff_ul"), rel_tol=1e-9)


def _cells(line: Line) -> str:
    return f"N = {line.whole('n_events')} events of {line.text('population_label')}"


def _shared(line: Line) -> str:
    return f"n = {line.whole('n_denominator')} events of {split_path(line.text('denominator_id'))[-1]}"


def _percent(line: Line, n: int) -> Formula | None:
    of = line.whole("n_denominator")
    return Formula("100 × N / n", f"100 × {n} / {of}", 100 * n / of, (_cells(line), _shared(line))) if of else None


def _by_beads(line: Line, n: int, counting: Mapping[str, str]) -> Formula | None:
    beads, added, volume, dilution = (line.number(c) for c in _BY_BEADS)
    if not beads > 0 or math.isnan(added * volume * dilution):
        return _by_volume_seen(line, n, counting)
    b, a, v, d = map(exactly, (beads, added, volume, dilution))
    per_ul, drops = counting.get("beads_per_ul"), counting.get("bead_volume_ul")
    liquid = f" ({per_ul} beads/µL × {drops} µL)" if per_ul and drops else ""
    return Formula(
        "N / B × beads / volume × predilution",
        f"{n} / {b} × {a} / {v} × {d}",
        n / beads * added / volume * dilution,
        (
            _cells(line),
            f"B = {b} counting beads seen",
            f"beads = {a} put into the tube{liquid}",
            f"volume = {v} µL of blood put into the tube",
            f"predilution = {d}",
        ),
        f"volume / predilution × B / beads = {v} / {d} × {b} / {a}",
    )


def _by_volume(line: Line, n: int, counting: Mapping[str, str]) -> Formula | None:
    volume, dilution = line.number("vol_acquired_nl"), line.number("dilution_factor")
    if not volume > 0 or math.isnan(dilution):
        return _by_volume_seen(line, n, counting)
    final, blood = counting.get("final_volume_ul"), counting.get("sample_volume_ul")
    kept = line.number("v_eff_ul") * dilution / (volume / 1000)
    is_whole = math.isnan(kept) or math.isclose(kept, 1, rel_tol=1e-9)
    times = "" if is_whole else f" × {ten_digits(kept)}"
    made_of = f" ({final} µL in the tube / {blood} µL of blood × predilution {counting.get('predilution') or 1})"
    return Formula(
        "N / (acquired / 1000) × dilution" if is_whole else "N / (acquired / 1000 × kept) × dilution",
        f"{n} / ({exactly(volume)} / 1000{times}) × {exactly(dilution)}",
        n / (volume / 1000 * (1 if is_whole else kept)) * dilution,
        (
            _cells(line),
            f"acquired = {exactly(volume)} nL drawn from the tube",
            f"dilution = {exactly(dilution)}{made_of if final and blood else ''}",
            *(() if is_whole else (f"kept = {ten_digits(kept)}, the part of the time whose events were kept",)),
        ),
        f"acquired / 1000 / dilution = {exactly(volume)} / 1000{times} / {exactly(dilution)}",
    )


def _by_blood_count(line: Line, n: int, counting: Mapping[str, str]) -> Formula | None:
    column = {"DP_ALC": "alc_10e9_l", "DP_WBC": "wbc_10e9_l"}[line.text("count_method")]
    of, given = line.whole("n_denominator"), counting.get(column, "")
    if not of or not given:
        return _by_volume_seen(line, n, counting)
    count = exactly(float(given))
    return Formula(
        "1000 × blood count × N / n",
        f"1000 × {count} × {n} / {of}",
        1000 * float(given) * n / of,
        (f"blood count = {count} × 10^9/L ({column} of the manifest)", _cells(line), _shared(line)),
        f"n / (1000 × blood count) = {of} / (1000 × {count})",
    )


def _carried(line: Line, n: int, reference: Line | None) -> Formula | None:
    of = line.whole("n_denominator")
    if reference is None or math.isnan(reference.number("value_raw")):
        return _by_volume_seen(line, n, {})
    counted = reference.number("value_raw")
    if line.text("population_id") == line.text("denominator_id"):
        same = f"C = cells/µL of {reference.text('population_label')} in the counted tube, below: the same cells"
        volume = f"n / C = {of} / {ten_digits(counted)}" if counted else ""
        return Formula("C", ten_digits(counted), counted, (same, f"{_shared(line)} in this tube"), volume)
    if not of:
        return None
    of_counted = (
        f"C = {ten_digits(counted)} cells/µL of {reference.text('population_label')} in the counted tube, below"
    )
    return Formula(
        "C × N / n",
        f"{ten_digits(counted)} × {n} / {of}",
        counted * n / of,
        (of_counted, f"{_cells(line)} in this tube", f"{_shared(line)} in this tube"),
        f"n / C = {of} / {ten_digits(counted)}" if counted else "",
    )


def _pooled(line: Line, members: Sequence[Line]) -> Formula | None:
    events, volumes = [m.whole("n_events") for m in members], [m.number("v_eff_ul") for m in members]
    if not sum(volumes) > 0:
        return None
    tubes = " and ".join(m.text("sample_id") for m in members)
    name = line.text("population_label")
    return Formula(
        "(N1 + N2 + ...) / (V1 + V2 + ...)",
        f"({' + '.join(map(str, events))}) / ({' + '.join(map(ten_digits, volumes))})",
        sum(events) / sum(volumes),
        (f"N1, N2, ...: events of {name} in {tubes}", "V1, V2, ...: blood looked at in each, in µL"),
        " + ".join(map(ten_digits, volumes)),
    )


def _by_volume_seen(line: Line, n: int, _: Mapping[str, str]) -> Formula | None:
    """Return the formula that all ways of counting share: events in a volume of blood."""
    volume = line.number("v_eff_ul")
    if not volume > 0:
        return None
    where = (_cells(line), f"V = {ten_digits(volume)} µL of blood looked at (v_eff_ul of the table)")
    return Formula("N / V", f"{n} / {ten_digits(volume)}", n / volume, where)


_WAYS: Mapping[str, Callable[[Line, int, Mapping[str, str]], Formula | None]] = {
    "SP_BEAD": _by_beads,
    "SP_VOL": _by_volume,
    "DP_ALC": _by_blood_count,
    "DP_WBC": _by_blood_count,
}
