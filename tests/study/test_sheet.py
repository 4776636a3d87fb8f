"""Tables as spreadsheet programs save them, and as they must not be."""

import logging

import pytest

from cytoproc.errors import ManifestError, Problem, StudyError
from cytoproc.study.bead_lots import read_bead_lots
from cytoproc.study.manifest import read_manifest
from cytoproc.study.sheet import check_columns, read_sheet
from cytoproc.study.subjects import read_subjects
from tests.interop.workbooks import workbook


@pytest.fixture
def sheet(tmp_path):
    def read(content, name="subjects.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return read_sheet(path, "subjects file", key="subject_id")

    return read


def test_the_separator_is_that_of_the_first_line_that_holds_something_outside_quotes(sheet):
    rows, problems = sheet('\n\n"a, b, c";d\n1,5;2\n')

    assert (rows, problems) == ([(3, ["a, b, c", "d"]), (4, ["1,5", "2"])], [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_counted_by_the_line_they_start_in(sheet, end):
    rows, _ = sheet(end.join(["id,note", '1,"two', 'lines"', "", "2,x"]))

    assert [line for line, _ in rows] == [1, 2, 5]


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (
            "id,µ\n1,2\n".encode("utf-16"),
            1,
            "UTF-16 text (Excel's 'Unicode Text'); save the subjects file as 'CSV UTF-8'",
        ),
        ("id,day\n1,2\n".encode("utf-16-le"), 1, "UTF-16 text"),
        ("id\nMüller\n".encode("cp1252"), 2, "not UTF-8 text, the byte 0xfc is none; save the subjects file as"),
        ("id\n5 µL\n".encode("mac-roman"), 2, "not UTF-8 text"),
        ("id,n\nM\ufffdller,2\n", 2, "a character of 'M\ufffdller' was lost when the file was saved"),
        ('id,n\n1,2\n2,"x\n3,4\n5,6\n', 3, "a quote is opened in this row and not closed"),
        ('id,n\n1,"2"x\n', 2, "not a readable CSV table: ',' expected after '\"'"),
        (b"PK\x03\x04...", 1, "a workbook or another archive; call it .xlsx, or save the subjects file as 'CSV UTF-8'"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", 0, "an old Excel file, or one with a password"),
        ("id\n" + "x" * 200_000, 2, "field larger than field limit"),
        (b"id\n1\0\n", 2, "holds a NUL character"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_line(sheet, content, line, said):
    rows, [problem] = sheet(content)

    assert rows == []
    assert problem.line == line
    assert said in problem.message


def test_a_file_that_is_too_large_or_no_file_is_not_opened(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(50_000_001)

    for path, said in (
        (tmp_path / "huge.csv", "50,000,001 bytes; a manifest has at most 50,000,000"),
        (tmp_path, "no file"),
    ):
        rows, [problem] = read_sheet(path, "manifest", key="file")
        assert rows == []
        assert said in problem.message


@pytest.mark.parametrize(
    ("header", "column", "said"),
    [
        (["subject_id", ""], 2, "column 2 has no name"),
        (["subject_id", "site", "Site"], 3, "column 'Site' has the name of column 'site'"),
        (["subject_id", "caf\u00e9", "cafe\u0301"], 3, "has the name of column"),
        (["subject_id", "site", "site"], 3, "column 'site' is there twice"),
    ],
)
def test_a_column_has_a_name_of_its_own(header, column, said):
    [problem] = check_columns(header, ["subject_id"], needed=["subject_id"])

    assert (problem.line, problem.column) == (1, column)
    assert said in problem.message


def test_a_workbook_is_read_as_the_csv_file_it_would_be(tmp_path):
    rows = [
        ["sample_id", "file", "day", "plate"],
        ["001", "a.fcs", 7, "1E5"],
        ["NA", "b.fcs", None, "NO"],
        ["1-2", "c.fcs", -7, 3],
    ]
    (tmp_path / "m.csv").write_text("\n".join(",".join("" if c is None else str(c) for c in r) for r in rows))
    (tmp_path / "m.xlsx").write_bytes(workbook(rows))

    from_csv, from_excel = (read_manifest(tmp_path / f"m.{end}") for end in ("csv", "xlsx"))

    assert [(s.sample_id, s.columns) for s in from_excel.samples] == [
        (s.sample_id, s.columns) for s in from_csv.samples
    ]
    assert [s.sample_id for s in from_excel.samples] == ["001", "NA", "1-2"]
    assert from_excel.samples[0].place == "m.xlsx line 2"


def test_what_is_wrong_in_a_workbook_is_told_with_its_cell(tmp_path):
    rows = [
        ["sample_id", "file", "day"],
        ["s1", "a.fcs", "1,5"],
        ["s2", "../b.fcs", 7],
        ["s2", "c.fcs", 7],
        ["s2", "d.fcs", 7],
    ]
    (tmp_path / "m.xlsx").write_bytes(workbook(rows))

    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "m.xlsx")

    place = tmp_path / "m.xlsx"
    assert str(caught.value).splitlines()[1:] == [
        f"  {place}:C2 day: expected a number with a decimal point, found '1,5'",
        f"  {place}:B3 file: '../b.fcs' lies outside the study folder; move it there or set allow_outside: true",
        f"  {place}:A5 sample_id: sample_id 's2' is used in line 4 already",
    ]


def test_a_name_that_excel_made_another_thing_of_is_refused_in_every_table(tmp_path):
    (tmp_path / "who.xlsx").write_bytes(workbook([["subject_id", "sex"], [100000, "F"]], formats={"A2": "0.00E+00"}))

    with pytest.raises(StudyError, match=r"who\.xlsx:A2 shows 100000 as a power of ten"):
        read_subjects(tmp_path / "who.xlsx", [])


def test_dates_of_a_workbook_are_dates(tmp_path):
    rows = [["bead_lot", "beads_per_tube", "expires_on"], ["L1", 49520, 45322]]
    (tmp_path / "lots.xlsx").write_bytes(workbook(rows, formats={"B2": "#,##0", "C2": "dd.mm.yyyy"}))

    lot = read_bead_lots(tmp_path / "lots.xlsx")["L1"]

    assert (lot.beads_per_tube, str(lot.expires_on)) == (49520, "2024-01-31")


def test_which_sheet_is_read_is_said_where_there_are_several(tmp_path, caplog):
    def change(book):
        book.create_sheet("legend").append(["what the columns mean"])

    (tmp_path / "m.xlsx").write_bytes(workbook([["file"], ["a.fcs"]], title="tubes", change=change))
    with caplog.at_level(logging.WARNING, logger="cytoproc"):
        read_manifest(tmp_path / "m.xlsx")

    assert caplog.messages == ["m.xlsx: the sheet 'tubes' is read; not read: 'legend'"]


def test_the_sheet_that_is_called_as_the_table_is_read(tmp_path):
    def change(book):
        book.create_sheet("Manifest").append(["file"])
        book["Manifest"].append(["b.fcs"])

    (tmp_path / "m.xlsx").write_bytes(workbook([["file"], ["a.fcs"]], title="old", change=change))

    assert [s.file for s in read_manifest(tmp_path / "m.xlsx").samples] == ["b.fcs"]


def test_an_extra_cell_in_a_workbook_has_no_column(tmp_path):
    (tmp_path / "m.xlsx").write_bytes(workbook([["file"], ["a.fcs", "late"]]))

    with pytest.raises(ManifestError, match=r"m\.xlsx:B1 column 2 has no name"):
        read_manifest(tmp_path / "m.xlsx")


def test_an_empty_workbook_and_one_that_is_none_are_refused(tmp_path):
    empty, text = tmp_path / "empty.xlsx", tmp_path / "text.xlsx"
    empty.write_bytes(workbook([]))
    text.write_text("file\na.fcs\n")

    assert read_sheet(empty, "manifest", key="file")[1] == [
        Problem("the manifest is empty; it needs a header with at least the column 'file'", line=1, column=1)
    ]
    assert read_sheet(text, "manifest", key="file")[1] == [
        Problem("no Excel workbook, though its name ends so; save the manifest again as .xlsx")
    ]
