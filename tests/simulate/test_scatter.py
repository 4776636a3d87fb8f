"""Scatter of single cells and of doublets."""

import math

import numpy as np

from cytoproc.simulate.parameters import read_kind
from cytoproc.simulate.scatter import Pulse, join_scatter
from cytoproc.simulate.tube import TubeContents, acquire

PULSE = Pulse(ratio=0.82, ratio_sd=0.015, doublet_height=1.05)
N = 20_000


def scatter_of(name, n=N):
    """The four scatter channels of cells of one class."""
    contents = TubeContents(read_kind("T", "autologous"), {name: n})
    return acquire(contents, rng=np.random.default_rng(7)).events.values[:, :4].astype(np.float64)


def test_areas_have_the_medians_of_their_class():
    forward, side = np.median(scatter_of("NK")[:, [0, 2]], axis=0)

    assert abs(math.log(forward / 90_000)) < 4 * 1.2533 * 0.12 / math.sqrt(N)
    assert abs(math.log(side / 30_000)) < 4 * 1.2533 * 0.2 / math.sqrt(N)


def test_a_single_cells_height_is_a_fixed_share_of_its_area():
    cells = scatter_of("NK")

    ratios = cells[:, 1::2] / cells[:, ::2]
    assert (np.abs(ratios.mean(axis=0) - 0.82) < 4 * 0.015 / math.sqrt(N)).all()
    assert (np.abs(ratios.std(axis=0) - 0.015) < 4 * 0.015 / math.sqrt(2 * N)).all()


def test_the_areas_of_a_doublet_add_up_and_its_height_is_little_more_than_the_larger_ones():
    one = np.array([[100_000.0], [82_000.0], [30_000.0], [24_000.0]])
    other = np.array([[50_000.0], [40_000.0], [60_000.0], [50_000.0]])

    joined = join_scatter(one, other, PULSE)

    assert joined.ravel().tolist() == [150_000, 1.05 * 82_000, 90_000, 1.05 * 50_000]


def test_doublets_leave_their_parts_as_they_were():
    one, other = np.ones((4, 1)), np.full((4, 1), 2.0)

    join_scatter(one, other, PULSE)

    assert (one.ravel().tolist(), other.ravel().tolist()) == ([1] * 4, [2] * 4)
