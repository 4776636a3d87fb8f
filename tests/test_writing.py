"""A name stands for a whole file or for none."""

import os

import pytest

from cytoproc.errors import OutputError
from cytoproc.writing import open_whole, write_whole


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


def test_a_file_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "a.csv", b"old")

    write_whole(tmp_path / "a.csv", b"new")

    assert contents(tmp_path) == {"a.csv": b"new"}


def test_what_cannot_be_written_leaves_no_half_file(tmp_path):
    target = tmp_path / "a.csv"
    target.mkdir()
    (target / "inside").touch()

    with pytest.raises(OutputError, match=r"cannot write .*a\.csv: it is no ordinary file"):
        write_whole(target, b"x")

    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_written_file_has_the_rights_that_others_have(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a.csv", b"x")
    finally:
        os.umask(before)

    assert (tmp_path / "a.csv").stat().st_mode & 0o777 == 0o640


def test_a_fault_in_the_middle_leaves_the_file_before_and_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "a.csv", b"old")

    with pytest.raises(TypeError), open_whole(tmp_path / "a.csv") as file:
        file.writelines([b"half of the n", None])

    assert contents(tmp_path) == {"a.csv": b"old"}


def test_two_who_write_one_file_at_a_time_do_not_meet(tmp_path):
    with open_whole(tmp_path / "a.csv") as one, open_whole(tmp_path / "a.csv") as other:
        one.write(b"1111")
        other.write(b"22")

    assert contents(tmp_path) == {"a.csv": b"1111"}


@pytest.mark.parametrize("name", ["gone/a.csv", "file/a.csv"])
def test_a_folder_that_is_none_is_said(tmp_path, name):
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match=rf"cannot write .*{name}: .* Check that the folder is there"):
        write_whole(tmp_path / name, b"x")

    assert contents(tmp_path) == {"file": b""}


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OutputError, match="no ordinary file"):
        write_whole(tmp_path / "pipe", b"x")

    assert (tmp_path / "pipe").is_fifo()
