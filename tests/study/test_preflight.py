"""What would become of samples is told before any event is read."""

import shutil

import pytest

from cytoproc.errors import StudyError
from cytoproc.study import preflight as preflights
from cytoproc.study.definition import read_study
from cytoproc.study.preflight import group_panels, preflight
from cytoproc.templates.reading import parse_template
from tests.making import fcs_file

TEMPLATE = """\
template: t
version: "1"
markers:
  CD3: {}
  CD19: {aliases: [B4]}
compensation: none
populations:
  - {name: T, above: {channel: CD3, cut: 10}}
  - {name: B, above: {channel: CD19, cut: 10}}
"""
SITE_A = {"APC-A": "CD3", "PE-A": "CD19"}
COLUMNS = {"FSC-A": [1, 2, 3], "APC-A": [5, 20, 30], "PE-A": [50, 5, 60]}


@pytest.fixture
def study(tmp_path):
    """Make a study of files with these labels by channel."""

    def make(labels_by_file, more="", columns=COLUMNS):
        rows = "sample_id,file\n"
        for name, labels in labels_by_file.items():
            if labels is not None:
                order = [*labels, *(c for c in columns if c not in labels)] if name.startswith("turned") else columns
                fcs_file(tmp_path / f"{name}.fcs", {c: columns[c] for c in order}, labels=labels)
            rows += f"{name},{name}.fcs\n"
        (tmp_path / "manifest.csv").write_text(rows, encoding="utf-8")
        (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
        (tmp_path / "study.yaml").write_text(f"study: s\ntemplate: t.yaml\n{more}", encoding="utf-8")
        return read_study(tmp_path / "study.yaml")

    return make


def checked(study, **more):
    return {c.sample.sample_id: c for c in preflight(study.manifest.samples, study.template_of, **more)}


def codes(checked_sample):
    return [f.code for f in checked_sample.flags if f.severity != "info"]


def test_samples_that_agree_would_all_be_done(study):
    found = checked(study({"a": SITE_A, "b": SITE_A}))

    assert [(c.code, [(m.marker, m.title) for m in c.markers]) for c in found.values()] == [
        ("", [("CD3", "CD3 APC-A"), ("CD19", "CD19 PE-A")])
    ] * 2


def test_every_kind_of_broken_file_is_one_code_and_costs_nothing_else(study, tmp_path):
    made = study({"a": SITE_A, "gone": None, "text": SITE_A, "pipe": SITE_A, "other": {"PE-A": "CD19"}})
    (tmp_path / "text.fcs").write_bytes(b"no events")
    (tmp_path / "pipe.fcs").unlink()
    (tmp_path / "pipe.fcs").mkdir()

    found = checked(made)

    assert {i: c.code for i, c in found.items()} == {
        "a": "",
        "gone": "FILE_NOT_FOUND",
        "text": "FCS_NOT_FCS",
        "pipe": "FCS_CANNOT_OPEN",
        "other": "PANEL_MISSING_MARKER",
    }
    assert found["gone"].message == "manifest.csv line 3: there is no file 'gone.fcs'"


def test_a_marker_under_another_name_is_told_with_what_to_write(study):
    found = checked(study({"a": SITE_A, "b": SITE_A | {"PE-A": "B-cell"}}))["b"]

    assert found.code == "PANEL_MISSING_MARKER"
    assert 'write into the study file: aliases: {CD19: ["B-cell"]}' in found.message
    assert [m.marker for m in found.markers] == ["CD3"]


def test_what_was_told_to_write_makes_the_template_of_one_site_run_at_another(study):
    both = {"a": SITE_A, "b": {"PE-A": "LT3", "APC-A": "LB19"}}

    without = checked(study(both))
    found = checked(study(both, "aliases: {CD3: [LT3], CD19: [LB19]}\n"))

    assert [c.code for c in without.values()] == ["", "PANEL_MISSING_MARKER"]
    assert [c.code for c in found.values()] == ["", ""]
    assert [m.title for m in found["b"].markers] == ["LT3 PE-A", "LB19 APC-A"]
    assert codes(found["b"]) == ["PANEL_DIFFERS"] * 2


def test_columns_in_another_order_are_found_by_name_and_told_of_softly(study):
    found = checked(study({"a": SITE_A, "turned": {"PE-A": "CD19", "APC-A": "CD3"}}))["turned"]

    assert (found.code, codes(found)) == ("", [])
    assert "PANEL_REORDERED" in [f.code for f in found.flags]


def test_a_copy_of_a_file_is_told_of(study, tmp_path):
    made = study({"a": SITE_A, "b": SITE_A, "c": SITE_A}, columns=COLUMNS)
    fcs_file(tmp_path / "b.fcs", COLUMNS | {"FSC-A": [9, 9, 9]}, labels=SITE_A)
    shutil.copy(tmp_path / "a.fcs", tmp_path / "c.fcs")

    found = checked(made)

    assert [codes(c) for c in found.values()] == [[], [], ["DUPLICATE_FILE"]]


def test_no_event_is_read(study, monkeypatch):
    made = study({"a": SITE_A})
    monkeypatch.setattr("cytoproc.fcs.reading._open", None)

    assert checked(made)["a"].code == ""


def test_only_files_of_one_size_are_read_to_be_compared(study, tmp_path, monkeypatch):
    made = study({"a": SITE_A, "b": SITE_A})
    fcs_file(tmp_path / "b.fcs", {c: [*v, 7] for c, v in COLUMNS.items()}, labels=SITE_A)
    monkeypatch.setattr(preflights, "digest_of_file", None)

    assert len(checked(made)) == 2


def test_groups_hold_the_samples_whose_panels_agree_the_largest_first(study):
    made = study({"a": {"APC-A": "CD19", "PE-A": "CD3"}, "b": SITE_A, "c": SITE_A | {"PE-A": "cd 19"}})

    groups = group_panels(tuple(checked(made).values()))

    assert [(g.sample_ids, dict(g.places)) for g in groups] == [
        (("b", "c"), {"CD3": "CD3 APC-A", "CD19": "CD19 PE-A"}),
        (("a",), {"CD3": "CD3 PE-A", "CD19": "CD19 APC-A"}),
    ]


def test_without_a_template_every_channel_stands_for_itself(study):
    made = study({"a": SITE_A, "b": SITE_A, "c": SITE_A | {"PE-A": "CD20"}})

    *_, c = preflight(made.manifest.samples, lambda _: None)

    assert (c.code, codes(c)) == ("", ["PANEL_DIFFERS"])
    assert "PE-A: 'CD20 PE-A' here, but 'CD19 PE-A' in 2 of 3 samples" in c.flags[-1].message


def test_a_marker_that_no_template_has_is_refused_with_its_line(study):
    with pytest.raises(StudyError, match=r"study.yaml:3:17 aliases.CD91: no template of the study has a marker 'CD91'"):
        study({"a": SITE_A}, "aliases: {CD91: [x]}\n")


def test_the_template_of_the_tests_is_lawful():
    assert parse_template(TEMPLATE).paths == ("T", "B")
