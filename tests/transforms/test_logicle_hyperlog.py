"""Logicle and hyperlog against their defining formulas, and against another implementation."""

from decimal import Decimal, getcontext

import numpy as np
import pytest
from flowutils.transforms import hyperlog, logicle
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import ScaleError
from cytoproc.transforms.hyperlog import Hyperlog
from cytoproc.transforms.logicle import Logicle

getcontext().prec = 60
LN10 = Decimal(10).ln()

SHAPES = [(262144, 0.5, 4.5, 0), (262144, 0, 4.5, 0), (262144, 2.25, 4.5, 0), (262144, 0.5, 4.5, 1), (1000, 1, 4, -0.5)]
DISPLAY = np.concatenate([-np.geomspace(0.1, 1, 500)[::-1], [0.0], np.geomspace(1e-9, 1, 3000)])


def logicle_formula(t, w, m, a):
    """Return B(y) of Moore and Parks (2012), in 60 digits, for y >= x1."""
    t, w, m, a = (Decimal(str(p)) for p in (t, w, m, a))
    b, w, x2 = (m + a) * LN10, w / (m + a), a / (m + a)
    x1, x0 = x2 + w, x2 + 2 * w
    low, high = Decimal("1e-40"), b
    for _ in range(250):
        d = (low + high) / 2
        low, high = (d, high) if 2 * (d.ln() - b.ln()) + w * (b + d) < 0 else (low, d)
    c_a = (x0 * (b + d)).exp()
    mf_a = (b * x1).exp() - c_a * (-d * x1).exp()
    a_ = t / (b.exp() - mf_a - c_a * (-d).exp())
    return lambda y: a_ * ((b * y).exp() - c_a * (-d * y).exp() - mf_a)


def hyperlog_formula(t, w, m, a):
    """Return EH(y) of Gating-ML 2.0, in 60 digits, for y >= x1."""
    t, w, m, a = (Decimal(str(p)) for p in (t, w, m, a))
    b, w, x2 = (m + a) * LN10, w / (m + a), a / (m + a)
    x1, x0 = x2 + w, x2 + 2 * w
    c_a = (b * x0).exp() / w
    f_a = (b * x1).exp() + c_a * x1
    a_ = t / (b.exp() + c_a - f_a)
    return lambda y: a_ * ((b * y).exp() + c_a * y - f_a)


@pytest.mark.parametrize(
    ("scale", "formula"), [(Logicle(*s), logicle_formula(*s)) for s in SHAPES]
    + [(Hyperlog(*s), hyperlog_formula(*s)) for s in SHAPES if s[1] > 0], ids=lambda p: str(p)[:50]
)  # fmt: skip
@pytest.mark.parametrize("share", [1e-7, 3e-4, 0.011, 0.2, 1.0, 15.9, 16.5, 1e4, 1e20])
def test_the_solution_is_exact_to_the_last_bits(scale, formula, share):
    x = share * scale.t
    y = Decimal(float(scale.forward(np.array([x]))[0]))
    h = Decimal("1e-12")

    slope = (formula(y + h) - formula(y)) / h
    error = (formula(y) - Decimal(x)) / slope

    assert abs(error) < (Decimal("2.3e-16") if share < 16 else Decimal("5e-16") * max(1, y))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("scale", "other"), [(Logicle, logicle), (Hyperlog, hyperlog)])
def test_another_implementation_gives_the_same(scale, other, shape):
    t, w, m, a = shape
    w = w or (0.01 if scale is Hyperlog else 0)  # hyperlog needs some width
    x = t * DISPLAY

    ours = scale(t, w, m, a).forward(x)

    np.testing.assert_allclose(ours, other(x, None, t, m, w, a), rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [Logicle(), Logicle(a=1), Hyperlog(262144, 0.5, 4.5, 0)], ids=str)
def test_the_top_is_one_and_zero_is_where_the_formula_puts_it(scale):
    zero = (scale.a + scale.w) / (scale.m + scale.a)

    np.testing.assert_allclose(scale.forward(np.array([scale.t, 0.0])), [1.0, zero], rtol=1e-15)
    np.testing.assert_allclose(scale.inverse(np.array([1.0, zero])), [scale.t, 0.0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [Logicle(), Logicle(w=0, a=0), Hyperlog(262144, 0.5, 4.5, 0)], ids=str)
def test_below_zero_the_scale_is_mirrored(scale):
    x = np.geomspace(1e-6, 1e30, 300)
    zero = scale.forward(np.zeros(1))[0]

    np.testing.assert_allclose(scale.forward(-x), 2 * zero - scale.forward(x), rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("scale", [*(Logicle(*s) for s in SHAPES), Hyperlog(262144, 0.5, 4.5, 0)], ids=str)
def test_a_dense_grid_stays_in_order(scale):
    coarse = np.geomspace(1e-6, 1e3, 20_001) * scale.t
    grid = (coarse[:, None] * (1 + np.arange(5) * 2.3e-16)).ravel()  # each point with its next neighbours

    assert (np.diff(scale.forward(np.sort(grid))) >= 0).all()
    assert (np.diff(scale.forward(np.sort(-grid))) >= 0).all()


@given(st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=20))
def test_a_value_does_not_depend_on_its_neighbours(values):
    x = np.array(values)
    scale = Logicle()

    np.testing.assert_array_equal(scale.forward(x), [scale.forward(x[[i]])[0] for i in range(len(x))])


@pytest.mark.parametrize("scale", [Logicle, Hyperlog])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"t": -1}, "t .* above 0, it is -1"),
        ({"m": 0, "w": 0, "a": 0}, "m .* above 0"),
        ({"w": 2.5}, "w must be .* m / 2 = 2.25, it is 2.5"),
        ({"w": float("nan")}, "w must be"),
        ({"a": -0.6}, r"a must be between -w = -0.5 and m - 2 w = 3.5, it is -0.6"),
        ({"a": 3.6}, "a must be between"),
        ({"t": 0, "w": -1}, "t .* w must be"),
    ],
)
def test_parameters_that_make_no_scale_are_refused(scale, changes, says):
    with pytest.raises(ScaleError, match=f"{scale.kind} scale: .*{says}"):
        scale(**({"t": 262144, "w": 0.5, "m": 4.5, "a": 0} | changes))


def test_only_logicle_can_be_without_width():
    assert Logicle(w=0).forward(np.zeros(1))[0] == 0

    with pytest.raises(ScaleError, match="w must be above 0"):
        Hyperlog(262144, 0, 4.5, 0)
