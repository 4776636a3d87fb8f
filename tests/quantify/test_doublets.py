import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.doublets import singlet_loss


def test_each_removed_event_is_two_cells():
    assert singlet_loss([(100, 95)]) == pytest.approx(10 / 105)  # 95 passed, 5 x 2 lost


@pytest.mark.parametrize(("doublets", "percent"), [(5, 9.5), (10, 18.2)])
def test_a_few_doublets_cost_about_twice_as_many_cells(doublets, percent):
    assert round(100 * singlet_loss([(100, 100 - doublets)]), 1) == percent


def test_steps_multiply():
    once, twice = singlet_loss([(100, 90)]), singlet_loss([(100, 90), (1000, 900)])

    assert 1 - twice == pytest.approx((1 - once) ** 2)


@pytest.mark.parametrize("steps", [[], [(0, 0)], [(50, 50)]])
def test_where_nothing_is_removed_nothing_is_lost(steps):
    assert singlet_loss(steps) == 0


def test_where_nothing_passes_all_is_lost():
    assert singlet_loss([(10, 0)]) == 1


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_loss_lies_between_the_share_of_events_and_all(step):
    entered, passed = step

    assert 1 - passed / entered <= singlet_loss([step]) + 1e-12
    assert singlet_loss([step]) <= 1
