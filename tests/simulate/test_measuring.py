"""Blood into tubes: numbers of cells and beads, volumes, sessions and controls."""

import math

import numpy as np
import pytest

from cytoproc.compensation import compensate
from cytoproc.simulate.measurement import Measurement
from cytoproc.simulate.measuring import contents_of, measure, volumes_of
from cytoproc.simulate.parameters import read_instrument, read_kind
from cytoproc.simulate.patient import draw_blood
from cytoproc.simulate.plan import StudyPlan
from cytoproc.simulate.tube import BEAD

BL = Measurement(1, "BL", "T")
N_SEEDS = 200


def contents(plan=None, measurement=BL, seed=1):
    rng = np.random.default_rng(seed)
    return contents_of(plan or StudyPlan(), measurement, draw_blood("autologous", measurement.visit), rng)


def compensated(measured):
    return compensate(measured.tube.events, measured.spillover)


@pytest.mark.parametrize(("name", "per_ul"), [("NK", 110), ("B", 140), ("MONO", 380), ("CD4_cm", 168)])
def test_cells_are_poisson_around_concentration_times_volume(name, per_ul):
    counts = [contents(StudyPlan(volume_ul=5.0), seed=i).particles[name] for i in range(N_SEEDS)]

    mean = per_ul * 5
    assert abs(np.mean(counts) - mean) < 4 * math.sqrt(mean / N_SEEDS)
    assert abs(np.var(counts) / mean - 1) < 4 * math.sqrt(2 / N_SEEDS)


@pytest.mark.parametrize(
    ("volume_ul", "sample_ul", "beads"), [(80, 100, 41_331.2), (50, 100, 25_832), (160, 200, 41_331.2)]
)
def test_beads_are_those_of_the_blood_that_is_run(volume_ul, sample_ul, beads):
    plan = StudyPlan(volume_ul=volume_ul)

    counts = [contents(plan, seed=i).beads for i in range(N_SEEDS)]

    assert volumes_of(plan).sample_ul == sample_ul
    assert abs(np.mean(counts) - beads) < 4 * math.sqrt(beads / N_SEEDS)


@pytest.mark.parametrize(
    ("plan", "measurement"),
    [
        (StudyPlan(), Measurement(1, "BL", "B")),
        (StudyPlan(counting="volumetric"), BL),
        (StudyPlan(), Measurement(1, "BL", "T", "fmo:CAR")),
    ],
)
def test_beads_are_in_tube_t_alone_and_where_they_are_counted(plan, measurement):
    assert contents(plan, measurement).beads == 0


def test_dead_cells_and_debris_are_their_shares_of_all_particles():
    particles = contents(StudyPlan(dead=0.25, debris=0.10)).particles

    total = sum(particles.values())
    assert abs(particles["DEAD"] - 0.25 * total) < 4 * math.sqrt(0.25 * total)
    assert abs(particles["DEBRIS"] - 0.10 * total) < 4 * math.sqrt(0.10 * total)


@pytest.mark.parametrize("gate", [False, True])
def test_an_early_stop_leaves_concentrations_as_they_are(gate):
    tube = measure(StudyPlan(events=20_000, storage_gate=gate), BL).tube

    t_cells, beads = (
        tube.passed.count({c for c in tube.names if c.startswith(("CD4_", "CD8_"))}),
        tube.passed.count({BEAD}),
    )

    found = t_cells / beads * 51_664 / 100
    assert len(tube.events) == 20_000
    assert abs(found / 800 - 1) < 4 * math.sqrt(1 / t_cells + 1 / beads)


def test_a_whole_volumetric_tube_has_the_volume_of_its_blood_diluted():
    plan = StudyPlan(counting="volumetric", volume_ul=2.0)

    assert measure(plan, BL).volume_nl == 2 * 10 * 1000


def test_an_early_stop_shrinks_the_volume_with_the_cells():
    measured = measure(StudyPlan(counting="volumetric", events=20_000), BL)

    passed = measured.tube.passed
    t_cells = passed.count({c for c in measured.tube.names if c.startswith(("CD4_", "CD8_"))})
    blood_ul = measured.volume_nl / 1000 / 10
    assert abs(t_cells / blood_ul / 800 - 1) < 4 * math.sqrt(1 / t_cells + 1 / 20_000)


@pytest.mark.parametrize("visit", ["BL", "D3", "D7", "M12"])
def test_no_volumetric_tube_flows_faster_than_a_pump_can(visit):
    measured = measure(StudyPlan(counting="volumetric", events=5_000), Measurement(1, visit, "T"))

    minutes = measured.tube.events.column(-1)[-1] / 60
    assert 20 < measured.volume_nl / 1000 / minutes < 550


