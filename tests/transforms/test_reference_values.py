"""Scales against values computed in R by flowCore and flowWorkspace."""

from dataclasses import dataclass

import numpy as np
import pytest

from cytoproc.transforms.asinh import Asinh, AsinhCofactor
from cytoproc.transforms.base import Transform
from cytoproc.transforms.biex import Biex
from cytoproc.transforms.flowjo_log import FlowJoLog
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.linear import Linear
from cytoproc.transforms.log import Log
from cytoproc.transforms.logicle import Logicle

pytestmark = pytest.mark.real_data


@dataclass(frozen=True)
class Same:
    """A column that is `times * scale.forward(x + shift) + plus`."""

    scale: Transform
    times: float = 1.0
    plus: float = 0.0
    shift: float = 0.0
    single: bool = False  # computed on a flowFrame, which holds float32

    def values(self, x):
        seen = x.astype(np.float32) if self.single else x
        return self.times * self.scale.forward(seen + self.shift) + self.plus


COVERED = {
    # flowCore's logicle gives 0 to m where Gating-ML's gives 0 to 1
    "logicle_w0.5_t262144_m4.5_a0": Same(Logicle(262144, 0.5, 4.5, 0), times=4.5),
    "logicle_w0_t262144_m4.5_a0": Same(Logicle(262144, 0, 4.5, 0), times=4.5),
    "logicle_w1_t262144_m4.5_a0": Same(Logicle(262144, 1, 4.5, 0), times=4.5),
    "logicle_w0.5_t262144_m4.5_a1": Same(Logicle(262144, 0.5, 4.5, 1), times=4.5),
    "logicle_w0.75_t1023_m4_a0": Same(Logicle(1023, 0.75, 4, 0), times=4),
    "logicle_w0.5_t10000_m4.5_a0.5": Same(Logicle(10000, 0.5, 4.5, 0.5), times=4.5),
    "logicle_w2_t262144_m4.5_a0": Same(Logicle(262144, 2, 4.5, 0), times=4.5),
    "logicle_w1_t1000_m4_a-0.5": Same(Logicle(1000, 1, 4, -0.5), times=4),
    "arcsinh_a0_b1over5_c0": Same(AsinhCofactor(5)),
    "arcsinh_a0_b1over150_c0": Same(AsinhCofactor(150)),
    "arcsinh_default": Same(AsinhCofactor(1), shift=1),
    "logT_base10_r1_d1": Same(Log(t=1, m=1), plus=-1),
    "lnT": Same(Log(t=1, m=1), times=np.log(10), plus=-np.log(10)),
    "linearT_a2_b5": Same(Identity(), times=2, plus=5),
    "gml2_asinh_T1000_M4_A1": Same(Asinh(1000, 4, 1), single=True),
    "gml2_asinh_T262144_M4.5_A0": Same(Asinh(262144, 4.5, 0), single=True),
    "gml2_logicle_T1000_W1_M4_A0": Same(Logicle(1000, 1, 4, 0), single=True),
    "gml2_logicle_T262144_W.5_M4.5_A0": Same(Logicle(262144, 0.5, 4.5, 0), single=True),
    "gml2_logicle_T262144_W.5_M4.5_A1": Same(Logicle(262144, 0.5, 4.5, 1), single=True),
    "gml2_hyperlog_T1000_W1_M4_A0": Same(Hyperlog(1000, 1, 4, 0), single=True),
    "gml2_hyperlog_T262144_W.5_M4.5_A0": Same(Hyperlog(262144, 0.5, 4.5, 0), single=True),
    "gml2_lin_T1000_A100": Same(Linear(1000, 100), single=True),
    "gml2_log_T10000_M5": Same(Log(10000, 5), single=True),
    "flowjo_biexp_cr4096_max262144_pos4.5_neg0_wb-10": Same(Biex(-10, 4.5)),
    "flowjo_biexp_cr4096_max262144_pos4.5_neg0_wb-100": Same(Biex(-100, 4.5)),
    "flowjo_biexp_cr4096_max262144_pos4.41854_neg0_wb-100": Same(Biex(-100, 4.41854)),
    "flowjo_biexp_cr256_max262144_pos4.5_neg0.5_wb-31.6": Same(Biex(-31.6, 4.5, 0.5, channel_range=256)),
    "flowjo_biexp_cr4096_max262144_pos5_neg1_wb-10": Same(Biex(-10, 5, 1)),
    "flowjo_biexp_cr4096_max262144_pos4.5_neg0_wb-1": Same(Biex(-1, 4.5)),
    "flowjo_biexp_cr4096_max262144_pos4.5_neg1_wb-1000": Same(Biex(-1000, 4.5, 1)),
    # FlowJo's fasinh is Gating-ML's, times the length of the axis
    "flowjo_fasinh_default": Same(Asinh(12000, 4, 0.7), times=256),
    "flowjo_fasinh_m4.5_t262144_a0.5_l4096": Same(Asinh(262144, 4.5, 0.5), times=4096),
    "flowjo_log": Same(FlowJoLog(offset=1, decades=4.5)),
}

INVERSE = "logicle_auto_inv_check"

NOT_OURS = {
    "biexponential_default": "an asinh that flowCore solves only to about 1e-5",
    "biexponential_w10": "an asinh, moved by 10, that flowCore solves only to about 1e-5",
    "quadratic_1_1_3": "not monotone",
    "truncate_a5": "clips values; a gate does that without a scale",
    "split_def": "a hand-made linear and logarithmic pair, in no standard",
    "FCSTrans": "a logicle table with a cutoff of its own, in no standard",
}


@pytest.fixture(scope="module")
def grid(shared):
    file = np.load(shared / "reference" / "transforms" / "grid.npz")
    return dict(zip(file["columns"].tolist(), file["values"].T, strict=True))


def test_every_column_is_compared_or_has_a_reason_not_to_be(grid):
    assert set(grid) == {"x", INVERSE} | set(COVERED) | set(NOT_OURS)


@pytest.mark.parametrize("column", COVERED)
def test_r_gives_the_same_value(grid, column):
    expected = grid[column]

    ours = COVERED[column].values(grid["x"])

    np.testing.assert_array_equal(np.isnan(ours), np.isnan(expected))
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


def test_logicle_and_back_gives_the_same_value_as_in_r(grid):
    logicle = Logicle(262144, 0.5, 4.5, 0)

    back = logicle.inverse(logicle.forward(grid["x"]))

    np.testing.assert_allclose(back, grid[INVERSE], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(back, grid["x"], rtol=1e-12, atol=1e-9)
