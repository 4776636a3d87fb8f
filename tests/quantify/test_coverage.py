"""The benchmark of coverage, with fewer draws than its page has."""

import pytest

from benchmarks.coverage import (
    APPROXIMATE,
    BACKGROUNDS,
    EXACT,
    SETTINGS,
    Held,
    broken_bounds,
    coverage_rows,
    measure_coverage,
    measure_detection,
)


@pytest.mark.parametrize(
    ("bounds", "events", "share", "is_within"),
    [
        (EXACT, 3, 0.999, True),  # few events: as often as it likes
        (EXACT, 3, 0.94, False),
        (EXACT, 10, 0.985, True),
        (EXACT, 10, 0.986, False),
        (EXACT, 500, 0.9491, True),  # three standard errors of 50,000 draws are 0.0029
        (EXACT, 500, 0.947, False),
        (APPROXIMATE, 3, 0.5, True),
        (APPROXIMATE, 10, 0.976, False),
        (APPROXIMATE, 10, 0.926, True),
        (APPROXIMATE, 10, 0.92, False),
    ],
)
def test_an_interval_may_hold_the_truth_so_often(bounds, events, share, is_within):
    assert Held(events, share, draws=50_000).is_within(bounds) is is_within


def test_a_true_zero_is_called_detected_in_5_of_100_cases_at_most_whatever_the_background():
    found = measure_detection()

    assert {d.background for d in found} == set(BACKGROUNDS)
    assert [d for d in found if d.of_none > 0.05] == []
    assert [d.of_limit for d in found if d.configured == 1] == pytest.approx([0.95] * len(BACKGROUNDS), abs=1e-6)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    measured = list(measure_coverage(draws=1500))

    assert broken_bounds(measured, []) == []
    assert all(len(held) == len(SETTINGS) for _, held in measured)
    assert all(len(row) == 6 for row in coverage_rows(measured))