def test_tubes_and_controls_of_a_visit_share_the_drift_of_its_session():
    plan = StudyPlan(drift=0.2, events=50, controls=("fmo",))
    session = [Measurement(1, "BL", "T"), Measurement(1, "BL", "B"), Measurement(1, "BL", "T", "fmo:CAR")]

    digests = [measure(plan, m).spillover.digest for m in session]

    other = measure(plan, Measurement(1, "D14", "T")).spillover.digest
    assert len(set(digests)) == 1
    assert other not in digests


def test_gains_drift_by_up_to_so_many_decades_and_the_matrix_follows():
    matrix = read_instrument().spillover.matrix
    ratios = []
    for patient in range(1, 40):
        drifted = measure(
            StudyPlan(drift=0.2, volume_ul=0.1, patients=40), Measurement(patient, "BL", "T")
        ).spillover.matrix
        leaks = (matrix > 0) & ~np.eye(14, dtype=bool)
        ratios.append(np.log10(drifted[leaks] / matrix[leaks]))

    assert 0.3 < np.abs(ratios).max() <= 0.4 + 1e-6  # g_j - g_i, each within 0.2
    assert (drifted.diagonal() == 1).all()


def test_without_drift_the_matrix_is_that_of_the_tables():
    assert measure(StudyPlan(events=1), BL).spillover.digest == read_instrument().spillover.digest


@pytest.mark.parametrize(("tube", "marker"), [("T", "CAR"), ("B", "CXCR5"), ("B", "CD27")])
def test_an_fmo_control_is_dark_on_its_marker_and_stained_with_all_others(tube, marker):
    kind = read_kind(tube, "autologous")
    plan = StudyPlan(events=20_000)

    measured = measure(plan, Measurement(1, "D14" if tube == "T" else "BL", tube, f"fmo:{marker}"))

    panel, values = measured.events.panel, compensated(measured)
    i = kind.markers.index(marker)
    for name, cells in kind.classes.items():
        rows = measured.tube.labels == name
        if rows.sum() > 200 and cells.levels[i].shape == "lognormal" and cells.levels[i].first > 2_000:
            assert np.median(values.column(panel.find(marker))[rows]) < 500
            cd45 = cells.levels[kind.markers.index("CD45")].first
            assert np.median(values.column(panel.find("CD45"))[rows]) == pytest.approx(cd45, rel=0.15)
    assert not any(
        t.channel == i for c in kind.only(frozenset(kind.markers) - {marker}).classes.values() for t in c.traits
    )


@pytest.mark.parametrize("detector", ["V450-A", "Y585-A", "R780-A"])
def test_a_single_stained_control_is_half_bright_on_its_detector_and_dark_elsewhere(detector):
    measured = measure(StudyPlan(storage_gate=True), Measurement(1, "BL", "T", f"single:{detector}"))

    medians = np.median(compensated(measured).values[measured.tube.labels == "POSITIVE", 4:18], axis=0)
    at = read_instrument().spillover.detectors.index(detector)
    assert sorted(map(int, np.unique(measured.tube.labels, return_counts=True)[1])) == [10_000, 10_000]
    assert medians[at] == pytest.approx(55_000, rel=0.05)
    assert (np.delete(medians, at) < 200).all()


def test_unstained_cells_are_dark_on_every_detector_and_no_gate_on_cd45_hides_them():
    measured = measure(StudyPlan(events=2_000, storage_gate=True), Measurement(1, "BL", "T", "unstained"))

    assert len(measured.events) == 2_000
    assert measured.stored_by is None
    assert (np.abs(np.median(compensated(measured).values[:, 4:18], axis=0) - 60) < 30).all()


def test_controls_are_not_counted():
    plan = StudyPlan(counting="volumetric", events=100)

    assert measure(plan, Measurement(1, "BL", "T", "fmo:CAR")).volume_nl is None


def test_dimmer_car_t_cells_are_dimmer_on_car_alone():
    d14 = Measurement(1, "D14", "T")
    medians = {}
    for times in (1.0, 0.5):
        measured = measure(StudyPlan(car_brightness=times, events=60_000), d14)
        values = compensated(measured).values[np.char.startswith(measured.tube.labels, "CAR_CD8")]
        medians[times] = np.median(values, axis=0)

    car = measured.events.panel.find("CAR")
    cd3 = measured.events.panel.find("CD3")
    assert medians[1.0][car] == pytest.approx(2_500, rel=0.1)
    assert medians[0.5][car] == pytest.approx(1_250, rel=0.1)
    assert medians[0.5][cd3] == pytest.approx(medians[1.0][cd3], rel=0.1)
