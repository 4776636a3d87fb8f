"""Singlets, on simulated cells whose line and noise are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import GateError
from cytoproc.gates.dimension import Dimension
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.singlet_band import SingletBand
from tests.gates.events import Events

A, H = Dimension("A"), Dimension("H")
METHOD = Singlets(A, H)
INTERCEPT, SLOPE, NOISE = 2000.0, 0.8, 0.03


def simulated(n=20_000, seed=1):
    """Return area, height and kind (0 single, 1 doublet, 2 debris) of n events: 80, 10 and 10 %."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=[0.8, 0.1, 0.1])
    (area, height), (area2, height2) = (_cells(n, rng) for _ in range(2))
    doublet, debris = kind == 1, kind == 2
    area[doublet] += area2[doublet]
    height[doublet] = np.maximum(height, height2)[doublet]
    area[debris] = rng.uniform(1_000, 15_000, debris.sum())
    height[debris] = area[debris] * rng.uniform(0.3, 1.4, debris.sum())
    return area, height, kind


def _cells(n, rng):
    area = np.exp(rng.normal(np.log(60_000), 0.25, n))
    return area, (INTERCEPT + SLOPE * area) * (1 + NOISE * rng.standard_normal(n))


def fitted(area, height, method=METHOD):
    return method.fit(method.sketch(Events(A=area, H=height)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_line_and_the_width_are_near_the_truth(seed):
    area, height, _ = simulated(seed=seed)
    usual = np.linspace(35_000, 100_000, 20)  # where nine in ten cells are

    band = fitted(area, height).gate

    np.testing.assert_allclose(band.intercept + band.slope * usual, INTERCEPT + SLOPE * usual, rtol=0.01)
    assert 4 * NOISE < band.high - 1 < 5.5 * NOISE
    assert band.low == pytest.approx(2 - band.high)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_singlets_stay_and_doublets_leave(seed):
    area, height, kind = simulated(seed=seed)

    found = fitted(area, height)
    inside = found.gate.contains(Events(A=area, H=height))

    assert inside[kind == 0].mean() > 0.999
    assert inside[kind == 1].mean() < 0.005
    assert inside[kind == 2].mean() < 0.4
    assert found.source == "FILE"
    assert "from 20000 events" in found.note


@pytest.mark.parametrize("debris", [0.0, 0.3])
@pytest.mark.parametrize("doublets", [0.0, 0.2])
@pytest.mark.parametrize(("intercept", "slope"), [(0, 0.8), (-3_000, 0.85), (5_000, 0.2)])
def test_debris_and_doublets_do_not_tilt_the_line(debris, doublets, intercept, slope):
    rng = np.random.default_rng(7)
    n = 5_000
    kind = rng.choice(3, n, p=[1 - debris - doublets, doublets, debris])
    area, other = (60_000 * np.exp(0.25 * rng.standard_normal(n)) for _ in range(2))
    height, other_height = ((intercept + slope * a) * (1 + 0.018 * rng.standard_normal(n)) for a in (area, other))
    usual = np.quantile(area[kind == 0], [0.05, 0.5, 0.95])
    area[kind == 1] += other[kind == 1]
    height[kind == 1] = 1.05 * np.maximum(height, other_height)[kind == 1]
    area[kind == 2] = 15_000 * np.exp(0.5 * rng.standard_normal(n))[kind == 2]
    height[kind == 2] = (area * rng.uniform(0.3, 1.4, n))[kind == 2]

    band = fitted(area, height).gate

    np.testing.assert_allclose(band.intercept + band.slope * usual, intercept + slope * usual, rtol=0.015)
    assert band.contains(Events(A=area, H=height))[kind == 0].mean() > 0.998
    assert not band.contains(Events(A=area, H=height))[kind == 1].any()


def test_a_wider_band_is_asked_for_in_standard_deviations():
    area, height, _ = simulated()

    narrow, wide = (fitted(area, height, Singlets(A, H, width=w)).gate for w in (2.0, 4.0))

    assert wide.high - 1 == pytest.approx(2 * (narrow.high - 1))


def test_cells_without_any_scatter_still_get_a_band_with_an_inside():
    area = np.linspace(30_000, 90_000, 1_000)

    found = fitted(area, 0.7 * area)

    assert found.gate.contains(Events(A=area, H=0.7 * area)).all()


@given(st.lists(st.integers(0, 2_000), max_size=4))
def test_sketches_of_parts_add_up_to_the_sketch_of_the_whole(cuts):
    area, height, _ = simulated(2_000)
    parts = zip(*(np.split(x, sorted(cuts)) for x in (area, height)), strict=True)

    added = sum(METHOD.sketch(Events(A=a, H=h)) for a, h in parts)

    assert (added == METHOD.sketch(Events(A=area, H=height))).all()


def test_the_order_of_events_is_nothing():
    area, height, _ = simulated()
    order = np.random.default_rng(0).permutation(len(area))

    assert fitted(area[order], height[order]) == fitted(area, height)


@pytest.mark.parametrize("factor", [16, 1 / 16])
def test_the_units_of_the_detector_are_nothing(factor):
    area, height, _ = simulated()

    one, other = fitted(area, height).gate, fitted(area * factor, height * factor).gate

    assert other.slope == one.slope
    assert other.intercept == pytest.approx(one.intercept * factor)
    inside = one.contains(Events(A=area, H=height))
    assert (other.contains(Events(A=area * factor, H=height * factor)) == inside).all()


def test_single_and_double_precision_columns_find_the_same_band():
    area, height, _ = (x.astype(np.float32) for x in simulated())

    assert fitted(area, height) == METHOD.fit(METHOD.sketch(Events(A=area, H=height, dtype=np.float32)))


def test_events_without_a_usable_area_or_height_are_not_sketched():
    area, height = [0, -5, np.nan, 100, 100, 100, 1e30, 100], [50, 50, 50, -1, 0, np.inf, 1e30, 50]

    assert METHOD.sketch(Events(A=area, H=height)).sum() == 1


def test_too_few_events_are_not_fitted_but_held_to_the_fallback():
    area, height, _ = simulated(150)

    found = fitted(area, height, Singlets(A, H, fallback=(0.6, 1.1)))

    assert found.source == "FALLBACK"
    assert found.gate == SingletBand(A, H, 0.0, 1.0, 0.6, 1.1)
    assert "fewer than 200: band not fitted, height/area 0.6 to 1.1 used" in found.note


def test_without_a_fallback_every_event_of_too_few_passes():
    events = Events(A=[100, -3, 0, 50], H=[100, 4, -1, 1e9])

    found = METHOD.fit(METHOD.sketch(events))

    assert found.source == "FALLBACK"
    assert found.gate.contains(events).all()
    assert "every event passes" in found.note


def test_no_events_at_all_are_no_error():
    assert fitted([], []).source == "FALLBACK"


def test_enough_events_too_far_apart_to_show_a_line_are_not_fitted():
    area = np.geomspace(2, 6e7, 400)

    found = fitted(area, area)

    assert found.source == "FALLBACK"
    assert "400 events with an area and a height, too far apart in area" in found.note


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"width": 0}, "width 0 is not a number of standard deviations"),
        ({"width": np.nan}, "width nan"),
        ({"width": np.inf}, "width inf"),
        ({"min_events": 29}, "min_events 29 is below 30, too few to find a line"),
        ({"fallback": (1.0, 1.0)}, r"fallback \(1.0, 1.0\) is not a range"),
        ({"fallback": (-1.0, 1.0)}, "is not a range of height/area"),
        ({"fallback": (0.5, np.inf)}, "is not a range of height/area"),
        ({"height": A}, "area and height are both A"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, told):
    with pytest.raises(GateError, match=told):
        Singlets(**{"area": A, "height": H} | change)
