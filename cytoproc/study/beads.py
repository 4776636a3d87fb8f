"""Counting by beads: how many were put in, how many were found, and whether that can be right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag
from cytoproc.quantify.agreement import Steadiness, recovery_exceeds, share_is_steady
from cytoproc.quantify.ratio import ratio_of_counts
from cytoproc.study.basis import Basis, Tube
from cytoproc.study.bead_lots import BeadLot, beads_added
from cytoproc.study.definition import Study
from cytoproc.study.refusal import Refusal
from cytoproc.study.rules import CountRules

__all__ = ["count_by_beads", "read_beads"]


def count_by_beads(tube: Tube, study: Study) -> Basis | Refusal:
    """Return what the concentrations of a tube with counting beads are computed from, or why there are none."""
    beads = tube.template.counting.beads
    if not beads:
        message = "the template does not say which population holds the counting beads; write counting: {beads: NAME}"
        return Refusal("BEADS_NOT_IN_TEMPLATE", message)
    lot = _lot_of(tube, study)
    added = beads_added(tube.sample.get, study.bead_lots)
    why = (
        _expired(tube, lot)
        or _too_few(tube, added, study.counts)
        or _too_many(tube, added, lot, study.counts)
        or _not_as_mixed(tube, lot, study.counts)
        or _much_unsteady(tube, study.counts)
    )
    if why:
        return why
    return replace(read_beads(tube, study), flags=tuple(_flags(tube, lot, study.counts)))


def read_beads(tube: Tube, study: Study) -> Basis:
    """Return what the beads of a tube tell of its blood, be they enough to count by or not."""
    lot = _lot_of(tube, study)
    return Basis(
        "SP_BEAD",
        n_beads=tube.counts[tube.template.counting.beads],
        beads_per_tube=beads_added(tube.sample.get, study.bead_lots),
        sample_volume_ul=tube.number("sample_volume_ul"),
        dilution_factor=tube.number("predilution", 1.0),
        cv_beads=study.counts.cv.beads if math.isnan(lot.cv) else lot.cv,
    )


def _lot_of(tube: Tube, study: Study) -> BeadLot:
    return study.bead_lots.get(tube.sample.get("bead_lot"), BeadLot(tube.sample.get("bead_lot")))


def _expired(tube: Tube, lot: BeadLot) -> Refusal | None:
    used = _used_on(tube)
    if lot.expires_on is None or used is None or used <= lot.expires_on:
        return None
    message = f"bead lot {lot.name!r} expired on {lot.expires_on}, and the tube was measured on {used}"
    return Refusal("BEAD_LOT_EXPIRED", f"{message}; correct bead_lot or the table of lots if that is wrong")


def _used_on(tube: Tube) -> date | None:
    """Return the day of the measurement, or of the blood draw where the file does not tell."""
    day = (tube.acquired("begin") or tube.sample.get("collected_at"))[:10]
    return date.fromisoformat(day) if day else None


def _too_few(tube: Tube, added: float, rules: CountRules) -> Refusal | None:
    n_beads, name = _found(tube)
    if not n_beads:
        message = f"population {name!r} has no events: look at its gate, and whether beads were added to the tube"
        return Refusal("NO_BEADS", message)
    if n_beads < rules.min_beads:
        message = f"{n_beads} beads were counted in {name!r}, and it takes {rules.min_beads} (min_beads)"
        return Refusal("TOO_FEW_BEADS", f"{message}; acquire longer, or look at the gate")
    if n_beads < rules.min_bead_percent / 100 * added:
        found = f"{n_beads} of {added:g} beads were counted in {name!r} ({100 * n_beads / added:.2g} %)"
        message = f"{found}, less than {rules.min_bead_percent:g} % (min_bead_percent)"
        return Refusal("BEADS_LOST", f"{message}: were beads washed out, or is beads_per_tube too large?")
    return None


def _too_many(tube: Tube, added: float, lot: BeadLot, rules: CountRules) -> Refusal | None:
    n_beads, name = _found(tube)
    if not recovery_exceeds(n_beads, added, cv_lot=rules.bead_lot_cv if math.isnan(lot.cv) else lot.cv):
        return None
    message = (
        f"{n_beads} beads were counted in {name!r}, and {added:g} were in the tube: look at the gate, at the lot and "
        "its number of beads"
    )
    return Refusal("BEADS_OVER_TUBE", message)


def _not_as_mixed(tube: Tube, lot: BeadLot, rules: CountRules) -> Refusal | None:
    """Return a refusal if a product with two kinds of beads does not hold them as its lot says, beyond chance."""
    two = tube.template.counting.two_beads
    if two is None or (tube.result.pooled_from and not lot.name):  # of several lots: each tube was asked itself
        return None
    a, b = tube.counts[two.a], tube.counts[two.b]
    wanted = two.ratio if math.isnan(lot.ratio_a_to_b) else lot.ratio_a_to_b
    part = rules.bead_ratio_percent / 100
    found = ratio_of_counts([a], [b], level=0.99)
    if found.low[0] <= wanted * (1 + part) and found.high[0] >= wanted * (1 - part):
        return None
    ratio = f"{a / b:.3g}" if b else "no beads B"
    message = f"{a} beads A and {b} beads B were counted ({ratio}), and the product has {wanted:g}"
    return Refusal("BEAD_RATIO_WRONG", f"{message}: was the vial shaken and the volume right? Look at both gates")


def _much_unsteady(tube: Tube, rules: CountRules) -> Refusal | None:
    found = _steadiness(tube, rules)
    if found is None or not found.cv_beyond_chance > rules.bead_share_cv_most:
        return None
    return Refusal("BEADS_UNSTEADY", _said_of(found))


def _steadiness(tube: Tube, rules: CountRules) -> Steadiness | None:
    """Return how the share of beads changed through the file, if that is more than chance and the limit."""
    if not tube.result.bead_tenths:
        return None
    beads, either = zip(*tube.result.bead_tenths, strict=True)
    found = share_is_steady(beads, either, cv_limit=rules.bead_share_cv)
    return found if found.is_unsteady else None


def _said_of(found: Steadiness) -> str:
    return (
        f"the share of beads among beads and cells changes through the file (CV {100 * found.cv:.0f} % between its "
        f"tenths, {100 * found.cv_beyond_chance:.0f} % beyond chance; {found.trend_percent:+.0f} % from the first to "
        "the last): did beads settle, or was the tube mixed while it ran?"
    )


def _flags(tube: Tube, lot: BeadLot, rules: CountRules) -> Iterator[QCFlag]:
    for path, n in tube.result.among_beads:
        yield QCFlag(
            "BEADS_IN_CELLS", f"{n} of {tube.counts[path]} events of {path!r} are counting beads; exclude them"
        )
    n_beads, _ = _found(tube)
    if n_beads < rules.few_beads:
        message = f"{n_beads} beads were counted, expected {rules.few_beads} or more (few_beads)"
        yield QCFlag("FEW_BEADS", f"{message}: they widen every interval; acquire longer")
    if unsteady := _steadiness(tube, rules):
        yield QCFlag("BEADS_UNSTEADY", _said_of(unsteady))
    if lot.expires_on is not None and _used_on(tube) is None:
        message = f"bead lot {lot.name!r} expires on {lot.expires_on}, and nothing says when the tube was measured"
        yield QCFlag("BEAD_LOT_NOT_VERIFIED", f"{message}; write collected_at")


def _found(tube: Tube) -> tuple[int, str]:
    """Return how many beads there are, and the name of their population."""
    beads = tube.template.counting.beads
    return tube.counts[beads], split_path(beads)[-1]
