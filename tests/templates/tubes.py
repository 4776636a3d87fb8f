"""Simulated tubes of known cells, gated by the shipped templates."""

import re
from functools import cache

import numpy as np

from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.paths import split_path
from cytoproc.model.spillover import Spillover
from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.patient import draw_blood, product_of
from cytoproc.simulate.tube import TubeContents, acquire
from cytoproc.templates.applying import gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.observers import Memberships
from cytoproc.templates.reading import read_template
from cytoproc.templates.shipped import shipped_templates

BEADS_A_UL = 51664 / 100

_MEMORY = {"naive": "naive", "CM": "cm", "EM": "em", "EMRA": "temra"}
_LYMPHOCYTES = "CD[48]_.*|DNT|CAR_.*|DONOR_.*|NK|B|B_.*"
_B = "(transitional|naive|unswitched|switched|DN1|DN2|PB|PC)"

_FRONT_T = {"Beads": "BEAD", "Lymphocytes": _LYMPHOCYTES, "Monocytes": "MONO", "B cells": "B|B_.*", "NK cells": "NK"}
_CAR_MEMORY = {
    f"CAR+ {lineage}+ {name}": f"CAR_{lineage}_{ending}"
    for lineage in ("CD4", "CD8")
    for name, ending in _MEMORY.items()
}
TRUTH = {
    "tbnk": {
        "Beads": "BEAD",
        "Lymphocytes": _LYMPHOCYTES,
        "T cells": "(CAR_)?CD[48]_.*|DNT|CAR_DN",
        "CD4+": "(CAR_)?CD4_.*",
        "CD8+": "(CAR_)?CD8_.*",
        "CD4-CD8-": "DNT|CAR_DN",
        "B cells": "B|B_.*",
        "NK cells": "NK",
    },
    "car_t_autologous": {
        **_FRONT_T,
        **_CAR_MEMORY,
        "T cells": "(CAR_)?CD[48]_.*|DNT|CAR_DN",
        "CD4+": "(CAR_)?CD4_.*",
        "CD8+": "(CAR_)?CD8_.*",
        "CD4-CD8-": "DNT|CAR_DN",
        "CAR+": "CAR_.*",
        "CAR+ CD4+": "CAR_CD4_.*",
        "CAR+ CD8+": "CAR_CD8_.*",
        "CAR+ CD4-CD8-": "CAR_DN",
        **{
            f"{lineage}+ {name}": f"(CAR_)?{lineage}_{ending}"
            for lineage in ("CD4", "CD8")
            for name, ending in _MEMORY.items()
        },
    },
    "car_t_allogeneic": {
        **_FRONT_T,
        **_CAR_MEMORY,
        "T cells": "CD[48]_.*|DNT|CAR_TCR",
        "CD4+": "CD4_.*",
        "CD8+": "CD8_.*|CAR_TCR",
        "CD4-CD8-": "DNT",
        "CAR+": "CAR_CD[48]_.*",
        "CAR+ CD4+": "CAR_CD4_.*",
        "CAR+ CD8+": "CAR_CD8_.*",
        "CAR+ CD4-CD8-": "CAR_DN",
        "CD3+ CAR+": "CAR_TCR",
        "CAR- CD3- T cells": "DONOR_.*",
        "T cells and CAR+": "CD[48]_.*|DNT|CAR_TCR|CAR_CD[48]_.*",
        **{
            f"{lineage}+ {name}": f"{lineage}_{ending}" + ("|CAR_TCR" if (lineage, name) == ("CD8", "EM") else "")
            for lineage in ("CD4", "CD8")
            for name, ending in _MEMORY.items()
        },
    },
    "b_cell_subsets": {
        "Lymphocytes": f"T_NK|T_EDITED|{_B}(_cd19neg)?",
        "Monocytes": "MONO",
        "B cells": f"{_B}(_cd19neg)?",
        "CD19+ B cells": _B,
        "CD20+ B cells": "(transitional|naive|unswitched|switched|DN1|DN2)(_cd19neg)?",
        "CD19-CD20+ B cells": "(transitional|naive|unswitched|switched|DN1|DN2)_cd19neg",
        "ASC": "(PB|PC)(_cd19neg)?",
        "Transitional": "transitional(_cd19neg)?",
        "Naive": "naive(_cd19neg)?",
        "Naive with transitional": "(naive|transitional)(_cd19neg)?",
        "Unswitched memory": "unswitched(_cd19neg)?",
        "Switched memory": "switched(_cd19neg)?",
        "DN": "DN[12](_cd19neg)?",
        "DN1": "DN1(_cd19neg)?",
        "DN2": "DN2(_cd19neg)?",
        "CD21lo": "DN2(_cd19neg)?",
    },
}
"""By template and population: the classes of the simulator whose live single cells belong there, as a pattern."""

