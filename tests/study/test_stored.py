"""A finished sample is taken as it was, or computed again and said why."""

import json
import math
from dataclasses import replace

import pytest

from cytoproc.model.results import (
    AppliedMatrix,
    FoundMarker,
    Intensity,
    PopulationCount,
    QCFlag,
    Repair,
    SampleResult,
    Severity,
)
from cytoproc.study import stored
from cytoproc.study.folder import sample_file
from cytoproc.study.processing import SampleTask, digest_of_file
from cytoproc.study.stored import keep_result, kept_result, worth_keeping
from cytoproc.templates.reading import read_template

TEMPLATE = """\
template: t
version: "1"
compensation: none
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 1}}
"""


@pytest.fixture
def task(tmp_path):
    (tmp_path / "a.fcs").write_bytes(b"events")
    (tmp_path / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (tmp_path / "samples").mkdir()
    return SampleTask("a/1", tmp_path / "a.fcs", "a.fcs", read_template(tmp_path / "t.yaml"))


def full_result(task):
    """Return a result with something other than the default in every field."""
    return SampleResult(
        task.sample_id,
        task.file,
        sha256=digest_of_file(task.path),
        template="t",
        n_events=3,
        counts=(PopulationCount("root", "", 3, 3), PopulationCount("Cells", "root", 2, 3, "FALLBACK", "too few")),
        intensities=(Intensity("Cells", "CD3", "median", 0.1 + 0.2), Intensity("Cells", "CAR", "median", math.inf)),
        flags=(QCFlag("ODD", "µ", Severity.FAIL),),
        repairs=(Repair("FCS_TOT_MISMATCH", "less"),),
        not_contained=(("Cells", "T"),),
        among_beads=(("Cells", 1),),
        among_shared=(("Cells", 2),),
        duration_s=61.25,
        bead_tenths=((1, 2), (3, 4)),
        kept_time_fraction=0.75,
        acquisition=(("instrument", "X"),),
        markers=(FoundMarker("CD3", "APC-A", "CD3", 450.0), FoundMarker("CAR", "PE-A")),
        matrices=(AppliedMatrix("file", "SPILL", "00"),),
        pooled_from=("b",),
        error_code="FCS_TRUNCATED",
        error="a.fcs: cut",
        dataset=2,
        keywords=(("$CYT", "X"),),
        odd_values=(("nan", "PE-A", 2),),
    )


def test_every_field_comes_back_as_it_was(task, tmp_path):
    result = full_result(task)
    assert [n for n in SampleResult.__slots__ if getattr(result, n) == getattr(SampleResult("", ""), n)] == []

    keep_result(tmp_path, task, result)

    assert kept_result(tmp_path, task) == (result, "")


def test_a_number_that_there_is_not_comes_back_as_none(task, tmp_path):
    nan = Intensity("Cells", "CAR", "median", math.nan)

    keep_result(tmp_path, task, replace(full_result(task), intensities=(nan,)))

    result, _ = kept_result(tmp_path, task)
    assert math.isnan(result.intensities[0].value)


def test_the_same_sample_is_kept_as_the_same_bytes(task, tmp_path):
    file = tmp_path / sample_file(task.sample_id)
    keep_result(tmp_path, task, full_result(task))
    first = file.read_bytes()

    keep_result(tmp_path, task, full_result(task))

    assert file.read_bytes() == first


def change_file(task, monkeypatch):
    task.path.write_bytes(b"other events")
    return task


def remove_file(task, monkeypatch):
    task.path.unlink()
    return task


def change_template(task, monkeypatch):
    path = task.path.with_name("t.yaml")
    path.write_text(TEMPLATE.replace("cut: 1", "cut: 2"), encoding="utf-8")
    return replace(task, template=read_template(path))


def change_setting(task, monkeypatch):
    return replace(task, file="elsewhere/a.fcs")


def change_program(task, monkeypatch):
    monkeypatch.setattr(stored, "_program", lambda: "cytoproc 99")
    return task


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (change_file, "the file has changed"),
        (remove_file, "the file has changed"),
        (change_template, "the template has changed"),
        (change_setting, "the settings have changed"),
        (change_program, "the version of cytoproc has changed"),
    ],
)
def test_what_has_changed_is_computed_again_and_said(task, tmp_path, monkeypatch, change, why):
    keep_result(tmp_path, task, full_result(task))

    changed = change(task, monkeypatch)

    assert kept_result(tmp_path, changed) == (None, why)


def test_a_changed_matrix_changes_the_template(task, tmp_path):
    matrix = tmp_path / "m.csv"
    matrix.write_text("a", encoding="utf-8")
    task = replace(task, template=replace(task.template, matrices=(("m", matrix),)))
    keep_result(tmp_path, task, full_result(task))

    matrix.write_text("b", encoding="utf-8")

    assert kept_result(tmp_path, task) == (None, "the template has changed")


def test_a_place_in_a_manifest_changes_nothing(task, tmp_path):
    keep_result(tmp_path, task, full_result(task))

    result, _ = kept_result(tmp_path, replace(task, place="manifest.csv line 9"))

    assert result is not None


def cut(file):
    file.write_bytes(file.read_bytes()[:-40])


def forge(file):
    body = json.loads(file.read_bytes())
    body["result"]["n_events"] = 10**6
    file.write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize(
    "harm",
    [cut, forge, lambda f: f.write_bytes(b""), lambda f: f.write_text("[]"), lambda f: f.write_bytes(b"\xff\x00")],
)
def test_a_kept_sample_that_is_not_whole_counts_as_absent(task, tmp_path, harm):
    keep_result(tmp_path, task, full_result(task))

    harm(tmp_path / sample_file(task.sample_id))

    assert kept_result(tmp_path, task) == (None, "")


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"error_code": "", "error": ""}, True),
        ({"error_code": "FCS_TRUNCATED"}, True),
        ({"error_code": "FILE_UNREADABLE"}, False),
        ({"error_code": "WORKER_DIED"}, False),
        ({"error_code": "TIMEOUT"}, False),
        ({"error_code": "FILE_NOT_FOUND", "sha256": ""}, False),
    ],
)
def test_only_what_would_be_the_same_another_time_is_kept(task, changes, kept):
    assert worth_keeping(task, replace(full_result(task), **changes)) is kept


def test_the_result_of_a_template_made_in_memory_is_not_kept(task):
    made = replace(task, template=replace(task.template, digest=""))

    assert not worth_keeping(made, full_result(task))
