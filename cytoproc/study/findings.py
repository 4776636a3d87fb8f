"""What is found out about samples once all of them are known: how they were counted, and who must be told of what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cytoproc.model.results import QCFlag, SampleResult, Severity
from cytoproc.study.concentrations import CountedCells, Key, count_cells, limits_of
from cytoproc.study.counting import Basis, Tube, find_bases, find_tubes
from cytoproc.study.definition import Study
from cytoproc.study.refusal import Refusal

__all__ = ["Findings", "add_findings", "find_out"]

_WORTH_TELLING_PCT = 5.0


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
    lost: dict[str, list[tuple[float, str]]] = {}
    for (sample_id, path), each in cells.items():
        lost.setdefault(sample_id, []).append((each.singlet_loss_pct, path))
    added = {i: (*_of_counting(tube, bases.get(i), lost.get(i, [])), *_alerts(tube)) for i, tube in tubes.items()}
    return Findings(tuple(_with_flags(r, added.get(r.sample_id, ())) for r in results), cells)


def _with_flags(result: SampleResult, added: tuple[QCFlag, ...]) -> SampleResult:
    return replace(result, flags=tuple(dict.fromkeys((*result.flags, *added)))) if added else result


def add_findings(results: Sequence[SampleResult], study: Study) -> list[SampleResult]:
    """Return the results with the flags that need the manifest or the other samples: counting, and alerts."""
    return list(find_out(results, study).results)


def _of_counting(tube: Tube, basis: Basis | Refusal | None, lost: Sequence[tuple[float, str]]) -> Iterator[QCFlag]:
    """Yield what there is to know of the sample's concentrations; `lost` holds the singlet loss of each population."""
    asked = tube.template.concentrations
    if not asked or tube.sample.get("control"):
        return
    if basis is None:
        given = tube.sample.get("count_method")
        severity = Severity.INFO if given else Severity.WARN
        what = (
            "the manifest says NONE" if given else "write how the sample was counted (count_method) into the manifest"
        )
        message = f"the template asks for cells/µL of {', '.join(asked)}; {what}"
        yield QCFlag("CONCENTRATION_NOT_GIVEN", message, severity)
    elif isinstance(basis, Refusal):
        yield QCFlag(basis.code, f"no cells/µL: {basis.message}")
    else:
        yield from basis.flags
        percent, path = max((each for each in lost if each[0] > _WORTH_TELLING_PCT), default=(0.0, ""))
        if path:
            message = (
                f"gates on single cells removed {percent:.1f} % or more of the cells of {path!r}, "
                "so its cells/µL are too low by as much"
            )
            yield QCFlag("SINGLET_LOSS", message)


def _alerts(tube: Tube) -> Iterator[QCFlag]:
    """Yield the template's alerts whose population is detected; a control alerts nobody."""
    if tube.sample.get("control"):
        return
    least = limits_of(tube.template).detect_events
    for alert in tube.template.alerts:
        n_events = tube.counts[alert.population]
        if n_events >= least:
            yield QCFlag(alert.code, f"{alert.message}: {n_events} events of {alert.population!r}", alert.severity)
