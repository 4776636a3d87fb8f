"""`cytoproc check`: what it prints, and its exit code."""

import csv
import io
import json

import pytest

from tests.making import fcs_file

LABELS = {"B530-A": "CD3", "Y585-A": "CAR"}


@pytest.fixture
def third(study):
    """Add a sample whose CAR channel is called otherwise."""

    def add(name="c", labels=LABELS | {"Y585-A": "FMC63"}):
        columns = {"FSC-A": [200] * 9, "B530-A": [1000] * 9, "Y585-A": [10] * 9}
        fcs_file(study / f"{name}.fcs", columns, labels=labels)
        with (study / "manifest.csv").open("a", encoding="utf-8") as manifest:
            manifest.write(f"{name},{name}.fcs,P1,M3,90\n")

    return add


def test_a_study_that_would_run_says_so_and_makes_nothing(run, study):
    before = sorted(study.iterdir())

    done = run("check", study)

    assert (done.code, done.err) == (0, "")
    assert "2 of 2 samples would be done; nothing was run" in done.out
    assert [line.split()[:3] for line in done.out.splitlines() if "-A" in line] == [
        ["FSC-A", "FSC-A"],
        ["CD3", "CD3", "B530-A"],
        ["CAR", "CAR", "Y585-A"],
    ]
    assert sorted(study.iterdir()) == before


def test_what_would_fail_is_told_with_what_to_do(run, study, third):
    third()

    done = run("check", study)

    assert done.code == 1
    assert "would fail:\n  PANEL_MISSING_MARKER, 1 sample\n    c: c.fcs: no channel carries marker 'CAR'" in done.out
    assert 'aliases: {CAR: ["FMC63"]}' in done.out
    assert done.err == "cytoproc: 1 of 3 samples would fail; nothing was run\n"


def test_json_holds_what_is_printed(run, study, third):
    third()

    told = json.loads(run("check", study, "--json").out)

    assert (told["n_samples"], told["n_that_would_fail"]) == (3, 1)
    assert [g["samples"] for g in told["panels"]] == [["001", "1E5"], ["c"]]
    assert told["panels"][1]["markers"] == {"FSC-A": "FSC-A", "CD3": "CD3 B530-A", "CAR": ""}
    assert [s["error"] and s["error"]["code"] for s in told["samples"]] == [None, None, "PANEL_MISSING_MARKER"]


def test_the_matrix_has_a_line_for_each_sample_and_a_column_for_each_marker(run, study, third):
    third("=1+1", LABELS | {"B530-A": "@CD3"})

    done = run("check", study, "--csv", "panels.csv")

    rows = list(csv.DictReader(io.StringIO((study / "panels.csv").read_text(encoding="utf-8"))))
    assert "panel matrix: panels.csv" in done.out
    assert [r["sample_id"] for r in rows] == ["001", "1E5", "'=1+1"]
    assert [r["CAR"] for r in rows] == ["CAR Y585-A"] * 3
    assert [(r["CD3"], r["code"]) for r in rows][1:] == [("CD3 B530-A", ""), ("", "PANEL_MISSING_MARKER")]


def test_bare_files_are_looked_at_without_a_template(run, tubes):
    (tubes / "broken.fcs").write_bytes(b"no events")

    done = run("check", tubes)

    assert done.code == 1
    assert "FCS_NOT_FCS, 1 sample" in done.out
    assert "B530-A" in done.out


def test_many_samples_are_a_short_page(run, study, third):
    for i in range(60):
        third(f"x{i:02d}", LABELS | ({"Y585-A": f"other {i}"} if i % 10 == 0 else {}))

    done = run("check", study)

    assert done.code == 1
    assert "PANEL_MISSING_MARKER, 6 samples" in done.out
    assert "and 3 more like these: see --json" in done.out
    assert "001, 1E5, x01, x02, x03 and 51 more" in done.out
    assert len(done.out.splitlines()) < 60


@pytest.mark.parametrize("reader", ["flowio", "fcsparser"])
def test_a_second_reader_agrees_or_the_exit_code_is_1(run, study, reader):
    alike = run("check", study, "--second-reader", reader)
    (study / "b.fcs").write_bytes(b"no events")
    broken = run("check", study, "--second-reader", reader)
    told = json.loads(run("check", study, "--second-reader", reader, "--json").out)

    assert (alike.code, broken.code) == (0, 1)
    assert "a.fcs: equal, 1500 values and " in alike.out
    assert f"2 files read with {reader} too: 2 equal" in alike.out
    assert "b.fcs: neither reads it" in broken.out
    assert [f["verdict"] for f in told["files"]] == ["equal", "neither reads it"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no file or folder nowhere"),
        ([".", "--second-reader", "flowcore"], "flowcore"),
        ([".", "--second-reader", "flowio", "--csv", "x.csv"], "leave --csv out"),
        ([".", "--template", "small.yaml"], "leave --template out"),
    ],
)
def test_wrong_usage_is_exit_code_2(run, study, arguments, said):
    done = run("check", *arguments)

    assert done.code == 2
    assert said in done.err


def test_a_marker_called_like_a_column_keeps_both(run, tubes):
    columns = {"file": [1.0] * 3, "FSC-A": [2.0] * 3}
    fcs_file(tubes / "only/odd.fcs", columns)

    run("check", tubes / "only", "--csv", "panels.csv")

    header = (tubes / "panels.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "sample_id,file,template,code,flags,file (marker)"


@pytest.mark.real_data
def test_one_tube_with_another_marker_in_a_detector_is_found_among_thirty_two(run, shared):
    done = run("check", shared / "data/fcs/derived/flowType_HIV_Bcell", "--json")

    told = {s["sample_id"]: [f["message"] for f in s["flags"]] for s in json.loads(done.out)["samples"]}
    other = [i for i, messages in told.items() if any("HLA-DR" in m and "CD19" in m for m in messages)]
    assert (done.code, len(told), other) == (0, 32, ["152611"])


@pytest.mark.real_data
def test_every_hostile_file_is_one_line_with_a_code(run, shared):
    done = run("check", shared / "corpus/fcs", "--json")

    told = json.loads(done.out)
    assert done.code == 1
    assert told["n_samples"] > 100
    assert all(s["error"]["code"].startswith("FCS_") for s in told["samples"] if s["error"])
