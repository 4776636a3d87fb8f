"""What is found out about samples once all of them are known: how they were counted, and who must be told of what."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, SampleResult, Severity
from cytoproc.study.acceptance import judge_sample
from cytoproc.study.basis import Basis, Tube
from cytoproc.study.checks import Check, flags_of, run_checks
from cytoproc.study.comparing import Comparison, find_comparisons
from cytoproc.study.concentrations import CountedCells, Key, count_cells
from cytoproc.study.counting import find_bases, find_tubes
from cytoproc.study.definition import Study
from cytoproc.study.limits import SampleLimits, find_limits
from cytoproc.study.panels import SamplePanel, compare_panels
from cytoproc.study.pooling import flag_of_members
from cytoproc.study.refusal import Refusal
from cytoproc.study.sensitivity import judge_sensitivity

__all__ = ["Findings", "find_out"]

_WORTH_TELLING_PCT = 5.0
_UNUSUAL_PER_UL = 50_000.0
_MOST_NAMED = 3
_TELLS = {"beads_per_tube": "SP_BEAD", "final_volume_ul": "SP_VOL", "alc_10e9_l": "DP_ALC", "wbc_10e9_l": "DP_WBC"}


@dataclass(frozen=True, slots=True)
class Findings:
    """The results with all their flags, the concentrations by sample id and population path, and what is compared.

    `limits` say by how many events the numbers of each sample are judged; `checks` are numbers that should agree.
    """

    results: tuple[SampleResult, ...]
    concentrations: Mapping[Key, CountedCells]
    comparisons: Mapping[str, Comparison]
    limits: Mapping[str, SampleLimits]
    checks: tuple[Check, ...] = ()


def find_out(results: Sequence[SampleResult], study: Study) -> Findings:
    """Return what can be said of the samples only together. A flag that a result carries already is not added again."""
    tubes = find_tubes(results, study)
    bases = find_bases(tubes, study)
    limits = find_limits(tubes, study)
    cells = count_cells(tubes, bases, limits, study.counts, level=study.confidence_level)
    counted: dict[str, dict[str, CountedCells]] = {}
    for (sample_id, path), each in cells.items():
        counted.setdefault(sample_id, {})[path] = each
    compared = find_comparisons(tubes, study)
    checks = run_checks(tubes, bases, limits, study)
    told = flags_of(checks, tubes)
    panels = compare_panels([_panel(tube) for tube in tubes.values() if not tube.result.pooled_from])
    added = {
        i: (
            *_of_acceptance(tube, bases.get(i)),
            *_of_counting(tube, bases.get(i), counted.get(i, {})),
            *limits[i].flags,
            *judge_sensitivity(tube, limits[i], counted.get(i, {})),
            *_alerts(tube, limits[i]),
            *compared[i].flags,
            *told.get(i, ()),
            *panels.get(i, ()),
        )
        for i, tube in tubes.items()
    }
    return Findings(tuple(_all_with_flags(results, added)), cells, compared, limits, checks)


def _panel(tube: Tube) -> SamplePanel:
    kind = (tube.sample.get("template"), tube.acquired("instrument"), tube.acquired("serial"))
    return SamplePanel(tube.result.sample_id, kind, tube.result.markers)


def _all_with_flags(results: Sequence[SampleResult], added: Mapping[str, tuple[QCFlag, ...]]) -> Iterable[SampleResult]:
    """Return the results with their flags; a pooled one, which stands behind its members, with a word on theirs."""
    done: dict[str, SampleResult] = {}
    for result in results:
        flagged = _with_flags(result, added.get(result.sample_id, ()))
        done[result.sample_id] = _with_flags(flagged, flag_of_members(flagged, done))
    return done.values()


def _with_flags(result: SampleResult, added: tuple[QCFlag, ...]) -> SampleResult:
    return replace(result, flags=tuple(dict.fromkeys((*result.flags, *added)))) if added else result


def _of_acceptance(tube: Tube, basis: Basis | Refusal | None) -> Iterator[QCFlag]:
    """Yield what makes a sample unfit, but for the reason that the refusal of its concentrations tells."""
    told = basis.code if isinstance(basis, Refusal) and tube.template.concentrations else ""
    yield from (flag for flag in judge_sample(tube).flags if flag.code != told)


def _of_counting(tube: Tube, basis: Basis | Refusal | None, counted: Mapping[str, CountedCells]) -> Iterator[QCFlag]:
    """Yield what there is to know of the sample's concentrations, which `counted` holds by population path."""
    asked = tube.template.concentrations
    if not asked or tube.sample.get("control"):
        return
    if basis is None:
        severity = Severity.INFO if tube.sample.get("count_method") else Severity.WARN
        message = f"the template asks for cells/µL of {_named(asked)}; {_to_count(tube)}"
        yield QCFlag("CONCENTRATION_NOT_GIVEN", message, severity)
    elif isinstance(basis, Refusal):
        yield QCFlag(basis.code, f"no cells/µL: {basis.message}", basis.severity)
    else:
        yield from basis.flags
        lost = [c.singlet_loss_pct for c in counted.values() if c.singlet_loss_pct > _WORTH_TELLING_PCT]
        if lost:
            message = (
                f"gates on single cells removed about {max(lost):.1f} % of the cells, which passed as doublets; "
                "cells/µL are too low by about as much (singlet_loss_pct)"
            )
            yield QCFlag("SINGLET_LOSS", message)
        path, most = max(((path, c.value) for path, c in counted.items()), key=_by_value, default=("", 0.0))
        if most > _UNUSUAL_PER_UL:
            message = (
                f"{most:.0f} cells/µL of {split_path(path)[-1]!r} are very many: look at beads_per_tube and at the "
                "volumes, which are in µL"
            )
            yield QCFlag("CONCENTRATION_HIGH", message)


def _by_value(item: tuple[str, float]) -> float:
    return -math.inf if math.isnan(item[1]) else item[1]


def _named(paths: Sequence[str]) -> str:
    """Return the last names of the first populations, and how many more there are."""
    names = ", ".join(split_path(path)[-1] for path in paths[:_MOST_NAMED])
    return names + (f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else "")


def _to_count(tube: Tube) -> str:
    """Return why a sample is not counted, and what to write."""
    if tube.sample.get("count_method"):
        return "the manifest says NONE"
    if tube.result.pooled_from:
        return "the tubes that it was pooled from were not counted, or not in one way; see their count_method"
    given = [(column, method) for column, method in _TELLS.items() if tube.sample.get(column)]
    if given:
        [(column, method), *_] = given
        return f"the manifest gives {column}: write {method} as its count_method, if that is how it was counted"
    return "write how the sample was counted (count_method) into the manifest"


def _alerts(tube: Tube, limits: SampleLimits) -> Iterator[QCFlag]:
    """Yield the template's alerts whose population is detected; a control alerts nobody."""
    if tube.sample.get("control"):
        return
    for alert in tube.template.alerts:
        n_events = tube.counts[alert.population]
        if n_events >= limits.of(alert.population).events.detect_events:
            yield QCFlag(alert.code, f"{alert.message}: {n_events} events of {alert.population!r}", alert.severity)
