"""From files to concentrations of the second tube, where the two tubes do not tell the same."""

import pandas as pd
import pytest

from cytoproc import read_study, run_study
from cytoproc.simulate.plan import StudyPlan
from cytoproc.simulate.study import simulate_study


@pytest.fixture
def b_tubes(tmp_path):
    """A function: by visit and population, the cells/µL of tube B in a simulated study."""

    def run(*, dated=True, **arguments):
        simulate_study(StudyPlan(events=15_000, storage_gate=True, visits=("BL", "D14"), **arguments), tmp_path / "in")
        if not dated:
            manifest = pd.read_csv(tmp_path / "in" / "manifest.csv", dtype=str).drop(columns="collected_at")
            manifest.to_csv(tmp_path / "in" / "manifest.csv", index=False)
        done = run_study(read_study(tmp_path / "in" / "study.yaml"), tmp_path / "out")
        rows = [r for r in done.rows if r.statistic == "ABS" and r.tube_id == "B"]
        return {(r.visit, r.population_label): r for r in rows}

    return run


def test_tubes_of_one_blood_are_a_pair(b_tubes):
    rows = b_tubes()

    assert rows["BL", "Naive"].status == "QUANT"
    assert (rows["D14", "CD19+ B cells"].status, rows["D14", "Naive"].status) == ("ND", "NOT_EVALUABLE")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_exchanged_files_give_no_concentration_and_never_a_false_not_detected(b_tubes, seed):
    rows = b_tubes(faults=("swapped",), seed=seed, dated=False)

    assert {r.status for r in rows.values()} == {"INVALID"}
    assert {"TUBES_DISAGREE" in r.qc_flags for r in rows.values()} == {True}


def test_exchanged_files_are_seen_by_their_dates_already(b_tubes):
    rows = b_tubes(faults=("swapped",))

    assert {r.status for r in rows.values()} == {"INVALID"}
    assert "COUNTED_TUBE_FAILED" in rows["BL", "Naive"].qc_flags
    assert "STAIN_DELAY measured 505 hours after the blood was drawn" in rows["BL", "Naive"].comment


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_b_cells_that_lost_cd19_are_counted_as_events_and_never_as_no_cells_per_ul(b_tubes, seed):
    rows = b_tubes(scenario="cd19_escape", seed=seed)

    either = rows["D14", "B cells"]
    assert either.n_events > 150
    assert either.status in {"NOT_EVALUABLE", "INVALID"}
    assert either.value_raw != either.value_raw  # NaN: no zero that could be plotted
    assert "CD19_NEGATIVE_B_CELLS" in either.qc_flags
