"""What is found out about samples once all of them are known: how they were counted, and who must be told of what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, SampleResult, Severity
from cytoproc.study.concentrations import CountedCells, Key, count_cells, limits_of
from cytoproc.study.counting import Basis, Tube, find_bases, find_tubes
from cytoproc.study.definition import Study
from cytoproc.study.refusal import Refusal

__all__ = ["Findings", "add_findings", "find_out"]

_WORTH_TELLING_PCT = 5.0
_UNUSUAL_PER_UL = 50_000.0
_MOST_NAMED = 3
_TELLS = {"beads_per_tube": "SP_BEAD", "final_volume_ul": "SP_VOL", "alc_10e9_l": "DP_ALC", "wbc_10e9_l": "DP_WBC"}


@dataclass(frozen=True, slots=True)
class Findings:
    """The results with all their flags, and the concentrations by sample id and population path."""

    results: tuple[SampleResult, ...]
    concentrations: Mapping[Key, CountedCells]


def find_out(results: Sequence[SampleResult], study: Study) -> Findings:
    """Return what can be said of the samples only together. A flag that a result carries already is not added again."""
    tubes = find_tubes(results, study)
    bases = find_bases(tubes, study)
    cells = count_cells(tubes, bases, level=study.confidence_level)
    counted: dict[str, dict[str, CountedCells]] = {}
    for (sample_id, path), each in cells.items():
        counted.setdefault(sample_id, {})[path] = each
    added = {i: (*_of_counting(tube, bases.get(i), counted.get(i, {})), *_alerts(tube)) for i, tube in tubes.items()}
    return Findings(tuple(_with_flags(r, added.get(r.sample_id, ())) for r in results), cells)


def _with_flags(result: SampleResult, added: tuple[QCFlag, ...]) -> SampleResult:
    return replace(result, flags=tuple(dict.fromkeys((*result.flags, *added)))) if added else result


def add_findings(results: Sequence[SampleResult], study: Study) -> list[SampleResult]:
    """Return the results with the flags that need the manifest or the other samples: counting, and alerts."""
    return list(find_out(results, study).results)


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
        yield QCFlag(basis.code, f"no cells/µL: {basis.message}")
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
    given = [(column, method) for column, method in _TELLS.items() if tube.sample.get(column)]
    if given:
        [(column, method), *_] = given
        return f"the manifest gives {column}: write {method} as its count_method, if that is how it was counted"
    return "write how the sample was counted (count_method) into the manifest"


def _alerts(tube: Tube) -> Iterator[QCFlag]:
    """Yield the template's alerts whose population is detected; a control alerts nobody."""
    if tube.sample.get("control"):
        return
    for alert in tube.template.alerts:
        n_events = tube.counts[alert.population]
        if n_events >= limits_of(tube.template, alert.population, tube.counts).detect_events:
            yield QCFlag(alert.code, f"{alert.message}: {n_events} events of {alert.population!r}", alert.severity)
