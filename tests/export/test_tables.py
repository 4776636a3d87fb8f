import csv
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.export.cells import format_cell
from cytoproc.export.tables import format_csv, long_table, membership_table, wide_table
from cytoproc.study.results import COLUMNS, ResultRow

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - full-width signs count too


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (12.0, "12"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (-0.5, "-0.5"),
        (math.nan, ""),
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
    ],
)
def test_characters_that_steer_a_screen_are_written_out(text, cell):
    assert format_cell(text) == cell


@given(st.text())
def test_no_text_becomes_a_formula_or_a_control_character(text):
    cell = format_cell(text)

    is_number = cell.removeprefix("-").removeprefix("+")[:1].isdigit() or cell[1:] in {"inf", "nan"}
    assert not cell.startswith(FORMULA_STARTS) or is_number
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cell)


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3), max_size=5))
def test_a_table_is_read_back_cell_by_cell(rows):
    header = ["sample_id", "a,b", 'say "x"']

    table = format_csv(header, rows).decode("utf-8")

    assert list(csv.reader(io.StringIO(table, newline=""))) == [header, *([format_cell(c) for c in r] for r in rows)]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_back_exactly(value):
    assert float(format_cell(value)) == value


def test_a_table_ends_its_lines_alike_everywhere():
    assert format_csv(["a", "b"], [["x", 1.0], ["µ", math.nan]]) == "a,b\nx,1\nµ,\n".encode()


def test_membership_is_one_column_a_population_and_one_row_an_event():
    masks = {"Live": np.array([True, True, False]), "Live/CD4\\/CD8": np.array([False, True, False])}

    assert membership_table(masks) == b"Live,Live/CD4\\/CD8\n1,0\n1,1\n0,0\n"


def test_membership_of_no_events_is_a_header():
    assert membership_table({"A": np.zeros(0, dtype=bool)}) == b"A\n"


@pytest.mark.real_data
def test_a_cell_that_holds_a_formula_in_a_manifest_is_harmless_in_a_table(shared):
    text = (shared / "corpus/other/formula.csv").read_text(encoding="utf-8")
    samples = [row[1] for row in csv.reader(io.StringIO(text))][1:]

    cells = [format_cell(s) for s in samples]

    # a number is no formula
    assert cells == ['\'=HYPERLINK("http://x.invalid","y")', "'@SUM(1)", "+1", "-1", "\\x09=1"]


def test_the_labs_own_columns_end_every_table_and_never_take_the_name_of_ours():
    blank = dict.fromkeys(COLUMNS, "")
    row = ResultRow(**blank | {"sample_id": "a", "own": (("site", "Basel"), ("status", "checked"))})

    long, wide = (list(csv.reader(io.StringIO(t([row]).decode()))) for t in (long_table, wide_table))

    assert long[0] == [*COLUMNS, "site", "manifest_status"]
    assert long[1][-2:] == wide[1][-2:] == ["Basel", "checked"]
    assert wide[0][-2:] == ["site", "manifest_status"]


def test_the_wide_table_gives_no_number_that_may_not_be_reported():
    blank = dict.fromkeys(COLUMNS, "") | {"sample_id": "a", "population_id": "B", "denominator_id": "Ly"}
    rows = [
        ResultRow(**blank | {"statistic": "COUNT", "value_raw": 3, "value_reported": math.nan}),
        ResultRow(**blank | {"statistic": "PCT", "value_raw": 0.5, "value_reported": math.nan}),
    ]

    [header, line] = csv.reader(io.StringIO(wide_table(rows).decode()))

    assert dict(zip(header, line, strict=True))["B events"] == "3"
    assert dict(zip(header, line, strict=True))["B % of Ly"] == ""
