import json

import pytest

from cytoproc.errors import FCSError
from cytoproc.fcs import read_dataset
from cytoproc.model.panel import ChannelKind
from cytoproc.templates.shipped import copy_template, find_template, shipped_templates
from tests.making import fcs_file


def test_the_shipped_templates_are_listed(run):
    table, listed = run("templates", "list"), run("templates", "list", "--json")

    assert "tbnk" in table.out
    assert [t["name"] for t in json.loads(listed.out)] == list(shipped_templates())
    assert (table.code, listed.code) == (0, 0)


@pytest.mark.parametrize("name", list(shipped_templates()))
def test_every_shipped_template_has_no_problems_and_says_what_for(run, name, tmp_path):
    path = find_template(name, tmp_path)

    checked = run("templates", "check", path)

    assert checked.code == 0
    assert "no problems" in checked.out
    assert all(t["description"] for t in json.loads(run("templates", "list", "--json").out))


def test_a_template_is_shown_to_the_letter(run, tmp_path):
    assert run("templates", "show", "tbnk").out == find_template("tbnk", tmp_path).read_text(encoding="utf-8")


def test_a_template_is_copied_once(run, tmp_path):
    first, again = run("templates", "copy", "tbnk"), run("templates", "copy", "tbnk")
    other = run("templates", "copy", "tbnk", "mine.yaml")

    assert (first.code, again.code, other.code) == (0, 2, 0)
    assert "my_tbnk.yaml exists already" in again.err
    assert (tmp_path / "mine.yaml").read_bytes() == copy_template("tbnk", "mine")


@pytest.mark.parametrize("command", ["show", "copy"])
def test_a_template_that_is_not_shipped_is_refused_with_those_that_are(run, command):
    done = run("templates", command, "tbkn")

    assert done.code == 2
    assert "no shipped template of that name (did you mean 'tbnk'?); shipped are: " in done.err


def test_all_templates_are_checked_though_one_is_wrong(run, tubes):
    (tubes / "wrong.yaml").write_text("template: w\nversion: 1\npopulations: []\nlimit: {}\n", encoding="utf-8")

    done = run("templates", "check", "wrong.yaml", "small.yaml")
    shown = json.loads(run("templates", "check", "wrong.yaml", "small.yaml", "--json").out)

    assert done.code == 2
    assert "wrong.yaml:3:14 populations: expected at least 1 items, found 0" in done.err
    assert "wrong.yaml:4:1 unknown key 'limit' (did you mean 'limits'?)" in done.err
    assert done.out == "small.yaml: small 1.0.0, 3 populations, no problems\n"
    assert [(r["file"], r["ok"], [p["line"] for p in r["problems"]]) for r in shown] == [
        ("wrong.yaml", False, [3, 4]),
        ("small.yaml", True, []),
    ]


def test_a_template_that_is_not_there_is_its_own_problem_only(run, tubes):
    (tubes / "folder.yaml").mkdir()

    done = run("templates", "check", "missing.yaml", "folder.yaml", "small.yaml")
    asked = run("templates", "check", "small.yaml", "missing.yaml", "--json")

    assert done.code == asked.code == 2
    assert done.err.splitlines() == [
        "cytoproc: there is no file missing.yaml",
        "cytoproc: folder.yaml: Is a directory",
    ]
    assert done.out == "small.yaml: small 1.0.0, 3 populations, no problems\n"
    assert [(r["file"], [p["message"] for p in r["problems"]]) for r in json.loads(asked.out)] == [
        ("small.yaml", []),
        ("missing.yaml", ["there is no file missing.yaml"]),
    ]


def test_what_is_shown_copied_and_started_is_told_as_json(run, tubes):
    shown = json.loads(run("templates", "show", "tbnk", "--json").out)
    copied = json.loads(run("templates", "copy", "tbnk", "mine.yaml", "--json").out)
    started = json.loads(run("templates", "new", "new.yaml", "--from", "a.fcs", "--json").out)

    assert shown == {"template": "tbnk", "text": find_template("tbnk", tubes).read_text(encoding="utf-8")}
    assert copied == {"template": "tbnk", "file": "mine.yaml"}
    assert started == {"template": "new", "file": "new.yaml"}
    assert (tubes / "new.yaml").is_file()


def test_a_template_is_checked_against_a_tube(run, tubes):
    fcs_file(tubes / "other.fcs", {"FSC-A": [1.0], "B530-A": [1.0]}, labels={"B530-A": "CD3"})

    fits = run("templates", "check", "small.yaml", "--fcs", "a.fcs")
    lacks = run("templates", "check", "small.yaml", "--fcs", "other.fcs")
    shown = json.loads(run("templates", "check", "small.yaml", "--fcs", "other.fcs", "--json").out)

    assert (fits.code, fits.out) == (
        0,
        "small.yaml: small 1.0.0, 3 populations, no problems, and a.fcs has all it needs\n",
    )
    assert lacks.code == 1
    assert lacks.err.startswith("cytoproc: small.yaml: does not fit other.fcs: no channel carries marker 'CAR'")
    assert [(r["ok"], len(r["problems"])) for r in shown] == [(False, 1)]


def test_a_new_template_is_valid_for_its_tube_and_gates_it(run, tubes):
    new = run("templates", "new", "mine.yaml", "--from", "a.fcs")
    again = run("templates", "new", "mine.yaml", "--from", "a.fcs")
    check = run("templates", "check", "mine.yaml", "--fcs", "a.fcs")
    gated = json.loads(run("gate", "a.fcs", "-t", "mine.yaml", "--json").out)

    assert (new.code, again.code, check.code) == (0, 2, 0)
    assert new.out == "mine.yaml: set the gates, then run: cytoproc templates check mine.yaml --fcs a.fcs\n"
    assert "mine.yaml exists already" in again.err
    assert gated["template"] == "mine"
    assert gated["counts"]["CD3+"] == 400


@pytest.mark.parametrize(
    "label", ["NO", "null", "CD3: x", "#1", "it's", '"', "{a}", "CD4/CD8", "µ", "0123", "1e5", "- a"]
)
def test_a_new_template_survives_the_marker_names_of_a_tube(run, tubes, label):
    fcs_file(tubes / "odd.fcs", {"B530-A": [1000.0, 0.0]}, labels={"B530-A": label})

    new = run("templates", "new", "odd.yaml", "--from", "odd.fcs", "--name", label)
    gated = run("gate", "odd.fcs", "-t", "odd.yaml", "--json")

    assert (new.code, gated.code) == (0, 0)
    assert json.loads(gated.out)["template"] == label
    assert list(json.loads(gated.out)["counts"].values()) == [2, 1]


@pytest.mark.real_data
@pytest.mark.slow
def test_a_new_template_is_valid_for_every_kind_of_real_tube(run, shared, tmp_path):
    panels = {}
    for path in sorted((shared / "data/fcs").rglob("*")):
        if path.suffix.lower() in {".fcs", ".lmd"}:
            try:
                dataset = read_dataset(path)
            except FCSError:
                continue
            if any(c.kind is ChannelKind.FLUORESCENCE for c in dataset.panel.channels):
                panels.setdefault((dataset.panel.describe(), any("SPILL" in k for k in dataset.keywords)), path)
    codes = {}
    for i, path in enumerate(panels.values()):
        template = tmp_path / f"{i}.yaml"
        new = run("templates", "new", template, "--from", path).code
        codes[path.name] = (new, run("templates", "check", template, "--fcs", path).code)

    assert len(codes) > 10
    assert set(codes.values()) == {(0, 0)}
