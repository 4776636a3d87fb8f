"""Scatter of single cells and of doublets."""

import math

import numpy as np

from cytoproc.simulate.light import Level
from cytoproc.simulate.scatter import Pulse, Scatter, draw_scatter, join_scatter

PULSE = Pulse(ratio=0.82, ratio_sd=0.015, doublet_height=1.05)
LYMPHOCYTE = Scatter(Level("lognormal", 90_000, 0.12), Level("lognormal", 30_000, 0.2))
N = 20_000


def test_areas_have_the_medians_of_their_class():
    drawn = draw_scatter(LYMPHOCYTE, PULSE, N, np.random.default_rng(7))

    forward, side = np.median(drawn[:, [0, 2]], axis=0)
    assert abs(math.log(forward / 90_000)) < 4 * 1.2533 * 0.12 / math.sqrt(N)
    assert abs(math.log(side / 30_000)) < 4 * 1.2533 * 0.2 / math.sqrt(N)


def test_a_single_cells_height_is_a_fixed_share_of_its_area():
    drawn = draw_scatter(LYMPHOCYTE, PULSE, N, np.random.default_rng(7))

    ratios = drawn[:, 1::2] / drawn[:, ::2]
    assert (np.abs(ratios.mean(axis=0) - 0.82) < 4 * 0.015 / math.sqrt(N)).all()
    assert (np.abs(ratios.std(axis=0) - 0.015) < 4 * 0.015 / math.sqrt(2 * N)).all()


def test_the_areas_of_a_doublet_add_up_and_its_height_is_little_more_than_the_larger_ones():
    one = np.array([[100_000.0, 82_000.0, 30_000.0, 24_000.0]])
    other = np.array([[50_000.0, 40_000.0, 60_000.0, 50_000.0]])

    joined = join_scatter(one, other, PULSE)

    assert joined.tolist() == [[150_000, 1.05 * 82_000, 90_000, 1.05 * 50_000]]


def test_doublets_leave_their_parts_as_they_were():
    one, other = np.ones((1, 4)), np.full((1, 4), 2.0)

    join_scatter(one, other, PULSE)

    assert (one.tolist(), other.tolist()) == ([[1] * 4], [[2] * 4])
