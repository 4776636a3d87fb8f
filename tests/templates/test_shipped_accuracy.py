"""What the shipped templates count in full-size simulated tubes, against what is in them."""

from collections import Counter

import pytest

from tests.templates.tubes import TRAITS, TRUTH, GatedTube, shipped

pytestmark = pytest.mark.slow

SEEDS = (11, 12)
VISITS = ("BL", "D14", "M3", "M6", "M12")
TUBE = {"car_t_autologous": "T", "car_t_allogeneic": "T", "b_cell_subsets": "B", "tbnk": "T"}
LLOQ_EVENTS, LOD_EVENTS = 50, 20
SUM = ("T cells", "B cells", "NK cells", "CAR+", "CAR+ CD4-CD8-", "CAR- CD3- T cells")


def gate(template, scenario, visit, seed, **how):
    return GatedTube(template, TUBE[template], scenario, visit, seed=seed, **how)


def pooled_biases(tubes):
    """Return (found - true) / true in percent over several tubes, of populations with 1000 true events a tube."""
    found, true = Counter(), Counter()
    for tube in tubes:
        for population in (*TRUTH[tube.name], *(p for p in TRAITS if p in tube.masks)):
            found[population] += tube.count(population)
            true[population] += int(tube.true(population).sum())
    return {p: 100 * (found[p] - n) / n for p, n in true.items() if n >= 1000 * len(tubes)}


ORDINARY = [
    *(("car_t_autologous", "autologous", visit) for visit in VISITS),
    *(("car_t_allogeneic", "allogeneic", visit) for visit in VISITS),
    *(("b_cell_subsets", "autologous", visit) for visit in VISITS),
    ("b_cell_subsets", "lupus_flare", "BL"),
    ("tbnk", "autologous", "BL"),
    ("tbnk", "autologous", "D14"),
]


@pytest.mark.parametrize(("template", "scenario", "visit"), ORDINARY)
def test_populations_of_a_thousand_events_are_counted_within_two_percent_of_the_live_single_cells(
    template, scenario, visit
):
    biases = pooled_biases([gate(template, scenario, visit, seed) for seed in SEEDS])

    assert "Lymphocytes" in biases
    assert {p: b for p, b in biases.items() if abs(b) > 2} == {}


@pytest.mark.parametrize("visit", ["D14", "D21", "D28"])
@pytest.mark.parametrize(
    ("template", "scenario"),
    [
        ("car_t_autologous", "autologous"),
        ("car_t_allogeneic", "allogeneic"),
        ("b_cell_subsets", "autologous"),
        ("b_cell_subsets", "allogeneic"),
        ("tbnk", "allogeneic"),
    ],
)
def test_b_cells_that_are_gone_are_not_found(template, scenario, visit):
    tube = gate(template, scenario, visit, 13)

    assert tube.true("B cells").sum() == 0
    assert tube.count("B cells") < LOD_EVENTS


@pytest.mark.parametrize("visit", ["D14", "D28"])
def test_t_cells_without_cd3_are_lymphocytes_and_those_that_took_cd19_are_no_b_cells(visit):
    tubes = [gate("b_cell_subsets", "allogeneic", visit, seed) for seed in SEEDS]

    edited = [tube.labels == "T_EDITED" for tube in tubes]
    lymphocytes = sum(int((e | tube.true("Lymphocytes")).sum()) for e, tube in zip(edited, tubes, strict=True))
    took = [int((e & tube.tube.has("CAR-T takes CD19")).sum()) for e, tube in zip(edited, tubes, strict=True)]

    assert min(took) >= LOD_EVENTS
    assert max(tube.count("B cells") for tube in tubes) < LOD_EVENTS
    assert sum(tube.count("Lymphocytes") for tube in tubes) == pytest.approx(lymphocytes, rel=0.02)


@pytest.mark.parametrize("visit", ["BL", "M12"])
@pytest.mark.parametrize(
    ("template", "scenario"), [("car_t_autologous", "autologous"), ("car_t_allogeneic", "allogeneic")]
)
def test_car_t_cells_that_are_not_there_are_not_reported(template, scenario, visit):
    tube = gate(template, scenario, visit, 13)

    assert tube.true("CAR+").sum() == 0
    assert tube.count("CAR+") < LLOQ_EVENTS


