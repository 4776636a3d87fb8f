"""How much must be looked at to give a number for few cells."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.detection import limit_of_blank
from cytoproc.quantify.sensitivity import amount_needed


def test_without_background_it_is_the_events_over_the_part_that_is_asked_for():
    assert amount_needed(1e-4, lloq_events=50) == 500_000
    assert amount_needed(1.0, lloq_events=50) == 50  # cells/µL: 50 µL of blood


def test_no_amount_shows_fewer_cells_than_the_background_or_than_the_assay_is_validated_for():
    assert amount_needed(2e-4, lloq_events=50, background=2e-4) == math.inf
    assert amount_needed(2e-4, lloq_events=50, validated=3e-4) == math.inf
    assert amount_needed(3e-4, lloq_events=50, validated=3e-4) == pytest.approx(50 / 3e-4)


def test_a_number_is_asked_of_more_than_no_cells():
    with pytest.raises(ValueError, match="more than no cells, not of 0"):
        amount_needed(0, lloq_events=50)


@given(st.floats(0.2, 0.9), st.floats(1e-5, 1e-2))
def test_the_exact_limit_of_blank_agrees_within_two_events(part, asked):
    n = amount_needed(asked, lloq_events=1, background=part * asked)

    assert abs(limit_of_blank(part * asked * n) + 1 - asked * n) <= 2


@given(st.floats(1e-5, 1), st.floats(0, 0.9), st.floats(1.01, 5))
def test_fewer_cells_take_more(asked, part, times):
    background = part * asked

    assert amount_needed(asked, lloq_events=50, background=background) > amount_needed(
        times * asked, lloq_events=50, background=background
    )
