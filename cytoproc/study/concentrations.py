"""The cells/µL of a whole study at once: each way of counting is one computation over all of its samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cytoproc.gates.methods.singlets import Singlets
from cytoproc.model.paths import ROOT, split_path
from cytoproc.quantify.concentration import (
    Concentration,
    Relation,
    carried_over,
    from_beads,
    from_blood_count,
    from_effective_volume,
    from_volume,
)
from cytoproc.quantify.doublets import singlet_loss
from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.status import Limits, Status, decide_by_events
from cytoproc.study.basis import BLOOD_COUNTS, Basis, Tube, relation_in, relation_of
from cytoproc.study.limits import PopulationLimits, SampleLimits
from cytoproc.study.pooled_counts import widening
from cytoproc.study.refusal import Refusal
from cytoproc.study.rounding import rounded
from cytoproc.study.rules import CountRules

__all__ = ["CountedCells", "Key", "count_cells"]

_NAN = math.nan
_USUAL = CountRules()
_SURE_TO_UNSURE = (Status.QUANT, Status.BLQ, Status.ND, Status.NOT_EVALUABLE)
Key = tuple[str, str]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountedCells:
    """The concentration of one population of one sample in cells/µL, with all that a row of the results says of it.

    `basis` is what it was computed from; of a sample that was refused it holds the method alone.
    """

    n_events: int
    basis: Basis
    status: Status
    in_words: str
    value: float = _NAN
    low: float = _NAN
    high: float = _NAN
    ci_method: str = ""
    v_eff_ul: float = _NAN
    n_denominator: float = _NAN
    lod_value: float = _NAN
    lloq_value: float = _NAN
    singlet_loss_pct: float = _NAN
    cv_pct: float = _NAN


def count_cells(
    tubes: Mapping[str, Tube],
    bases: Mapping[str, Basis | Refusal],
    limits: Mapping[str, SampleLimits],
    rules: CountRules = _USUAL,
    *,
    level: float = 0.95,
    paths: Mapping[str, Collection[str]] | None = None,
) -> dict[Key, CountedCells]:
    """Return concentrations by sample id and population path: all that the templates' reports ask for, or others.

    Parameters
    ----------
    tubes, bases
        The samples that could be processed, and for each that was counted how, or why it is refused.
    limits
        By how many events the numbers of each sample are judged.
    rules
        Which intervals, and the technical errors in them.
    level
        Confidence level of every interval.
    paths
        The populations by sample id; those of the reports if not given.
    """
    counted: dict[Key, CountedCells] = {}
    items: dict[Key, _Item] = {}
    for sample_id, basis in bases.items():
        tube = tubes[sample_id]
        for path in tube.template.concentrations if paths is None else paths[sample_id]:
            if isinstance(basis, Refusal):
                counted[sample_id, path] = _refused(tube, path, basis)
            else:
                items[sample_id, path] = _Item(tube, path, basis, limits[sample_id].of(path))
    asked = [*counted, *items]
    for item in list(items.values()):
        other = bases.get(item.basis.counted_in)
        if isinstance(other, Basis):
            where, path = item.reference
            items[item.reference] = _Item(tubes[where], path, other, limits[where].of(path))
    for (way, is_exact), group in _counted_alike(items.values()):
        counted |= _judged(group, partial(_DIRECT[way], rules, level, is_exact))
    for group in _alike([i for i in items.values() if i.basis.counted_in], counted):
        references = [counted[i.reference] for i in group]
        counted |= _judged(group, partial(_carried, references, level), references)
    return {key: counted[key] for key in asked}


def _refused(tube: Tube, path: str, why: Refusal) -> CountedCells:
    in_words = f"{why.status.value.lower().replace('_', ' ')} ({why.code})"
    return CountedCells(tube.counts[path], Basis(tube.method), why.status, in_words)


@dataclass(frozen=True, slots=True)
class _Item:
    """One concentration to be computed."""

    tube: Tube
    path: str
    basis: Basis
    limits: PopulationLimits

    @property
    def key(self) -> Key:
        return self.tube.sample.sample_id, self.path

    @property
    def reference(self) -> Key:
        """The concentration in the counted tube that this one is a part of."""
        return self.basis.counted_in, self.basis.counted_as

    @property
    def n_events(self) -> int:
        return self.tube.counts[self.path]

    @property
    def n_denominator(self) -> float:
        return self.tube.counts[self.basis.denominator] if self.basis.denominator else _NAN

    @property
    def n_both(self) -> int:
        """Events that are also among those that the counted tube counts."""
        return dict(self.tube.result.among_shared).get(self.path, 0)

    @property
    def n_beside(self) -> float:
        """Events that are not among the cells that the counted tube counts: its number does not bound them."""
        match self.relation:
            case Relation.OTHER:
                return self.n_events - self.n_both
            case Relation.WHOLE:
                return self.n_events - self.n_denominator
            case _:
                return 0

    @property
    def relation(self) -> Relation:
        """How the population stands to the cells that a blood count or the counted tube counts."""
        if self.basis.method in BLOOD_COUNTS:
            return relation_in(self.tube, self.path, self.basis.denominator)
        return relation_of(self.path, self.basis.denominator)

    @property
    def is_detected(self) -> bool:
        return decide_by_events(self.n_events, self.limits.events) is not Status.ND


# The numbers, many samples at once


def _column(items: Sequence[Any], name: str) -> FloatArray:
    return np.array([getattr(i, name) for i in items], dtype=np.float64)


def _by_beads(rules: CountRules, level: float, is_exact: bool, items: Sequence[_Item]) -> Concentration:
    bases = [i.basis for i in items]
    return from_beads(
        _column(items, "n_events"),
        _column(bases, "n_beads"),
        beads_per_tube=_column(bases, "beads_per_tube"),
        sample_volume_ul=_column(bases, "sample_volume_ul"),
        predilution=_column(bases, "dilution_factor"),
        level=level,
        interval="exact" if is_exact else rules.interval,
        cv_pipetting=rules.cv.pipetting,
        cv_beads=_column(bases, "cv_beads"),
    )


def _by_volume(rules: CountRules, level: float, is_exact: bool, items: Sequence[_Item]) -> Concentration:
    bases = [i.basis for i in items]
    return from_volume(
        _column(items, "n_events"),
        vol_acquired_nl=_column(bases, "vol_acquired_nl"),
        dilution_factor=_column(bases, "dilution_factor"),
        kept_time=_column(bases, "kept_time"),
        level=level,
        interval="exact" if is_exact else rules.interval,
        cv_pipetting=rules.cv.pipetting,
        cv_volume=rules.cv.volume,
    )


def _by_blood_count(rules: CountRules, level: float, is_exact: bool, items: Sequence[_Item]) -> Concentration:
    return from_blood_count(
        _column(items, "n_events"),
        _column(items, "n_denominator"),
        count_10e9_l=_column([i.basis for i in items], "blood_count_10e9_l"),
        relation=items[0].relation,
        level=level,
        interval="exact" if is_exact else "log-delta",
        cv_count=rules.cv.blood_count,
        cv_gate=rules.cv.gate,
    )


def _by_beads_of_all(rules: CountRules, level: float, is_exact: bool, items: Sequence[_Item]) -> Concentration:
    bases = [i.basis for i in items]
    return from_effective_volume(
        _column(items, "n_events"),
        _column(bases, "effective_beads"),
        v_eff_ul=_column(bases, "v_eff_ul"),
        level=level,
        interval="exact" if is_exact else rules.interval,
        cv_technical=np.hypot(rules.cv.pipetting, _column(bases, "cv_beads")),
    )


def _by_volume_of_all(rules: CountRules, level: float, is_exact: bool, items: Sequence[_Item]) -> Concentration:
    return from_effective_volume(
        _column(items, "n_events"),
        v_eff_ul=_column([i.basis for i in items], "v_eff_ul"),
        level=level,
        interval="exact" if is_exact else rules.interval,
        cv_technical=math.hypot(rules.cv.pipetting, rules.cv.volume),
    )


def _way_of(basis: Basis) -> str:
    """Return how a concentration is computed: by the count method, another way for tubes that were filled unlike."""
    return basis.method if math.isnan(basis.v_eff_ul) else f"{basis.method} of all"


_DIRECT: Mapping[str, Callable[[CountRules, float, bool, Sequence[_Item]], Concentration]] = {
    "SP_BEAD": _by_beads,
    "SP_VOL": _by_volume,
    "SP_BEAD of all": _by_beads_of_all,
    "SP_VOL of all": _by_volume_of_all,
    "DP_ALC": _by_blood_count,
    "DP_WBC": _by_blood_count,
}


def _counted_alike(items: Iterable[_Item]) -> Iterable[tuple[tuple[str, bool], list[_Item]]]:
    """Return the items of tubes that are counted themselves, by the way and by whether the interval must be exact.

    It must be where nothing was detected: its upper end is all that is said. Of a blood count the items of a group
    stand in one relation to what it counts.
    """
    groups: dict[tuple[str, bool, Relation], list[_Item]] = {}
    for item in items:
        if (way := _way_of(item.basis)) in _DIRECT:
            relation = item.relation if item.basis.method in BLOOD_COUNTS else Relation.OTHER
            groups.setdefault((way, not item.is_detected, relation), []).append(item)
    return [((way, is_exact), group) for (way, is_exact, _), group in groups.items()]


def _widened(numbers: Concentration, items: Sequence[_Item]) -> Concentration:
    """Return the concentrations with wider intervals where duplicate tubes differ more than counting explains."""
    factor = np.array([widening(i.basis, i.path) for i in items])
    wider = numbers.estimate.widened(factor)
    methods = [f"{m}-widened" if m and f > 1 else m for m, f in zip(numbers.ci_methods.tolist(), factor, strict=True)]
    estimate = replace(wider, method=numbers.estimate.method)
    return replace(numbers, estimate=estimate, cv_pct=numbers.cv_pct * factor, ci_methods=np.array(methods))


def _alike(items: Sequence[_Item], counted: Mapping[Key, CountedCells]) -> Iterable[list[_Item]]:
    """Return the carried items in groups whose intervals are computed in one way."""
    groups: dict[tuple[Relation, str], list[_Item]] = {}
    for item in items:
        groups.setdefault((item.relation, counted[item.reference].ci_method), []).append(item)
    return groups.values()


def _carried(references: Sequence[CountedCells], level: float, items: Sequence[_Item]) -> Concentration:
    value, low, high = (_column(references, name) for name in ("value", "low", "high"))
    return carried_over(
        _column(items, "n_events"),
        _column(items, "n_denominator"),
        Estimate(value, low, high, level, references[0].ci_method),
        n_both=_column(items, "n_both"),
        relation=items[0].relation,
        reference_cv_pct=_column(references, "cv_pct"),
    )


# What may be said of each


def _judged(
    items: Sequence[_Item],
    compute: Callable[[Sequence[_Item]], Concentration],
    references: Sequence[CountedCells] = (),
) -> dict[Key, CountedCells]:
    if not items:
        return {}
    numbers = _widened(compute(items), items)
    value, low, high = numbers.estimate.value, numbers.estimate.low, numbers.estimate.high
    found = {}
    for i, item in enumerate(items):
        limits, v_eff = item.limits.events, float(numbers.v_eff_ul[i])
        reference = references[i] if references else None
        kept = _kept(item.tube, item.path) / _kept(item.tube, item.basis.denominator)
        kept_there = 1 - reference.singlet_loss_pct / 100 if reference else 1.0
        cells = CountedCells(
            n_events=item.n_events,
            basis=item.basis,
            status=_status(item, float(value[i])),
            in_words="",
            value=float(value[i]),
            low=float(low[i]),
            high=float(high[i]),
            ci_method=str(numbers.ci_methods[i]),
            v_eff_ul=v_eff,
            n_denominator=item.n_denominator,
            lod_value=limits.detect_events / v_eff if v_eff > 0 else _NAN,
            lloq_value=max(limits.lloq_events / v_eff, item.limits.lloq_per_ul) if v_eff > 0 else _NAN,
            singlet_loss_pct=100 * (1 - kept * kept_there),
            cv_pct=float(numbers.cv_pct[i]),
        )
        if why := _why_not(item, limits, reference):
            found[item.key] = _not_evaluable(cells, why, is_bounded=not item.n_beside)
        else:
            found[item.key] = _in_view_of(cells, reference) if reference else _said(cells)
    return found


def _status(item: _Item, per_ul: float) -> Status:
    """Return what enough events make of a concentration; below what the assay is validated for it is no number."""
    status = decide_by_events(item.n_events, item.limits.events)
    return Status.BLQ if status is Status.QUANT and per_ul < item.limits.lloq_per_ul else status


def _why_not(item: _Item, limits: Limits, reference: CountedCells | None) -> str:
    """Return why a share of other cells says nothing of a population, or nothing if it does.

    A carried concentration is one of the shared cells times a share. Of events that are not among the shared cells it
    is an extrapolation, which needs a number to start from and must not be most of the result.
    """
    n, of = item.n_denominator, split_path(item.basis.denominator)[-1] if item.basis.denominator else ""
    if item.path == item.basis.denominator and reference is not None and reference.status is Status.ND:
        return ""  # cells that neither tube finds
    if n < limits.parent_events:
        return f"{n:.0f} events of {of}"
    if reference is None or not item.n_beside:
        return ""
    beside = f"{item.n_beside:.0f} of {item.n_events} events are not {of}"
    if 2 * item.n_beside > item.n_events:
        return beside
    if reference.status in {Status.ND, Status.BLQ}:
        return f"{reference.n_events} events of {of} in the counted tube, and {beside}"
    return ""


def _not_evaluable(cells: CountedCells, why: str, *, is_bounded: bool) -> CountedCells:
    """Return a concentration that may not be stated; without a number where the shared cells do not bound it."""
    cells = replace(cells, status=Status.NOT_EVALUABLE, in_words=f"not evaluable ({why})")
    if is_bounded:
        return cells
    return replace(cells, value=_NAN, low=_NAN, high=_NAN, ci_method="", v_eff_ul=_NAN, lod_value=_NAN, lloq_value=_NAN)


def _kept(tube: Tube, path: str) -> float:
    """Return the part of a population's cells that gates on single cells above it kept; 1 of no population."""
    steps = []
    while path and path != ROOT:
        step = tube.template.step(path)
        if isinstance(step.gate, Singlets):
            steps.append((tube.counts[step.parent], tube.counts[path]))
        path = step.parent
    return 1 - singlet_loss(steps) or _NAN


