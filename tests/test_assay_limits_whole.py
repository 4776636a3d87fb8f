"""From files to limits and back: what an assay's verification found in a run decides in the next run."""

import numpy as np
import pytest

from cytoproc import read_study, run_study
from cytoproc.verifying import verify_assay
from tests.making import fcs_file

TEMPLATE = """\
template: small
version: "1"
markers: [CD3, CAR]
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 200000}}
  - {name: Cells, boolean: {not: Beads}}
  - {name: T cells, parent: Cells, above: {channel: CD3, cut: 100}}
  - {name: CAR+, parent: T cells, above: {channel: CAR, cut: 100}}
counting: {beads: Beads}
report: [{population: CAR+, concentration: true}]
"""
BLANKS = (0, 1, 2, 1) * 5
LEVELS = {"low": (0.1, (4, 8, 13)), "mid": (1, (75, 80, 88)), "high": (10, (790, 800, 815))}
PATIENTS = {"few": (11, 10_000), "some": (161, 20_000), "enough": (162, 20_000)}


def tube(path, car, t):
    """Write 4000 of the tube's 5000 beads, which stand for 80 of its 100 µL, among T cells."""
    mixed = np.random.default_rng(0).permutation(4000 + t)
    columns = {
        "SSC-A": [250_000] * 4000 + [1000] * t,
        "B530-A": [0] * 4000 + [1000] * t,
        "Y585-A": [0] * (4000 + t - car) + [1000] * car,
    }
    columns = {name: np.array(values)[mixed] for name, values in columns.items()}
    fcs_file(path, columns | {"Time": np.arange(4000 + t) / 100}, labels={"B530-A": "CD3", "Y585-A": "CAR"})


@pytest.fixture
def study(tmp_path):
    """A study of blanks, dilutions and patients, and a plan that says which sample is what."""
    plan = ["sample_id,kind,level,expected_per_ul"]
    plan += [f"blank {i},blank,," for i in range(len(BLANKS))]
    plan += [f"{n} {i},dilution,{n},{expected}" for n, (expected, counts) in LEVELS.items() for i in range(len(counts))]
    counts = [*BLANKS, *(n for _, counts in LEVELS.values() for n in counts)]
    tubes = {line.split(",")[0]: (n, 10_000) for line, n in zip(plan[1:], counts, strict=True)} | PATIENTS
    manifest = ["sample_id,file,count_method,sample_volume_ul,beads_per_tube"]
    for sample_id, (car, t) in tubes.items():
        tube(tmp_path / f"{sample_id}.fcs", car, t)
        manifest.append(f"{sample_id},{sample_id}.fcs,SP_BEAD,100,5000")
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "plan.csv").write_text("\n".join(plan) + "\n", encoding="utf-8")
    (tmp_path / "manifest.csv").write_text("\n".join(manifest) + "\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text("study: small\ntemplate: t.yaml\n", encoding="utf-8")
    return tmp_path


def car_rows(run):
    return {(r.sample_id, r.statistic): r for r in run.rows if r.population_label == "CAR+"}


def test_the_limits_that_a_run_established_decide_in_the_next(study):
    """Limit of detection 11 events; a number from 81 events, which are 0.81 % and 1.0125 cells/µL.

    At most 0.01453 % of T cells are false: 1.45 of 10,000, of which a blank shows 4, and 2.91 of 20,000, of which it
    shows 6. Of 20,000 T cells, 0.81 % are 162 events, and these are 2.025 cells/µL.
    """
    before = car_rows(run_study(read_study(study / "study.yaml"), study / "before"))
    verify_assay(study / "plan.csv", study / "verified", run=study / "before", populations=["CAR+"])
    (study / "limits.csv").write_bytes((study / "verified" / "limits.csv").read_bytes())
    (study / "study.yaml").write_text("study: small\ntemplate: t.yaml\nassay_limits: limits.csv\n", encoding="utf-8")

    after = car_rows(run_study(read_study(study / "study.yaml"), study / "after"))

    assert {(r.background_source, r.lod_events, r.lloq_events) for r in before.values()} == {("", 20, 50)}
    shown = {(r.n_parent, r.background_source, r.lob_events, r.lod_events) for r in after.values()}
    assert shown == {(10_000, "assay limits.csv", 4, 11), (20_000, "assay limits.csv", 6, 11)}
    assert {key: r.value_raw for key, r in after.items()} == {key: r.value_raw for key, r in before.items()}
    judged = [
        (r.sample_id, r.lloq_events, before[key].status, r.status) for key, r in after.items() if key[0] in PATIENTS
    ]
    assert judged == [
        *[("few", 81, "ND", "BLQ")] * 3,
        *[("some", 162, "QUANT", "BLQ")] * 3,
        *[("enough", 162, "QUANT", "QUANT")] * 3,
    ]
    lloq = {key: r.lloq_value for key, r in after.items() if key[0] in PATIENTS and key[1] != "COUNT"}
    assert lloq == {
        **{("few", "PCT"): 0.81, ("few", "ABS"): 1.0125},
        **{(patient, "PCT"): 0.81 for patient in ("some", "enough")},
        **{(patient, "ABS"): 2.025 for patient in ("some", "enough")},
    }
