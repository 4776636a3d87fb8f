"""The screen after a run that counted cells: a block a subject, a line a visit, in order of day."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from cytoproc.model.paths import split_path
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Sample
from cytoproc.study.results import ResultRow

__all__ = ["format_visits", "shown_by_visit"]

_MOST_SUBJECTS = 3
_MOST_POPULATIONS = 6
_MOST_NAMED = 3
_RIGHT = {"day", "events", "true"}

Grid = list[tuple[str, ...]]  # a header, and lines of as many cells


@dataclass(frozen=True, slots=True)
class _Population:
    """A population of one tube that the screen shows, and what its percentage is of."""

    tube: str
    path: str
    of: str


@dataclass(frozen=True, slots=True)
class _Tube:
    """One sample: its row of the manifest, its numbers by population, statistic and denominator, and the true ones."""

    about: Sample
    name: str
    rows: Mapping[tuple[str, str, str], ResultRow]
    truth: Mapping[str, float]

    @property
    def subject(self) -> str:
        """Who; of a sample that belongs to nobody, its specimen or itself."""
        return self.about.get("subject_id") or self.about.get("specimen_id") or self.about.sample_id

    @property
    def day(self) -> str:
        return self.about.get("day")

    @property
    def visit(self) -> str:
        return self.about.get("visit") or ("" if self.day else self.about.sample_id)

    @property
    def error(self) -> str:
        """The code of what kept it from being processed; empty if nothing did."""
        return next((row.qc_flags.split(";")[0] for row in self.rows.values() if not row.statistic), "")

    def concentration(self, path: str) -> ResultRow | None:
        return self.rows.get((path, "ABS", ""))

    def true(self, path: str) -> float:
        """Return the true cells/µL, NaN if nobody knows."""
        return self.truth.get(path, self.truth.get(split_path(path)[-1], math.nan))


def shown_by_visit(rows: Iterable[ResultRow], study: Study) -> set[str]:
    """Return the templates whose samples are shown by visit, by the reference that samples carry.

    They are those that say what a summary shows first, in a study with cells/µL.
    """
    if not any(row.statistic == "ABS" for row in rows):
        return set()
    return {reference for reference, template in study.templates.items() if template.headlines}


def format_visits(rows: Sequence[ResultRow], study: Study, *, width: int = 120) -> list[str]:
    """Return the lines to print, none wider than `width` if that can be done.

    Up to three subjects have a block each, with a part for each population; more have one line a specimen. Controls
    are no patients' results, and are not shown.
    """
    shown = shown_by_visit(rows, study)
    tubes = _tubes(rows, study, shown)
    populations = _populations(tubes, study)
    by_subject: dict[str, list[_Tube]] = {}
    for tube in tubes:
        by_subject.setdefault(tube.subject, []).append(tube)
    for theirs in by_subject.values():
        theirs.sort(key=lambda tube: float(tube.day or "inf"))
    if len(by_subject) > _MOST_SUBJECTS:
        lines = _specimens(by_subject, populations, width)
    else:
        lines = []
        for subject, theirs in by_subject.items():
            lines += [*([""] if lines else []), subject, *_block(theirs, populations, width)]
    return [
        *lines,
        "",
        *_legend(tubes, populations, study),
        *_truth_in_words(tubes),
        *_what_was_found(rows, study, shown),
    ]


def _tubes(rows: Iterable[ResultRow], study: Study, shown: set[str]) -> list[_Tube]:
    """Return the patients' samples that are shown; a pooled one in place of its members."""
    numbers: dict[str, dict[tuple[str, str, str], ResultRow]] = {}
    for row in rows:
        of = row.denominator_id if row.statistic == "PCT" else ""
        numbers.setdefault(row.sample_id, {})[row.population_id, row.statistic, of] = row
    truth: dict[str, dict[str, float]] = {}
    for known in study.truth:
        truth.setdefault(known.sample_id, {})[known.population] = known.concentration_per_ul
    return [
        _Tube(
            sample,
            sample.get("tube") or study.template_of(sample).name,
            numbers.get(sample.sample_id, {}),
            truth.get(sample.sample_id, {}),
        )
        for sample in study.manifest.samples
        if sample.get("template") in shown and not (sample.get("control") or sample.pooled_into)
    ]


def _populations(tubes: Sequence[_Tube], study: Study) -> list[_Population]:
    """Return what is shown of each tube, in the manifest's order of tubes."""
    found: dict[tuple[str, str], _Population] = {}
    for tube in tubes:
        template = study.template_of(tube.about)
        for path in template.headlines[:_MOST_POPULATIONS]:
            found.setdefault((tube.name, path), _Population(tube.name, path, template.main_denominator(path)))
    return list(found.values())


def _labels(populations: Sequence[_Population]) -> list[str]:
    """Return the last names of populations, with the tube where two tubes have the same."""
    names = [split_path(p.path)[-1] for p in populations]
    return [f"{name} ({p.tube})" if names.count(name) > 1 else name for name, p in zip(names, populations, strict=True)]


