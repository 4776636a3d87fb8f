"""Events into cells/µL of what was drawn from the patient, by each way of counting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cytoproc.quantify.counts import garwood
from cytoproc.quantify.estimate import Estimate, FloatArray
from cytoproc.quantify.log_delta import log_delta
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.ratio import mover_product, mover_sum, ratio_of_counts

__all__ = [
    "Concentration",
    "Relation",
    "carried_over",
    "from_beads",
    "from_blood_count",
    "from_effective_volume",
    "from_volume",
]


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """Cells/µL, and the volume of blood (µL) that was looked at: events / value, `v_eff_ul`.

    A limit of so many events divided by `v_eff_ul` is that limit in cells/µL. `cv_pct` is the coefficient of variation,
    100 SE of the log: that of counting, and of the technical errors where the interval holds them; NaN of no events.
    `ci_methods` says for each interval how it was computed, since a count of 0 needs another than most; empty where
    there is none.
    """

    estimate: Estimate
    v_eff_ul: FloatArray
    cv_pct: FloatArray
    ci_methods: npt.NDArray[np.str_]


class Relation(StrEnum):
    """How a population stands to the cells that a blood count or the counted tube counts too, by the tree of gates.

    `SAME` it is them · `PART` it is below them · `WHOLE` it is above them · `OTHER` it may hold some, and others.
    """

    SAME = "same"
    PART = "part"
    WHOLE = "whole"
    OTHER = "other"


def from_beads(
    n_events: npt.ArrayLike,
    n_beads: npt.ArrayLike,
    *,
    beads_per_tube: npt.ArrayLike,
    sample_volume_ul: npt.ArrayLike,
    predilution: npt.ArrayLike = 1.0,
    level: float = 0.95,
    interval: str = "exact",
    cv_pipetting: npt.ArrayLike = 0.0,
    cv_beads: npt.ArrayLike = 0.0,
) -> Concentration:
    """Return C = N/B x beads per tube/sample volume x predilution, with its interval.

    Volumes added after the beads cancel, so they are not asked for. The `exact` interval is the conditional binomial
    one of counting N cells and B beads; the errors of pipetting and of the bead lot are not in it. `log-delta` has
    SE^2 = 1/N + 1/B + CV_pipetting^2 + CV_beads^2; where N is 0 the interval is the exact one. Without beads there is
    no value (NaN).

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
    level
        Confidence level.
    interval
        `exact` or `log-delta`.
    cv_pipetting, cv_beads
        Relative errors (0.05 is 5 %) of the volume of blood, and of the number of beads; `exact` leaves them out.

    Examples
    --------
    >>> found = from_beads([412], [18_250], beads_per_tube=51_664, sample_volume_ul=100).estimate
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [11.663, 10.553, 12.86]
    """
    beads, volume, dilution = (np.asarray(x, dtype=np.float64) for x in (beads_per_tube, sample_volume_ul, predilution))
    ratio = ratio_of_counts(n_events, n_beads, level=level)
    v_eff = volume / dilution * np.asarray(n_beads, dtype=np.float64) / beads
    exact = ratio.scaled(beads / volume * dilution)
    counting = _inverse(n_events) + _inverse(n_beads)
    return _counted(exact, v_eff, counting, _squares(cv_pipetting, cv_beads), interval)


def from_volume(
    n_events: npt.ArrayLike,
    *,
    vol_acquired_nl: npt.ArrayLike,
    dilution_factor: npt.ArrayLike,
    kept_time: npt.ArrayLike = 1.0,
    level: float = 0.95,
    interval: str = "exact",
    cv_pipetting: npt.ArrayLike = 0.0,
    cv_volume: npt.ArrayLike = 0.0,
) -> Concentration:
    """Return C = N / acquired volume x dilution factor, with its interval.

    The `exact` interval is that of a Poisson count (Garwood), without technical errors. `log-delta` has
    SE^2 = 1/N + CV_pipetting^2 + CV_volume^2; where N is 0 the interval is the exact one.

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
    level
        Confidence level.
    interval
        `exact` or `log-delta`.
    cv_pipetting, cv_volume
        Relative errors (0.05 is 5 %) of the dilution, and of the acquired volume; `exact` leaves them out.

    Examples
    --------
    >>> found = from_volume([640], vol_acquired_nl=85_000, dilution_factor=10).estimate
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [75.294, 69.573, 81.36]
    """
    volume, dilution, kept = (np.asarray(x, dtype=np.float64) for x in (vol_acquired_nl, dilution_factor, kept_time))
    v_eff = volume / 1000 * kept / dilution
    exact = garwood(n_events, level=level).scaled(1 / v_eff)
    return _counted(exact, v_eff, _inverse(n_events), _squares(cv_pipetting, cv_volume), interval)


def from_effective_volume(
    n_events: npt.ArrayLike,
    n_beads: npt.ArrayLike | None = None,
    *,
    v_eff_ul: npt.ArrayLike,
    level: float = 0.95,
    interval: str = "exact",
    cv_technical: npt.ArrayLike = 0.0,
) -> Concentration:
    """Return C = N / volume of blood looked at, with its interval: for tubes whose events and volumes are added up.

    With beads, counting them is an error too: the exact interval is that of N/B (conditional binomial), times B/volume.
    Without beads it is that of a Poisson count (Garwood). `log-delta` adds the technical error; where N is 0 the
    interval is the exact one.

    Parameters
    ----------
    n_events, n_beads
        Events of the population, and counting beads if there were any, summed over the tubes.
    v_eff_ul
        Volume of blood that was looked at, in µL, summed over the tubes.
    level
        Confidence level.
    interval
        `exact` or `log-delta`.
    cv_technical
        Relative error of the volume (0.05 is 5 %); `exact` leaves it out.

    Examples
    --------
    Two tubes of 35 µL each, 9,000 beads counted in each:

    >>> found = from_effective_volume([10 + 14], [9_000 + 9_000], v_eff_ul=[35 + 35]).estimate
    >>> [round(float(x[0]), 3) for x in (found.value, found.low, found.high)]
    [0.343, 0.22, 0.51]
    """
    v_eff = np.asarray(v_eff_ul, dtype=np.float64)
    with np.errstate(divide="ignore"):
        per_event = np.where(v_eff > 0, 1 / v_eff, np.nan)
    if n_beads is None:
        exact, counting = garwood(n_events, level=level).scaled(per_event), _inverse(n_events)
    else:
        beads = np.asarray(n_beads, dtype=np.float64)
        exact = ratio_of_counts(n_events, beads, level=level).scaled(beads * per_event)
        counting = _inverse(n_events) + _inverse(beads)
    return _counted(exact, v_eff, counting, _squares(cv_technical), interval)


def from_blood_count(
    n_events: npt.ArrayLike,
    n_compartment: npt.ArrayLike,
    *,
    count_10e9_l: npt.ArrayLike,
    relation: Relation = Relation.PART,
    level: float = 0.95,
    interval: str = "log-delta",
    cv_count: npt.ArrayLike = 0.0,
    cv_gate: npt.ArrayLike = 0.0,
) -> Concentration:
    """Return C = 1000 x blood count x N/compartment, with its interval.

    Without CV_count the interval is exact and holds the error of counting alone: Clopper-Pearson of p = N/n, n being
    the events of the compartment; of a population that is not part of it, the conditional binomial one of two counts.
    With CV_count it is log-delta, SE^2 = CV_count^2 + (1-p)/(n p) + CV_gate^2, and 1/N + 1/n for (1-p)/(n p) if it is
    no part. Where N is 0, or if the `exact` interval is asked for, MOVER joins the exact one of N/n and the lognormal
    one of the count. The compartment itself is what the analyser counted: without CV_count it has no interval.

    Parameters
    ----------
    n_events, n_compartment
        Events of the population, and of what the blood count counts: all lymphocytes, or all white blood cells.
    count_10e9_l
        The blood count in 10^9/L, which is 1000 cells/µL.
    relation
        How the population stands to the compartment; N may be above n only if it is no part of it.
    level
        Confidence level.
    interval
        `log-delta` or `exact`; they differ only where CV_count is given.
    cv_count, cv_gate
        Relative errors (0.03 is 3 %) of the blood count, and of the gate on what it counts.

    Examples
    --------
    >>> found = from_blood_count([365], [24_800], count_10e9_l=1.42).estimate
    >>> [round(float(x[0]), 2) for x in (found.value, found.low, found.high)]
    [20.9, 18.82, 23.14]
    >>> found = from_blood_count([365], [24_800], count_10e9_l=1.42, cv_count=0.03).estimate
    >>> [round(float(x[0]), 2) for x in (found.value, found.low, found.high)]
    [20.9, 18.58, 23.51]
    """
    n, of, count, cv, gate = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (n_events, n_compartment, count_10e9_l, cv_count, cv_gate))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(of > 0, 1000 * count * n / of, np.nan)
        v_eff = np.where(count > 0, of / (1000 * count), np.nan)
    technical, is_known = _squares(cv, gate), cv > 0
    known = np.where(is_known, technical, np.nan)
    share, counting = _of_compartment(n, of, relation, level)
    joined = mover_product(share, log_delta(1000 * count, known, level=level))
    alone = share.scaled(1000 * count)
    method = "mover" if is_known.any() else share.method
    low, high = (np.where(is_known, a, b) for a, b in ((joined.low, alone.low), (joined.high, alone.high)))
    exact = Estimate(value, low, high, level, method)
    return _counted(exact, v_eff, counting, known, interval, exact_methods=np.where(is_known, "mover", share.method))


def _of_compartment(n: FloatArray, of: FloatArray, relation: Relation, level: float) -> tuple[Estimate, FloatArray]:
    """Return n/of with its exact interval, and the relative variance of counting."""
    match relation:
        case Relation.SAME:
            none = np.full(n.shape, np.nan)
            return Estimate(np.where(of > 0, 1.0, np.nan), none, none, level), np.zeros(n.shape)
        case Relation.PART:
            return clopper_pearson(n, of, level=level).scaled(0.01), _binomial(n, of)
        case _:
            return ratio_of_counts(n, of, level=level), _inverse(n) + _inverse(of)


_INTERVALS = ("exact", "log-delta")


def _counted(
    exact: Estimate,
    v_eff_ul: FloatArray,
    counting: FloatArray,
    technical: FloatArray,
    interval: str,
    *,
    exact_methods: npt.NDArray[np.str_] | None = None,
) -> Concentration:
    """Return a concentration with the interval that is wanted; the exact one where log-delta has none.

    `counting` and `technical` are relative variances. `exact_methods` are given if the exact intervals have several.
    """
    if interval not in _INTERVALS:
        msg = f"there is no interval {interval!r}; there are: {', '.join(_INTERVALS)}"
        raise ValueError(msg)
    delta = log_delta(exact.value, counting + technical, level=exact.level)
    use = np.isfinite(delta.high) & (interval == "log-delta")
    low, high = np.where(use, delta.low, exact.low), np.where(use, delta.high, exact.high)
    named = exact.method if exact_methods is None else exact_methods
    methods = np.where(use, delta.method, np.where(np.isfinite(high), named, ""))
    method = delta.method if use.any() else exact.method if methods.any() else ""
    value, v_eff, variance = np.broadcast_arrays(exact.value, v_eff_ul, counting + np.where(use, technical, 0.0))
    return Concentration(Estimate(value, low, high, exact.level, method), v_eff, _as_cv_pct(variance), methods)


def _as_cv_pct(relative_variance: FloatArray) -> FloatArray:
    return 100 * np.sqrt(np.where(np.isfinite(relative_variance), relative_variance, np.nan))


def _inverse(count: npt.ArrayLike) -> FloatArray:
    """Return the relative variance of a Poisson count; infinite at 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.asarray(count, dtype=np.float64))


