"""A simulated tube holds what was put into it, and looks like what it is."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.compensation import compensate
from cytoproc.errors import UsageError
from cytoproc.model.events import Stage
from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.tube import BEAD, DOUBLET, NOBODY, StorageGate, TubeContents, acquire

KINDS = {
    "T autologous": read_kind("T", "autologous"),
    "T allogeneic": read_kind("T", "allogeneic"),
    "B": read_kind("B", "autologous"),
}
KIND = KINDS["T autologous"]
MIXED = {"CD4_em": 400, "B": 300, "MONO": 300, "NEUT": 900, "DEBRIS": 200, "DEAD": 60, "CAR_CD8_em": 200}
EXHAUSTED = {"PD-1+": 0.4, "LAG-3+": 0.2}


def acquired(particles, *, kind=KIND, beads=0, doublets=0.0, traits=None, seed=7, **options):
    contents = TubeContents(kind, particles, beads, doublets, traits or {})
    return acquire(contents, rng=np.random.Generator(np.random.SFC64(seed)), **options)


def column_of(tube, name):
    """The compensated values of a channel or marker."""
    return compensate(tube.events, tube.spillover).column(tube.events.panel.find(name))


def mean_of(level):
    """The mean of a level's distribution."""
    match level.shape:
        case "uniform":
            return (level.first + level.second) / 2
        case "lognormal":
            return level.first * math.sqrt(1 + level.second**2)
    return level.first


def cells_of(tube):
    """How often each class is there as a cell, in doublets too."""
    codes = np.concatenate((tube.first, tube.second[tube.second != NOBODY]))
    return Counter(tube.names[code] for code in codes)


def test_every_class_is_there_as_often_as_asked():
    wanted = {"CD4_naive": 12, "B": 7, "DEBRIS": 3}

    tube = acquired(wanted, beads=5)

    assert Counter(tube.labels.tolist()) == Counter(wanted | {BEAD: 5})


def test_doublets_use_up_cells_and_are_the_share_of_events_asked_for():
    tube = acquired({"B": 100, "NK": 60}, beads=20, doublets=0.25)

    labels = Counter(tube.labels.tolist())
    assert labels[DOUBLET] == 32  # 160 cells in 128 events, a quarter of them pairs
    assert labels.total() == 128 + 20
    assert cells_of(tube) == {"B": 100, "NK": 60, BEAD: 20}


@given(
    st.dictionaries(st.sampled_from(sorted(KIND.classes)), st.integers(0, 30)),
    st.integers(0, 9),
    st.floats(0, 0.8),
)
def test_no_cell_is_lost_and_none_is_made(particles, beads, doublets):
    contents = TubeContents(KIND, particles, beads, doublets)

    tube = acquire(contents, rng=np.random.default_rng(1))

    there = {name: n for name, n in (particles | {BEAD: beads}).items() if n}
    assert cells_of(tube) == there
    assert {name: tube.passed.count({name}) for name in tube.names if tube.passed.count({name})} == there
    assert len(tube.events) == contents.n_events


def test_events_are_raw_float32_with_a_time_step():
    tube = acquired({"B": 3})

    panel = tube.events.panel
    assert (tube.events.stage, tube.events.values.dtype) == (Stage.RAW, np.float32)
    assert panel.names[:4] == ("FSC-A", "FSC-H", "SSC-A", "SSC-H")
    assert panel.names[4:18] == tube.spillover.detectors
    assert panel.channels[panel.index("Y585-A")].label == "CAR"
    assert (panel.channels[-1].name, panel.channels[-1].time_step_s) == ("Time", 0.01)


def test_the_same_seed_gives_the_same_bytes_whatever_the_order_of_the_classes():
    one = acquired({"B": 50, "NK": 40}, doublets=0.1)
    other = acquired({"NK": 40, "B": 50}, doublets=0.1)

    assert one.events.values.tobytes() == other.events.values.tobytes()
    assert one.labels.tolist() == other.labels.tolist()


def test_another_seed_gives_other_events():
    one, other = acquired({"B": 50}, seed=1), acquired({"B": 50}, seed=2)

    assert one.events.values.tobytes() != other.events.values.tobytes()


def test_an_empty_tube_has_no_events_and_was_run_to_its_end():
    tube = acquired({})

    assert (tube.events.values.shape, tube.acquired_share) == ((0, 19), 1.0)


