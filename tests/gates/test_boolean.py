"""Populations combined."""

import numpy as np
import pytest

from cytoproc.errors import GateError
from cytoproc.gates.boolean import BooleanGate, Operator
from tests.gates.events import Events

EVENTS = Events({"A": [1, 1, 0, 0], "B": [1, 0, 1, 0], "C": [0, 0, 0, 1]})
AND, OR, NOT = Operator.AND, Operator.OR, Operator.NOT


@pytest.mark.parametrize(
    ("operator", "operands", "wanted"),
    [
        (AND, ("A", "B"), [1, 0, 0, 0]),
        (OR, ("A", "B"), [1, 1, 1, 0]),
        (NOT, ("A",), [0, 0, 1, 1]),
        (AND, ("A", "B", "C"), [0, 0, 0, 0]),
        (OR, ("A", "B", "C"), [1, 1, 1, 1]),
        (AND, ("A", BooleanGate(NOT, ("B",))), [0, 1, 0, 0]),
        (OR, (BooleanGate(AND, ("A", "B")), "C"), [1, 0, 0, 1]),
        (NOT, (BooleanGate(OR, ("A", "B")),), [0, 0, 0, 1]),
    ],
)
def test_events_are_true_to_the_expression_or_not(operator, operands, wanted):
    assert BooleanGate(operator, operands).contains(EVENTS).tolist() == [bool(w) for w in wanted]


def test_the_masks_of_its_operands_are_left_as_they_are():
    before = {path: mask.copy() for path, mask in EVENTS.populations.items()}

    BooleanGate(OR, ("A", "B", "C")).contains(EVENTS)

    assert all(np.array_equal(before[path], mask) for path, mask in EVENTS.populations.items())


def test_it_names_every_population_it_asks_for_and_no_channel():
    gate = BooleanGate(AND, ("A", BooleanGate(NOT, (BooleanGate(OR, ("B", "C")),))))

    assert list(gate.references()) == ["A", "B", "C"]
    assert gate.dimensions == ()


@pytest.mark.parametrize(
    ("operator", "operands", "told"),
    [
        (NOT, (), "'not' needs exactly one operand, it has 0"),
        (NOT, ("A", "B"), "'not' needs exactly one operand, it has 2"),
        (AND, ("A",), "'and' needs two operands or more, it has 1"),
        (OR, (), "'or' needs two operands or more, it has 0"),
    ],
)
def test_a_wrong_number_of_operands_is_refused(operator, operands, told):
    with pytest.raises(GateError, match=told):
        BooleanGate(operator, operands)
