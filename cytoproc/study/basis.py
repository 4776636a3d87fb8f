"""What concentrations are computed from: a processed tube, and how its cells were counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cytoproc.model.paths import ROOT
from cytoproc.model.results import QCFlag, SampleResult
from cytoproc.quantify.concentration import Relation
from cytoproc.study.manifest import Sample
from cytoproc.templates.template import GatingTemplate

__all__ = ["BLOOD_COUNTS", "Basis", "Tube", "relation_in", "relation_of"]

_NAN = math.nan
BLOOD_COUNTS = ("DP_ALC", "DP_WBC")


@dataclass(frozen=True, slots=True)
class Tube:
    """A sample that could be processed, with its row of the manifest, its template and its counts by path."""

    result: SampleResult
    sample: Sample
    template: GatingTemplate
    counts: Mapping[str, int]

    @property
    def method(self) -> str:
        """Its count method; empty for `NONE`, and for a control, of which no concentration is computed."""
        method = self.sample.get("count_method")
        return "" if method == "NONE" or self.sample.get("control") else method

    def acquired(self, name: str) -> str:
        """Return what its file says of the acquisition: `instrument`, `serial`, `volume`, `begin` or `end`."""
        return dict(self.result.acquisition).get(name, "")

    def number(self, column: str, default: float = _NAN) -> float:
        """Return a number of its row, or the default where the cell is empty."""
        text = self.sample.get(column)
        return float(text) if text else default


@dataclass(frozen=True, slots=True)
class Basis:
    """What the concentrations of a sample are computed from, besides its events; NaN where its method has none.

    `denominator` is the population of the same sample that the others are parts of: what the blood count counts, or the
    cells that the counted tube counts too. That tube's sample is `counted_in`, and the cells' path there `counted_as`.
    `kept_time` is the part of the acquired volume whose events were kept, `cv_beads` the error of the number of beads.
    Of duplicate tubes together, `spread` has for each population the variance between them over that of chance (phi).
    Where they were filled unlike, `v_eff_ul` is the blood that was looked at in all of them, and `effective_beads` are
    as many beads as would tell that volume so well.
    """

    method: str
    n_beads: float = _NAN
    beads_per_tube: float = _NAN
    sample_volume_ul: float = _NAN
    dilution_factor: float = _NAN
    vol_acquired_nl: float = _NAN
    blood_count_10e9_l: float = _NAN
    denominator: str = ""
    counted_in: str = ""
    counted_as: str = ""
    kept_time: float = 1.0
    cv_beads: float = 0.0
    spread: tuple[tuple[str, float], ...] = ()
    v_eff_ul: float = _NAN
    effective_beads: float = _NAN
    flags: tuple[QCFlag, ...] = ()


def relation_of(path: str, shared: str) -> Relation:
    """Return how a population stands to the cells that the counted tube counts too, by their paths.

    >>> relation_of("Cells/B/Naive", "Cells/B").value, relation_of("Cells/T", "Cells/B").value
    ('part', 'other')
    """
    if path == shared:
        return Relation.SAME
    if shared == ROOT or path.startswith(f"{shared}/"):
        return Relation.PART
    return Relation.WHOLE if path == ROOT or shared.startswith(f"{path}/") else Relation.OTHER


def relation_in(tube: Tube, path: str, compartment: str) -> Relation:
    """Return how a population stands to what a blood count counts, by the tree and by the events of the tube.

    A population is a part too if the report asks for its percentage of the compartment, or for that of one above it,
    and every event lay in there. A boolean gate that holds others is not above them in the tree.
    """
    relation = relation_of(path, compartment)
    if relation is not Relation.OTHER:
        return relation
    asked = {item.population for item in tube.template.report if compartment in item.percent_of}
    inside = {population for population in asked if (population, compartment) not in tube.result.not_contained}
    is_part = any(path == above or path.startswith(f"{above}/") for above in inside)
    return Relation.PART if is_part else relation
