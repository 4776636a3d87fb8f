"""Quadrants: cells of a grid of dividers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ranges import QuadrantGate
from cytoproc.transforms.logicle import Logicle
from tests.gates.events import inside

CD4, CD8 = Dimension("CD4"), Dimension("CD8")
CROSS = ((CD4, (5.0,)), (CD8, (7.0,)))

values = st.floats(-1e6, 1e6)


def test_a_value_on_the_cut_is_high():
    events = {"CD4": [4, 5, 4, 5], "CD8": [6, 6, 7, 7]}

    assert inside(QuadrantGate(CROSS, (0, 0)), **events) == [True, False, False, False]
    assert inside(QuadrantGate(CROSS, (1, 0)), **events) == [False, True, False, False]
    assert inside(QuadrantGate(CROSS, (0, 1)), **events) == [False, False, True, False]
    assert inside(QuadrantGate(CROSS, (1, 1)), **events) == [False, False, False, True]


def test_two_cuts_make_three_bins():
    dividers = ((CD4, (2.0, 5.0)),)

    found = [inside(QuadrantGate(dividers, (i,)), CD4=[1, 2, 4, 5, 9]) for i in range(3)]

    assert [row.index(True) for row in zip(*found, strict=True)] == [0, 1, 1, 2, 2]


def test_a_dimension_that_does_not_matter_is_not_looked_at_but_named():
    gate = QuadrantGate(CROSS, (1, None))

    assert inside(gate, CD4=[4, 5]) == [False, True]
    assert gate.dimensions == (CD4, CD8)


def test_cuts_in_scale_units():
    scale = Logicle()
    cut = float(scale.forward(np.array([1000.0]))[0])

    gate = QuadrantGate(((Dimension("CD4", scale=scale), (cut,)),), (1,), Units.SCALE)

    assert inside(gate, CD4=[999, 1001]) == [False, True]


@given(
    st.lists(st.tuples(values, values), min_size=1),
    st.lists(values, min_size=1, max_size=3, unique=True),
    st.lists(values, min_size=1, max_size=3, unique=True),
)
def test_the_cells_of_a_grid_hold_every_event_once(events, x_cuts, y_cuts):
    dividers = ((CD4, tuple(sorted(x_cuts))), (CD8, tuple(sorted(y_cuts))))
    x, y = zip(*events, strict=True)
    cells = itertools.product(range(len(x_cuts) + 1), range(len(y_cuts) + 1))

    held = np.sum([inside(QuadrantGate(dividers, cell), CD4=x, CD8=y) for cell in cells], axis=0)

    assert held.tolist() == [1] * len(events)


@pytest.mark.parametrize(
    ("dividers", "cell", "told"),
    [
        (CROSS, (1,), "needs a place on its dividers"),
        (CROSS, (None, None), "on at least one of them"),
        (((CD4, ()),), (0,), r"dividers on CD4 must increase and be at least one: \[\]"),
        (((CD4, (5.0, 2.0)),), (0,), r"must increase and be at least one: \[5.0, 2.0\]"),
        (((CD4, (5.0, 5.0)),), (0,), "must increase"),
        (((CD4, (5.0,)), (CD8, (float("nan"), 1.0))), (0, None), "dividers on CD8 must increase"),
        (((CD4, (5.0,)),), (2,), r"1 divider\(s\) on CD4 make bins 0 to 1; there is no bin 2"),
        (((CD4, (5.0,)),), (-1,), "there is no bin -1"),
        (((CD4, (5.0,)), (CD4, (9.0,))), (0, 0), "names the same dimension twice"),
    ],
)
def test_a_grid_or_cell_that_is_none_is_refused(dividers, cell, told):
    with pytest.raises(GateError, match=told):
        QuadrantGate(dividers, cell)
