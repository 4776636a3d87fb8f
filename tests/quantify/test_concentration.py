import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.quantify.concentration import (
    Relation,
    carried_over,
    from_beads,
    from_blood_count,
    from_effective_volume,
    from_volume,
)
from cytoproc.quantify.estimate import Estimate
from cytoproc.quantify.percent import clopper_pearson
from cytoproc.quantify.ratio import ratio_of_counts

TUBE = {"beads_per_tube": 51_664, "sample_volume_ul": 100}
counts = st.integers(0, 100_000)


def ends(found, digits):
    return [round(float(x), digits) for x in (found.estimate.value, found.estimate.low, found.estimate.high)]


# Worked examples


@pytest.mark.parametrize(
    ("n_events", "digits", "expected"),
    [(412, 3, [11.663, 10.553, 12.860]), (7, 4, [0.1982, 0.0797, 0.4084]), (0, 4, [0, 0, 0.1044])],
)
def test_beads_from_a_pellet(n_events, digits, expected):
    found = from_beads(n_events, 18_250, **TUBE)

    assert ends(found, digits) == expected
    assert round(float(found.v_eff_ul), 2) == 35.32


def test_the_one_sided_limit_of_no_cells_is_that_of_the_volume():
    found = from_beads(0, 18_250, **TUBE, level=0.9)

    assert round(float(found.estimate.high), 4) == 0.0848  # 2.9957 events in 35.32 µL


def test_beads_from_a_bottle():
    found = from_beads(1530, 9800, beads_per_tube=50 * 1020, sample_volume_ul=200)

    assert ends(found, 3) == [39.811, 37.699, 42.020]


def test_an_acquired_volume():
    found = from_volume(640, vol_acquired_nl=85_000, dilution_factor=1000 / 100)

    assert ends(found, 3) == [75.294, 69.573, 81.360]
    assert found.v_eff_ul == 8.5


def test_a_blood_count():
    found = from_blood_count(365, 24_800, count_10e9_l=1.42)

    assert round(float(found.estimate.value), 3) == 20.899
    share = clopper_pearson(365, 24_800)
    assert ends(found, 9)[1:] == pytest.approx([14.2 * float(share.low), 14.2 * float(share.high)])
    assert (str(found.ci_methods), found.estimate.method) == ("clopper-pearson", "clopper-pearson")


def test_cells_beside_what_a_blood_count_counts_are_a_ratio_of_two_counts():
    found = from_blood_count(300, 100, count_10e9_l=2, relation=Relation.OTHER)

    ratio = ratio_of_counts(300, 100)
    assert ends(found, 9) == pytest.approx([6000, 2000 * float(ratio.low), 2000 * float(ratio.high)])
    assert str(found.ci_methods) == "conditional-binomial"
    assert float(found.cv_pct) == pytest.approx(100 * np.sqrt(1 / 300 + 1 / 100))


def test_what_a_blood_count_counts_is_the_blood_count_and_has_no_interval_of_its_own():
    alone, known = (from_blood_count(100, 100, count_10e9_l=2, relation=Relation.SAME, cv_count=cv) for cv in (0, 0.03))

    assert (float(alone.estimate.value), str(alone.ci_methods)) == (2000, "")
    assert float(known.estimate.high) == pytest.approx(2000 * np.exp(1.959964 * 0.03))


def test_the_exact_interval_of_a_blood_count_with_an_error_joins_share_and_count():
    found = from_blood_count(19, 24_800, count_10e9_l=1.42, cv_count=0.03, interval="exact")

    alone = from_blood_count(19, 24_800, count_10e9_l=1.42)
    assert str(found.ci_methods) == "mover"
    assert alone.estimate.high < found.estimate.high < 1.02 * alone.estimate.high


# With technical errors


@pytest.mark.parametrize(
    ("cvs", "low", "cv_pct", "high"),
    [({}, 10.578, 4.98, 12.860), ({"cv_pipetting": 0.05, "cv_beads": 0.02}, 10.101, 7.34, 13.467)],
)
def test_beads_with_the_errors_of_pipette_and_lot(cvs, low, cv_pct, high):
    found = from_beads(412, 18_250, **TUBE, interval="log-delta", **cvs)

    assert ends(found, 3) == [11.663, low, high]
    assert round(float(found.cv_pct), 2) == cv_pct
    assert (str(found.ci_methods), found.estimate.method) == ("log-delta", "log-delta")


