"""A patient's blood at a visit: cells per µL of every class, by scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cytoproc.errors import UsageError
from cytoproc.simulate.parameters import read_tables

__all__ = ["SCENARIOS", "VISITS", "Blood", "draw_blood", "product_of"]

SCENARIOS = ("autologous", "allogeneic", "no_expansion", "early_b_return", "cd19_escape", "lupus_flare")
"""`autologous` is the patient of the tables; the others differ from it as the documentation of the simulator says."""

VISITS = tuple(read_tables()["visits"])
"""The visits there are, in the order of their days."""

_T_CELLS = ("CD4", "CD8", "DNT")
_ESCAPED = "_cd19neg"
_PERCENT = 0.01


@dataclass(frozen=True, slots=True)
class Blood:
    """What is in a patient's blood at a visit.

    Parameters
    ----------
    visit, day
        The visit's name, and days since infusion.
    cells
        By tube (`T`, `B`): cells of each class per µL of blood. Both tubes hold the same cells under other names.
    trait_shares
        Of the cells that may have a trait, the share that has it, 0-1.
    """

    visit: str
    day: int
    cells: Mapping[str, Mapping[str, float]]
    trait_shares: Mapping[str, float]


def product_of(scenario: str) -> str:
    """Return the kind of CAR-T product: `allogeneic` cells have lost CD3 and PD-1."""
    return "allogeneic" if scenario == "allogeneic" else "autologous"


def draw_blood(scenario: str, visit: str, *, rng: np.random.Generator | None = None) -> Blood:
    """Return the blood of a patient: the one of the tables, or with `rng` another one.

    Another patient differs by one factor a lineage (T and NK cells, CAR-T cells, B cells, myeloid cells), log-normal
    with a coefficient of variation of 25 %. Hand the same state of `rng` for every visit of a patient.

    Raises
    ------
    UsageError
        If there is no such scenario or visit.

    Examples
    --------
    >>> peak = draw_blood("autologous", "D14")
    >>> round(sum(n for name, n in peak.cells["T"].items() if name.startswith("CAR")), 3)
    85.0
    """
    _check(scenario, visit)
    tables = read_tables()
    changes = tables["scenarios"].get(scenario, {})
    base = dict(tables["visits"][visit])
    day = base.pop("day")
    base["B"] = changes.get("B", {}).get(visit, base["B"])
    base["CAR"] *= changes.get("car_factor", 1.0)
    factors = _factors(rng)
    counts = {name: n * factors[_LINEAGE.get(name, "lymphoid")] for name, n in base.items()}
    allogeneic = product_of(scenario) == "allogeneic"
    escaped = _has_escaped(changes, visit)
    car = _car_t_cells(counts["CAR"], day, allogeneic=allogeneic)
    donor = _donor_t_cells(counts["CAR"]) if allogeneic else {}
    endogenous = {"DNT": counts["DNT"]} | _split("CD4", counts["CD4"]) | _split("CD8", counts["CD8"])
    myeloid = {"MONO": counts["MONO"], "NEUT": counts["NEUT"]}
    b_cells = {"B_cd19neg" if escaped else "B": counts["B"]}
    subsets = _b_subsets(counts["B"], visit, changes, escaped=escaped)
    edited = {"T_EDITED": _without_cd3(car | donor)} if allogeneic else {}
    with_cd3 = car["CAR_TCR"] if allogeneic else counts["CAR"]
    t_and_nk = sum((*(counts[name] for name in _T_CELLS), with_cd3, counts["NK"]))
    cells = {
        "T": {**endogenous, **car, **donor, "NK": counts["NK"], **b_cells, **myeloid},
        "B": {"T_NK": t_and_nk, **edited, **subsets, **myeloid},
    }
    return Blood(visit, day, cells, _trait_shares(scenario, day))


_LINEAGE = {"CAR": "car", "B": "b", "MONO": "myeloid", "NEUT": "myeloid"}


def _check(scenario: str, visit: str) -> None:
    for what, given, known in (("scenario", scenario, SCENARIOS), ("visit", visit, VISITS)):
        if given not in known:
            msg = f"there is no {what} {given!r}; there are: {', '.join(known)}"
            raise UsageError(msg)


def _factors(rng: np.random.Generator | None) -> dict[str, float]:
    lineages = ("lymphoid", "car", "b", "myeloid")
    if rng is None:
        return dict.fromkeys(lineages, 1.0)
    sigma = math.sqrt(math.log1p(read_tables()["between_patients"]["cv"] ** 2))
    return {name: math.exp(sigma * rng.standard_normal()) for name in lineages}


def _split(lineage: str, total: float) -> dict[str, float]:
    return {f"{lineage}_{name}": total * p * _PERCENT for name, p in read_tables()["t_memory"][lineage].items()}


def _car_t_cells(total: float, day: float, *, allogeneic: bool) -> dict[str, float]:
    """Return CAR-T cells by lineage and memory; of an allogeneic product a few have kept their receptor."""
    of = read_tables()["car_t"]
    kept = of["with_cd3"] if allogeneic else 0.0
    without = total * (1 - kept)
    cells = {"CAR_TCR": total * kept} if allogeneic else {}
    lineages = of["lineages"]
    for lineage, memory in (("CD8", of["cd8_memory"]), ("CD4", of["cd4_memory"])):
        for name, p in _at_day(memory, day).items():
            cells[f"CAR_{lineage}_{name}"] = without * lineages[lineage] * _PERCENT * p * _PERCENT
    return cells | {"CAR_DN": without * lineages["DN"] * _PERCENT}


def _donor_t_cells(car: float) -> dict[str, float]:
    of = read_tables()["car_t"]["donor_without_car"]
    return {f"DONOR_{name}": car * of["ratio"] * of[name] * _PERCENT for name in ("CD4", "CD8")}


def _without_cd3(product: Mapping[str, float]) -> float:
    """Return how many cells of an allogeneic product lost CD3, by which tube B would know them for T cells."""
    return math.fsum(n for name, n in product.items() if name != "CAR_TCR")


def _at_day(table: Mapping[str, Mapping[str, float]], day: float) -> dict[str, float]:
    """Return a table's row for a day: straight lines between its days, its first and last row beyond them."""
    days = [float(d) for d in table]
    names = list(next(iter(table.values())))
    return {name: float(np.interp(day, days, [row[name] for row in table.values()])) for name in names}


def _has_escaped(changes: Mapping[str, Any], visit: str) -> bool:
    since = changes.get("cd19_negative_from")
    return since is not None and VISITS.index(visit) >= VISITS.index(since)


def _b_subsets(total: float, visit: str, changes: Mapping[str, Any], *, escaped: bool) -> dict[str, float]:
    """Return B cells by subset; where there are none, no composition is asked for."""
    if not total:
        return {}
    tables = read_tables()
    given = changes.get("composition_of", {}).get(visit)
    row = given or tables["b_composition"][changes.get("composition", {}).get(visit, visit)]
    ending = _ESCAPED if escaped else ""
    return {f"{name}{ending}": total * p * _PERCENT for name, p in row.items()}


def _trait_shares(scenario: str, day: float) -> dict[str, float]:
    tables = read_tables()
    exhausted = _at_day(tables["car_t"]["exhaustion"], day)
    return {**{name: p * _PERCENT for name, p in exhausted.items()}, **tables["trait_shares"][product_of(scenario)]}
