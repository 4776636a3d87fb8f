import csv
import json

import pytest

WRONG = """\
template: wrong
version: 1.0.0
markers: [CD3]
compensation: none
populations:
  - {name: CD8+, parent: CD3+, above: {channel: CD3, cut: 100}}
  - {name: CD4+, above: {channel: CD4, cut: low}}
"""


def test_a_file_is_gated_and_its_counts_are_printed(run, tubes):
    done = run("gate", "a.fcs", "--template", "small.yaml")

    assert (done.code, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[2:] == [
        ["root", "500"],
        ["Cells", "400", "80", "LOCKED"],
        ["Cells/CD3+", "300", "75", "LOCKED"],
        ["Cells/CD3+/CAR+", "120", "40", "LOCKED"],
    ]


def test_the_json_of_a_gating_holds_what_its_table_holds(run, tubes):
    shown = json.loads(run("gate", "a.fcs", "-t", "small.yaml", "--json").out)

    assert (shown["file"], shown["template"], shown["n_events"]) == ("a.fcs", "small", 500)
    assert shown["counts"] == {"root": 500, "Cells": 400, "Cells/CD3+": 300, "Cells/CD3+/CAR+": 120}
    assert shown["populations"][2] == {
        "path": "Cells/CD3+/CAR+",
        "parent": "Cells/CD3+",
        "n_events": 120,
        "percent_of_parent": 40.0,
        "gate": "LOCKED",
    }
    assert shown["findings"] == []


def test_membership_is_one_row_an_event_in_file_order_and_one_column_a_population(run, tubes):
    done = run("gate", "b.fcs", "-t", "small.yaml", "--membership", "who.csv")

    assert (done.code, "membership of 500 events: who.csv" in done.out) == (0, True)
    with (tubes / "who.csv").open(newline="") as f:
        header, *rows = csv.reader(f)
    assert header == ["Cells", "Cells/CD3+", "Cells/CD3+/CAR+"]
    expected = [["0", "0", "0"]] * 100 + [["1", "0", "0"]] * 100 + [["1", "1", "0"]] * 240 + [["1", "1", "1"]] * 60
    assert rows == expected


@pytest.mark.parametrize("json_wanted", [[], ["--json"]])
def test_a_wrong_template_prints_all_its_problems_with_line_and_column(run, tubes, json_wanted):
    (tubes / "wrong.yaml").write_text(WRONG, encoding="utf-8")

    done = run("gate", "a.fcs", "-t", "wrong.yaml", *json_wanted)

    assert done.code == 2
    lines = done.err.splitlines()
    assert lines[0] == "cytoproc: wrong.yaml: 3 problem(s)"
    assert lines[1].startswith("  wrong.yaml:6:26 populations[1].parent: no population 'CD3+'")
    assert lines[2].startswith("  wrong.yaml:7:35 populations[2].above.channel: no marker 'CD4'; the")
    assert lines[3].startswith("  wrong.yaml:7:45 populations[2].above.cut: expected a number, found 'low'")
    assert not json_wanted or json.loads(done.out)["error"]["code"] == "TEMPLATE"


def test_a_file_that_is_none_is_exit_code_1(run, tubes):
    (tubes / "note.fcs").write_text("not FCS", encoding="utf-8")

    wrong, absent = (run("gate", name, "-t", "small.yaml") for name in ("note.fcs", "gone.fcs"))

    assert (wrong.code, absent.code) == (1, 1)
    assert wrong.err.startswith("cytoproc: note.fcs: ")
    assert absent.err.startswith("cytoproc: gone.fcs: ")


def test_a_missing_marker_says_what_is_there_once(run, tubes):
    text = (tubes / "small.yaml").read_text(encoding="utf-8")
    (tubes / "other.yaml").write_text(text.replace("CD3", "CD19").replace("CAR", "CD20"), encoding="utf-8")

    done = run("gate", "a.fcs", "-t", "other.yaml")

    assert done.code == 1
    assert "2 markers cannot be bound" in done.err
    assert done.err.count("this file has: FSC-A, CD3 (B530-A), CAR (Y585-A)") == 1


@pytest.mark.parametrize("name", ["a.fcs", "x/../small.yaml", "link.csv", "matrix.csv"])
def test_membership_is_never_written_over_what_it_is_made_from(run, tubes, name):
    (tubes / "x").mkdir()
    (tubes / "link.csv").symlink_to("a.fcs")
    (tubes / "matrix.csv").write_text("B530-A,Y585-A\n1,0\n0,1\n", encoding="utf-8")
    text = (tubes / "small.yaml").read_text(encoding="utf-8")
    (tubes / "small.yaml").write_text(text.replace("compensation: none", "compensation: matrix.csv"), encoding="utf-8")
    before = {p.name: p.read_bytes() for p in tubes.iterdir() if p.is_file()}

    done = run("gate", "a.fcs", "-t", "small.yaml", "--membership", name)

    assert (done.code, done.out) == (2, "")
    assert "is what the counts are made from; give --membership another name" in done.err
    assert {p.name: p.read_bytes() for p in tubes.iterdir() if p.is_file()} == before


def test_an_older_membership_is_written_over(run, tubes):
    run("gate", "a.fcs", "-t", "small.yaml", "--membership", "who.csv")
    first = (tubes / "who.csv").read_bytes()

    done = run("gate", "b.fcs", "-t", "small.yaml", "--membership", "who.csv")

    assert done.code == 0
    assert (tubes / "who.csv").read_bytes() != first


def test_membership_is_not_written_where_it_cannot_be(run, tubes):
    done = run("gate", "a.fcs", "-t", "small.yaml", "--membership", "gone/who.csv")

    assert done.code == 2
    assert done.err.startswith("cytoproc: cannot write gone/who.csv")
