"""Values that no cell gives are counted by channel, and told of where they matter."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.qc.values import OddValues

PANEL = Panel((Channel("FSC-A", top=1000.0), Channel("PE-A", "CAR", top=1000.0), Channel("Time", top=10.0)))


def seen(*chunks, panel=PANEL, read=(0, 1)):
    odd = OddValues(panel, read)
    for rows in chunks:
        odd.observe(SimpleNamespace(events=EventTable(np.array(rows, dtype=np.float64).reshape(-1, len(panel)), panel)))
    return odd


def messages(odd):
    return {f.code: f.message for f in odd.flags()}


def test_plain_values_are_nothing_to_tell_of():
    odd = seen([[0, -100, 1], [998.9, 998, 50]])

    assert (odd.counts(), messages(odd)) == ((), {})


def test_each_kind_is_counted_by_channel_over_all_chunks():
    nan, inf = np.nan, np.inf

    odd = seen([[1, nan, nan], [1, -inf, 1]], [[1, -100.5, 1], [999, inf, 2]], [])

    assert odd.counts() == (
        ("nan", "CAR PE-A", 1),
        ("infinite", "CAR PE-A", 2),
        ("saturated", "FSC-A", 1),
        ("far_below_zero", "CAR PE-A", 1),
    )


def test_a_value_that_is_none_and_one_far_below_zero_are_told_of_with_their_channel():
    found = messages(seen([[1, np.nan, 1], [1, np.inf, 1], [-101, 1, 1]]))

    assert found["VALUES_NOT_FINITE"].endswith("events by channel: CAR PE-A 2")
    assert found["VALUES_FAR_BELOW_ZERO"].endswith("events by channel: FSC-A 1")


@pytest.mark.parametrize(("n_bright", "told"), [(5, False), (6, True)])
def test_saturated_events_are_told_of_above_a_part_of_all(n_bright, told):
    rows = [[1, 999 if i < n_bright else 1, 1] for i in range(100)]

    assert ("VALUES_SATURATED" in messages(seen(rows))) is told


def test_a_channel_that_nothing_reads_is_counted_and_not_told_of():
    odd = seen([[1, -1e9, 1]], read=(0,))

    assert odd.counts() == (("far_below_zero", "CAR PE-A", 1),)
    assert messages(odd) == {}


@pytest.mark.parametrize("top", [np.nan, np.inf, 0.0, 1.0])
def test_a_channel_without_a_range_has_no_end(top):
    odd = seen([[-1e9], [1e9]], panel=Panel((Channel("PE-A", top=top),)), read=(0,))

    assert odd.counts() == ()


@given(st.lists(st.floats(width=32), min_size=1, max_size=40), st.integers(0, 40))
def test_neither_the_order_of_events_nor_the_chunks_change_a_count(values, cut):
    rows = [[1, v, 1] for v in values]

    assert seen(rows).counts() == seen(rows[::-1][:cut], rows[::-1][cut:]).counts()
