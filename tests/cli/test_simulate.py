"""`cytoproc simulate`."""

import csv
import inspect
import json
import shlex
from dataclasses import fields

import typer

from cytoproc.cli import app
from cytoproc.cli.simulate import simulate
from cytoproc.simulate.patient import SCENARIOS, VISITS
from cytoproc.simulate.plan import CONTROLS, COUNTING, FAULTS, TUBES, StudyPlan


def test_it_writes_a_study_and_says_how_to_run_it(run, tmp_path):
    done = run("simulate", "study", "--visits", "BL,D14", "--tubes", "T", "--events", 300)

    assert done.code == 0
    assert done.out.splitlines() == [
        "simulated-autologous: 2 files, 600 events, in study",
        "what is truly in them: study/truth.csv",
        "run it: cytoproc run study --out results",
    ]
    assert (tmp_path / "study/study.yaml").is_file()


def test_every_option_reaches_the_plan(run, tmp_path):
    options = (
        "--scenario allogeneic --patients 2 --visits D7,D14 --tubes T --volume-ul 20 --events 100 --seed 5 "
        "--counting volumetric --drift 0.1 --dead 0.25 --doublets 0.1 --debris 0.05 --car-brightness 0.5 "
        "--controls fmo:CAR --fault drift,mislabelled --storage-gate"
    )

    run("simulate", "study", *shlex.split(options))

    made = json.loads((tmp_path / "study/simulation.json").read_text(encoding="utf-8"))
    assert made["command"] == f"cytoproc simulate OUT {options}"
    assert made["arguments"] == {
        **{"scenario": "allogeneic", "patients": 2, "visits": ["D7", "D14"], "tubes": ["T"], "volume_ul": 20.0},
        **{"events": 100, "seed": 5, "counting": "volumetric", "drift": 0.1, "dead": 0.25, "doublets": 0.1},
        **{"debris": 0.05, "car_brightness": 0.5, "controls": ["fmo:CAR"], "faults": ["drift", "mislabelled"]},
        "storage_gate": True,
    }


def test_as_json_it_names_every_file(run, tmp_path):
    done = run("simulate", "study", "--visits", "D14", "--events", 50, "--json")

    told = json.loads(done.out)
    with (tmp_path / "study/manifest.csv").open(newline="") as f:
        manifest = [(r["sample_id"], r["file"]) for r in csv.DictReader(f)]
    assert [(f["sample_id"], f["file"]) for f in told["files"]] == manifest
    assert told["n_events"] == 100
    assert done.err == ""


def test_wrong_arguments_are_all_told_and_nothing_is_written(run, tmp_path):
    done = run("simulate", "study", "--visits", "BL,D15", "--fault", "flood")

    assert done.code == 2
    assert "visits: there is no 'D15'; there are: BL, D0" in done.err
    assert "faults: there is no 'flood'; there are: clog" in done.err
    assert not (tmp_path / "study").exists()


def test_a_folder_that_holds_something_is_refused(run, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    done = run("simulate", ".", "--json")

    assert done.code == 2
    assert json.loads(done.out)["error"]["code"] == "OUTPUT"


def test_what_is_left_out_is_as_in_the_plan():
    given = {p.name: p.default for p in inspect.signature(simulate).parameters.values()}

    for of in fields(StudyPlan):
        default = ",".join(of.default) if isinstance(of.default, tuple) else of.default
        assert given["fault" if of.name == "faults" else of.name] == default


def test_the_help_names_all_there_is():
    command = typer.main.get_command(app).commands["simulate"]
    texts = {p.name: p.help or "" for p in command.params}

    known = {"scenario": SCENARIOS, "visits": VISITS, "tubes": TUBES, "counting": COUNTING}
    for option, names in {**known, "controls": CONTROLS, "fault": FAULTS}.items():
        assert [n for n in names if n not in texts[option]] == []
