"""A small study on disk, from files, manifest and templates to cells/µL."""

import numpy as np
import pytest

from cytoproc.study.batch import process_batch
from cytoproc.study.definition import read_study
from cytoproc.study.processing import SampleTask
from cytoproc.study.results import collect
from tests.making import fcs_file

STUDY = """\
study: small
instruments: [{serial: V1, volume_unit: uL}]
counts: {qc: {min_beads: 100}}
"""
MANIFEST = """\
file,subject_id,specimen_id,tube,template,count_method,beads_per_tube,sample_volume_ul,final_volume_ul
t.fcs,P1,D14,T,t.yaml,SP_BEAD,1000,50,
b.fcs,P1,D14,B,b.yaml,SECOND_TUBE,,,
v.fcs,P1,D28,T,t.yaml,SP_VOL,,50,500
n.fcs,P1,M2,T,t.yaml,,,,
"""
TUBE_T = """\
template: T
version: 1
markers: [CD19]
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 1000}}
  - {name: Cells, below: {channel: SSC-A, cut: 1000}}
  - {name: B, parent: Cells, above: {channel: CD19, cut: 100}}
counting: {beads: Beads}
report: [{population: B, concentration: true, headline: true}]
alerts: [{population: B, code: B_CELLS_ARE_BACK, message: look at the visit before}]
"""
TUBE_B = """\
template: B
version: 1
markers: [CD19, IgD]
compensation: none
populations:
  - {name: B cells, above: {channel: CD19, cut: 100}}
  - {name: Naive, parent: B cells, above: {channel: IgD, cut: 100}}
counting: {carry_over: {population: B cells, counted_as: B}}
report: [{population: Naive, concentration: true}]
"""


@pytest.fixture
def rows(tmp_path):
    """The rows of concentrations, by file."""
    texts = {"study.yaml": STUDY, "manifest.csv": MANIFEST, "t.yaml": TUBE_T, "b.yaml": TUBE_B}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    mixed = np.random.default_rng(1).permutation(650)  # beads come with the cells, not before them
    t = {"SSC-A": np.repeat([5000, 10], [250, 400])[mixed], "PE-A": np.repeat([9, 500, 9], [250, 80, 320])[mixed]}
    b = {"PE-A": np.repeat([500, 9], [200, 100]), "FITC-A": np.repeat([500, 9], [150, 150])}
    fcs_file(tmp_path / "t.fcs", t, labels={"PE-A": "CD19"})
    fcs_file(tmp_path / "b.fcs", b, labels={"PE-A": "CD19", "FITC-A": "IgD"})
    timed = t | {"Time": np.linspace(0, 60, 650)}
    fcs_file(tmp_path / "v.fcs", timed, labels={"PE-A": "CD19"}, keywords={"$VOL": "40", "$CYTSN": "V1"})
    fcs_file(tmp_path / "n.fcs", t | {"FSC-A": np.ones(650)}, labels={"PE-A": "CD19"})
    study = read_study(tmp_path / "study.yaml")
    tasks = [SampleTask(s.sample_id, s.path, s.file, study.template_of(s)) for s in study.manifest.samples]
    return collect(process_batch(tasks).results, study)


def test_each_tube_is_counted_in_its_own_way(rows):
    found = {r.sample_id: (r.count_method, r.value_raw, r.v_eff_ul) for r in rows if r.statistic == "ABS"}

    assert found == {
        "t": ("SP_BEAD", pytest.approx(6.4), 12.5),  # 80 of 250 beads, 1000 in 50 µL: a quarter of the blood
        "b": ("SECOND_TUBE", pytest.approx(4.8), pytest.approx(31.25)),  # 150 of 200
        "v": ("SP_VOL", pytest.approx(20), 4),  # 40 of 500 µL, with 50 µL of blood
    }


def test_the_flags_are_those_of_each_tube(rows):
    alert = "look at the visit before: 80 events of 'Cells/B'"

    assert {(r.sample_id, r.qc_flags, r.comment) for r in rows} == {
        (
            "t",
            "FEW_BEADS;B_CELLS_ARE_BACK",
            "250 beads were counted, expected 2500 or more (few_beads): they widen every interval; acquire longer; "
            + alert,
        ),
        (
            "b",
            "PAIR_NOT_CHECKED",
            "not checked whether this tube and sample 't' are of one blood: the lymphocytes are not named in template "
            "'B' and 'T'; write counting: {lymphocytes: NAME}",
        ),
        ("v", "B_CELLS_ARE_BACK", alert),
        (
            "n",
            "CONCENTRATION_NOT_GIVEN;B_CELLS_ARE_BACK",
            "the template asks for cells/µL of B; write how the sample was counted (count_method) into the "
            f"manifest; {alert}",
        ),
    }
