"""A finished run's folder as it is read again, and the ways in which it can be none."""

import hashlib
import json
import math
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc import read_study, run_study
from cytoproc.errors import UsageError
from cytoproc.model.text import format_cell, without_apostrophe
from cytoproc.study.finished import Line, read_run
from tests.making import fcs_file

NAMES = ("=A", "+A", "-A", "@A", "A+")
TEMPLATE = "template: odd names\nversion: '1'\ncompensation: none\npopulations:\n" + "".join(
    f"  - {{name: '{name}', above: {{channel: FSC-A, cut: {100 * (i + 1)}}}}}\n" for i, name in enumerate(NAMES)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a finished run: one sample, one that is missing, populations that a spreadsheet would run."""
    study = tmp_path_factory.mktemp("finished")
    (study / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    fcs_file(study / "a.fcs", {"FSC-A": range(0, 1000, 5)})
    (study / "manifest.csv").write_text("sample_id,file,note\na,a.fcs,=1\nb,b.fcs,\n", encoding="utf-8")
    (study / "study.yaml").write_text("study: odd names\ntemplate: t.yaml\n", encoding="utf-8")
    run_study(read_study(study / "study.yaml"), study / "out")
    return study / "out"


@pytest.fixture
def copy(folder, tmp_path):
    """A copy of the run that may be spoilt."""
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


def refused(act):
    with pytest.raises(UsageError) as caught:
        act()
    return str(caught.value)


def test_a_run_is_read_with_its_record_and_the_digest_of_it(folder):
    run = read_run(folder)

    assert run.record == json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert run.digest == hashlib.sha256((folder / "record.json").read_bytes()).hexdigest()
    assert run.sample_ids == ("a", "b")
    assert (run.table, run.changed) == ("results.parquet", ())


def test_the_lines_of_a_sample_are_those_of_the_table(folder):
    run = read_run(folder)

    counted = {x.text("population_id"): x.whole("n_events") for x in run.lines_where("sample_id", "a")}
    [missing] = run.lines_where("sample_id", "b")
    assert counted == {"root": 200, "=A": 180, "+A": 160, "-A": 140, "@A": 120, "A+": 100}
    assert (missing.text("population_id"), missing.text("qc_flags")) == ("", "FILE_NOT_FOUND")
    assert run.lines_where("sample_id", "c") == []


def test_the_text_of_a_run_has_the_same_lines_as_its_parquet(copy):
    typed = read_run(copy)
    (copy / "results.parquet").unlink()
    text = read_run(copy)

    columns = typed.lines_where("sample_id", "a")[0].cells
    assert (typed.table, text.table) == ("results.parquet", "results.csv")
    for sample_id in typed.sample_ids:
        pairs = zip(typed.lines_where("sample_id", sample_id), text.lines_where("sample_id", sample_id), strict=True)
        for one, other in pairs:
            for column in columns:
                if isinstance(one.cells[column], int | float):
                    assert one.number(column) == other.number(column)
                else:
                    assert one.text(column) == other.text(column)


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_cell_and_a_column_that_is_not_there_are_alike(empty):
    for line in (Line({"n_events": empty}), Line({})):
        assert (line.text("n_events"), line.whole("n_events")) == ("", 0)
        assert math.isnan(line.number("n_events"))


@given(st.text(st.characters(exclude_categories=["C", "Z"])).filter(lambda text: not text.startswith("'")))
def test_text_that_was_kept_from_running_is_read_as_it_was(text):
    assert without_apostrophe(format_cell(text)) == text


# A folder that is none, or was changed


@pytest.mark.parametrize("name", ["results.csv", "results.parquet"])
def test_a_table_that_was_changed_since_is_refused(copy, name):
    with (copy / name).open("ab") as file:
        file.write(b"\n")

    said = refused(lambda: read_run(copy))

    assert said.startswith(f"{copy / name} is not as the run wrote it: it was changed since, or damaged; ")
    assert said.endswith("run the study again, into another folder")


def test_a_changed_file_that_no_number_comes_from_is_no_reason_to_refuse(copy):
    (copy / "results.xlsx").write_bytes(b"saved again")

    assert read_run(copy).changed == ("results.xlsx",)


def test_a_template_that_was_changed_or_removed_is_refused(copy):
    run = read_run(copy)
    for path in (copy / "templates").iterdir():
        path.write_bytes(path.read_bytes().replace(b"100", b"101"))
    changed = refused(lambda: run.template_of("a"))
    shutil.rmtree(copy / "templates")

    assert changed == refused(lambda: run.template_of("a"))
    assert "is not the template that the run used: it was changed or removed since" in changed


def test_a_run_without_templates_is_told_to_be_run_again(copy):
    record = json.loads((copy / "record.json").read_text(encoding="utf-8"))
    for sample in record["samples"]:
        sample.pop("template_sha256", None)
    (copy / "record.json").write_text(json.dumps(record), encoding="utf-8")

    assert "has no copy of the template of 'a'" in refused(lambda: read_run(copy).template_of("a"))


def test_tables_that_were_removed_are_missed(copy):
    (copy / "results.csv").unlink()
    (copy / "results.parquet").unlink()

    assert "has neither results.parquet nor results.csv" in refused(lambda: read_run(copy))


def test_a_table_that_the_record_does_not_tell_of_is_not_read(copy):
    record = json.loads((copy / "record.json").read_text(encoding="utf-8"))
    del record["outputs"]["results.parquet"], record["outputs"]["results.csv"]
    (copy / "record.json").write_text(json.dumps(record), encoding="utf-8")

    assert "record.json does not tell of them" in refused(lambda: read_run(copy))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outputs": {}, "samples": [1]}', "\x00"])
def test_a_record_that_is_none_is_told(copy, text):
    (copy / "record.json").write_text(text, encoding="utf-8")

    assert "is not the record of a run" in refused(lambda: read_run(copy))


def test_a_folder_that_is_no_finished_run_is_told(copy, tmp_path):
    (copy / "record.json").unlink()
    (tmp_path / "other").mkdir()

    assert "did not finish: it has no record.json; run the study again" in refused(lambda: read_run(copy))
    assert "is not the folder of a run" in refused(lambda: read_run(tmp_path / "other"))
    assert "there is no folder" in refused(lambda: read_run(tmp_path / "nowhere"))
