"""Spillover undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cytoproc.compensation import compensate, compensate_column
from cytoproc.errors import CompensationError, MissingMarkerError
from cytoproc.model.events import EventTable, Stage
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.spillover import Spillover

PANEL = Panel((Channel("FSC-A"), Channel("FITC-A"), Channel("PE-A"), Channel("APC-A")))
COLOURS = ("FITC-A", "PE-A", "APC-A")

matrices = hnp.arrays(np.float64, (3, 3), elements=st.one_of(st.just(0.0), st.floats(0, 0.4))).map(
    lambda m: np.eye(3) + m * (1 - np.eye(3))
)
lights = hnp.arrays(np.float64, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(-1e3, 3e5))


def test_a_quarter_of_fitc_that_reached_pe_is_taken_back():
    seen = EventTable(np.array([[5.0, 100.0, 25.0, 7.0], [5.0, 0.0, 40.0, 7.0]]), PANEL)
    spillover = Spillover(("FITC-A", "PE-A"), np.array([[1.0, 0.25], [0.0, 1.0]]))

    undone = compensate(seen, spillover)

    assert undone.values.tolist() == [[5.0, 100.0, 0.0, 7.0], [5.0, 0.0, 40.0, 7.0]]
    assert undone.stage is Stage.COMPENSATED
    assert seen.values[0, 2] == 25.0


def test_stored_values_are_made_linear_first():
    panel = Panel((Channel("FL1", decades=4.0, top=1024.0), Channel("FL2", gain=2.0)))
    seen = EventTable(np.array([[512.0, 130.0]], dtype=np.float32), panel)  # 10**2 and 65 in linear units

    undone = compensate(seen, Spillover(("FL1", "FL2"), np.array([[1.0, 0.25], [0.0, 1.0]])))

    assert undone.values.tolist() == [[100.0, 40.0]]
    assert undone.column(1).tolist() == [40.0]


@given(lights, matrices)
def test_light_spilled_then_compensated_comes_back(light, matrix):
    spilled = light.copy()
    spilled[:, 1:] = light[:, 1:] @ matrix

    undone = compensate(EventTable(spilled, PANEL), Spillover(COLOURS, matrix))

    np.testing.assert_allclose(undone.values, light, rtol=1e-9, atol=1e-6)


@given(lights, matrices, st.data())
def test_an_event_has_the_same_bits_among_any_others(light, matrix, data):
    spillover = Spillover(COLOURS, matrix)
    rows = np.array(data.draw(st.permutations(range(len(light)))))[: data.draw(st.integers(1, len(light)))]
    every = compensate(EventTable(light, PANEL), spillover).values

    some = compensate(EventTable(light[rows], PANEL), spillover).values
    columns = [light[rows, j] for j in (1, 2, 3)]
    alone = np.column_stack([compensate_column(columns, spillover.inverse[:, j]) for j in range(3)])

    assert some.tobytes() == every[rows].tobytes()
    assert alone.tobytes() == np.ascontiguousarray(every[rows, 1:]).tobytes()


@given(lights, matrices, st.permutations(range(3)))
def test_the_order_of_detectors_in_the_matrix_is_nothing(light, matrix, order):
    other = Spillover(tuple(COLOURS[i] for i in order), matrix[np.ix_(order, order)])

    one = compensate(EventTable(light, PANEL), Spillover(COLOURS, matrix)).values
    two = compensate(EventTable(light, PANEL), other).values

    np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-6)


@given(lights, matrices)
def test_it_agrees_with_a_matrix_product(light, matrix):
    undone = compensate(EventTable(light, PANEL), Spillover(COLOURS, matrix)).values

    np.testing.assert_allclose(undone[:, 1:], light[:, 1:] @ np.linalg.inv(matrix), rtol=1e-9, atol=1e-6)
    assert (undone[:, 0] == light[:, 0]).all()


def test_single_and_double_precision_columns_give_the_same_bits():
    columns = [np.array([0.1, 7.3], dtype=np.float32), np.array([1e5, 0.3], dtype=np.float32)]
    coefficients = np.array([1.01, -0.123])

    narrow = compensate_column(columns, coefficients)

    assert narrow.tobytes() == compensate_column([c.astype(np.float64) for c in columns], coefficients).tobytes()


def test_a_broken_value_stays_in_the_detectors_it_leaks_between():
    spillover = Spillover(COLOURS, np.array([[1.0, 0.25, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))

    undone = compensate(EventTable(np.array([[1.0, np.inf, 2.0, 3.0]]), PANEL), spillover).values[0]

    assert undone[3] == 3.0
    assert not np.isfinite(undone[2])


def test_no_events_are_compensated_to_no_events():
    undone = compensate(EventTable(np.empty((0, 4)), PANEL), Spillover(COLOURS, np.eye(3)))

    assert undone.values.shape == (0, 4)


def test_compensating_twice_is_refused():
    spillover = Spillover(COLOURS, np.eye(3))
    once = compensate(EventTable(np.zeros((1, 4)), PANEL), spillover)

    with pytest.raises(CompensationError, match="these are compensated") as caught:
        compensate(once, spillover)

    assert caught.value.code == "COMPENSATED_TWICE"


def test_a_detector_that_is_not_there_is_refused():
    with pytest.raises(MissingMarkerError, match="BV421-A"):
        compensate(EventTable(np.zeros((1, 4)), PANEL), Spillover(("BV421-A",), np.eye(1)))
