"""Numbers that should agree: a sum, files of one tube, duplicate tubes, tubes of a draw, cytometer and analyser."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag
from cytoproc.quantify.agreement import difference, stands_out, sum_expected
from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.study.basis import Basis, Tube
from cytoproc.study.concentrations import CountedCells, Key, count_cells
from cytoproc.study.definition import Study
from cytoproc.study.limits import SampleLimits
from cytoproc.study.pooled_counts import are_replicates
from cytoproc.study.refusal import Refusal
from cytoproc.study.rules import CountRules
from cytoproc.templates.template import SumCheck

__all__ = ["Check", "flags_of", "run_checks"]

_LEVEL = 0.99
_LEVEL_OF_ONE_PANEL = 0.95
_OF_ONE_PANEL = {"parts", "duplicates"}
_COUNTED_ITSELF = {"SP_BEAD", "SP_VOL"}
_CODES = {
    "sum": "SUM_OUTSIDE",
    "parts": "PARTS_DIFFER",
    "duplicates": "DUPLICATES_DIFFER",
    "tubes": "TUBES_DIFFER",
    "platforms": "PLATFORMS_DIFFER",
}
_TO_DO = {
    "sum": "does a gate miss cells, or hold some of another kind?",
    "parts": "are they files of one tube, and was it mixed while it ran?",
    "duplicates": "look at the volumes, the beads and the gates of both",
    "tubes": "look at the volumes, the beads and the gates of both; were tubes exchanged?",
    "platforms": "look at both; is the blood count of the same draw?",
}
_PLATFORMS = (("lymphocytes", "alc_10e9_l"), ("leukocytes", "wbc_10e9_l"))


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of numbers that should agree, of one sample or of two.

    `kind` is `sum`, `parts`, `duplicates`, `tubes` or `platforms`, and `name` says of what. The `value` may lie in the
    limits, from `low` to `high`, or where chance alone puts 99 of 100 (95 of `parts` and `duplicates`), from
    `chance_low` to `chance_high`; all are in `unit`.
    """

    kind: str
    name: str
    samples: tuple[str, ...]
    value: float
    unit: str
    low: float
    high: float
    chance_low: float
    chance_high: float
    in_words: str

    @property
    def verdict(self) -> str:
        """`PASS`, or `WARN` if the value is outside both of the limits and of what chance explains."""
        limits, chance = (self.low, self.high), (self.chance_low, self.chance_high)
        return "WARN" if stands_out(self.value, limits=limits, chance=chance) else "PASS"


def run_checks(
    tubes: Mapping[str, Tube],
    bases: Mapping[str, Basis | Refusal],
    limits: Mapping[str, SampleLimits],
    study: Study,
) -> tuple[Check, ...]:
    """Return every comparison that a study can make; controls are left out.

    `sum`: populations that should add up to another one, by the template's `checks`. `parts` and `duplicates`: files
    of one tube, and tubes that the manifest calls replicates, for the populations that a summary shows; in cells/µL
    where both are counted by beads or volume, else in percent. `tubes`: tubes of one specimen that are each counted by
    beads or volume. `platforms`: cells/µL by beads or volume against a blood count in the same row.
    """
    patients = {i: tube for i, tube in tubes.items() if not tube.sample.get("control")}
    direct = {
        i: t for i, t in patients.items() if t.method in _COUNTED_ITSELF and not isinstance(bases.get(i), Refusal)
    }
    paths = {i: tuple(_compared(tube, direct.values())) for i, tube in direct.items()}
    counted = {i: bases[i] for i in direct}
    cells = count_cells(tubes, counted, limits, study.counts, level=_LEVEL, paths=paths)
    members = {i: counted[i] for t in patients.values() for i in t.result.pooled_from if i in counted}
    shown = {i: tuple(_counted_headlines(direct[i])) for i in members}
    of_members = count_cells(tubes, members, limits, study.counts, level=_LEVEL_OF_ONE_PANEL, paths=shown)
    return (
        *(check for tube in patients.values() for check in _sums(tube)),
        *(check for pool in patients.values() for check in _of_one_panel(pool, tubes, of_members, study.counts)),
        *_between_tubes(direct, cells, study.counts),
        *(check for tube in direct.values() for check in _platforms(tube, cells, study.counts)),
    )


