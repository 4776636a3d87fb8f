"""A table in a workbook is what is seen, or every cell that is not is named."""

import io
import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula

from cytoproc.errors import DocumentError
from cytoproc.interop.xlsx import parse_xlsx
from tests.interop.workbooks import members, packed, patched, saved, with_shared_texts, workbook

SHEET = "xl/worksheets/sheet1.xml"


def read(content, *, names=("manifest",)):
    return parse_xlsx(content, "m.xlsx", names=names, is_name=lambda header: header.endswith("_id"))


def refused(content):
    with pytest.raises(DocumentError) as caught:
        read(content)
    return str(caught.value)


def test_text_stays_text_and_numbers_are_what_is_seen():
    rows = [
        ["sample_id", "day", "note"],
        ["001", 7, "1E5"],
        [2, -7.5, "NA"],
        ["1-2", None, True],
        ["NO", date(2024, 1, 31), datetime(2024, 1, 31, 9, 30)],
    ]

    sheet = read(workbook(rows, formats={"A3": "000"}))

    assert sheet.rows == [
        (1, ["sample_id", "day", "note"]),
        (2, ["001", "7", "1E5"]),
        (3, ["002", "-7.5", "NA"]),
        (4, ["1-2", "", "TRUE"]),
        (5, ["NO", "2024-01-31", "2024-01-31T09:30"]),
    ]


def test_rows_and_columns_that_hold_nothing_are_left_out_and_rows_keep_their_numbers():
    sheet = read(workbook([[], ["sample_id", "day", None], [None, None, None], ["s1", "7", None]]))

    assert sheet.rows == [(2, ["sample_id", "day"]), (4, ["s1", "7"])]


def test_every_cell_that_is_not_what_it_shows_is_named():
    rows = [
        ["sample_id", "cv_percent", "beads"],
        [100000, 0.025, 5],
        [date(2024, 1, 2), 1, "=1+1"],
        [1.5, 1, 5],
    ]
    content = workbook(rows, formats={"A2": "0.00E+00", "B2": "0.0%", "A3": "d-mmm", "A4": "0"})

    to_do = "format the column as a plain number, or as text, and type it again"
    assert refused(content).splitlines() == [
        "m.xlsx: 5 problem(s)",
        f"  m.xlsx:A2 shows 100000 as a power of ten; {to_do}",
        f"  m.xlsx:B2 shows 0.025 as a percentage; {to_do}",
        "  m.xlsx:A3 Excel made a date (2024-01-02) or time of a name; format the column as text and type it again",
        "  m.xlsx:C3 a formula whose value is not stored; open the file in Excel and save it",
        "  m.xlsx:A4 holds 1.5 but shows something else (0); format the column as text and type it again",
    ]


def with_formula(cell):
    content = patched(workbook([["file", "day"], ["a.fcs", "=1+1"]]), SHEET, b'<c r="B2"><f>1+1</f><v></v></c>', cell)
    return patched(content, "xl/workbook.xml", b' fullCalcOnLoad="1"', b"")


@pytest.mark.parametrize(
    ("cell", "seen"),
    [
        (b'<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        (b'<c r="B2" t="str"><f>"D"&amp;7</f><v>D7</v></c>', "D7"),
        (b'<c r="B2" t="str"><f>""</f><v></v></c>', ""),
        (b'<c r="B2" t="b"><f>1=1</f><v>1</v></c>', "TRUE"),
    ],
)
def test_a_formula_is_the_value_that_was_stored_with_it(cell, seen):
    assert [*read(with_formula(cell)).rows[1][1], ""][1] == seen


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (b'<c r="B2"><f>1+1</f></c>', "m.xlsx:B2 a formula whose value is not stored"),
        (b'<c r="B2"><f t="shared" si="0"/></c>', "m.xlsx:B2 a formula whose value is not stored"),
        (b'<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "m.xlsx:B2 shows the error #DIV/0!"),
        (b'<c r="B2" t="s"><v>99</v></c>', "m.xlsx:B2 its text is missing"),
        (b'<c r="B2"><v>five</v></c>', "m.xlsx:B2 holds 'five' where a number should be"),
        (b'<c r="AMK2"><v>5</v></c>', "m.xlsx:AMK1 a table has at most 1,000 columns"),
    ],
)
def test_a_cell_without_a_value_that_can_be_trusted_is_refused(cell, said):
    assert said in refused(with_formula(cell))


def test_a_formula_that_is_to_be_computed_when_the_file_is_opened_has_no_value_yet():
    stale = patched(
        with_formula(b'<c r="B2"><f>1+1</f><v>0</v></c>'), "xl/workbook.xml", b"<calcPr", b"<calcPr fullCalcOnLoad='1'"
    )

    assert "m.xlsx:B2 a formula whose value is not stored" in refused(stale)


def test_an_array_formula_is_a_formula():
    def change(book):
        book.active["B2"] = ArrayFormula("B2:B3", "=A2:A3")

    assert "m.xlsx:B2 a formula" in refused(workbook([["file", "day"], ["a.fcs", None]], change=change))


def hide_row(book):
    book.active.row_dimensions[2].hidden = True


def hide_columns(book):
    book.active.column_dimensions.group("B", "D", hidden=True)


