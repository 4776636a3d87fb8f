"""Which data set of a file is read, and whether repairs are allowed, is said by whoever asks."""

import csv
import io
import json

import pytest

from tests.fcs.builder import fcs_bytes, two, values

TEMPLATE = """\
template: small
version: "1"
compensation: none
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 0}}
"""
MANIFEST = "sample_id,file,dataset\nfirst,two.fcs,1\nsecond,two.fcs,2\nodd,odd.fcs,\n"


@pytest.fixture
def folder(tmp_path):
    """A file of two data sets, of 7 and 3 events, and one that is read with a repair."""
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "two.fcs").write_bytes(two({}, {"data": values(3).astype("<f4").tobytes(), "n_events": 3}))
    (tmp_path / "odd.fcs").write_bytes(fcs_bytes(drop=("$TOT",)))
    (tmp_path / "study.yaml").write_text("study: s\ntemplate: t.yaml\n", encoding="utf-8")
    (tmp_path / "manifest.csv").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def n_events(done):
    return [s["n_events"] for s in json.loads(done.out)["samples"]]


def test_a_manifest_names_the_data_set_of_each_row(run, folder):
    done = run("run", folder, "--json")

    record = json.loads((folder / "results/record.json").read_text())
    assert (done.code, n_events(done)) == (0, [7, 3, 7])
    assert [s["dataset"] for s in record["samples"]] == [1, 2, 1]
    assert [f["code"] for s in json.loads(done.out)["samples"] for f in s["flags"]] == []


def test_a_data_set_that_is_not_there_is_one_bad_row(run, folder):
    (folder / "manifest.csv").write_text(MANIFEST.replace(",2\n", ",5\n"), encoding="utf-8")

    done = run("run", folder)

    rows = csv.DictReader(io.StringIO((folder / "results/results.csv").read_text(encoding="utf-8")))
    assert done.code == 1
    assert "there is no data set 5" in {r["sample_id"]: r["comment"] for r in rows}["second"]


def test_bare_files_are_read_at_the_data_set_that_is_asked_for(run, folder):
    runs = [("run", "two.fcs", "-t", "t.yaml", "--out", f"out{n}", "--dataset", n, "--json") for n in (1, 2)]
    first, second = (run(*arguments) for arguments in runs)

    ids = [json.loads((folder / f"out{n}/record.json").read_text())["run_id"] for n in (1, 2)]
    assert (n_events(first), n_events(second)) == ([7], [3])
    assert ids[0] != ids[1]


@pytest.mark.parametrize(("dataset", "n"), [(1, 7), (2, 3)])
def test_one_file_is_gated_and_shown_at_the_data_set_that_is_asked_for(run, folder, dataset, n):
    gated = run("gate", "two.fcs", "-t", "t.yaml", "--dataset", dataset, "--json")
    shown = run("inspect", "two.fcs", "--dataset", dataset, "--json")

    assert json.loads(gated.out)["n_events"] == json.loads(shown.out)["n_events"] == n


def strict_study(run, folder):
    (folder / "study.yaml").write_text("study: s\ntemplate: t.yaml\nstrict: true\n", encoding="utf-8")
    return run("run", folder)


@pytest.mark.parametrize(
    "ask",
    [
        strict_study,
        lambda run, folder: run("run", folder, "--strict"),
        lambda run, folder: run("run", "odd.fcs", "-t", "t.yaml", "--strict"),
        lambda run, folder: run("gate", "odd.fcs", "-t", "t.yaml", "--strict"),
        lambda run, folder: run("inspect", "odd.fcs", "--strict"),
    ],
)
def test_who_is_strict_refuses_what_could_only_be_read_with_a_repair(run, folder, ask):
    done = ask(run, folder)

    assert done.code == 1
    assert "Refused because the reader is strict" in done.err


def test_what_was_read_before_is_not_taken_for_a_strict_reading(run, folder):
    run("run", folder)

    again = run("run", folder, "--resume", "--strict")

    assert again.code == 1
    assert "computed again, as the settings have changed: first, second, odd" in again.out


def test_a_study_names_its_data_sets_itself(run, folder):
    done = run("run", folder, "--dataset", 2)

    assert done.code == 2
    assert "its manifest names data sets in a column 'dataset'" in done.err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "a,two.fcs,1\nb,two.fcs,1\n",
            "manifest.csv:3:2 file: data set 1 of file 'two.fcs' is named in line 2 already",
        ),
        ("a,two.fcs,1\nb,two.fcs,\n", "manifest.csv:3:2 file: line 3 names file 'two.fcs' without a data set"),
        ("a,two.fcs,\nb,two.fcs,2\n", "manifest.csv:3:2 file: line 2 names file 'two.fcs' without a data set"),
        ("a,two.fcs,0\n", "manifest.csv:2:3 dataset: expected a number above 0, found '0'"),
        ("a,two.fcs,1.5\n", "manifest.csv:2:3 dataset: expected a whole number"),
        ("a,two.fcs,last\n", "manifest.csv:2:3 dataset: expected a number with a decimal point, found 'last'"),
    ],
)
def test_rows_that_mean_no_single_data_set_are_refused(run, folder, rows, said):
    (folder / "manifest.csv").write_text("sample_id,file,dataset\n" + rows, encoding="utf-8")

    done = run("run", folder)

    assert done.code == 2
    assert said in done.err
