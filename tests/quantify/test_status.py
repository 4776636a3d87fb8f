import pytest

from cytoproc.quantify.status import Limits, Status, decide_by_events, decide_status


@pytest.mark.parametrize(
    ("n_events", "n_denominator", "status"),
    [
        (0, 0, Status.NOT_EVALUABLE),
        (49, 49, Status.NOT_EVALUABLE),  # the parent decides first
        (0, 50, Status.ND),
        (19, 30_000, Status.ND),
        (20, 30_000, Status.BLQ),
        (49, 30_000, Status.BLQ),
        (50, 30_000, Status.QUANT),
        (50, 50, Status.QUANT),
    ],
)
def test_the_status_by_the_usual_limits(n_events, n_denominator, status):
    assert decide_status(n_events, n_denominator, Limits()) is status


def test_a_template_s_own_limits_move_the_edges():
    limits = Limits(detect_events=13, lloq_events=22)

    found = [decide_status(n, 1000, limits) for n in (12, 13, 21, 22)]

    assert found == [Status.ND, Status.BLQ, Status.BLQ, Status.QUANT]


def test_what_has_no_parent_is_judged_by_its_events_alone():
    found = [decide_by_events(n, Limits()) for n in (0, 19, 20, 49, 50)]

    assert found == [Status.ND, Status.ND, Status.BLQ, Status.BLQ, Status.QUANT]


def test_a_background_raises_the_limits_above_what_a_blank_shows():
    """Of mean 8 a blank shows 13 at most: P(X <= 12) = 0.936, P(X <= 13) = 0.966."""
    assert Limits(detect_events=5, lloq_events=10).above(8) == Limits(detect_events=14, lloq_events=14)


def test_a_background_far_below_the_limits_changes_nothing():
    assert Limits().above(5) == Limits()
    assert Limits().above(0) == Limits()