# One subject: a part for each population, a line for each visit.


def _block(tubes: Sequence[_Tube], populations: Sequence[_Population], width: int) -> list[str]:
    for with_interval in (True, False):
        grids = []
        for label, population in zip(_labels(populations), populations, strict=True):
            of_tube = [tube for tube in tubes if tube.name == population.tube]
            if of_tube:
                grids.append(_part(label, population, of_tube, with_interval=with_interval))
        lines = _aligned(grids)
        if max(map(len, lines), default=0) <= width:
            break
    return lines


def _part(label: str, population: _Population, tubes: Sequence[_Tube], *, with_interval: bool) -> Grid:
    """Return a population's header and its visits."""
    times = Counter((tube.visit, tube.day) for tube in tubes)
    grid: Grid = [(label, "day", "events", f"% of {split_path(population.of)[-1]}", "cells/µL", "true", "")]
    for tube in tubes:
        visit = tube.visit if times[tube.visit, tube.day] == 1 else f"{tube.visit} {tube.about.sample_id}".strip()
        count = tube.rows.get((population.path, "COUNT", ""))
        percent = tube.rows.get((population.path, "PCT", population.of))
        concentration = tube.concentration(population.path)
        true = tube.true(population.path)
        grid.append(
            (
                f"  {visit}",
                tube.day,
                f"{count.n_events:g}" if count else "",
                tube.error or _result(percent, with_interval=with_interval),
                _result(concentration),
                _given(true),
                {True: "inside", False: "OUTSIDE", None: ""}[_is_inside(true, concentration)],
            )
        )
    return grid


def _aligned(grids: Sequence[Grid]) -> list[str]:
    """Return the lines of grids one below the other, all in the same columns; a column without a cell is left out."""
    from rich.cells import cell_len

    body = [line for grid in grids for line in grid[1:]]
    used = [i for i, cells in enumerate(zip(*body, strict=True)) if i == 0 or any(cells)]
    widths = {i: max(cell_len(line[i]) for grid in grids for line in grid) for i in used}
    lines: list[str] = []
    for grid in grids:
        for line in grid:
            room = {i: " " * (widths[i] - cell_len(line[i])) for i in used}
            cells = [room[i] + line[i] if grid[0][i] in _RIGHT else line[i] + room[i] for i in used]
            lines.append(f" {'  '.join(cells)}".rstrip())
        lines.append("")
    return lines[:-1]


# Many subjects: a line for each specimen, with the concentrations alone.


def _specimens(by_subject: Mapping[str, Sequence[_Tube]], populations: Sequence[_Population], width: int) -> list[str]:
    """Return one line a specimen, with as many populations as there is room for, one at least."""
    grid: Grid = [("subject", "visit", "day", *_labels(populations))]
    for subject, tubes in by_subject.items():
        specimens: dict[tuple[str, ...], list[_Tube]] = {}
        for tube in tubes:
            specimens.setdefault((tube.about.get("specimen_id"), tube.visit, tube.day), []).append(tube)
        for (_, visit, day), of_it in specimens.items():
            for repeat in range(max(Counter(tube.name for tube in of_it).values())):
                cells = [_of_specimen(population, of_it, repeat) for population in populations]
                grid.append((subject, visit, day, *cells))
    fits = [n for n in range(1, len(populations) + 1) if max(map(len, _aligned([_first(grid, n)]))) <= width]
    n = max(fits, default=1)
    left = len(populations) - n
    more = [f"{left} more populations, and all percentages, are in results.xlsx"] if left else []
    return ["cells/µL", *_aligned([_first(grid, n)]), *more]


def _first(grid: Grid, n: int) -> Grid:
    return [line[: 3 + n] for line in grid]


def _of_specimen(population: _Population, tubes: Sequence[_Tube], repeat: int) -> str:
    """Return the concentration in one of the specimen's tubes of that kind."""
    of_tube = [tube for tube in tubes if tube.name == population.tube]
    if repeat >= len(of_tube):
        return ""
    return of_tube[repeat].error or _result(of_tube[repeat].concentration(population.path))


# Numbers in words.


def _result(row: ResultRow | None, *, with_interval: bool = True) -> str:
    """Return a number with its interval, or why there is none."""
    if row is None:
        return ""
    if row.status == "ND":
        return f"ND <{_plain(row.ci_high)}" if math.isfinite(row.ci_high) else f"ND ({row.n_events:g})"
    if row.status == "BLQ":
        return f"BLQ <{_plain(row.lloq_value)}" if math.isfinite(row.lloq_value) else f"BLQ ({row.n_events:g})"
    if row.status in {"INVALID", "NOT_DONE"}:
        return f"{row.status} ({row.value_char.partition('(')[2]}".removesuffix(" (")  # the reason's code
    if row.status != "QUANT":
        return row.status
    if math.isnan(row.ci_low) or not with_interval:
        return _plain(row.value_raw)
    low, high = _plain(row.ci_low, like=row.value_raw), _plain(row.ci_high, like=row.value_raw)
    return f"{_plain(row.value_raw)} ({low}–{high})"