@pytest.mark.parametrize(
    ("contents", "says"),
    [
        ({"particles": {"B": 1, "Bcell": 1}}, "tube T has no class 'Bcell'; it has: CD4_naive, .*DEBRIS"),
        ({"particles": {"B": -1, "NK": 2}}, "negative number: B -1"),
        ({"particles": {}, "beads": -3}, "negative number: beads -3"),
        ({"particles": {}, "doublet_share": -0.1}, "negative number: doublet_share -0.1"),
    ],
)
def test_contents_that_cannot_be_are_refused(contents, says):
    with pytest.raises(UsageError, match=says):
        TubeContents(KIND, **contents)


@pytest.mark.parametrize(("kind", "name"), [(k, name) for k in KINDS for name in KINDS[k].classes])
def test_each_class_has_its_levels_once_compensated(kind, name):
    n = 3_000
    tube = acquired({name: n}, kind=KINDS[kind])

    values = compensate(tube.events, tube.spillover).values[:, 4:18]

    expected = np.array([mean_of(level) for level in KINDS[kind].classes[name].levels])
    below_zero = 30  # light below zero does not spill, so compensation takes a little too much away
    assert (np.abs(values.mean(axis=0) - expected) < 4 * values.std(axis=0) / math.sqrt(n) + below_zero).all()


def test_a_bead_is_as_bright_on_every_detector():
    tube = acquired({}, beads=2_000)

    means = tube.events.values[:, 4:18].mean(axis=0, dtype=np.float64)

    sd = math.sqrt((0.05 * 120_000) ** 2 + 6 * 120_000 + 60**2)
    mean = 120_000 * math.sqrt(1 + 0.05**2)  # of a log-normal of this median
    assert (np.abs(means - mean) < 4 * sd / math.sqrt(2_000)).all()


def test_nothing_is_reported_above_the_top_and_all_in_steps():
    values = acquired({"NEUT": 3_000}, gains=np.full(14, 3_000.0)).events.values[:, :-1]

    assert values.max() == 262_143
    assert (values * 8 == np.rint(values * 8)).all()


def test_a_doublet_is_two_random_cells():
    tube = acquired({"B": 5_000, "NK": 5_000}, doublets=0.6)
    doublets = tube.labels == DOUBLET
    n = int(doublets.sum())

    mixed = (column_of(tube, "CD19") > 2_000) & (column_of(tube, "CD56+CD16") > 2_000)

    assert not mixed[~doublets].any()
    assert abs(mixed[doublets].mean() - 0.5) < 4 * math.sqrt(0.25 / n)


def test_a_doublet_has_the_area_of_two_and_the_height_of_one():
    tube = acquired({"B": 8_000}, doublets=0.5)
    doublets = tube.labels == DOUBLET
    n = int(doublets.sum())
    area, height = tube.events.column(0), tube.events.column(1)
    mean, sd = 90_000 * math.sqrt(1 + 0.12**2), 90_000 * math.sqrt(1 + 0.12**2) * 0.12  # of a log-normal

    assert abs(area[doublets].mean() - 2 * mean) < 4 * math.sqrt(2) * sd / math.sqrt(n)
    assert (height / area)[doublets].max() < 0.70 < (height / area)[~doublets].min()


def test_the_share_of_cells_asked_for_has_a_trait_and_its_level():
    n = 10_000
    tube = acquired({"CAR_CD8_em": n, "CD8_em": 1_000}, traits=EXHAUSTED)
    has = tube.has("PD-1+")

    pd1 = column_of(tube, "PD-1")

    assert abs(has.sum() - 0.4 * n) < 4 * math.sqrt(0.4 * 0.6 * n)
    assert not has[tube.labels == "CD8_em"].any()
    assert abs(np.median(np.log(pd1[has])) - math.log(4_000)) < 4 * 1.2533 * 0.5 / math.sqrt(has.sum())
    assert abs(np.median(pd1[(tube.labels == "CAR_CD8_em") & ~has]) - 60) < 30


def test_two_traits_are_independent():
    n = 10_000
    tube = acquired({"CAR_CD8_em": n}, traits=EXHAUSTED)

    both = tube.passed.count({"CAR_CD8_em"}, ["PD-1+", "LAG-3+"])

    assert both == (tube.has("PD-1+") & tube.has("LAG-3+")).sum()
    assert abs(both - 0.08 * n) < 4 * math.sqrt(0.08 * 0.92 * n)


