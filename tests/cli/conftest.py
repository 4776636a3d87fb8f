"""A command line without a process, and a small study."""

from types import SimpleNamespace

import pytest

from cytoproc.cli import main
from tests.making import fcs_file

TEMPLATE = """\
template: small
version: 1.0.0
markers:
  CD3: {aliases: [CD3e]}
  CAR: {}
compensation: none
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 100}}
  - {name: CD3+, parent: Cells, above: {channel: CD3, cut: 500}}
  - {name: CAR+, parent: CD3+, above: {channel: CAR, cut: 500}}
report:
  - {population: CD3+, percent_of: [Cells]}
  - {population: CAR+, percent_of: [CD3+, Cells], intensity: [{channel: CAR}]}
"""
LABELS = {"B530-A": "CD3", "Y585-A": "CAR"}


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run the command line in an empty folder; gives its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments):
        capsys.readouterr()
        given = [str(a) for a in arguments]
        if given[:1] == ["run"] and not {"--workers", "-w"} & {*given}:
            given += ["--workers", "0"]  # quicker than starting processes for two small files
        with pytest.raises(SystemExit) as ended:
            main(given)
        out, err = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=out, err=err)

    return run_command


@pytest.fixture
def tubes(tmp_path):
    """A template and two tubes: 120 and 60 CAR+ events among 300 CD3+ among 400 cells, and 100 events of debris."""
    (tmp_path / "small.yaml").write_text(TEMPLATE, encoding="utf-8")
    for name, n_car in (("a", 120), ("b", 60)):
        columns = {
            "FSC-A": [50] * 100 + [200] * 400,
            "B530-A": [1000] * 100 + [10] * 100 + [1000] * 300,
            "Y585-A": [10] * (500 - n_car) + [2000] * n_car,
        }
        fcs_file(tmp_path / f"{name}.fcs", columns, labels=LABELS)
    return tmp_path


@pytest.fixture
def study(tubes):
    """The two tubes as a study, with ids that spreadsheets break."""
    (tubes / "study.yaml").write_text("study: small study\ntemplate: small.yaml\n", encoding="utf-8")
    rows = "sample_id,file,subject_id,visit,day\n001,a.fcs,P1,D14,14\n1E5,b.fcs,P1,D28,28\n"
    (tubes / "manifest.csv").write_text(rows, encoding="utf-8")
    return tubes