def _plain(value: float, *, like: float = 0) -> str:
    """Return a number with three digits, never fewer than its whole part; or with the decimals of another.

    >>> _plain(0.1982), _plain(85.23), _plain(1234.5), _plain(9.5, like=85.23), _plain(0)
    ('0.198', '85.2', '1234', '9.5', '0')
    """
    size = abs(like or value)
    return f"{value:.{min(max(2 - math.floor(math.log10(size)), 0), 6)}f}" if size else "0"


def _given(true: float) -> str:
    """Return a true value as it was given, but for more than four digits."""
    return "" if math.isnan(true) else f"{true:.4g}" if true < 10_000 else f"{true:.0f}"


def _is_inside(true: float, row: ResultRow | None) -> bool | None:
    """Return whether what is said of a concentration holds for the true one; None if there is nothing to compare.

    Of what was not detected only the upper limit is said.
    """
    if row is None or row.status not in {"QUANT", "BLQ", "ND"} or math.isnan(true) or math.isnan(row.ci_high):
        return None
    return (row.status == "ND" or row.ci_low <= true) and true <= row.ci_high


def _legend(tubes: Sequence[_Tube], populations: Sequence[_Population], study: Study) -> list[str]:
    """Return what the brackets and each status on the screen mean."""
    paths = {(p.tube, p.path) for p in populations}
    shown = [
        row
        for tube in tubes
        for (path, statistic, _), row in tube.rows.items()
        if (tube.name, path) in paths and statistic in {"PCT", "ABS"}
    ]
    lod, lloq = (_one_of(f"{getattr(row, name):g}" for row in shown) for name in ("lod_events", "lloq_events"))
    several = {label for label in _labels(populations) if label.endswith(")")}
    of_tubes = ["in brackets behind a population: its tube"] if several else []
    meanings = {
        "QUANT": f"in brackets: the {100 * study.confidence_level:g} % interval",
        "ND": f"ND <x: not detected, fewer than {lod} events; x is the upper end of the interval",
        "BLQ": f"BLQ <x: seen, but fewer than {lloq} events, from which there is a number; x is that limit",
        "NOT_EVALUABLE": "NOT_EVALUABLE: too few events in what it is a share of, or in what the other tube counts",
        "INVALID": "INVALID: the counting was refused; the comment column of results.csv says why",
    }
    seen = {row.status for row in shown}
    return [*of_tubes, *(text for status, text in meanings.items() if status in seen)]


def _one_of(texts: Iterable[str]) -> str:
    """Return the one text there is, or both ends of several numbers."""
    numbers = sorted(set(texts), key=float)
    return numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}" if numbers else ""


def _truth_in_words(tubes: Sequence[_Tube]) -> list[str]:
    """Return how many of all intervals hold the true value, and the first that do not."""
    judged = [
        (f"{tube.about.sample_id} {split_path(path)[-1]}", row, inside)
        for tube in tubes
        for (path, statistic, _), row in tube.rows.items()
        if statistic == "ABS" and (inside := _is_inside(tube.true(path), row)) is not None
    ]
    if not judged:
        return []
    numbers = [inside for _, row, inside in judged if row.status != "ND"]
    below = [inside for _, row, inside in judged if row.status == "ND"]
    parts = [f"inside the interval {sum(numbers)} of {len(numbers)}"] if numbers else []
    parts += [f"below the upper limit of ND {sum(below)} of {len(below)}"] if below else []
    lines = [f"true cells/µL: {', '.join(parts)}"]
    outside = [name for name, _, inside in judged if not inside]
    if not outside:
        return lines
    losses = [row.singlet_loss_pct for _, row, _ in judged if row.singlet_loss_pct > 0]
    lost = f"; doublets cost about {median(losses):.1f} % of the cells besides" if losses else ""
    return [*lines, f"  outside: {_listed(outside)}", f"  (intervals hold the error of counting{lost})"]


def _what_was_found(rows: Iterable[ResultRow], study: Study, shown: set[str]) -> list[str]:
    """Return how many controls there are, and each flag with its samples."""
    samples = {s.sample_id: s for s in study.manifest.samples if s.get("template") in shown}
    n_controls = sum(bool(s.get("control")) for s in samples.values())
    flagged: dict[str, list[str]] = {}
    for sample_id, codes in dict.fromkeys((row.sample_id, row.qc_flags) for row in rows):
        for code in codes.split(";") if codes and sample_id in samples else ():
            flagged.setdefault(code, []).append(sample_id)
    alerts = {alert.code: f" ({alert.message})" for t in study.templates.values() for alert in t.alerts}
    lines = [f"not shown: {n_controls} control(s)"] if n_controls else []
    lines += ["flagged (the comment column of results.csv says more):"] if flagged else []
    return [*lines, *(f"  {code}: {_listed(ids)}{alerts.get(code, '')}" for code, ids in flagged.items())]


def _listed(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