def test_the_tally_of_what_passed_counts_the_traits_of_both_cells_of_a_doublet():
    tube = acquired({"CAR_CD8_em": 2_000}, traits={"PD-1+": 1.0}, doublets=0.5)

    assert tube.passed.count({"CAR_CD8_em"}, ["PD-1+"]) == 2_000
    assert tube.singlets.count({"CAR_CD8_em"}, ["PD-1+"]) == (tube.labels != DOUBLET).sum()
    assert tube.has("PD-1+").all()


def test_a_trait_nobody_can_have_is_nobodys():
    tube = acquired({"CAR_CD8_em": 10}, kind=KINDS["T allogeneic"], traits={"PD-1+": 1.0})

    assert not tube.has("PD-1+").any()
    assert tube.passed.count({"CAR_CD8_em"}, ["PD-1+"]) == 0


def test_events_arrive_in_order_at_the_rate_of_the_instrument():
    n = 10_000
    tube = acquired({"NEUT": n})

    stored, seconds = tube.events.values[:, -1], tube.events.column(18)

    assert (np.diff(stored) >= 0).all()
    assert (stored == np.floor(stored)).all()
    assert abs(seconds[-1] - n / 2_500) < 4 * math.sqrt(n) / 2_500


def test_a_slower_flow_takes_so_much_longer():
    fast, slow = acquired({"B": 500}), acquired({"B": 500}, events_per_s=250)

    assert abs(slow.events.column(18)[-1] - 10 * fast.events.column(18)[-1]) <= 0.1  # ten steps of time
    assert slow.events.values[:, :-1].tobytes() == fast.events.values[:, :-1].tobytes()


def test_the_classes_are_mixed_in_time():
    labels = acquired({"B": 5_000, "NK": 5_000}).labels

    assert abs(np.mean(labels[:2_000] == "B") - 0.5) < 4 * math.sqrt(0.25 / 2_000)


def test_the_matrix_of_drifted_detectors_undoes_what_they_see():
    gains = 10 ** np.linspace(-0.3, 0.3, 14)
    tube = acquired({"B": 3_000}, gains=gains)

    values = compensate(tube.events, tube.spillover).values[:, 4:18]

    middles = [level.first * gain for level, gain in zip(KIND.classes["B"].levels, gains, strict=True)]
    np.testing.assert_allclose(np.median(values, axis=0), middles, rtol=0.1, atol=40)


def test_the_storage_gate_stores_lymphocytes_monocytes_and_beads():
    tube = acquired(dict.fromkeys(MIXED, 2_000), beads=2_000, storage=StorageGate())

    stored = Counter(tube.labels.tolist())

    assert stored[BEAD] == 2_000
    assert min(stored["CD4_em"], stored["B"], stored["CAR_CD8_em"]) >= 1_990
    assert stored["MONO"] > 1_500
    assert stored["DEBRIS"] == 0
    assert stored["NEUT"] < 300  # their side scatter has a tail


@given(st.integers(1, 2_500), st.booleans(), st.integers(0, 3))
def test_what_is_stored_are_the_first_events_of_the_whole_run_that_the_gate_lets_through(n, gated, seed):
    options = {"beads": 100, "doublets": 0.1, "traits": EXHAUSTED, "seed": seed}
    gate = StorageGate() if gated else None
    whole = acquired(MIXED, **options)

    tube = acquired(MIXED, max_events=n, storage=gate, **options)

    through = np.arange(len(whole.events))
    if gate:
        through = np.flatnonzero(gate.stores(whole.events.values.T, whole.events.panel))
    assert tube.events.values.tobytes() == whole.events.values[through[:n]].tobytes()
    assert tube.labels.tolist() == whole.labels[through[:n]].tolist()


@pytest.mark.parametrize("gate", [None, StorageGate()])
def test_stopping_early_shrinks_blood_beads_and_cells_alike(gate):
    particles, beads = {"B": 20_000, "NEUT": 20_000}, 20_000

    tube = acquired(particles, beads=beads, max_events=10_000, storage=gate)

    share = tube.acquired_share
    for name in ("B", "NEUT", BEAD):
        assert abs(tube.passed.count({name}) - 20_000 * share) < 4 * math.sqrt(20_000 * share * (1 - share) * 2)
    assert len(tube.events) == 10_000


def test_a_whole_run_is_a_share_of_one():
    assert acquired({"B": 100}).acquired_share == 1.0