@pytest.mark.parametrize(("dead", "doublets"), [(0.25, 0.04), (0.03, 0.1), (0.25, 0.1)])
def test_neither_dead_cells_nor_doublets_make_b_cells_or_car_t_cells(dead, doublets):
    how = {"dead": dead, "doublets": doublets}

    before = gate("car_t_autologous", "autologous", "BL", 14, **how)
    empty = gate("car_t_allogeneic", "allogeneic", "BL", 14, **how)
    peak = gate("car_t_allogeneic", "allogeneic", "D14", 14, **how)
    second = [gate("b_cell_subsets", product, "D14", 14, **how) for product in ("autologous", "allogeneic")]

    assert max(before.count("CAR+"), empty.count("CAR+"), empty.count("CD3+ CAR+")) < LLOQ_EVENTS
    assert max(tube.count("B cells") for tube in (peak, *second)) < LOD_EVENTS


def raises_its_alert(tube):
    template = shipped(tube.name)
    (alert,) = template.alerts
    return tube.count(alert.population.split("/")[-1]) >= dict(template.limits)["lod_events"]


@pytest.mark.parametrize(
    ("scenario", "visit"), [*(("autologous", v) for v in VISITS), ("lupus_flare", "BL"), ("allogeneic", "D14")]
)
def test_no_tube_without_escape_raises_the_alert_of_b_cells_without_cd19(scenario, visit):
    assert not raises_its_alert(gate("b_cell_subsets", scenario, visit, 15))


@pytest.mark.parametrize("visit", ["D14", "M3"])
def test_b_cells_that_lost_cd19_raise_the_alert_and_are_counted(visit):
    tube = gate("b_cell_subsets", "cd19_escape", visit, 15)

    true = int(tube.true("B cells").sum())

    assert raises_its_alert(tube)
    assert tube.count("B cells") == pytest.approx(true, rel=0.02)
    assert tube.count("CD19-CD20+ B cells") == pytest.approx(int(tube.true("CD19-CD20+ B cells").sum()), rel=0.02)
    assert tube.count("CD19+ B cells") < LLOQ_EVENTS


def test_donor_cells_with_cd3_raise_their_alert_at_the_peak_and_not_before_infusion():
    assert raises_its_alert(gate("car_t_allogeneic", "allogeneic", "D14", 16))
    assert not raises_its_alert(gate("car_t_allogeneic", "allogeneic", "BL", 16))
    assert not raises_its_alert(gate("car_t_allogeneic", "allogeneic", "M12", 16))


@pytest.mark.parametrize("visit", VISITS)
def test_with_an_allogeneic_product_the_parts_of_the_lymphocytes_make_up_the_whole(visit):
    tube = gate("car_t_allogeneic", "allogeneic", visit, 17)

    assert sum(map(tube.count, SUM)) == pytest.approx(tube.count("Lymphocytes"), rel=0.02)


TWENTY = range(20)


@pytest.mark.parametrize("visit", ["D14", "D21", "D28"])
@pytest.mark.parametrize("scenario", ["autologous", "allogeneic"])
@pytest.mark.parametrize("template", ["T", "b_cell_subsets"])
def test_in_twenty_patients_without_b_cells_none_is_detected(template, scenario, visit):
    name = f"car_t_{scenario}" if template == "T" else template

    found = [gate(name, scenario, visit, seed).count("B cells") for seed in TWENTY]

    assert max(found) < LOD_EVENTS


@pytest.mark.parametrize("visit", ["BL", "M12"])
@pytest.mark.parametrize("scenario", ["autologous", "allogeneic"])
def test_in_twenty_patients_without_car_t_cells_none_is_quantified_and_hardly_any_detected(scenario, visit):
    found = [gate(f"car_t_{scenario}", scenario, visit, seed).count("CAR+") for seed in TWENTY]

    assert max(found) < LLOQ_EVENTS
    assert sum(n >= LOD_EVENTS for n in found) <= 2  # about 12 of 70,000 T cells lie above the cut
