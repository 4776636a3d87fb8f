"""What all commands share."""

import json
import subprocess
import sys

import pytest

from cytoproc.version import __version__
from tests.making import fcs_file

COMMANDS = (
    [],
    ["run"],
    ["gate"],
    ["inspect"],
    ["verify-assay"],
    ["calc"],
    *(["calc", name] for name in ("beads", "volumetric", "dual", "percent", "needed")),
    ["templates"],
    *(["templates", name] for name in ("list", "show", "copy", "check", "new")),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: " ".join(c) or "cytoproc")
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_explains_itself(run, command, flag):
    done = run(*command, flag)

    assert done.code == 0
    assert f"Usage: {' '.join(['cytoproc', *command])}" in done.out


@pytest.mark.parametrize("arguments", [["bogus"], ["run"], ["gate", "a.fcs"], ["gate", "--bogus"], ["templates", "x"]])
def test_what_is_no_command_is_exit_code_2(run, arguments):
    done = run(*arguments)

    assert (done.code, done.out) == (2, "")
    assert "Usage: cytoproc" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--json"], "--json"),
        (["bogus", "--json"], "bogus"),
        (["run", "--json"], "Missing argument"),
        (["gate", "a.fcs", "--json"], "--template"),
        (["inspect", "a.fcs", "--json", "--bogus"], "--bogus"),
        (["inspect", "a.fcs", "--json", "--dataset", "x"], "--dataset"),
        (["templates", "x", "--json"], "'x'"),
        (["templates", "new", "--json"], "Missing"),
    ],
)
def test_what_is_no_command_is_told_as_json_too_if_that_is_asked_for(run, arguments, said):
    done = run(*arguments)

    error = json.loads(done.out)["error"]
    assert (done.code, error["code"]) == (2, "USAGE")
    assert said in error["message"]


def test_every_command_has_its_json(run):
    commands = [c for c in COMMANDS if c not in ([], ["templates"], ["calc"])]

    assert [c for c in commands if "--json" not in run(*c, "--help").out] == []


def test_the_version_is_printed(run):
    assert run("--version").out == f"cytoproc {__version__}\n"


def test_messages_go_to_the_error_stream_and_results_to_the_other(tubes):
    command = [sys.executable, "-m", "cytoproc", "run", "a.fcs", "gone.fcs", "-t", "small.yaml", "--out", "out"]

    done = subprocess.run(command, cwd=tubes, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "cytoproc: gone: FILE_NOT_FOUND: there is no file 'gone.fcs'\n"
    assert "1 of 2 samples done" in done.stdout


def test_a_tube_is_described(run, tubes):
    done = run("inspect", "a.fcs")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("a.fcs: FCS3.1, 500 events, 3 channels\n")
    assert "spillover: the file holds no spillover matrix" in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["2", "B530-A", "CD3", "fluorescence", "262144", "1", "0"] in lines


def test_the_json_of_a_description_holds_what_its_table_holds(run, tubes):
    shown = json.loads(run("inspect", "a.fcs", "--json").out)

    assert (shown["file"], shown["n_events"], len(shown["channels"])) == ("a.fcs", 500, 3)
    assert [(c["name"], c["label"], c["kind"]) for c in shown["channels"]][1] == ("B530-A", "CD3", "fluorescence")
    assert shown["spillover"]["found"] is False


def test_a_matrix_is_described_and_a_bad_one_is_told_of(run, tubes):
    columns = {"B530-A": [1.0], "Y585-A": [1.0]}
    fcs_file(tubes / "good.fcs", columns, keywords={"$SPILLOVER": "2,B530-A,Y585-A,1,0.1,0,1"})
    fcs_file(tubes / "bad.fcs", columns, keywords={"$SPILLOVER": "2,B530-A,Y585-A,1,1,1,1"})

    good, bad = run("inspect", "good.fcs"), run("inspect", "bad.fcs")

    assert "spillover: $SPILLOVER, 2 detectors" in good.out
    assert bad.code == 0
    assert "no usable inverse" in bad.out


def test_keywords_that_may_name_a_patient_are_shown_only_if_asked_for(run, tubes):
    fcs_file(tubes / "named.fcs", {"B530-A": [1.0]}, keywords={"$SRC": "Jane Doe", "$CYT": "Analyser"})

    plain, asked = run("inspect", "named.fcs"), run("inspect", "named.fcs", "--keywords")
    hidden, shown = (json.loads(run("inspect", "named.fcs", "--json", *more).out) for more in ([], ["--keywords"]))

    assert "Jane Doe" not in plain.out
    assert "$CYT = Analyser" in plain.out
    assert "$SRC = Jane Doe" in asked.out
    assert "$SRC" not in hidden["keywords"]
    assert shown["keywords"]["$SRC"] == "Jane Doe"


def test_a_folder_is_named_in_the_message_that_it_is_no_file(run, tubes):
    assert run("inspect", ".").err == "cytoproc: .: is no ordinary file. Check the name, and your right to read it.\n"


def test_a_file_that_cannot_be_described_is_exit_code_1(run, tubes):
    done = run("inspect", "small.yaml", "--json")

    assert done.code == 1
    assert json.loads(done.out)["error"]["code"] == "FCS_NOT_FCS"
    assert done.err.startswith("cytoproc: small.yaml: ")
