"""With true labels in place of gates, intervals hold the true concentration as often as they claim."""

import math

import numpy as np
import pytest

from cytoproc.quantify.concentration import carried_over, from_beads, from_volume
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.simulate.measurement import Measurement
from cytoproc.simulate.measuring import measure, volumes_of
from cytoproc.simulate.plan import StudyPlan
from cytoproc.simulate.tube import BEAD

pytestmark = pytest.mark.slow

SEEDS = range(500)
CLAIMED = 0.95
LEAST = CLAIMED - 3 * math.sqrt(CLAIMED * (1 - CLAIMED) / len(SEEDS))
MOST_OF_MANY = 0.985
VOLUME_UL = 2.0
T_CELLS = ("CD4_", "CD8_", "DNT", "CAR_")
CLASSES = {"CAR+": ("CAR_",), "T cells": T_CELLS, "B cells": ("B",), "NK cells": ("NK",)}
SUBSETS = ("transitional", "naive", "switched", "DN2")


def cells_of(counts, prefixes):
    """How many cells, or cells/µL, are of classes whose names begin so; beads are none."""
    return sum(n for name, n in counts.items() if name.startswith(prefixes) and name != BEAD)


def passed(tube):
    """How many of each class passed the laser."""
    return {name: tube.passed.count({name}) for name in tube.names}


def tubes(visit, tube, **arguments):
    """That tube of the same patient, drawn again with every seed."""
    for seed in SEEDS:
        plan = StudyPlan(seed=seed, volume_ul=VOLUME_UL, visits=(visit,), **arguments)
        yield plan, measure(plan, Measurement(1, visit, tube))


def share_held(estimate, truth):
    """In how many of the tubes the interval holds the truth."""
    return float(np.mean((estimate.low <= truth) & (truth <= estimate.high)))


@pytest.fixture(scope="module")
def counted():
    """By visit: true counts of every population and of beads in tube T, a number a seed, and the volumes."""
    found = {}
    for visit in ("D14", "M3", "M6"):
        made = list(tubes(visit, "T"))
        counts = {name: np.array([cells_of(passed(m.tube), of) for _, m in made]) for name, of in CLASSES.items()}
        counts["beads"] = np.array([passed(m.tube)[BEAD] for _, m in made])
        truth = {name: cells_of(made[0][1].blood.cells["T"], of) for name, of in CLASSES.items()}
        found[visit] = counts, truth, volumes_of(made[0][0])
    return found


def from_the_beads_of(counted, visit, name):
    counts, truth, volumes = counted[visit]
    found = from_beads(
        counts[name],
        counts["beads"],
        beads_per_tube=volumes.beads_per_tube,
        sample_volume_ul=volumes.sample_ul,
        level=CLAIMED,
    )
    return found.estimate, truth[name], counts[name].mean()


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("visit", ["D14", "M3", "M6"])
def test_bead_intervals_hold_the_true_concentration(counted, visit, name):
    estimate, truth, mean_events = from_the_beads_of(counted, visit, name)

    held = share_held(estimate, truth)
    assert held >= LEAST
    if mean_events >= 100:
        assert held <= MOST_OF_MANY


def test_where_there_are_no_cells_every_estimate_is_zero_and_its_interval_holds_it(counted):
    estimate, truth, _ = from_the_beads_of(counted, "D14", "B cells")

    assert truth == 0
    assert (estimate.value == 0).all()
    assert share_held(estimate, truth) == 1


@pytest.mark.parametrize("visit", ["D14", "M3"])
def test_percent_intervals_hold_the_true_percentage(counted, visit):
    counts, truth, _ = counted[visit]

    held = share_held(clopper_pearson(counts["CAR+"], counts["T cells"]), 100 * truth["CAR+"] / truth["T cells"])

    assert held >= LEAST


@pytest.mark.parametrize("subset", SUBSETS)
def test_carried_over_intervals_hold_the_true_concentration(counted, subset):
    b_cells, _, _ = from_the_beads_of(counted, "M6", "B cells")
    made = [m for _, m in tubes("M6", "B")]
    composition = made[0].blood.cells["B"]
    b_classes = tuple(name for name in composition if name not in {"T_NK", "MONO", "NEUT"})
    shared = np.array([sum(passed(m.tube)[name] for name in b_classes) for m in made])
    events = np.array([passed(m.tube)[subset] for m in made])

    carried = carried_over(events, shared, b_cells).estimate

    assert share_held(carried, composition[subset]) >= LEAST


@pytest.mark.parametrize("visit", ["D14", "M3"])
def test_volume_intervals_hold_the_true_concentration_also_after_an_early_stop(visit):
    made = list(tubes(visit, "T", counting="volumetric", events=3_000))
    factor = volumes_of(made[0][0]).final_ul / volumes_of(made[0][0]).sample_ul
    for name in ("CAR+", "T cells", "B cells"):
        events = np.array([cells_of(passed(m.tube), CLASSES[name]) for _, m in made])
        volumes = np.array([m.volume_nl for _, m in made])
        truth = cells_of(made[0][1].blood.cells["T"], CLASSES[name])

        held = share_held(
            from_volume(events, vol_acquired_nl=volumes, dilution_factor=factor, level=CLAIMED).estimate, truth
        )

        assert held >= LEAST
