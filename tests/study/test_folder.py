import os

import pytest

from cytoproc.errors import OutputError
from cytoproc.study.folder import open_run_folder, write_whole


def test_a_run_takes_a_folder_that_is_absent_empty_or_its_own_unfinished(tmp_path):
    started = tmp_path / "started"
    started.mkdir()
    (started / "run.log").touch()
    (tmp_path / "empty").mkdir()

    for name in ("absent/below", "empty", "started"):
        open_run_folder(tmp_path / name)

    assert (tmp_path / "absent/below").is_dir()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["run.log", "record.json"], "holds a finished run already"),
        (["thesis.docx"], r"not of a run \(thesis.docx\)"),
    ],
)
def test_a_folder_with_anything_else_is_left_alone(tmp_path, names, said):
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(OutputError, match=said):
        open_run_folder(tmp_path)

    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="is a file"):
        open_run_folder(tmp_path / "x")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "x").touch()

    with pytest.raises(OutputError, match="cannot make the folder"):
        open_run_folder(tmp_path / "x/y")


def test_a_file_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "a.csv", b"old")

    write_whole(tmp_path / "a.csv", b"new")

    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a.csv": b"new"}


def test_what_cannot_be_written_leaves_no_half_file(tmp_path):
    target = tmp_path / "a.csv"
    target.mkdir()
    (target / "inside").touch()

    with pytest.raises(OutputError, match=r"cannot write .*a\.csv"):
        write_whole(target, b"x")

    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_written_file_has_the_rights_that_others_have(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a.csv", b"x")
    finally:
        os.umask(before)

    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640