def merge(book):
    book.active.merge_cells("B2:B3")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (hide_row, ["m.xlsx:A2 lies in a hidden row", "m.xlsx:B2 lies in a hidden row"]),
        (hide_columns, ["m.xlsx:B1 lies in a hidden column"]),
        (merge, ["m.xlsx:B2 the cells B2:B3 are merged; unmerge them"]),
    ],
)
def test_what_nobody_sees_or_what_stands_for_several_cells_is_refused(change, said):
    message = refused(workbook([["file", "day"], ["a.fcs", 7], ["b.fcs", 8]], change=change))

    assert message.startswith(f"m.xlsx: {len(said)} problem(s)")
    assert all(words in message for words in said)


def test_a_sheet_of_the_right_name_is_read_else_the_first_that_holds_something_and_is_seen():
    book = Workbook()
    book.active.title = "empty"
    for title in ("notes", "Manifest ", "hidden"):
        book.create_sheet(title).append([title])
    hidden = book["notes"]
    named, first = read(saved(book)), read(saved(book), names=("plan",))
    hidden.sheet_state = "veryHidden"
    seen = read(saved(book), names=("notes",))

    assert (named.name, named.rows, named.others) == ("Manifest ", [(1, ["Manifest "])], ("empty", "notes", "hidden"))
    assert first.name == "notes"
    assert seen.name == "Manifest "


def test_text_in_parts_is_one_and_how_it_is_read_aloud_is_no_part_of_it():
    rich = b"<si><r><t>Xi</t></r><r><rPr><b/></rPr><t>'an_x000D_</t></r><rPh sb='0' eb='1'><t>shi</t></rPh></si>"
    content = patched(with_shared_texts([["site"]]), "xl/sharedStrings.xml", b"<si><t>site</t></si>", rich)

    assert read(content).rows == [(1, ["Xi'an\r"])]


def test_a_workbook_of_strict_open_xml_is_read_alike():
    transitional = workbook([["sample_id", "day"], ["001", 7]])
    parts = {
        name: text.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        for name, text in members(transitional).items()
    }

    assert read(packed(parts)).rows == read(transitional).rows == [(1, ["sample_id", "day"]), (2, ["001", "7"])]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", SHEET, "_rels/.rels"])
def test_a_part_with_a_doctype_is_refused(part):
    parts = members(with_shared_texts([["file"], ["a.fcs"]]))
    declaration, _, rest = parts[part].partition(b"?>")
    parts[part] = declaration + b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + rest

    message = refused(packed(parts))

    assert "holds a DOCTYPE, which may name other files; remove it" in message
    assert f"in its part {part}" in message


def test_shared_texts_are_read_as_those_in_the_cells():
    rows = [["sample_id", "note"], ["001", "NA"], ["1E5", "Xi'an"]]

    assert read(with_shared_texts(rows)).rows == read(workbook(rows)).rows == [(i + 1, r) for i, r in enumerate(rows)]


def zeros(n_bytes):
    return b"<worksheet><sheetData/>" + b" " * n_bytes + b"</worksheet>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            packed({"xl/workbook.xml": b"<workbook/>", SHEET: zeros(6_000_000)}),
            "unpacks to more than 200 times its size",
        ),
        (packed({f"{i}.xml": b"" for i in range(2_001)}), "in 2,001 parts"),
        (packed({"word/document.xml": b"<document/>"}), "this is no Excel workbook"),
        (packed({"xl/workbook.xml": b"<workbook"}), "not well-formed XML"),
        (b"PK\x03\x04" + b"\0" * 100, "a damaged Excel workbook (File is not a zip file)"),
        (workbook([["file"]])[:-200], "a damaged Excel workbook"),
    ],
    ids=["bomb", "many parts", "a letter", "broken", "no zip", "cut off"],
)
def test_a_package_that_is_no_workbook_or_unpacks_to_too_much_is_refused(content, said):
    assert said in refused(content)


def test_a_part_that_is_longer_than_the_package_says_is_not_unpacked():
    content = bytearray(packed({"xl/workbook.xml": b" " * 4_000_000 + b"<workbook/>"}))
    directory = content.rindex(b"PK\x01\x02")
    for at in (directory + 24, content.index(b"PK\x03\x04") + 22):
        content[at : at + 4] = (100).to_bytes(4, "little")

    assert "a damaged Excel workbook" in refused(bytes(content))


def test_a_password_is_asked_to_be_taken_away():
    content = bytearray(workbook([["file"]]))
    at = content.index(b"PK\x01\x02") + 8
    content[at] |= 1

    assert "protected by a password" in refused(bytes(content))


def test_macros_and_links_to_other_workbooks_lie_there_unread():
    parts = members(workbook([["file"], ["a.fcs"]]))
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0"
    parts["xl/externalLinks/externalLink1.xml"] = b"<!DOCTYPE x><x/>"

    assert read(packed(parts)).rows == [(1, ["file"]), (2, ["a.fcs"])]


def test_a_package_is_unpacked_in_memory_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = io.BytesIO(workbook([["file"]]))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("../../escaped.xml", "<x/>")

    read(out.getvalue())

    assert list(tmp_path.parent.rglob("escaped.xml")) == []
