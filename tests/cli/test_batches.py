"""A run that is stopped goes on; one that is repeated computes what has changed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from cytoproc.cli.run import _Progress
from tests.making import fcs_file

LABELS = {"B530-A": "CD3", "Y585-A": "CAR"}


def files_of(folder):
    """Return every file of a run, by name, without its log and its lock."""
    found = (p for p in folder.rglob("*") if p.is_file() and p.suffix not in {".log", ".lock"})
    return {str(p.relative_to(folder)): p.read_bytes() for p in found}


def outcome_of(done):
    return json.loads(done.out)


def test_two_workers_and_none_give_the_same_bytes(run, study):
    (study / "b.fcs").write_bytes(b"no events")
    codes = [run("run", study, "--out", name, "--workers", n).code for name, n in (("here", 0), ("there", 2))]

    assert codes == [1, 1]
    assert files_of(study / "here") == files_of(study / "there") != {}


def test_a_repeated_run_computes_only_what_has_changed_and_says_what(run, study):
    run("run", study, "--out", "x")
    columns = {"FSC-A": [200] * 50, "B530-A": [1000] * 50, "Y585-A": [10] * 50}
    fcs_file(study / "b.fcs", columns, labels=LABELS)

    again = run("run", study, "--out", "x", "--resume")
    told = outcome_of(run("run", study, "--out", "x", "--resume", "--json"))
    run("run", study, "--out", "clean")

    assert "1 sample was finished by an earlier run" in again.out
    assert "computed again, as the file has changed: 1E5" in again.out
    assert (told["n_kept"], told["computed_again"]) == (2, [])
    assert files_of(study / "x") == files_of(study / "clean")


def test_a_changed_template_computes_all_again(run, study):
    run("run", study, "--out", "x")
    template = study / "small.yaml"
    template.write_text(template.read_text().replace("cut: 500", "cut: 400"), encoding="utf-8")

    told = outcome_of(run("run", study, "--out", "x", "--resume", "--json"))

    assert told["n_kept"] == 0
    assert [s["why"] for s in told["computed_again"]] == ["the template has changed"] * 2


def test_a_sample_that_left_the_manifest_leaves_the_folder(run, study):
    run("run", study, "--out", "x")
    (study / "manifest.csv").write_text("sample_id,file\n001,a.fcs\n", encoding="utf-8")

    run("run", study, "--out", "x", "--resume")
    run("run", study, "--out", "clean")

    assert files_of(study / "x") == files_of(study / "clean")


def test_ctrl_c_leaves_a_folder_that_the_same_command_finishes(run, study, monkeypatch):
    def interrupt(self, result):
        raise KeyboardInterrupt

    plain = _Progress.step
    monkeypatch.setattr(_Progress, "step", interrupt)
    stopped = run("run", study, "--out", "x")
    left = sorted(files_of(study / "x"))
    monkeypatch.setattr(_Progress, "step", plain)
    told = outcome_of(run("run", study, "--out", "x", "--json"))
    run("run", study, "--out", "clean")

    assert stopped.code == 130
    assert "the samples that were finished are kept in x" in stopped.err
    assert [name.startswith("samples/001-") for name in left] == [True]
    assert told["n_kept"] == 1
    assert files_of(study / "x") == files_of(study / "clean")


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_in_the_middle_leaves_whole_files_and_goes_on(run, study, how):
    for i in range(40):
        columns = {"FSC-A": [200] * (i + 1), "B530-A": [1000] * (i + 1), "Y585-A": [10] * (i + 1)}
        fcs_file(study / f"tubes/{i:02d}.fcs", columns, labels=LABELS)
    rows = "".join(f"{i},tubes/{i:02d}.fcs\n" for i in range(40))
    (study / "manifest.csv").write_text("sample_id,file\n" + rows, encoding="utf-8")

    command = [sys.executable, "-m", "cytoproc", "run", str(study), "--workers", "2", "--quiet", "--out", "x"]
    with subprocess.Popen(
        command, cwd=study, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + 60
        while not list(study.glob("x/samples/*.json")) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        os.killpg(process.pid, how)
    left = files_of(study / "x")
    codes = [run("run", study, "--out", name).code for name in ("x", "clean")]

    clean = files_of(study / "clean")
    assert codes == [0, 0]
    assert {name: clean.get(name) for name in left if not name.endswith(".tmp")} == {
        name: content for name, content in left.items() if not name.endswith(".tmp")
    }
    assert files_of(study / "x") == clean


def test_a_second_run_into_the_same_folder_is_refused(run, study):
    from cytoproc.study.folder import hold_run_folder

    with hold_run_folder(study / "x"):
        refused = run("run", study, "--out", "x")

    assert (refused.code, "another run is writing into x" in refused.err) == (2, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said(run, study):
    (study / "locked").mkdir(mode=0o500)

    refused = run("run", study, "--out", "locked/x")

    assert refused.code == 2
    assert "cannot make the folder locked/x: Permission denied" in refused.err


@pytest.mark.parametrize(
    ("options", "said"), [(["--workers", "-1"], "--workers"), (["--timeout", "0"], "--timeout"), (["-w", "two"], "-w")]
)
def test_numbers_that_mean_nothing_are_wrong_usage(run, study, options, said):
    refused = run("run", study, *options)

    assert refused.code == 2
    assert said in refused.err