def _in_view_of(cells: CountedCells, reference: CountedCells) -> CountedCells:
    """Return a carried concentration, no surer than the one in the counted tube that it is a part of."""
    decides = _SURE_TO_UNSURE.index(reference.status) > _SURE_TO_UNSURE.index(cells.status)
    if decides or cells.value == reference.value:  # the same cells have the limits of both tubes
        cells = replace(
            cells,
            lod_value=_larger(cells.lod_value, reference.lod_value),
            lloq_value=_larger(cells.lloq_value, reference.lloq_value),
        )
    if not decides:
        return _said(cells)
    return _said(replace(cells, status=reference.status), counted=reference)


def _larger(a: float, b: float) -> float:
    return float(np.fmax(a, b))


def _said(cells: CountedCells, counted: CountedCells | None = None) -> CountedCells:
    """Return the concentration with its words; those of the counted tube's events where they decided."""
    decided, where = (cells, "") if counted is None else (counted, " in the counted tube")
    match cells.status:
        case Status.NOT_EVALUABLE:
            of = split_path(decided.basis.denominator)[-1]
            in_words = f"not evaluable ({decided.n_denominator:.0f} events of {of}{where})"
        case Status.ND:
            limit = "no upper limit" if math.isnan(cells.high) else _upper(cells.high)
            in_words = f"{decided.n_events} events{where}, below detection limit; {limit}"
        case Status.BLQ:
            in_words = f"<{rounded(cells.lloq_value, 3)} cells/µL"
        case _:
            in_words = rounded(cells.value, 4)
    return replace(cells, in_words=in_words)


def _upper(high: float) -> str:
    return f"upper limit {rounded(high, 3)} cells/µL"
