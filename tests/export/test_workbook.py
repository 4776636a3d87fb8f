import io
import math
import os
import tempfile
import time
import zipfile

import pytest
from openpyxl import load_workbook

from cytoproc.errors import OutputError
from cytoproc.export import workbook
from cytoproc.export.table import Table, count_column, number_column, text_column
from cytoproc.export.workbook import format_workbook


def sheet_of(*columns):
    """The only sheet of a workbook with one table of these columns."""
    return load_workbook(io.BytesIO(format_workbook({"Wide": Table(columns)})))["Wide"]


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://x.invalid")', "@SUM(A1)", "{=1}", "http://x.invalid", "+1", "001", "1E5"]
)
def test_text_is_text_whatever_it_looks_like(text):
    cell = sheet_of(text_column("sample_id", [text]))["A2"]

    assert (cell.value, cell.data_type, cell.number_format, cell.hyperlink) == (text, "s", "@", None)


def test_no_part_of_a_workbook_holds_a_formula_or_a_link():
    texts = ["=1+1", "http://x.invalid", "<r><t>x</t></r>", "<f>1</f>"]

    made = format_workbook({"Wide": Table((text_column("=own", texts),))})

    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert not any("rels" in name and "sheet" in name for name in parts.namelist())


@pytest.mark.parametrize("text", ["<r>oops</r>", "<r><t>x</t></r>", "<r></r>", "<t>x</t>", "a & b < c", "  x  ", '"'])
def test_markup_in_a_text_is_text(text):
    assert sheet_of(text_column("id", [text]))["A2"].value == text


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (count_column("n", [11198]), "0"),
        (number_column("day", [-7]), "0"),
        (number_column("x", [85.2345]), "0.00"),
        (number_column("x", [1234.5]), "0"),
        (number_column("x", [0.19823]), "0.0000"),
        (number_column("p", [24.4122], percent=True), "0.00"),
        (number_column("p", [100], percent=True), "0.00"),
        (number_column("p", [0], percent=True), "0.00"),
        (number_column("p", [0.00206], percent=True), "0.00000"),  # 0.00 would be another number
    ],
)
def test_a_number_is_shown_with_the_digits_that_say_something(column, shown):
    cell = sheet_of(column)["A2"]

    assert (cell.data_type, cell.number_format) == ("n", shown)


def test_a_number_that_is_not_there_is_an_empty_cell_and_infinity_a_text():
    sheet = sheet_of(number_column("x", [math.nan, math.inf, 1e308]), text_column("t", ["", "a", ""]))

    assert [sheet[f"A{n}"].value for n in (2, 3, 4)] == [None, "inf", "1e+308"]
    assert [sheet[f"B{n}"].value for n in (2, 3, 4)] == [None, "a", None]


def test_a_text_longer_than_a_cell_is_cut_and_says_so():
    fits, long, wide = "x" * 32_767, "x" * 40_000, "\U0001f9ec" * 20_000  # the last has two UTF-16 units a character

    sheet = sheet_of(text_column("comment", [fits, long, wide]))

    said = " ... [{:,} characters; the CSV and Parquet files have all of them]"
    assert sheet["A2"].value == fits
    assert sheet["A3"].value == "x" * (32_767 - len(said.format(40_000))) + said.format(40_000)
    assert sheet["A4"].value.endswith(said.format(20_000))
    assert len(sheet["A4"].value.encode("utf-16-le")) // 2 <= 32_767


@pytest.mark.parametrize(("limit", "columns"), [("_MOST_ROWS", 1), ("_MOST_COLUMNS", 4)])
def test_a_table_larger_than_a_sheet_says_so_and_where_it_is(monkeypatch, limit, columns):
    monkeypatch.setattr(workbook, limit, 3)
    table = Table(tuple(text_column(f"c{n}", "abc") for n in range(columns)))

    book = load_workbook(io.BytesIO(format_workbook({"Results": table, "Notes": Table((text_column("a", "b"),))})))

    said = book["Results"]["A1"].value
    assert said.startswith(f"This table has 3 lines and {columns} columns. A sheet of Excel holds ")
    assert said.endswith("open the CSV or Parquet file.")
    assert book["Notes"]["A2"].value == "b"


def test_the_limits_are_those_of_excel():
    assert (workbook._MOST_ROWS, workbook._MOST_COLUMNS, workbook._LONGEST_CELL) == (2**20, 2**14, 2**15 - 1)


def test_a_sheet_stays_readable_when_it_is_scrolled_and_can_be_filtered():
    sheet = sheet_of(text_column("study_id", ["s"]), text_column("sample_id", ["001"]), number_column("x", [1]))

    assert sheet.freeze_panes == "C2"  # the header, and all up to the sample
    assert sheet.auto_filter.ref == "A1:C2"


def test_a_column_is_as_wide_as_its_text_but_not_wider_than_a_screen():
    sheet = sheet_of(text_column("a", ["x"]), text_column("b", ["x" * 20]), text_column("c", ["x" * 500]))

    narrow, fitting, widest = (sheet.column_dimensions[name].width for name in "ABC")
    assert 8 <= narrow < 10
    assert 20 < fitting < 25
    assert 40 <= widest < 41


def test_prose_is_wrapped_in_a_column_that_can_be_read():
    sheet = sheet_of(text_column("id", ["a"]), text_column("how", ["word " * 60], is_prose=True))

    assert sheet["B2"].alignment.wrap_text
    assert not sheet["A2"].alignment.wrap_text
    assert 90 <= sheet.column_dimensions["B"].width < 91
    assert sheet.row_dimensions[2].height is None  # as tall as Excel finds it to be


def test_a_long_header_is_wrapped_over_lines():
    sheet = sheet_of(number_column("CAR+ CD4-CD8- cells/uL ci_high of the whole", [1]))

    assert sheet["A1"].alignment.wrap_text
    assert sheet.row_dimensions[1].height >= 45


def test_a_workbook_tells_no_time_of_its_making(monkeypatch):
    table = Table((text_column("id", ["a"]),))
    first = format_workbook({"Wide": table})
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()

    try:
        again = format_workbook({"Wide": table})
    finally:
        monkeypatch.undo()
        time.tzset()

    assert again == first
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 31, 0, 0, 0)}
        assert b"2000-01-01T00:00:00Z" in parts.read("docProps/core.xml")


def test_no_room_for_temporary_files_is_an_error_that_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path / "gone"))

    with pytest.raises(OutputError, match=r"cannot make the Excel workbook: .*TMPDIR"):
        format_workbook({"Wide": Table((text_column("id", ["a"]),))})