def test_the_exact_interval_leaves_technical_errors_out():
    plain, with_errors = (from_beads(412, 18_250, **TUBE, cv_pipetting=cv) for cv in (0, 0.05))

    assert ends(with_errors, 9) == ends(plain, 9)
    assert with_errors.cv_pct == plain.cv_pct


def test_an_acquired_volume_with_its_error_by_hand():
    """1/400 + 0.04^2 + 0.03^2 = 0.005."""
    found = from_volume(
        400, vol_acquired_nl=10_000, dilution_factor=1, interval="log-delta", cv_pipetting=0.04, cv_volume=0.03
    )

    by = np.exp(1.959964 * np.sqrt(0.005))
    assert ends(found, 5) == pytest.approx([40, 40 / by, 40 * by], rel=1e-5)
    assert float(found.cv_pct) == pytest.approx(7.0711, abs=1e-4)


def test_a_blood_count_with_its_error():
    found = from_blood_count(365, 24_800, count_10e9_l=1.42, cv_count=0.03)

    assert ends(found, 2) == [20.90, 18.58, 23.51]
    assert round(float(found.cv_pct), 2) == 6.00
    assert str(found.ci_methods) == "log-delta"


def test_the_error_of_the_gate_on_lymphocytes_widens_the_interval_of_a_blood_count():
    found = from_blood_count(24_800, 24_800, count_10e9_l=1.42, cv_count=0.03, cv_gate=0.04)

    assert float(found.cv_pct) == pytest.approx(5)  # all of them: no error of counting


def test_no_cells_by_a_blood_count_have_an_upper_limit_beyond_that_of_the_share():
    found = from_blood_count([0, 0], 24_800, count_10e9_l=1.42, cv_count=[0.03, 0.3])

    alone = 1420 * (1 - 0.025 ** (1 / 24_800))
    assert found.estimate.low.tolist() == [0, 0]
    assert alone < found.estimate.high[0] < 1.01 * alone
    assert found.estimate.high[0] < found.estimate.high[1]
    assert found.ci_methods.tolist() == ["mover", "mover"]


def test_the_error_of_a_blood_count_is_in_the_interval_where_it_is_given():
    found = from_blood_count([365, 365], 24_800, count_10e9_l=1.42, cv_count=[0.03, 0])

    assert found.estimate.high[1] < found.estimate.high[0]
    assert found.ci_methods.tolist() == ["log-delta", "clopper-pearson"]
    assert found.cv_pct.round(2).tolist() == [6.0, 5.2]  # the second is that of counting alone


def test_a_count_of_zero_has_no_logarithm_and_says_that_it_got_the_exact_interval():
    delta = from_beads([412, 0], 18_250, **TUBE, interval="log-delta", cv_pipetting=0.05)
    exact = from_beads([412, 0], 18_250, **TUBE)

    assert delta.ci_methods.tolist() == ["log-delta", "conditional-binomial"]
    assert (delta.estimate.low[1], delta.estimate.high[1]) == (0, exact.estimate.high[1])
    assert np.isnan(delta.cv_pct[1])


def test_each_row_may_have_its_own_errors():
    found = from_beads([412, 412], 18_250, **TUBE, interval="log-delta", cv_pipetting=[0, 0.05], cv_beads=[0, 0.02])

    assert found.cv_pct.round(2).tolist() == [4.98, 7.34]


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.floats(0, 0.5), st.floats(0, 0.5))
def test_more_error_never_makes_a_narrower_interval(n, beads, less, more):
    less, more = sorted((less, more))
    narrow, wide = (from_beads(n, beads, **TUBE, interval="log-delta", cv_beads=cv) for cv in (less, more))

    assert wide.estimate.low <= narrow.estimate.low
    assert narrow.estimate.high <= wide.estimate.high
    assert narrow.cv_pct <= wide.cv_pct


@given(st.integers(10_000, 10**6), st.integers(10_000, 10**6))
def test_of_many_events_both_intervals_agree(n, beads):
    exact, delta = (from_beads(n, beads, **TUBE, interval=i) for i in ("exact", "log-delta"))

    assert ends(delta, 9) == pytest.approx(ends(exact, 9), rel=5e-4)


def test_an_interval_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no interval 'wald'; there are: exact, log-delta"):
        from_beads(412, 18_250, **TUBE, interval="wald")


def test_an_error_below_0_is_refused():
    with pytest.raises(ValueError, match="coefficient of variation cannot be below 0"):
        from_volume(5, vol_acquired_nl=1000, dilution_factor=1, cv_volume=-0.1)


# Tubes that are added up


