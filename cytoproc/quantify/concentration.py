"""Events into cells/µL of what was drawn from the patient, by each way of counting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cytoproc.quantify.counts import garwood
from cytoproc.quantify.estimate import Estimate, FloatArray
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.ratio import mover_product, mover_sum, ratio_of_counts

__all__ = ["Concentration", "Relation", "carried_over", "from_beads", "from_blood_count", "from_volume"]


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """Cells/µL, and the volume of blood (µL) that was looked at: events / value, `v_eff_ul`.

    A limit of so many events divided by `v_eff_ul` is that limit in cells/µL.
    """

    estimate: Estimate
    v_eff_ul: FloatArray


def from_beads(
    n_events: npt.ArrayLike,
    n_beads: npt.ArrayLike,
    *,
    beads_per_tube: npt.ArrayLike,
    sample_volume_ul: npt.ArrayLike,
    predilution: npt.ArrayLike = 1.0,
    level: float = 0.95,
) -> Concentration:
    """Return C = N/B x beads per tube/sample volume x predilution, with the exact conditional binomial interval.

    Volumes added after the beads cancel, so they are not asked for. The interval is that of counting N cells and B
    beads; the errors of pipetting and of the bead lot are not in it. Without beads there is no value (NaN).

    Parameters
    ----------
    n_events, n_beads
        Events of the population and counting beads of the same file.
    beads_per_tube
        Beads that were put into the tube, from the lot's pouch.
    sample_volume_ul
        Blood that was put into the tube, in µL.
    predilution
        How many times the blood had been diluted before; 2 for one part in two.

    Examples
    --------
    >>> found = from_beads([412], [18_250], beads_per_tube=51_664, sample_volume_ul=100).estimate
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [11.663, 10.553, 12.86]
    """
    beads, volume, dilution = (np.asarray(x, dtype=np.float64) for x in (beads_per_tube, sample_volume_ul, predilution))
    ratio = ratio_of_counts(n_events, n_beads, level=level)
    v_eff = volume / dilution * np.asarray(n_beads, dtype=np.float64) / beads
    return Concentration(ratio.scaled(beads / volume * dilution), np.broadcast_to(v_eff, ratio.value.shape))


def from_volume(
    n_events: npt.ArrayLike,
    *,
    vol_acquired_nl: npt.ArrayLike,
    dilution_factor: npt.ArrayLike,
    kept_time: npt.ArrayLike = 1.0,
    level: float = 0.95,
) -> Concentration:
    """Return C = N / acquired volume x dilution factor, with the exact Poisson interval (Garwood).

    Parameters
    ----------
    n_events
        Events of the population.
    vol_acquired_nl
        What the instrument drew from the tube while it stored events, in nL.
    dilution_factor
        Volume of the tube / volume of blood in it, times the predilution. Volumes added after staining do count here.
    kept_time
        The part of the time whose events were kept, 0 to 1.

    Examples
    --------
    >>> found = from_volume([640], vol_acquired_nl=85_000, dilution_factor=10).estimate
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [75.294, 69.573, 81.36]
    """
    volume, dilution, kept = (np.asarray(x, dtype=np.float64) for x in (vol_acquired_nl, dilution_factor, kept_time))
    count = garwood(n_events, level=level)
    v_eff = volume / 1000 * kept / dilution
    return Concentration(count.scaled(1 / v_eff), np.broadcast_to(v_eff, count.value.shape))


def from_blood_count(
    n_events: npt.ArrayLike, n_compartment: npt.ArrayLike, *, count_10e9_l: npt.ArrayLike, level: float = 0.95
) -> Concentration:
    """Return C = 1000 x blood count x N/compartment, without an interval: the blood count's own error is not known.

    Parameters
    ----------
    n_events, n_compartment
        Events of the population, and of what the blood count counts: all lymphocytes, or all white blood cells.
    count_10e9_l
        The blood count in 10^9/L, which is 1000 cells/µL.

    Examples
    --------
    >>> float(from_blood_count([365], [24_800], count_10e9_l=1.42).estimate.value.round(3)[0])
    20.899
    """
    n, of, count = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (n_events, n_compartment, count_10e9_l))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(of > 0, 1000 * count * n / of, np.nan)
        v_eff = np.where(count > 0, of / (1000 * count), np.nan)
    none = np.full(value.shape, np.nan)
    return Concentration(Estimate(value, none, none, level), v_eff)


class Relation(StrEnum):
    """How a population stands to the cells that the counted tube counts too, by the tree of gates.

    `SAME` it is them · `PART` it is below them · `WHOLE` it is above them · `OTHER` it may hold some, and others.
    """

    SAME = "same"
    PART = "part"
    WHOLE = "whole"
    OTHER = "other"


def carried_over(
    n_events: npt.ArrayLike,
    n_shared: npt.ArrayLike,
    reference: Estimate,
    *,
    n_both: npt.ArrayLike | None = None,
    relation: Relation = Relation.PART,
) -> Concentration:
    """Return C = reference x N/shared, with an interval from both (MOVER).

    N/shared is the share of the shared cells that are in the population (binomial, so Clopper-Pearson), and its other
    events, for each shared one (two counts, so conditional binomial). What the tree of gates makes certain has no
    error: a part has no other events, the whole has all shared cells.

    Parameters
    ----------
    n_events, n_shared
        Events of the population, and of the cells that the counted tube counts too, both of the tube without counts.
    reference
        Concentration of those cells in the counted tube.
    n_both
        Events that are in both; needed for `OTHER` only.
    relation
        What is certain.

    Examples
    --------
    >>> b_cells = from_beads([400], [10_000], beads_per_tube=50_000, sample_volume_ul=100).estimate
    >>> naive = carried_over([300], [600], b_cells).estimate
    >>> [round(float(x[0]), 2) for x in (b_cells.value, naive.value, naive.low, naive.high)]
    [20.0, 10.0, 8.75, 11.35]
    """
    n, of = np.broadcast_arrays(np.asarray(n_events, dtype=np.float64), np.asarray(n_shared, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        v_eff = np.where(reference.value > 0, of / reference.value, np.nan)
    if relation is Relation.SAME:
        return Concentration(reference, v_eff)
    level = reference.level
    match relation:
        case Relation.PART:
            share = clopper_pearson(n, of, level=level).scaled(0.01)
        case Relation.WHOLE:
            share = mover_sum(_certain(np.where(of > 0, 1.0, np.nan), level), ratio_of_counts(n - of, of, level=level))
        case _:
            both = np.asarray(0.0 if n_both is None else n_both, dtype=np.float64)
            inside = clopper_pearson(both, of, level=level).scaled(0.01)
            share = mover_sum(inside, ratio_of_counts(n - both, of, level=level))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = replace(share, value=np.where(of > 0, n / of, np.nan))  # by one division, not as a rounded sum
    return Concentration(mover_product(share, reference), v_eff)


def _certain(value: FloatArray, level: float) -> Estimate:
    return Estimate(value, value, value, level)
