"""The arguments of a simulated study: each wrong one is told, with what there is."""

import shlex

import pytest

from cytoproc.errors import UsageError
from cytoproc.simulate.measurement import measurements_of
from cytoproc.simulate.plan import FAULTS, StudyPlan


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"scenario": "cure"}, "scenario: there is no 'cure'; there are: autologous, allogeneic, no_expansion"),
        ({"visits": ("BL", "D15")}, "visits: there is no 'D15'; there are: BL, D0, D3"),
        ({"visits": ("BL", "BL")}, "visits: named twice: BL"),
        ({"visits": ()}, "visits: none is given"),
        ({"tubes": ("T", "C")}, "tubes: there is no 'C'; there are: T, B"),
        ({"counting": "weighing"}, "counting: there is no 'weighing'; there are: beads, volumetric"),
        ({"controls": ("isotype",)}, "there is no 'isotype'; there are: fmo, single, unstained, fmo:MARKER"),
        ({"controls": ("fmo:CD99",)}, "no tube that is made has a marker 'CD99'; there are: CCR7, "),
        ({"controls": ("fmo:CAR",), "tubes": ("B",), "counting": "volumetric"}, "no tube .* marker 'CAR'"),
        ({"controls": ("unstained",), "tubes": ("B",), "counting": "volumetric"}, "measured as tube T"),
        ({"faults": ("flood",)}, "there is no 'flood'; there are: clog, surge, drift, air, stale_matrix"),
        ({"faults": ("clog", "air")}, "clog and air would befall the same tube at the same time"),
        ({"faults": ("swapped",), "visits": ("D14",)}, "two visits are needed"),
        ({"faults": ("drift",), "tubes": ("B",), "counting": "volumetric"}, "they befall tube T"),
        ({"tubes": ("B",)}, "tube B has no beads"),
        ({"patients": 0}, "patients: 0 is not a number from 1 to 999"),
        ({"volume_ul": 0.0}, r"volume_ul: 0.0 is not a number from 0.1 to 2000"),
        ({"volume_ul": float("nan")}, "volume_ul: nan is not a number"),
        ({"volume_ul": float("inf")}, "volume_ul: inf is not a number"),
        ({"events": 0}, "events: 0 is not a number from 1 to 50000000"),
        ({"seed": -1}, "seed: -1 is not a number from 0 to 4294967295"),
        ({"drift": 0.6}, "drift: 0.6 is not a number from 0 to 0.5"),
        ({"dead": -0.1}, "dead: -0.1 is not"),
        ({"doublets": 0.9}, "doublets: 0.9 is not"),
        ({"car_brightness": 0.0}, "car_brightness: 0.0 is not a number from 0.01 to 10"),
        ({"dead": 0.6, "debris": 0.4}, "0.6 [+] 0.4 leaves next to no live cells"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_there_is(arguments, says):
    with pytest.raises(UsageError, match=says):
        StudyPlan(**arguments)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(UsageError) as caught:
        StudyPlan(scenario="cure", seed=-1, faults=("clog", "surge"))

    assert len(str(caught.value).splitlines()) == 3


def test_visits_and_tubes_are_put_in_their_order():
    plan = StudyPlan(visits=("M6", "BL", "D14"), tubes=("B", "T"))

    assert (plan.visits, plan.tubes) == (("BL", "D14", "M6"), ("T", "B"))


def test_the_command_of_a_plan_names_what_is_not_usual():
    plan = StudyPlan(volume_ul=160.0, events=500, controls=("fmo:CD27", "single"), storage_gate=True)

    assert shlex.split(plan.command)[3:] == [
        *("--volume-ul", "160", "--events", "500", "--controls", "fmo:CD27,single"),
        "--storage-gate",
    ]


def test_controls_are_made_where_they_belong():
    plan = StudyPlan(patients=2, visits=("BL", "D14"), controls=("fmo", "unstained", "single"))

    made = measurements_of(plan)

    controls = [(m.patient, m.visit, m.tube, m.control) for m in made if m.control]
    of_visit = [("T", "fmo:CAR"), *(("B", f"fmo:{m}") for m in ("CD21", "CD11c", "CD27", "CXCR5")), ("T", "unstained")]
    every = [(p, v, *c) for p in (1, 2) for v in ("BL", "D14") for c in of_visit]
    singles = [c for c in controls if c[3].startswith("single:")]
    assert [c for c in controls if c not in singles] == every
    assert {c[:3] for c in singles} == {(1, "BL", "T")}
    assert len({c[3] for c in singles}) == 14


def test_one_fmo_control_alone_can_be_asked_for():
    made = measurements_of(StudyPlan(visits=("D14",), controls=("fmo:CD27",)))

    assert [m.sample_id for m in made] == ["SYN-001-D14-T", "SYN-001-D14-B", "SYN-001-D14-B-FMO-CD27"]


def test_what_goes_wrong_befalls_tube_t_of_the_first_patients_last_visit():
    made = measurements_of(StudyPlan(patients=2, faults=tuple(f for f in FAULTS if f not in {"surge", "air"})))

    assert {m.sample_id for m in made if m.faults} == {"SYN-001-M6-T"}


def test_no_two_files_of_a_specimen_are_measured_at_once():
    made = measurements_of(StudyPlan(controls=("fmo", "unstained", "single", "fmo:CCR7", "fmo:IgM", "fmo:CD8")))

    begins = [(m.specimen_id, m.begins) for m in made]
    assert len(set(begins)) == len(begins)
    assert len({m.file for m in made}) == len(made)