def test_one_tube_added_up_is_that_tube():
    tube = from_beads(412, 18_250, **TUBE)
    found = from_effective_volume(412, 18_250, v_eff_ul=tube.v_eff_ul)

    assert ends(found, 9) == pytest.approx(ends(tube, 9))
    assert (found.v_eff_ul, found.cv_pct) == (tube.v_eff_ul, tube.cv_pct)


def test_a_volume_added_up_without_beads_has_the_interval_of_a_count():
    found = from_effective_volume([640, 0], v_eff_ul=8.5)

    assert ends(from_effective_volume(640, v_eff_ul=8.5), 3) == [75.294, 69.573, 81.360]
    assert found.estimate.high[1] == pytest.approx(3.6889 / 8.5, rel=1e-4)
    assert found.ci_methods.tolist() == ["garwood", "garwood"]


def test_two_tubes_are_surer_than_one():
    one = from_effective_volume(100, 5000, v_eff_ul=40).estimate
    both = from_effective_volume(200, 10_000, v_eff_ul=80).estimate

    assert one.value == both.value
    assert one.low < both.low < both.high < one.high


def test_an_error_of_the_volume_goes_into_the_interval_of_tubes_added_up():
    found = from_effective_volume(400, v_eff_ul=40, interval="log-delta", cv_technical=0.12)

    assert float(found.cv_pct) == pytest.approx(13)  # 5, 12, 13
    assert str(found.ci_methods) == "log-delta"


def test_no_volume_gives_no_value():
    found = from_effective_volume([0, 5], v_eff_ul=0)

    assert np.isnan([found.estimate.value, found.estimate.high]).all()
    assert found.ci_methods.tolist() == ["", ""]


# Laws


@given(counts, st.integers(1, 100_000), st.floats(1e3, 1e6), st.floats(1, 1000), st.floats(1, 20))
def test_events_over_the_volume_looked_at_are_the_concentration(n, beads, per_tube, blood, dilution):
    found = from_beads(n, beads, beads_per_tube=per_tube, sample_volume_ul=blood, predilution=dilution)

    assert found.estimate.value * found.v_eff_ul == pytest.approx(n)


def test_blood_that_was_diluted_before_counts_so_many_times():
    plain, diluted = (from_beads(412, 18_250, **TUBE, predilution=d) for d in (1, 2))

    assert ends(diluted, 9) == pytest.approx([2 * x for x in ends(plain, 9)])
    assert diluted.v_eff_ul == plain.v_eff_ul / 2


def test_with_many_beads_the_interval_is_that_of_a_known_volume():
    beads = from_beads(50, 10**9, beads_per_tube=10**9, sample_volume_ul=100)
    volume = from_volume(50, vol_acquired_nl=100_000, dilution_factor=1)

    assert ends(beads, 4) == pytest.approx(ends(volume, 4), rel=1e-3)


def test_half_of_the_time_is_half_of_the_volume():
    whole = from_volume(100, vol_acquired_nl=50_000, dilution_factor=5)
    half = from_volume(50, vol_acquired_nl=50_000, dilution_factor=5, kept_time=0.5)

    assert (half.estimate.value, half.v_eff_ul) == (whole.estimate.value, whole.v_eff_ul / 2)


def test_without_beads_there_is_no_value():
    found = from_beads([0, 5], [0, 0], **TUBE)

    assert np.isnan([found.estimate.value, found.estimate.low, found.estimate.high]).all()


def test_a_blood_count_of_no_lymphocytes_seen_gives_no_value():
    found = from_blood_count(0, 0, count_10e9_l=1.42)

    assert np.isnan(found.estimate.value)


def test_many_samples_at_once_are_each_of_them():
    n, beads = np.array([412, 7, 0]), np.array([18_250, 18_250, 900])

    together = from_beads(n, beads, **TUBE)

    alone = [from_beads(n[i], beads[i], **TUBE) for i in range(3)]
    assert together.estimate.high.tolist() == [float(a.estimate.high) for a in alone]
    assert together.v_eff_ul.tolist() == [float(a.v_eff_ul) for a in alone]


# From another tube


def reference(n=400, beads=10_000):
    return from_beads(n, beads, beads_per_tube=50_000, sample_volume_ul=100).estimate


def test_half_of_twenty_is_ten_in_the_blood_that_the_share_stands_for():
    found = carried_over(300, 600, reference())

    assert found.estimate.value == 10
    assert found.v_eff_ul == 30  # 300 events are 10/µL