def _binomial(n: FloatArray, of: FloatArray) -> FloatArray:
    """Return the relative variance of a binomial share, (1-p)/(n p) = 1/N - 1/n; infinite at 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((of - n) / (n * of))


def _squares(*cvs: npt.ArrayLike) -> FloatArray:
    """Return the relative variance of independent technical errors."""
    total = np.asarray(0.0)
    for cv in cvs:
        each = np.asarray(cv, dtype=np.float64)
        if (each < 0).any():
            msg = "a coefficient of variation cannot be below 0"
            raise ValueError(msg)
        total = total + each**2
    return total


def carried_over(
    n_events: npt.ArrayLike,
    n_shared: npt.ArrayLike,
    reference: Estimate,
    *,
    n_both: npt.ArrayLike | None = None,
    relation: Relation = Relation.PART,
    reference_cv_pct: npt.ArrayLike = np.nan,
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
    reference_cv_pct
        Coefficient of variation of the reference; it goes into that of the result.

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
        return _carried(reference, v_eff, np.asarray(0.0), reference_cv_pct)
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
    shared = {Relation.PART: n, Relation.WHOLE: of}.get(relation, np.asarray(0.0 if n_both is None else n_both))
    return _carried(mover_product(share, reference), v_eff, _of_share(n, of, shared), reference_cv_pct)


def _carried(
    estimate: Estimate, v_eff_ul: FloatArray, of_share: FloatArray, reference_cv_pct: npt.ArrayLike
) -> Concentration:
    variance = of_share + (np.asarray(reference_cv_pct, dtype=np.float64) / 100) ** 2
    methods = np.where(np.isfinite(estimate.high), estimate.method, "")
    return Concentration(estimate, v_eff_ul, np.broadcast_to(_as_cv_pct(variance), methods.shape), methods)


def _of_share(n: FloatArray, of: FloatArray, both: FloatArray) -> FloatArray:
    """Return the relative variance of n/of, where only `both` are among `of`: a binomial share, and a ratio of counts.

    var = p(1-p)/of + m/of^2 + m^2/of^3, with p = both/of and m = n - both; over (n/of)^2.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        m = n - both
        return np.asarray((both * (of - both) / of + m + m * m / of) / n**2)


def _certain(value: FloatArray, level: float) -> Estimate:
    return Estimate(value, value, value, level)
