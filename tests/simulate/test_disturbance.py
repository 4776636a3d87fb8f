"""What goes wrong while a tube runs goes wrong there, then and as much as it says."""

import math

import numpy as np
import pytest

from cytoproc.simulate.disturbance import Disturbance
from cytoproc.simulate.faults import disturbance_of
from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.tube import TubeContents, acquire

PARTICLES = {"CD4_em": 100_000, "MONO": 50_000}


def acquired(disturbance, **options):
    contents = TubeContents(read_kind("T", "autologous"), PARTICLES)
    return acquire(contents, rng=np.random.default_rng(3), disturbance=disturbance, **options)


def test_a_clog_stretches_what_passes_meanwhile_and_delays_the_rest():
    steady = np.array([39.0, 40.0, 40.25, 40.5, 60.0])

    times, disturbed = Disturbance(rate=0.1).times(steady, 100.0)

    np.testing.assert_allclose(times, [39, 40, 42.5, 45, 64.5])  # 0.5 s of flow in 5 s
    assert disturbed.tolist() == [False, True, True, False, False]


def test_a_surge_squeezes_what_passes_meanwhile_and_brings_the_rest_forward():
    steady = np.array([39.0, 45.0, 65.0, 80.0])

    times, disturbed = Disturbance(rate=5).times(steady, 100.0)

    np.testing.assert_allclose(times, [39, 41, 45, 60])  # 25 s of flow in 5 s
    assert disturbed.tolist() == [False, True, False, False]


def test_nothing_goes_wrong_where_nothing_is_said():
    steady = np.array([1.0, 50.0])

    times, disturbed = Disturbance().times(steady, 100.0)

    assert (times.tolist(), disturbed.tolist()) == ([1, 50], [False, False])


@pytest.fixture(scope="module")
def steady():
    return acquired(None)


@pytest.mark.parametrize(("fault", "per_s"), [("clog", 250), ("surge", 12_500), ("air", 0)])
def test_while_it_lasts_events_arrive_as_it_says_and_as_before_otherwise(fault, per_s):
    tube = acquired(disturbance_of([fault]))
    begin, end = tube.disturbed_s

    seconds = tube.events.column(18)

    inside = int(((seconds >= begin) & (seconds < end - 0.01)).sum())  # time is stored in steps
    before = int((seconds < begin).sum())
    assert abs(end - begin - 5) < 1e-9
    assert abs(inside - 5 * per_s) <= 4 * math.sqrt(5 * per_s) + 0.02 * per_s
    assert abs(before - 2_500 * begin) < 4 * math.sqrt(2_500 * begin) + 25


def test_a_clog_dims_the_events_meanwhile_and_changes_no_other_value(steady):
    tube = acquired(disturbance_of(["clog"]))
    seen, undisturbed = tube.events.values[:, :-1], steady.events.values[:, :-1]

    assert tube.labels.tolist() == steady.labels.tolist()
    assert (seen[~tube.disturbed] == undisturbed[~tube.disturbed]).all()
    np.testing.assert_allclose(seen[tube.disturbed], 0.7 * undisturbed[tube.disturbed], atol=0.125, rtol=0)
    assert 0 < tube.disturbed.sum() < 2_500


@pytest.mark.parametrize("fault", ["surge", "air"])
def test_a_surge_or_air_changes_nothing_but_time(fault, steady):
    tube = acquired(disturbance_of([fault]))

    assert (tube.events.values[:, :-1] == steady.events.values[:, :-1]).all()


def test_a_drift_lowers_one_detector_evenly_and_no_other(steady):
    tube = acquired(disturbance_of(["drift"]))
    at = tube.events.panel.index("V450-A")
    others = [j for j in range(18) if j != at]

    before, after = (t.events.values[:, at].astype(np.float64) for t in (steady, tube))

    share = np.linspace(0, 1, len(before))  # events arrive evenly, to within a hundredth of the run
    assert (tube.events.values[:, others] == steady.events.values[:, others]).all()
    np.testing.assert_allclose(after, before * (1 - 0.15 * share), rtol=0.0025, atol=0.125)
    assert not tube.disturbed.any()


def test_in_a_run_that_is_stopped_early_it_goes_wrong_before_the_stop():
    tube = acquired(disturbance_of(["clog"]), max_events=20_000)

    begin, end = tube.disturbed_s

    assert len(tube.events) == 20_000
    assert abs(begin - 0.4 * 20_000 / 2_500) < 0.1
    assert abs(end - begin - 0.8) < 0.05  # a tenth of the run
    assert tube.disturbed.any()


def test_a_disturbance_changes_neither_the_blood_that_is_run_nor_the_beads(steady):
    tube = acquired(disturbance_of(["clog", "drift"]))

    assert tube.passed == steady.passed
    assert tube.acquired_share == steady.acquired_share == 1.0
