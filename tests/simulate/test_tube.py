"""A simulated tube holds what was asked for, and looks like what it is."""

import math
from collections import Counter

import numpy as np
import pytest

from cytoproc.compensation import compensate, find_spillover
from cytoproc.errors import UsageError
from cytoproc.model.events import Stage
from cytoproc.simulate import DOUBLET, simulate_tube
from cytoproc.simulate.parameters import read_parameters
from cytoproc.simulate.tube import format_spillover

PARAMETERS = read_parameters()


def simulate(composition, seed=7):
    return simulate_tube(composition, rng=np.random.default_rng(seed))


def column_of(tube, name):
    """The compensated values of a channel or marker."""
    return compensate(tube.events, tube.spillover).column(tube.events.panel.find(name))


def test_every_class_is_there_as_often_as_asked():
    wanted = {"CD4_naive": 12, "B": 7, "DEBRIS": 3, DOUBLET: 5, "NK": 0}

    tube = simulate(wanted)

    assert Counter(tube.labels.tolist()) == Counter(wanted)
    assert len(tube.events) == 27


def test_events_are_raw_float32_with_a_time_step():
    tube = simulate({"B": 3})

    panel = tube.events.panel
    assert (tube.events.stage, tube.events.values.dtype) == (Stage.RAW, np.float32)
    assert panel.names[:4] == ("FSC-A", "FSC-H", "SSC-A", "SSC-H")
    assert panel.names[4:18] == tube.spillover.detectors
    assert panel.channels[panel.index("Y585-A")].label == "CAR"
    assert (panel.channels[-1].name, panel.channels[-1].time_step_s) == ("Time", 0.01)


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_the_classes():
    one = simulate({"B": 50, "NK": 40, DOUBLET: 9})
    other = simulate({DOUBLET: 9, "NK": 40, "B": 50})

    assert one.events.values.tobytes() == other.events.values.tobytes()
    assert one.labels.tolist() == other.labels.tolist()


def test_another_seed_gives_other_events():
    assert simulate({"B": 50}, 1).events.values.tobytes() != simulate({"B": 50}, 2).events.values.tobytes()


def test_an_empty_tube_has_no_events():
    assert simulate({}).events.values.shape == (0, 19)


@pytest.mark.parametrize(
    ("composition", "says"),
    [
        ({"B": 1, "Bcell": 1}, "no class 'Bcell'; it has: CD4_naive, .*DEBRIS, DOUBLET"),
        ({"B": -1, "NK": 2}, "negative number of events: B -1"),
        ({DOUBLET: 2, "B": 0}, "2 doublets need other events"),
    ],
)
def test_a_composition_that_cannot_be_is_refused(composition, says):
    with pytest.raises(UsageError, match=says):
        simulate(composition)


def test_the_matrix_is_the_one_it_was_made_to_be():
    matrix = PARAMETERS.spillover.matrix
    at = PARAMETERS.spillover.detectors.index

    assert round(float(np.linalg.cond(matrix)), 2) == 2.43
    assert matrix[at("Y585-A"), at("Y610-A")] == 0.32
    assert matrix[at("Y610-A"), at("Y585-A")] == 0.18


@pytest.mark.parametrize("name", PARAMETERS.classes)
def test_each_class_has_its_levels_once_compensated(name):
    tube = simulate({name: 3_000})

    medians = np.array([np.median(column_of(tube, marker)) for marker in PARAMETERS.markers])

    levels = PARAMETERS.classes[name].levels
    middles = [(v.first + v.second) / 2 if v.shape == "uniform" else v.first for v in levels]
    np.testing.assert_allclose(medians, middles, rtol=0.1, atol=30)


def test_dead_cells_hold_the_dye_and_bind_a_little_of_everything():
    tube = simulate({"DEAD": 2_000})

    assert (column_of(tube, "Viability") > 10_000).all()
    assert np.mean(column_of(tube, "CAR") > 555) > 0.6


def test_a_doublet_is_two_random_events():
    n = 4_000
    tube = simulate({"B": 3_000, "NK": 3_000, DOUBLET: n})
    doublets = tube.labels == DOUBLET

    mixed = (column_of(tube, "CD19") > 2_000) & (column_of(tube, "CD56") > 2_000)

    assert not mixed[~doublets].any()
    assert abs(mixed[doublets].mean() - 0.5) < 4 * math.sqrt(0.25 / n)


def test_a_doublet_has_the_area_of_two_and_the_height_of_one():
    n = 4_000
    tube = simulate({"B": 2_000, DOUBLET: n})
    doublets = tube.labels == DOUBLET
    area, height = tube.events.column(0), tube.events.column(1)
    mean, sd = 90_000 * math.sqrt(1 + 0.12**2), 90_000 * math.sqrt(1 + 0.12**2) * 0.12  # of a log-normal

    assert abs(area[doublets].mean() - 2 * mean) < 4 * math.sqrt(2) * sd / math.sqrt(n)
    assert (height / area)[doublets].max() < 0.70 < (height / area)[~doublets].min()


def test_events_arrive_in_order_at_the_rate_of_the_instrument():
    n = 10_000
    tube = simulate({"NEUT": n})

    stored, seconds = tube.events.values[:, -1], tube.events.column(18)

    assert (np.diff(stored) >= 0).all()
    assert (stored == np.floor(stored)).all()
    assert abs(seconds[-1] - n / 2_500) < 4 * math.sqrt(n) / 2_500


def test_the_classes_are_mixed_in_time():
    labels = simulate({"B": 5_000, "NK": 5_000}).labels

    assert abs(np.mean(labels[:2_000] == "B") - 0.5) < 4 * math.sqrt(0.25 / 2_000)


def test_the_keyword_reads_back_as_the_same_matrix():
    tube = simulate({"B": 1})

    found = find_spillover({"$SPILLOVER": format_spillover(tube.spillover)}, tube.events.panel).spillover

    assert found.digest == tube.spillover.digest
