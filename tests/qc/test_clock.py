"""A clock that goes on is believed; one that wraps is unrolled; one that runs back is told of."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.qc.clock import Clock


def watched(*chunks, top=1000.0, step=0.1, has_unit=True, name="Time"):
    """Watch stored times, in steps of a tenth of a second."""
    panel = Panel((Channel("FSC-A"), Channel(name, top=top, time_step_s=step)))
    clock = Clock(panel, has_unit=has_unit)
    for times in chunks:
        values = np.array([[1.0, t] for t in times], dtype=np.float64).reshape(-1, 2)
        clock.observe(SimpleNamespace(events=EventTable(values, panel)))
    return clock


def codes(clock):
    return [f.code for f in clock.flags()]


def test_a_clock_that_goes_on_tells_how_long_it_took():
    clock = watched([10, 10, 200], [300], [])

    assert (clock.seconds, codes(clock)) == (pytest.approx(29.0), [])


@pytest.mark.parametrize("cut", range(8))
def test_a_clock_that_begins_again_at_its_end_is_unrolled_wherever_a_chunk_ends(cut):
    times = [900, 990, 5, 500, 995, 3, 100, 200]

    clock = watched(times[:cut], times[cut:])

    assert clock.seconds == pytest.approx(0.1 * (2200 - 900))
    assert codes(clock) == ["TIME_WRAPS"]
    assert "began again 2 times" in next(clock.flags()).message


def test_time_that_runs_back_is_told_of_and_never_taken_for_a_lap():
    clock = watched([100, 995, 5, 700, 300, 400])

    assert clock.seconds == pytest.approx(99.0)
    assert codes(clock) == ["TIME_RUNS_BACK"]
    assert "time runs back 2 times, by up to 40 s" in next(clock.flags()).message


@pytest.mark.parametrize(("back", "told"), [(0.5, False), (1.5, True)])
def test_a_moment_out_of_step_is_nothing(back, told):
    assert (codes(watched([0, 500, 500 - 10 * back, 5000], top=1e6)) == ["TIME_RUNS_BACK"]) is told


def test_without_a_unit_nothing_is_said_of_seconds():
    clock = watched([0, 50, 20, 100], has_unit=False)

    assert clock.seconds is None
    assert "by up to 3:" in next(clock.flags()).message


def test_times_that_are_none_are_counted_and_left_out():
    clock = watched([0, np.nan, 100, np.inf])

    assert (clock.seconds, codes(clock)) == (pytest.approx(10.0), ["TIME_NOT_FINITE"])
    assert "2 events" in next(clock.flags()).message


def test_a_clock_that_stands_still_is_told_of():
    assert codes(watched([7, 7, 7])) == ["TIME_STANDS_STILL"]
    assert codes(watched([7])) == []


@pytest.mark.parametrize("clock", [watched([1, 2], name="PE-A"), watched([]), watched([np.nan])])
def test_no_time_no_duration(clock):
    assert clock.seconds is None


@given(st.lists(st.floats(0, 900), min_size=1, max_size=50).map(sorted), st.integers(0, 50))
def test_chunks_change_nothing(times, cut):
    assert watched(times).seconds == watched(times[:cut], times[cut:]).seconds


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=60))
def test_laps_of_any_number_give_back_the_whole_time(steps):
    """Steps below a fiftieth of the lap, so that each wrap is seen."""
    true = np.cumsum(np.minimum(steps, 15.0))
    clock = watched(true % 1000.0)

    assert clock.seconds == pytest.approx(0.1 * (true[-1] - true[0]))
