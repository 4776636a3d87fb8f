import numpy as np
import pytest

from cytoproc.errors import ScaleError
from cytoproc.transforms.biex import Biex


def test_zero_lies_on_the_channel_that_width_and_decades_give():
    # half of log10(100) is 1 decade of 4.5 below zero: channel 4096 * 1 / 4.5 = 910.2, cut to a whole channel
    assert Biex(width_basis=-100, positive_decades=4.5).forward(np.zeros(1))[0] == 910

    # with another decade below: 2 of 5.5
    assert Biex(-100, 4.5, negative_decades=1).forward(np.zeros(1))[0] == 4096 * 2 // 5.5


def test_the_axis_is_the_same_upside_down_below_zero():
    scale = Biex()
    zero = scale.forward(np.zeros(1))[0]
    channels = np.arange(1, zero)

    np.testing.assert_allclose(scale.inverse(zero - channels), -scale.inverse(zero + channels), rtol=1e-12)


def test_the_top_of_the_axis_is_just_below_the_last_channel():
    last_step = 262144 - Biex().inverse(np.array([4095.0]))[0]

    assert Biex().forward(np.array([262144.0]))[0] == pytest.approx(4095, abs=0.5)
    assert 0 > last_step > -1000


def test_beyond_the_table_the_axis_goes_on_straight():
    scale = Biex()
    ends = scale.inverse(np.array([0.0, 4096.0]))
    far = scale.forward(np.array([ends[0] - 2000, ends[0] - 1000, ends[0], ends[1], ends[1] + 1e5, ends[1] + 2e5]))

    assert far[2:4] == pytest.approx([0, 4096], abs=1e-9)
    assert far[0] == pytest.approx(2 * far[1], rel=1e-9)
    assert far[5] - far[4] == pytest.approx(far[4] - far[3], rel=1e-9)


def test_a_width_outside_the_known_ones_counts_as_the_least():
    x = np.linspace(-1000, 10_000, 101)
    least = Biex(width_basis=-(10**0.5))

    np.testing.assert_array_equal(Biex(width_basis=-1).forward(x), least.forward(x))
    np.testing.assert_array_equal(Biex(width_basis=-1001).forward(x), least.forward(x))


@pytest.mark.parametrize("scale", [Biex(), Biex(-10, 4.5, 1), Biex(-1000, 5, channel_range=256)], ids=str)
def test_a_dense_grid_stays_in_order_and_comes_back(scale):
    low, high = scale.inverse(np.array([-10.0, scale.channel_range + 10.0]))
    grid = np.linspace(low, high, 200_001)

    scaled = scale.forward(grid)

    assert (np.diff(scaled) > 0).all()
    np.testing.assert_allclose(scale.inverse(scaled), grid, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width_basis": 100}, "width_basis must be a number below 0, it is 100"),
        ({"positive_decades": 1}, r"positive_decades must be above half of log10\(-width_basis\), it is 1"),
        ({"negative_decades": -1}, "negative_decades must be 0 or above, it is -1"),
        ({"top": 0}, "must be a number above 0, it is 0"),
        ({"channel_range": 100.5}, "channel_range must be a whole number from 16 to 65536, it is 100.5"),
        ({"channel_range": float("nan")}, "channel_range"),
    ],
)
def test_parameters_that_make_no_scale_are_refused(changes, says):
    with pytest.raises(ScaleError, match=f"biex scale: .*{says}"):
        Biex(**changes)
