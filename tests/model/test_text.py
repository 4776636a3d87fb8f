import csv
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.model.text import format_cell, one_line, safe_file_name, without_apostrophe, write_out

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width signs count too


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (12.0, "12"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (-0.5, "-0.5"),
        (math.nan, ""),
        (None, ""),
        (math.inf, "inf"),
        (7, "7"),
        ("", ""),
        ("CD4+CD8-", "CD4+CD8-"),
        ("001", "001"),
        ("1E5", "1E5"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
    ],
)
def test_a_cell_by_hand(value, cell):
    assert format_cell(value) == cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://example.org","x")',
        "+CD4",
        "-CD4",
        "@SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "＝1+1",  # noqa: RUF001 - full-width
        "-",
    ],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert format_cell(text) == "'" + text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("two\nlines", "two\\x0alines"),
        ("\t=1", "\\x09=1"),
        ("nul\0", "nul\\x00"),
        ("abc\u202egpj.exe", "abc\\u202egpj.exe"),
        ("a\u2028b", "a\\u2028b"),
        ("\x9b31m", "\\x9b31m"),
        ("tube\udce9.fcs", "tube\\udce9.fcs"),  # a file name in another encoding, as Python gives it
        ("a\uffffb", "a\\uffffb"),  # no character of XML, so of no workbook
    ],
)
def test_characters_that_steer_a_screen_or_fit_in_no_file_are_written_out(text, cell):
    assert format_cell(text) == cell
    assert write_out(text) == cell


@given(st.text())
def test_no_text_becomes_a_formula_or_a_control_character(text):
    cell = format_cell(text)

    is_number = cell.removeprefix("-").removeprefix("+")[:1].isdigit() or cell[1:] in {"inf", "nan"}
    assert not cell.startswith(FORMULA_STARTS) or is_number
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cell)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_exactly(value):
    assert float(format_cell(value)) == value


@pytest.mark.real_data
def test_a_cell_that_holds_a_formula_in_a_manifest_is_harmless_in_a_table(shared):
    text = (shared / "corpus/other/formula.csv").read_text(encoding="utf-8")
    samples = [row[1] for row in csv.reader(io.StringIO(text))][1:]

    cells = [format_cell(s) for s in samples]

    # a number is no formula
    assert cells == ['\'=HYPERLINK("http://x.invalid","y")', "'@SUM(1)", "+1", "-1", "\\x09=1"]


@given(st.text())
def test_a_file_name_is_one_that_every_system_takes(text):
    name = safe_file_name(text)

    assert re.fullmatch(r"[\w.+-]{1,81}", name, re.ASCII)
    assert name[0] not in ".-"
    assert name[-1] not in ". "
    assert name.split(".")[0].upper() not in {"CON", "NUL", "PRN", "AUX", "COM1", "LPT1"}


@pytest.mark.parametrize("name", ["con", "NUL.txt", "com1", "LPT9.a.b", "aux."])
def test_a_name_of_a_device_is_no_file_name(name):
    assert safe_file_name(name).startswith("_")


@given(st.text())
def test_a_line_stays_one_line_and_short(text):
    line = one_line(text)

    assert line.splitlines() in ([line], [])
    assert len(line) <= 200


@given(st.text(max_size=30))
def test_the_apostrophe_comes_off_again(text):
    written = write_out(text)

    assert without_apostrophe(format_cell(text)) == written or written.startswith("'")
