"""What is truly in a tube, under the names that the shipped templates give to populations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cytoproc.simulate.parameters import TubeKind, read_kind
from cytoproc.simulate.patient import Blood, product_of
from cytoproc.simulate.tube import SimulatedTube

__all__ = ["TrueCells", "TruePopulation", "count_true_cells", "populations_of"]

_MEMORY = {"naive": "naive", "CM": "cm", "EM": "em", "EMRA": "temra"}
_EXHAUSTED = {
    "autologous": {
        "CAR+ PD-1+": ("PD-1+",),
        "CAR+ LAG-3+": ("LAG-3+",),
        "CAR+ TIM-3+": ("TIM-3+",),
        "CAR+ exhausted": ("PD-1+", "LAG-3+", "TIM-3+"),
    },
    "allogeneic": {  # without PD-1
        "CAR+ LAG-3+": ("LAG-3+",),
        "CAR+ TIM-3+": ("TIM-3+",),
        "CAR+ LAG-3+ TIM-3+": ("LAG-3+", "TIM-3+"),
    },
}
_ESCAPED = "_cd19neg"
_ASC = ("PB", "PC")
_B_SUBSETS = {
    "ASC": _ASC,
    "Transitional": ("transitional",),
    "Naive": ("naive",),
    "Naive with transitional": ("naive", "transitional"),
    "Unswitched memory": ("unswitched",),
    "Switched memory": ("switched",),
    "DN": ("DN1", "DN2"),
    "DN1": ("DN1",),
    "DN2": ("DN2",),
    "CD21lo": ("DN2",),
}


@dataclass(frozen=True, slots=True)
class TruePopulation:
    """The cells of some classes that have all of some traits, under a template's name for them."""

    name: str
    classes: frozenset[str]
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrueCells:
    """The truth about one population of one sample.

    Parameters
    ----------
    sample_id, population
        Which.
    concentration_per_ul
        In the patient, cells/µL of blood.
    live_cells
        Live cells that passed the laser while the tube was acquired, those in doublets too, stored or not.
    live_singlets
        Events of the file that are one live cell.
    """

    sample_id: str
    population: str
    concentration_per_ul: float
    live_cells: int
    live_singlets: int


def populations_of(tube: str, scenario: str) -> tuple[TruePopulation, ...]:
    """Return the populations of tube `T` or `B`.

    >>> [sorted(p.classes) for p in populations_of("B", "autologous") if p.name == "ASC"]
    [['PB', 'PB_cd19neg', 'PC', 'PC_cd19neg']]
    """
    kind = read_kind(tube, product_of(scenario))
    found = _of_tube_b(kind) if tube == "B" else _of_tube_t(kind, scenario)
    return tuple(found)


def count_true_cells(sample_id: str, scenario: str, blood: Blood, tube: SimulatedTube, kind: str) -> list[TrueCells]:
    """Return the truth about every population of an acquired tube `kind`, `T` or `B`."""
    singlets = tube.singlets
    classes = read_kind(kind, product_of(scenario))
    return [
        TrueCells(
            sample_id,
            p.name,
            _concentration(p, blood, classes),
            tube.passed.count(p.classes, p.traits),
            singlets.count(p.classes, p.traits),
        )
        for p in populations_of(kind, scenario)
    ]


def _concentration(population: TruePopulation, blood: Blood, kind: TubeKind) -> float:
    """Return cells/µL: of each class the share that has all the traits, which are drawn independently."""
    of_tube = blood.cells[kind.name]
    share = math.prod(blood.trait_shares[t] for t in population.traits)
    can_have = (
        name
        for name in of_tube
        if name in population.classes and {t.name for t in kind.classes[name].traits} >= set(population.traits)
    )
    return share * math.fsum(of_tube[name] for name in can_have)


def _of_tube_t(kind: TubeKind, scenario: str) -> Iterator[TruePopulation]:
    def of(name: str, *beginnings: str, traits: tuple[str, ...] = ()) -> TruePopulation:
        return TruePopulation(name, frozenset(c for c in kind.classes if c.startswith(beginnings)), traits)

    allogeneic = product_of(scenario) == "allogeneic"
    lineages: tuple[tuple[str, ...], ...]
    if allogeneic:  # CAR-T cells without CD3 are no T cells by their surface; those that kept it are CD8+
        lineages = (("CD4_",), ("CD8_", "CAR_TCR"), ("DNT",), ("CAR_CD4_", "CAR_CD8_"))
    else:
        lineages = (("CD4_", "CAR_CD4_"), ("CD8_", "CAR_CD8_"), ("DNT", "CAR_DN"), ("CAR_",))
    cd4, cd8, double_negative, car = lineages
    t_cells = (*cd4, *cd8, *double_negative)
    yield of("Lymphocytes", "CD4_", "CD8_", "DNT", "CAR_", "DONOR_", "NK", "B")
    yield of("Monocytes", "MONO")
    yield of("T cells", *t_cells)
    yield of("CD4+", *cd4)
    yield of("CD8+", *cd8)
    yield of("CD4-CD8-", *double_negative)
    yield of("CAR+", *car)
    yield of("CAR+ CD4+", "CAR_CD4_")
    yield of("CAR+ CD8+", "CAR_CD8_")
    yield of("CAR+ CD4-CD8-", "CAR_DN")
    for lineage in ("CD4", "CD8"):
        for label, name in _MEMORY.items():
            of_car = () if allogeneic else (f"CAR_{lineage}_{name}",)
            with_receptor = ("CAR_TCR",) if allogeneic and (lineage, name) == ("CD8", "em") else ()
            yield of(f"{lineage}+ {label}", f"{lineage}_{name}", *of_car, *with_receptor)
            yield of(f"CAR+ {lineage}+ {label}", f"CAR_{lineage}_{name}")
    for name, traits in _EXHAUSTED[product_of(scenario)].items():
        yield of(name, *car, traits=traits)
    if allogeneic:
        yield of("CD3+ CAR+", "CAR_TCR")
        yield of("CAR- CD3- T cells", "DONOR_")
        yield of("T cells and CAR+", *t_cells, *car)
    yield TruePopulation("B cells", frozenset({"B"}))
    yield of("NK cells", "NK")


def _of_tube_b(kind: TubeKind) -> Iterator[TruePopulation]:
    with_cd19 = frozenset(c for names in _B_SUBSETS.values() for c in names)
    without_cd19 = frozenset(c + _ESCAPED for c in with_cd19)
    asc = frozenset(n + ending for n in _ASC for ending in ("", _ESCAPED))
    b_cells = with_cd19 | without_cd19
    yield TruePopulation("Lymphocytes", b_cells | {"T_NK", "T_EDITED"} & set(kind.classes))
    yield TruePopulation("Monocytes", frozenset({"MONO"}))
    yield TruePopulation("B cells", b_cells)
    yield TruePopulation("CD19+ B cells", with_cd19)
    yield TruePopulation("CD20+ B cells", b_cells - asc)
    yield TruePopulation("CD19-CD20+ B cells", without_cd19 - asc)
    for name, classes in _B_SUBSETS.items():
        yield TruePopulation(
            name, frozenset(c + ending for c in classes for ending in ("", _ESCAPED)) & set(kind.classes)
        )
