import pytest

from cytoproc.errors import OutputError
from cytoproc.study.folder import open_run_folder

FIRST_LINE = "2024-01-31T09:30:00Z INFO cytoproc 0.1.0: study 'x', 3 samples\n"


def test_a_run_takes_a_folder_that_is_absent_empty_or_its_own_unfinished(tmp_path):
    started = tmp_path / "started"
    started.mkdir()
    (started / "run.log").write_text(FIRST_LINE, encoding="utf-8")
    for name in ("results.csv", "wide.csv", ".record.json.0123abcd.tmp"):
        (started / name).touch()
    (tmp_path / "empty").mkdir()

    for name in ("absent/below", "empty", "started"):
        open_run_folder(tmp_path / name)

    assert (tmp_path / "absent/below").is_dir()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["run.log", "record.json"], "holds a finished run already"),
        (["thesis.docx"], r"not of a run \(thesis.docx\)"),
        (["run.log", "thesis.docx"], r"not of a run \(thesis.docx\)"),
        (["run.log", ".thesis.docx.0123abcd.tmp"], r"not of a run \(.thesis.docx.0123abcd.tmp\)"),
        (["results.csv"], r"not of a run \(results.csv\)"),
        (["run.log", "templates"], r"not of a run \(templates\)"),
    ],
)
def test_a_folder_with_anything_else_is_left_alone(tmp_path, names, said):
    for name in names:
        (tmp_path / name).write_text(FIRST_LINE, encoding="utf-8")

    with pytest.raises(OutputError, match=said):
        open_run_folder(tmp_path)

    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize("content", ["", "05:12 kernel: boot\n", f"boot\n{FIRST_LINE}"])
def test_a_log_of_something_else_makes_no_run_of_a_folder(tmp_path, content):
    (tmp_path / "run.log").write_text(content, encoding="utf-8")

    with pytest.raises(OutputError, match=r"not of a run \(run.log\)"):
        open_run_folder(tmp_path)

    assert (tmp_path / "run.log").read_text(encoding="utf-8") == content


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="is a file"):
        open_run_folder(tmp_path / "x")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="cannot make the folder"):
        open_run_folder(tmp_path / "x/y")
