"""What the concentrations of a pooled sample are computed from: one tube in several files, or duplicate tubes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, Severity
from cytoproc.quantify.agreement import chance_of_spread, overdispersion
from cytoproc.quantify.estimate import FloatArray
from cytoproc.study.basis import Basis, Tube
from cytoproc.study.beads import read_beads
from cytoproc.study.definition import Study
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
    tube: Tube, tubes: Mapping[str, Tube], bases: Mapping[str, Basis | Refusal], study: Study
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
        alone = [b if isinstance(b, Basis) else read_beads(tubes[m], study) for m, b in members.items()]
        return _of_all_tubes(basis, tube, [tubes[m] for m in members], alone)
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


def _of_all_tubes(basis: Basis, together: Tube, tubes: Sequence[Tube], alone: Sequence[Basis]) -> Basis:
    """Return the basis of duplicate tubes: C = sum N / sum V_eff, and how much more than chance they differ.

    Tubes that were filled alike are one large tube. Of others, each V_eff is known as well as its beads B were counted,
    so the variance of their sum is sum V_eff^2/B, which is that of (sum V_eff)^2 / sum (V_eff^2/B) beads.

    phi = sum (N - E)^2/E / (r - 1), with E by each tube's share w of the blood. Where that is known by counting beads,
    chance alone makes phi 1 + N sum w (1 - w)/B / (r - 1), so it is divided by that; it is 1 + N / sum B if V_eff goes
    by B.
    """
    v_eff_ul = np.array([_looked_at(b) for b in alone])
    beads = np.array([b.n_beads for b in alone])
    by_beads = basis.method == "SP_BEAD"
    share = v_eff_ul / v_eff_ul.sum()
    of_beads = float(np.sum(share * (1 - share) / beads)) / (len(alone) - 1) if by_beads else 0.0
    spread = {}
    for path in together.template.concentrations:
        n = together.counts[path]
        spread[path] = overdispersion([t.counts[path] for t in tubes], n * share) / (1 + n * of_beads)
    dilution = alone[0].dilution_factor if _are_alike([b.dilution_factor for b in alone]) else math.nan
    basis = replace(
        basis,
        dilution_factor=dilution,
        cv_beads=_cv_of_lots(tubes, alone, share, basis.cv_beads),
        spread=tuple(spread.items()),
        flags=(*basis.flags, *_told(spread, len(tubes))),
    )
    if not math.isnan(dilution) and (not by_beads or _are_alike(v_eff_ul / beads)):
        return basis
    effective = v_eff_ul.sum() ** 2 / np.sum(v_eff_ul**2 / beads)
    return replace(basis, v_eff_ul=float(v_eff_ul.sum()), effective_beads=float(effective))


def _are_alike(numbers: Sequence[float] | FloatArray) -> bool:
    return bool(np.allclose(numbers, numbers[0], rtol=1e-9, atol=0))


def _cv_of_lots(tubes: Sequence[Tube], alone: Sequence[Basis], share: FloatArray, usual: float) -> float:
    """Return the error of the beads of all tubes: tubes of one lot share its error, and lots are independent."""
    of_lot: dict[str, float] = {}
    for tube, basis, part in zip(tubes, alone, share.tolist(), strict=True):
        lot = tube.sample.get("bead_lot")
        of_lot[lot] = of_lot.get(lot, 0.0) + part * basis.cv_beads
    return math.hypot(*of_lot.values()) if len(of_lot) > 1 else usual


def _looked_at(basis: Basis) -> float:
    """Return the volume of blood, in µL, whose cells went through the cytometer and were kept."""
    if basis.method == "SP_BEAD":
        return basis.sample_volume_ul / basis.dilution_factor * basis.n_beads / basis.beads_per_tube
    return basis.vol_acquired_nl / 1000 * basis.kept_time / basis.dilution_factor


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