TRAITS = {"CAR+ PD-1+": "PD-1+", "CAR+ LAG-3+": "LAG-3+", "CAR+ TIM-3+": "TIM-3+"}
"""By population: the trait that tells its cells from the other CAR+ ones."""


def simulated(tube, scenario, visit, *, seed, volume_ul=80, dead=0.03, debris=0.15, doublets=0.04):
    """Return a tube of blood: `dead` and `debris` are shares of all events but beads, besides the live cells."""
    rng = np.random.Generator(np.random.SFC64([seed, *visit.encode(), *scenario.encode(), *tube.encode()]))
    blood = draw_blood(scenario, visit)
    live = sum(blood.cells[tube].values()) * volume_ul
    expected = {name: n * volume_ul for name, n in blood.cells[tube].items()}
    for name, share in (("DEAD", dead), ("DEBRIS", debris)):
        expected[name] = live * share / (1 - dead - debris)
    contents = TubeContents(
        read_kind(tube, product_of(scenario)),
        {name: int(rng.poisson(n)) for name, n in expected.items()},
        beads=int(rng.poisson(BEADS_A_UL * volume_ul)) if tube == "T" else 0,
        doublet_share=doublets,
        trait_shares=blood.trait_shares,
    )
    return acquire(contents, rng=rng)


@cache
def shipped(name):
    """Return a shipped template."""
    return read_template(shipped_templates()[name])


def keyword_of(spillover):
    """Return the keyword that carries a matrix."""
    numbers = ",".join(repr(float(x)) for x in spillover.matrix.ravel())
    return {"$SPILLOVER": f"{len(spillover.detectors)},{','.join(spillover.detectors)},{numbers}"}


def gated(template, events, keywords):
    """Return one boolean an event for every population, by its label."""
    bound = bind_template(template, events.panel, keywords)
    memberships = Memberships(template.paths)
    gate_events(lambda: iter([events]), bound, observers=[memberships])
    return {split_path(path)[-1]: mask for path, mask in memberships.masks().items()}


SCATTER = {"FSC-A": 90000, "FSC-H": 73800, "SSC-A": 30000, "SSC-H": 24600}
DARK = 60


def panel_of(template, labels=None):
    """Return a panel with scatter and a channel for each marker of a template, under these labels or its own."""
    markers = [m.name for m in shipped(template).markers]
    colors = [Channel(f"D{i}-A", (labels or {}).get(m, m)) for i, m in enumerate(labels or markers)]
    return Panel((*(Channel(name) for name in SCATTER), *colors))


def no_spillover(panel):
    """Return the keyword of a matrix without any."""
    names = tuple(c.name for c in panel.channels if c.label)
    return keyword_of(Spillover(names, np.eye(len(names))))


def landing(template, event):
    """Return the labels of all populations that hold one event, given by marker; the rest of it is a dark lymphocyte.

    One event is too few to find the bands of single cells, so it passes them.
    """
    panel = panel_of(template)
    values = [[event.get(c.label or c.name, SCATTER.get(c.name, DARK)) for c in panel.channels]]
    found = gated(shipped(template), EventTable(np.array(values, dtype=np.float32), panel), no_spillover(panel))
    return {label for label, mask in found.items() if mask[0]}


def bound_markers(template, labels):
    """Return under which label each marker is found, in a panel that gives markers these labels."""
    panel = panel_of(template, labels)
    index = bind_template(shipped(template), panel, no_spillover(panel)).index
    return {marker: panel.channels[j].label for marker, j in index.items() if panel.channels[j].label}


class GatedTube:
    """A simulated tube and what a shipped template makes of it."""

    def __init__(self, template, tube, scenario, visit, **how):
        self.name = template
        self.tube = simulated(tube, scenario, visit, **how)
        self.masks = gated(shipped(template), self.tube.events, keyword_of(self.tube.spillover))
        self.labels = self.tube.labels

    def count(self, population):
        """Return how many events the template finds."""
        return int(np.count_nonzero(self.masks[population]))

    def true(self, population):
        """Return one boolean an event: a live single cell (or bead) of the population or not."""
        if population in TRAITS:
            return self.true("CAR+") & self.tube.has(TRAITS[population])
        pattern = re.compile(TRUTH[self.name][population])
        classes = [name for name in np.unique(self.labels) if pattern.fullmatch(name)]
        return np.isin(self.labels, classes)

    def biases(self, at_least=1000):
        """Return (found - true) / true in percent of every population with so many true events."""
        known = [*TRUTH[self.name], *(p for p in TRAITS if p in self.masks)]
        true = {p: int(np.count_nonzero(self.true(p))) for p in known}
        return {p: 100 * (self.count(p) - n) / n for p, n in true.items() if n >= at_least}