def test_the_shared_cells_themselves_are_what_the_counted_tube_says():
    found = carried_over(600, 600, reference(), relation=Relation.SAME)

    assert ends(found, 9) == ends(from_beads(400, 10_000, beads_per_tube=50_000, sample_volume_ul=100), 9)


@pytest.mark.parametrize("n_both", [0, 100, 300])
def test_cells_that_may_be_others_than_the_shared_ones_are_less_sure(n_both):
    part = carried_over(300, 600, reference())
    other = carried_over(300, 600, reference(), n_both=n_both, relation=Relation.OTHER)

    assert other.estimate.value == 10
    assert other.estimate.low <= part.estimate.low < part.estimate.high < other.estimate.high


def test_cells_beyond_the_shared_ones_can_be_more_than_they():
    found = carried_over(900, 600, reference(), n_both=600, relation=Relation.OTHER)

    assert found.estimate.value == 30
    assert found.v_eff_ul == 30


@pytest.mark.parametrize(("inside", "outside"), [(0.5, 30), (0.9, 0.5), (0.02, 400)])
def test_the_interval_of_overlapping_cells_covers_the_truth_as_often_as_it_says(inside, outside):
    rng = np.random.default_rng(3)
    beads, n, shared = (rng.poisson(mean, 20_000) for mean in (10_000, 400, 600))
    both, others = rng.binomial(shared, inside), rng.poisson(outside, 20_000)

    known = from_beads(n, beads, beads_per_tube=50_000, sample_volume_ul=100).estimate
    found = carried_over(both + others, shared, known, n_both=both, relation=Relation.OTHER).estimate

    true = 20 * (inside + outside / 600)
    assert np.mean((found.low <= true) & (true <= found.high)) > 0.945  # 0.95 less three standard errors


def test_of_what_holds_all_shared_cells_the_share_is_turned_round():
    known = Estimate(np.asarray(20.0), np.asarray(20.0), np.asarray(20.0), 0.95, "known")
    whole = carried_over(600, 300, known, relation=Relation.WHOLE)
    part = carried_over(300, 600, known, relation=Relation.PART)

    assert whole.estimate.value == 40
    assert ends(whole, 6) == pytest.approx([400 / x for x in (10, *ends(part, 6)[:0:-1])])


@pytest.mark.parametrize(
    ("n", "relation"), [(0, Relation.PART), (5, Relation.WHOLE), (0, Relation.WHOLE), (5, Relation.OTHER)]
)
def test_a_tube_without_shared_cells_tells_nothing(n, relation):
    found = carried_over(n, 0, reference(), relation=relation)

    assert np.isnan([found.estimate.value, found.estimate.low, found.estimate.high]).all()


def test_no_events_carried_over_have_an_upper_limit():
    found = carried_over(0, 600, reference())

    assert (found.estimate.value, found.estimate.low) == (0, 0)
    assert 0 < found.estimate.high < 0.2  # 3.69 of 600 events would be 0.123/µL


def test_of_nothing_in_the_counted_tube_no_volume_can_be_told():
    found = carried_over(300, 600, reference(n=0))

    assert (found.estimate.value, found.estimate.low) == (0, 0)
    assert 0 < found.estimate.high < 0.1845  # all of them: 3.69 events of 10,000 beads at 500/µL
    assert np.isnan(found.v_eff_ul)


def test_the_cv_of_a_carried_count_holds_those_of_the_share_and_of_the_reference():
    part = carried_over(300, 600, reference(), reference_cv_pct=12)
    same = carried_over(600, 600, reference(), relation=Relation.SAME, reference_cv_pct=12)
    whole = carried_over(600, 300, reference(), relation=Relation.WHOLE, reference_cv_pct=0)

    assert float(part.cv_pct) == pytest.approx(100 * np.sqrt(0.5 / 300 + 0.12**2))
    assert float(same.cv_pct) == pytest.approx(12)
    assert float(whole.cv_pct) == pytest.approx(100 * np.sqrt(2 / 300 / 4))  # 1 + m/n, of which m/n = 1 has an error
    assert str(part.ci_methods) == "mover"


def test_the_cv_of_overlapping_cells_lies_between_those_of_a_part_and_of_others():
    part, other, mixed = (
        carried_over(300, 600, reference(), relation=Relation.OTHER, n_both=both, reference_cv_pct=0)
        for both in (300, 0, 100)
    )

    assert part.cv_pct < mixed.cv_pct < other.cv_pct
    assert float(other.cv_pct) == pytest.approx(100 * np.sqrt(1 / 300 + 1 / 600))
