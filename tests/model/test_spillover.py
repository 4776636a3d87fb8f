"""The spillover matrix and its inverse."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cytoproc.errors import CompensationError
from cytoproc.model.spillover import Spillover, invert

NAMES = ("FITC-A", "PE-A")


def leaky(n: int) -> st.SearchStrategy[np.ndarray]:
    """Matrices with diagonal 1 whose leaks add up to less than 1 a row."""
    leaks = hnp.arrays(np.float64, (n, n), elements=st.floats(-0.05, 0.9))
    return leaks.map(lambda m: np.eye(n) + m * (1 - np.eye(n)) / n)


@given(st.integers(1, 20).flatmap(leaky))
def test_a_matrix_times_its_inverse_is_the_identity(matrix):
    inverse = invert(matrix)

    np.testing.assert_allclose(matrix @ inverse, np.eye(len(matrix)), atol=1e-12)
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), atol=1e-12)


def test_a_zero_on_the_diagonal_is_no_hindrance():
    swapped = np.array([[0.0, 1.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.0, 2.0]])

    inverse = invert(swapped)

    assert inverse.tolist() == [[-0.5, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.5]]


def test_a_channel_without_leaks_keeps_exact_zeros():
    matrix = np.eye(4)
    matrix[:2, :2] = [[1.0, 0.3], [0.1, 1.0]]

    inverse = invert(matrix)

    assert (inverse[2:, :2] == 0).all()
    assert (inverse[:2, 2:] == 0).all()


def test_equal_matrices_are_inverted_once():
    assert invert(np.eye(3)) is invert(np.eye(3))


def test_the_inverse_has_the_bits_of_plain_arithmetic():
    matrix = np.array([[1.0, 0.1, 0.3], [0.7, 1.0, 0.2], [0.05, 0.6, 1.0]])
    a = [[*row, *unit] for row, unit in zip(matrix.tolist(), np.eye(3).tolist(), strict=True)]
    for k in range(3):  # no pivoting happens: the diagonal leads in each step
        a[k] = [x / a[k][k] for x in a[k]]
        for i in {0, 1, 2} - {k}:
            a[i] = [x - a[i][k] * y for x, y in zip(a[i], a[k], strict=True)]

    assert invert(matrix).tolist() == [row[3:] for row in a]


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 1.0], [1.0, 1.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[1.0, 1.0], [1.0, 1.0 + 1e-13]],
        [[1e300, 0.0], [0.0, 1e-300]],
    ],
)
def test_rows_that_say_the_same_are_refused(matrix):
    with pytest.raises(CompensationError, match="SPILL: spillover matrix has no usable inverse") as caught:
        Spillover(NAMES, np.array(matrix), "SPILL")

    assert caught.value.code == "SPILL_SINGULAR"


@pytest.mark.parametrize(
    ("detectors", "matrix", "code", "told"),
    [
        (NAMES, [[1.0]], "SPILL_SHAPE", r"shape \(1, 1\) does not fit 2 detectors"),
        (("PE-A", "PE-A"), [[1.0, 0.0], [0.0, 1.0]], "SPILL_DUPLICATE_DETECTOR", "twice: PE-A"),
        (NAMES, [[1.0, 0.0], [np.nan, 1.0]], "SPILL_NOT_FINITE", r"row 2 \(PE-A\), column 1 \(FITC-A\)"),
        ((), np.empty((0, 0)), "SPILL_EMPTY", "names no detector"),
    ],
)
def test_a_matrix_that_is_none_is_refused(detectors, matrix, code, told):
    with pytest.raises(CompensationError, match=told) as caught:
        Spillover(detectors, np.array(matrix))

    assert caught.value.code == code


def test_it_keeps_a_copy_that_cannot_be_written():
    mine = np.array([[1.0, 0.25], [0.0, 1.0]])
    spillover = Spillover(NAMES, mine)

    mine[0, 1] = 0.5

    assert spillover.matrix[0, 1] == 0.25
    assert not spillover.matrix.flags.writeable
    assert not spillover.inverse.flags.writeable


def test_the_digest_tells_matrices_and_detectors_apart():
    spillover = Spillover(NAMES, np.eye(2), "SPILL")
    others = (Spillover(NAMES[::-1], np.eye(2)), Spillover(NAMES, np.array([[1.0, 1e-9], [0.0, 1.0]])))

    assert spillover.digest == dataclasses.replace(spillover, source="$SPILLOVER").digest
    assert spillover.digest not in {other.digest for other in others}


def test_it_travels_between_processes():
    spillover = Spillover(NAMES, np.array([[1.0, 0.25], [0.0, 1.0]]), "SPILL")

    back = pickle.loads(pickle.dumps(spillover))

    assert back.digest == spillover.digest
    assert back.inverse.tolist() == spillover.inverse.tolist()
