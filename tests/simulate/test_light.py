"""Levels, spillover and noise are what their numbers say, by hand and within four standard errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytoproc.compensation import compensate
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.simulate.light import Level, Noise, detect, leak
from cytoproc.simulate.parameters import read_instrument

N = 20_000


def generator():
    return np.random.default_rng(7)


@pytest.mark.parametrize(("median", "cv"), [(900, 0.55), (14_000, 0.45), (55_000, 0.35), (2_500, 0.70)])
def test_a_lognormal_level_has_its_median_and_cv(median, cv):
    sigma = math.sqrt(math.log(1 + cv**2))

    logs = np.log(Level("lognormal", median, cv).draw(N, generator()))

    assert abs(np.median(logs) - math.log(median)) < 4 * 1.2533 * sigma / math.sqrt(N)
    assert abs(np.std(logs) - sigma) < 4 * sigma / math.sqrt(2 * N)


def test_a_normal_level_has_its_mean_and_standard_deviation():
    drawn = Level("normal", 60, 120).draw(N, generator())

    assert abs(drawn.mean() - 60) < 4 * 120 / math.sqrt(N)
    assert abs(drawn.std() - 120) < 4 * 120 / math.sqrt(2 * N)


def test_a_uniform_level_fills_its_range():
    drawn = Level("uniform", 600, 3000).draw(N, generator())

    assert 600 <= drawn.min() < 610
    assert 2990 < drawn.max() < 3000


@pytest.mark.parametrize("level", [Level("normal", 60, 120), Level("lognormal", 900, 0.5), Level("uniform", 6, 30)])
def test_a_level_times_a_number_gives_so_many_times_the_signal(level):
    np.testing.assert_allclose(level.times(4).draw(9, generator()), 4 * level.draw(9, generator()), rtol=1e-12)


def test_an_unknown_shape_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="normal, lognormal, uniform; found 'gamma'"):
        Level("gamma", 1, 2)


def test_only_light_above_zero_spills():
    spillover = np.array([[1, 0.25], [0.1, 1]])
    light = np.array([[-50.0, 400.0], [1000.0, 200.0]])

    seen = leak(light, spillover)

    assert seen.tolist() == [[-50 + 100, 400 + 20], [1000, 100 + 200]]


def test_spilling_leaves_the_light_as_it_was():
    light = np.array([[5.0], [7.0]])

    leak(light, np.array([[1, 0.5], [0.5, 1]]))

    assert light.tolist() == [[5], [7]]


@pytest.mark.parametrize(("signal", "sd"), [(0, 60), (10_000, math.sqrt(6 * 10_000 + 60**2))])
def test_noise_grows_with_the_light(signal, sd):
    seen = detect(np.full((1, N), float(signal)), read_instrument().noise, generator())

    assert abs(seen.mean() - signal) < 4 * sd / math.sqrt(N)
    assert abs(seen.std() - sd) < 4 * sd / math.sqrt(2 * N)


@pytest.mark.parametrize("source", range(14))
def test_one_bright_dye_is_seen_by_each_detector_as_the_matrix_says(source):
    instrument, n = read_instrument(), 4_000
    light = np.zeros((14, n))
    light[source] = 55_000

    seen = detect(leak(light, instrument.spillover.matrix), instrument.noise, generator()).mean(axis=1)

    expected = 55_000 * instrument.spillover.matrix[source]
    assert (np.abs(seen - expected) < 4 * np.sqrt((6 * expected + 60**2) / n)).all()


def test_the_matrix_is_the_one_it_was_made_to_be():
    spillover = read_instrument().spillover
    at = spillover.detectors.index

    assert round(float(np.linalg.cond(spillover.matrix)), 2) == 2.43
    assert spillover.matrix[at("Y585-A"), at("Y610-A")] == 0.32
    assert spillover.matrix[at("Y610-A"), at("Y585-A")] == 0.18


def test_noise_of_nothing_is_nothing():
    seen = np.array([[-3.0, 0.0, 1e5]])

    assert detect(seen, Noise(photon=0, electronic_sd=0, top=math.inf), generator()).tolist() == seen.tolist()


@given(arrays(np.float64, (14, 5), elements=st.floats(0, 2**17)))
def test_compensation_gives_the_light_back(light):
    spillover = read_instrument().spillover
    panel = Panel(tuple(Channel(name) for name in spillover.detectors))

    seen = leak(light, spillover.matrix)

    back = compensate(EventTable(seen.T.copy(), panel), spillover).values
    np.testing.assert_allclose(back, light.T, rtol=0, atol=1e-9 * 2**17)
