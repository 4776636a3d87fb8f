"""A path in a document leads to a file in the study's folder, or is not followed."""

from pathlib import Path

import pytest

from cytoproc.confinement import why_not_inside

OUTSIDE = "lies outside the study folder; move it there or set allow_outside: true"


@pytest.mark.parametrize(
    "name",
    ["a.fcs", "day 7/a.b.fcs", "./a.fcs", "day7/../a.fcs", "..a.fcs", "con1.fcs", "µ é.fcs", "12:30.fcs", "a~.fcs"],
)
def test_a_file_in_the_folder_may_be_there_or_not(name, tmp_path):
    assert why_not_inside(name, tmp_path) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.fcs", OUTSIDE),
        ("day7/../../a.fcs", OUTSIDE),
        ("/etc/passwd", OUTSIDE),
    ],
)
def test_what_leads_out_is_followed_only_if_that_is_allowed(name, said, tmp_path):
    assert why_not_inside(name, tmp_path) == f"{name!r} {said}"
    assert why_not_inside(name, tmp_path, allow_outside=True) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is a folder"),
        (".", "is a folder"),
        ("..", "is a folder"),
        ("day7/", "is a folder"),
        ("C:/a.fcs", "with forward slashes"),
        ("C:a.fcs", "with forward slashes"),
        ("C:\\a.fcs", "with forward slashes"),
        ("day7\\a.fcs", "with forward slashes"),
        ("\\\\server\\share\\a.fcs", "with forward slashes"),
        ("\\\\?\\C:\\a.fcs", "with forward slashes"),
        ("~/a.fcs", "~ stands for no folder"),
        ("~root/a.fcs", "~ stands for no folder"),
        ("file:a.fcs", "is an address"),
        ("s3://bucket/a.fcs", "is an address"),
        ("NUL", "is the name of a device"),
        ("nul.fcs", "is the name of a device"),
        ("con .fcs", "is the name of a device"),
        ("day7/COM1.a.fcs", "is the name of a device"),
        ("LPT³", "is the name of a device"),
        ("/dev/zero", "is a device"),
        ("/dev/fd/0", "is a device"),
        ("a\0.fcs", "cannot be seen"),
        ("a\n.fcs", "cannot be seen"),
        ("\x1b[31ma.fcs", "cannot be seen"),
        ("//server/share/a.fcs", "with forward slashes"),
    ],
)
def test_what_is_no_path_of_a_file_is_never_followed(name, said, tmp_path):
    assert said in why_not_inside(name, tmp_path)
    assert said in why_not_inside(name, tmp_path, allow_outside=True)


def test_links_are_seen_through(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "away").symlink_to(tmp_path)
    (folder / "here").symlink_to(folder)
    (folder / "loop").symlink_to("loop")

    assert OUTSIDE in why_not_inside("away/a.fcs", folder)
    assert why_not_inside("here/a.fcs", folder) == ""
    assert "leads nowhere" in why_not_inside("loop/a.fcs", folder)


def test_a_folder_that_is_reached_by_a_link_is_still_the_folder(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)

    assert why_not_inside("a.fcs", Path("link")) == ""
    assert why_not_inside(str(tmp_path / "real/a.fcs"), Path("link")) == ""


def test_a_message_shows_no_more_of_a_long_path_than_can_be_read(tmp_path):
    assert len(why_not_inside("../" + "x" * 50_000, tmp_path)) < 400
