"""From files to limits: what lies above the cut of CAR in a control decides what is detected in the sample."""

import pytest
from scipy.special import betaincinv

from cytoproc import read_study, run_study
from cytoproc.simulate.plan import StudyPlan
from cytoproc.simulate.study import simulate_study

pytestmark = pytest.mark.slow


@pytest.fixture
def rows(tmp_path):
    """A function: the rows of CAR+ counts by sample id, of a simulated study whose manifest was changed."""

    def run(change=lambda text: text, **arguments):
        plan = StudyPlan(visits=("BL", "D14"), tubes=("T",), events=100_000, storage_gate=True, **arguments)
        simulate_study(plan, tmp_path / "in")
        manifest = tmp_path / "in" / "manifest.csv"
        manifest.write_text(change(manifest.read_text(encoding="utf-8")), encoding="utf-8")
        done = run_study(read_study(tmp_path / "in" / "study.yaml"), tmp_path / "out")
        return {r.sample_id: r for r in done.rows if r.population_label == "CAR+" and r.statistic == "COUNT"}

    return run


def test_the_fmo_control_of_each_visit_is_the_background_of_its_sample(rows):
    found = rows(controls=("fmo:CAR",))

    for visit, status in (("BL", "ND"), ("D14", "QUANT")):
        sample, control = found[f"SYN-001-{visit}-T"], found[f"SYN-001-{visit}-T-FMO-CAR"]
        by_hand = float(betaincinv(control.n_events + 1, control.n_parent - control.n_events, 0.95)) * sample.n_parent
        assert sample.background_source == f"control {control.sample_id}"
        assert sample.background_events == pytest.approx(by_hand)
        assert sample.lod_events == max(20, sample.lob_events + 1)
        assert sample.status == status
        assert "BACKGROUND" not in sample.qc_flags
        assert control.background_source == "template"


def test_blood_before_infusion_is_the_background_of_the_visits_behind_it(rows):
    def add_control(text):
        header, baseline, *others = text.splitlines()
        return "\n".join((f"{header},control", f"{baseline},pre_infusion", *(f"{line}," for line in others)))

    found = rows(add_control)

    assert found["SYN-001-BL-T"].background_source == "template"
    assert found["SYN-001-D14-T"].background_source == "control SYN-001-BL-T"
    assert found["SYN-001-D14-T"].status == "QUANT"
