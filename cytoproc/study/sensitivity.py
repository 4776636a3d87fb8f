"""Whether a sample can show as few cells as the template asks for, and what it would take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from cytoproc.model.paths import parent_path, split_path
from cytoproc.model.results import QCFlag
from cytoproc.quantify.sensitivity import amount_needed
from cytoproc.study.basis import Tube
from cytoproc.study.concentrations import CountedCells
from cytoproc.study.limits import PopulationLimits, SampleLimits
from cytoproc.study.rounding import rounded
from cytoproc.templates.template import Sensitivity

__all__ = ["judge_sensitivity"]


def judge_sensitivity(tube: Tube, limits: SampleLimits, counted: Mapping[str, CountedCells]) -> Iterator[QCFlag]:
    """Yield each population of which the sample gives a number only where there are more cells than asked for.

    A control, and a file or tube that a pooled sample stands for, are not asked. `counted` are the sample's
    concentrations by path.
    """
    if tube.sample.get("control") or tube.sample.pooled_into:
        return
    for asked in tube.template.sensitivity:
        judged_by, cells = limits.of(asked.population), counted.get(asked.population)
        said = [_of_percent(tube, asked, judged_by), _of_blood(tube, asked, judged_by, cells)]
        for message in filter(None, said):
            yield QCFlag("LOW_PARENT", message)


def _of_percent(tube: Tube, asked: Sensitivity, limits: PopulationLimits) -> str:
    """Return what is short of the percentage that is asked for; nothing if the sample reaches it."""
    parent = parent_path(asked.population)
    n, wanted, lloq = tube.counts[parent], asked.percent_of_parent, limits.events.lloq_events
    if wanted is None or 100 * lloq <= wanted * n:
        return ""
    what, of = split_path(asked.population)[-1], split_path(parent)[-1]
    reached = f", {100 * lloq / n:.3g} %" if n >= lloq else ""
    needed = _needed(limits, wanted / 100, n)
    how = f"takes {rounded(needed, 3)} events of {of!r}" if needed < math.inf else _never(limits)
    return (
        f"{lloq} events of {what!r} make a number{reached} of the {n} events of {of!r} in this sample; "
        f"{wanted:g} % is asked for, which {how}"
    )


def _of_blood(tube: Tube, asked: Sensitivity, limits: PopulationLimits, cells: CountedCells | None) -> str:
    """Return what is short of the cells/µL that are asked for; nothing if it is reached, or nothing was counted."""
    wanted = asked.cells_per_ul
    if wanted is None or cells is None or not cells.lloq_value > wanted:
        return ""
    needed = _needed(limits, wanted, cells.v_eff_ul)
    if limits.lloq_per_ul > wanted:
        how = f"is below what the assay is validated for, {limits.lloq_per_ul:g}"
    else:
        how = f"takes {rounded(needed, 3)} µL: {_more_blood(tube, needed)}" if needed < math.inf else _never(limits)
    return (
        f"from {rounded(cells.lloq_value, 3)} cells/µL of {split_path(asked.population)[-1]!r} on there is a number "
        f"({limits.events.lloq_events} events in {rounded(cells.v_eff_ul, 3)} µL of blood); {wanted:g} is asked for, "
        f"which {how}"
    )


def _needed(limits: PopulationLimits, asked: float, amount: float) -> float:
    background = limits.background.events
    return amount_needed(
        asked,
        lloq_events=limits.least_lloq_events,
        background=background / amount if amount and background > 0 else 0.0,
        validated=limits.validated_events / amount if amount else 0.0,
    )


def _never(limits: PopulationLimits) -> str:
    because = "the assay is not validated so far down" if limits.validated_events else "the background is too high"
    return f"no number of events reaches: {because}"


def _more_blood(tube: Tube, needed: float) -> str:
    """Return whether the tube holds as much blood."""
    whole = tube.number("sample_volume_ul") / tube.number("predilution", 1.0)
    if needed <= whole:
        return f"acquire more of the tube, which holds {rounded(whole, 3)} µL of blood"
    if needed > whole:
        return f"stain more blood; the tube holds {rounded(whole, 3)} µL, and more events of it do not help"
    return "acquire more events, or stain more blood"