def flags_of(checks: Iterable[Check], tubes: Mapping[str, Tube]) -> dict[str, list[QCFlag]]:
    """Return a flag for each sample of a check that failed, by sample id; of those that were pooled the pool too."""
    found: dict[str, list[QCFlag]] = {}
    for check in checks:
        if check.verdict == "WARN":
            pooled = [tubes[i].sample.pooled_into for i in check.samples] if check.kind in _OF_ONE_PANEL else []
            message = f"{check.in_words}: {_TO_DO[check.kind]}"
            for sample_id in dict.fromkeys((*check.samples, *filter(None, pooled))):
                found.setdefault(sample_id, []).append(QCFlag(_CODES[check.kind], message))
    return found


# Parts and their sum


def _sums(tube: Tube) -> Iterator[Check]:
    for asked in tube.template.sums:
        whole = tube.counts[asked.of]
        if whole:
            yield _sum(tube, asked, whole)


def _sum(tube: Tube, asked: SumCheck, whole: int) -> Check:
    low, high = asked.target[0] / 100, asked.target[1] / 100
    fewest, most = sum_expected(whole, target=(low, high), level=_LEVEL)
    parts = {path: tube.counts[path] for path in asked.parts}
    n = sum(parts.values())
    added = " + ".join(f"{k} {_name(path)}" for path, k in parts.items())
    return Check(
        "sum",
        asked.name,
        (tube.sample.sample_id,),
        100 * n / whole,
        "%",
        *asked.between,
        100 * float(fewest) / whole,
        100 * float(most) / whole,
        f"{asked.name}: {added} are {n} of {whole} {_name(asked.of)} ({100 * n / whole:.1f} %), expected "
        f"{asked.between[0]:g} to {asked.between[1]:g} %",
    )


# Two numbers of the same cells


def _of_one_panel(
    pool: Tube, tubes: Mapping[str, Tube], cells: Mapping[Key, CountedCells], rules: CountRules
) -> Iterator[Check]:
    """Yield the comparison of each two of the files or duplicate tubes that were pooled."""
    members = [tubes[m] for m in pool.result.pooled_from]
    kind = "duplicates" if are_replicates(members) else "parts"
    for a, b in combinations(members, 2):
        for path in a.template.headlines:
            is_rare = min(a.counts[path], b.counts[path]) < rules.few_events
            percent = rules.duplicates_percent_few if is_rare else rules.duplicates_percent
            of = a.template.main_denominator(path)
            if (a.sample.sample_id, path) in cells and (b.sample.sample_id, path) in cells:
                yield from _two(kind, (a, path), (b, path), cells, percent)
            elif a.counts[of] and b.counts[of]:
                yield from _two_shares(kind, (a, b), path, of, percent)


def _two_shares(kind: str, tubes: tuple[Tube, Tube], path: str, of: str, percent: float) -> Iterator[Check]:
    """Yield the comparison of two percentages, as their difference in percent of their mean; of two zeros none."""
    level = _LEVEL_OF_ONE_PANEL
    shares = {t.sample.sample_id: clopper_pearson(t.counts[path], t.counts[of], level=level) for t in tubes}
    yield from _apart(kind, path, shares, f"% of {_name(of)}", percent)


def _between_tubes(direct: Mapping[str, Tube], cells: Mapping[Key, CountedCells], rules: CountRules) -> Iterator[Check]:
    """Yield the comparisons of the same cells in tubes of one blood draw."""
    draws: dict[tuple[str, str], list[Tube]] = {}
    for tube in direct.values():
        if tube.sample.get("specimen_id") and not tube.sample.pooled_into:
            draws.setdefault((tube.sample.get("subject_id"), tube.sample.get("specimen_id")), []).append(tube)
    for of_draw in draws.values():
        for a, b in combinations(of_draw, 2):
            for path_a, path_b in _in_both(a, b):
                yield from _two("tubes", (a, path_a), (b, path_b), cells, rules.tubes_percent)


