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
from cytoproc.simulate.light import Level, Noise, detect, draw_signal
from cytoproc.simulate.parameters import read_parameters

SILENT = Noise(photon=0, electronic_sd=0, top=math.inf)
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


def test_an_unknown_shape_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="normal, lognormal, uniform; found 'gamma'"):
        Level("gamma", 1, 2)


def test_each_level_fills_its_own_channel():
    signal = draw_signal([Level("uniform", 5, 5), Level("uniform", 9, 9)], 3, generator())

    assert signal.tolist() == [[5, 9]] * 3


def test_only_light_above_zero_spills():
    spillover = np.array([[1, 0.25], [0.1, 1]])

    seen = detect(np.array([[-50.0, 1000.0], [400.0, 200.0]]), spillover, SILENT, generator())

    assert seen.tolist() == [[-50 + 100, 1000], [400 + 20, 200 + 100]]


@pytest.mark.parametrize(("signal", "sd"), [(0, 60), (10_000, math.sqrt(6 * 10_000 + 60**2))])
def test_noise_grows_with_the_light(signal, sd):
    noise = read_parameters().noise

    seen = detect(np.full((N, 1), float(signal)), np.eye(1), noise, generator())

    assert abs(seen.mean() - signal) < 4 * sd / math.sqrt(N)
    assert abs(seen.std() - sd) < 4 * sd / math.sqrt(2 * N)


@pytest.mark.parametrize("source", range(14))
def test_one_bright_dye_is_seen_by_each_detector_as_the_matrix_says(source):
    parameters = read_parameters()
    matrix, n = parameters.spillover.matrix, 4_000
    signal = np.zeros((n, 14))
    signal[:, source] = 55_000

    seen = detect(signal, matrix, parameters.noise, generator()).mean(axis=0)

    expected = 55_000 * matrix[source]
    assert (np.abs(seen - expected) < 4 * np.sqrt((6 * expected + 60**2) / n)).all()


def test_nothing_is_reported_above_the_top():
    seen = detect(np.full((1000, 2), 260_000.0), np.array([[1, 0.2], [0, 1]]), read_parameters().noise, generator())

    assert seen.max() == 262_143
    assert (seen[:, 1] == 262_143).all()


@given(arrays(np.float64, (5, 14), elements=st.floats(0, 2**17)))
def test_compensation_gives_the_light_back(signal):
    spillover = read_parameters().spillover
    panel = Panel(tuple(Channel(name) for name in spillover.detectors))

    seen = detect(signal, spillover.matrix, SILENT, generator())

    np.testing.assert_allclose(compensate(EventTable(seen, panel), spillover).values, signal, rtol=0, atol=1e-9 * 2**17)
