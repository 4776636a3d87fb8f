"""What the concentrations of a pooled sample are computed from: one tube in several files, or duplicate tubes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, Severity
from cytoproc.quantify.agreement import chance_of_spread, overdispersion
from cytoproc.study.basis import Basis, Tube
from cytoproc.study.bead_lots import BeadLot, beads_added
from cytoproc.study.refusal import Refusal
from cytoproc.study.rounding import rounded
from cytoproc.study.volumes import AcquiredVolume

__all__ = ["add_up_volumes", "are_replicates", "pooled_basis", "widening"]

Volumes = Mapping[str, AcquiredVolume | Refusal]
_MUCH = 1.5
_RARE = 0.01
_ENOUGH_TOGETHER = {"TOO_FEW_BEADS"}
_ENOUGH_IN_ALL_FILES = {"TOO_FEW_BEADS", "BEADS_LOST", "NO_BEADS"}


def add_up_volumes(tubes: Mapping[str, Tube], volumes: Volumes) -> dict[str, AcquiredVolume | Refusal]:
    """Return the acquired volumes with those of pooled samples: the sums of their members', in which they come later.

    A member whose volume is not known refuses that of the pool.
    """
    known = dict(volumes)
    for sample_id, tube in tubes.items():
        if members := tube.result.pooled_from:
            known[sample_id] = _total({m: known[m] for m in members})
    return known


def _total(volumes: Volumes) -> AcquiredVolume | Refusal:
    for sample_id, volume in volumes.items():
        if isinstance(volume, Refusal):
            return _of_member(sample_id, volume)
    known = [v for v in volumes.values() if isinstance(v, AcquiredVolume)]
    return AcquiredVolume(sum(v.nl for v in known), tuple(dict.fromkeys(f for v in known for f in v.flags)))


def _of_member(sample_id: str, why: Refusal) -> Refusal:
    return replace(why, message=f"of sample {sample_id!r}, which is part of this one: {why.message}")


def pooled_basis(
    tube: Tube, tubes: Mapping[str, Tube], bases: Mapping[str, Basis | Refusal], lots: Mapping[str, BeadLot]
) -> Basis | Refusal:
    """Return what the concentrations of a pooled sample are computed from, once its members' bases are known.

    `bases` has the pooled sample's too, by the sums of events, beads and volumes: that is right for files of one tube,
    and for tubes that were filled alike. What refuses a member refuses the pool, but for too few beads, of which
    together there may be enough.
    """
    basis = bases[tube.sample.sample_id]
    members = {m: bases.get(m) for m in tube.result.pooled_from}
    of_tubes = are_replicates(tubes[m] for m in members)
    enough = _ENOUGH_TOGETHER if of_tubes else _ENOUGH_IN_ALL_FILES
    for sample_id, of_member in members.items():
        if isinstance(of_member, Refusal) and of_member.code not in enough:
            return _of_member(sample_id, of_member)
    if isinstance(basis, Refusal):
        return basis
    if basis.method == "SP_VOL":
        kept = [(b.vol_acquired_nl, b.kept_time) for b in members.values() if isinstance(b, Basis)]
        basis = replace(basis, kept_time=sum(nl * part for nl, part in kept) / basis.vol_acquired_nl)
    if of_tubes and basis.method in {"SP_BEAD", "SP_VOL"}:
        v_eff_ul = [
            _looked_at(b) if isinstance(b, Basis) else _looked_at_by_beads(tubes[m], lots) for m, b in members.items()
        ]
        return _of_all_tubes(basis, tube, [tubes[m] for m in members], v_eff_ul)
    return basis


def are_replicates(members: Iterable[Tube]) -> bool:
    """Return whether the members of a pooled sample are duplicate tubes, not files of one."""
    return len({m.sample.get("replicate") for m in members}) > 1


def widening(basis: Basis, path: str) -> float:
    """Return how many times as wide the interval of a population becomes: the root of its phi if that is above 1.5.

    >>> widening(Basis("SP_BEAD", spread=(("B", 4.0), ("T", 1.4))), "B")
    2.0
    """
    phi = dict(basis.spread).get(path, math.nan)
    return math.sqrt(phi) if phi > _MUCH else 1.0


def _of_all_tubes(basis: Basis, together: Tube, tubes: Sequence[Tube], v_eff_ul: Sequence[float]) -> Basis:
    """Return the basis of duplicate tubes: C = sum N / sum V_eff, and how much more than chance they differ.

    The dilution factor is the one with which the formula of a single tube gives the sum of their volumes of blood; of
    tubes that were filled alike it is that of each. phi = sum (N - E)^2/E / (r - 1), with E by each tube's volume of
    blood. Where that is known by counting B beads, chance alone makes phi 1 + N/B, so it is divided by that.
    """
    total = sum(v_eff_ul)
    ratio = _looked_at(basis) / total
    factor = basis.dilution_factor * (ratio if abs(ratio - 1) > 1e-9 else 1.0)
    share = np.array(v_eff_ul) / total
    spread = {}
    for path in together.template.concentrations:
        n = together.counts[path]
        by_chance = 1.0 if math.isnan(basis.n_beads) else 1 + n / basis.n_beads
        spread[path] = overdispersion([t.counts[path] for t in tubes], n * share) / by_chance
    flags = (*basis.flags, *_told(spread, len(tubes)))
    return replace(basis, dilution_factor=factor, spread=tuple(spread.items()), flags=flags)


def _looked_at(basis: Basis) -> float:
    """Return the volume of blood, in µL, whose cells went through the cytometer and were kept."""
    if basis.method == "SP_BEAD":
        return basis.sample_volume_ul / basis.dilution_factor * basis.n_beads / basis.beads_per_tube
    return basis.vol_acquired_nl / 1000 * basis.kept_time / basis.dilution_factor


def _looked_at_by_beads(tube: Tube, lots: Mapping[str, BeadLot]) -> float:
    blood = tube.number("sample_volume_ul") / tube.number("predilution", 1.0)
    return blood * tube.counts[tube.template.counting.beads] / beads_added(tube.sample.get, lots)


def _told(spread: Mapping[str, float], n_tubes: int) -> Iterable[QCFlag]:
    """Yield a flag if an interval was widened; a warning if chance would hardly do that to one of so many."""
    much = {path: phi for path, phi in spread.items() if phi > _MUCH}
    if much:
        is_rare = chance_of_spread(max(much.values()), n_tubes) * len(spread) < _RARE
        which = ", ".join(f"{split_path(path)[-1]} ({rounded(phi, 2)})" for path, phi in much.items())
        message = (
            f"the tubes differ more than counting explains, phi above {_MUCH}: {which}; the interval was widened by "
            "the root of phi"
        )
        yield QCFlag("REPLICATES_OVERDISPERSED", message, Severity.WARN if is_rare else Severity.INFO)