def _in_both(a: Tube, b: Tube) -> Iterable[tuple[str, str]]:
    """Return the populations that two tubes both hold, by their paths in each."""
    here, there = a.template.counting, b.template.counting
    pairs = [(here.lymphocytes, there.lymphocytes), (here.leukocytes, there.leukocytes)]
    if here.carry_over:
        pairs.append((here.carry_over.population, _only(b.template.paths_called(here.carry_over.counted_as))))
    if there.carry_over:
        pairs.append((_only(a.template.paths_called(there.carry_over.counted_as)), there.carry_over.population))
    return dict.fromkeys(pair for pair in pairs if all(pair))


def _only(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else ""


def _two(
    kind: str, one: tuple[Tube, str], other: tuple[Tube, str], cells: Mapping[Key, CountedCells], percent: float
) -> Iterator[Check]:
    """Yield the comparison of two concentrations, as their difference in percent of their mean; of two zeros none."""
    keys = [(tube.sample.sample_id, path) for tube, path in (one, other)]
    level = _LEVEL_OF_ONE_PANEL if kind in _OF_ONE_PANEL else _LEVEL
    found = {sample_id: _estimate(cells[sample_id, path], level) for sample_id, path in keys}
    yield from _apart(kind, one[1], found, "cells/µL", percent)


def _apart(kind: str, path: str, found: Mapping[str, Estimate], unit: str, percent: float) -> Iterator[Check]:
    """Yield the comparison of two numbers of one unit, by sample."""
    a, b = found.values()
    apart, mean = difference(a, b), float(a.value + b.value) / 2
    if not mean > 0:
        return
    value, low, high = (100 * float(x) / mean for x in (apart.value, apart.low, apart.high))
    said = [f"{float(x.value):.4g} {unit} in {sample_id}" for sample_id, x in found.items()]
    yield Check(
        kind,
        _name(path),
        tuple(found),
        value,
        "% of the mean",
        -percent,
        percent,
        value - high,
        value - low,
        f"{_name(path)}: {said[0]} and {said[1]} are {abs(value):.0f} % apart, expected at most {percent:g} %",
    )


def _estimate(cells: CountedCells, level: float) -> Estimate:
    return Estimate(np.asarray(cells.value), np.asarray(cells.low), np.asarray(cells.high), level, cells.ci_method)


# Cytometer and analyser


def _platforms(tube: Tube, cells: Mapping[Key, CountedCells], rules: CountRules) -> Iterator[Check]:
    for compartment, column in _PLATFORMS:
        path = getattr(tube.template.counting, compartment)
        analyser = 1000 * tube.number(column, 0.0)
        if not path or not analyser:
            continue
        counted = cells[tube.sample.sample_id, path]
        low, high = rules.platforms_between
        yield Check(
            "platforms",
            _name(path),
            (tube.sample.sample_id,),
            counted.value / analyser,
            "ratio",
            low,
            high,
            counted.value / counted.high,
            counted.value / counted.low if counted.low else math.inf,
            f"{_name(path)}: {counted.value:.4g} cells/µL by {tube.method}, and {analyser:g} by the blood count "
            f"({column}), a ratio of {counted.value / analyser:.2f}, expected {low:g} to {high:g}",
        )


# Which populations


def _compared(tube: Tube, all_tubes: Iterable[Tube]) -> Iterable[str]:
    """Return the populations of a tube whose concentrations may be compared with others."""
    counting = tube.template.counting
    called = {t.template.counting.carry_over for t in all_tubes}
    carried = [_only(tube.template.paths_called(carry.counted_as)) for carry in called if carry]
    own = [counting.carry_over.population] if counting.carry_over else []
    paths = (counting.lymphocytes, counting.leukocytes, *own, *sorted(carried), *_counted_headlines(tube))
    return dict.fromkeys(path for path in paths if path)


def _counted_headlines(tube: Tube) -> Iterable[str]:
    """Return what a summary shows first, of what is counted in cells/µL."""
    return [path for path in tube.template.headlines if path in tube.template.concentrations]


def _name(path: str) -> str:
    return split_path(path)[-1]
