"""CSV, Parquet and Excel hold one table."""

import csv
import io
import math

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from cytoproc.export.delimited import format_csv
from cytoproc.export.parquet import format_parquet
from cytoproc.export.table import Table, count_column, number_column, text_column
from cytoproc.export.workbook import format_workbook
from cytoproc.model.text import format_cell

texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["001", "1E5", "NA", "=1+1", "<r>x</r>", "<r></t>", "_x0041_", " a ", "TRUE", "http://example.org"]
    ),
)
numbers = st.floats(-1e300, 1e300, allow_subnormal=False) | st.just(math.nan)
counts = st.one_of(st.integers(0, 2**53), st.none())
tables = st.lists(st.tuples(texts, texts, counts, numbers, numbers), max_size=6).map(
    lambda rows: Table(
        (
            text_column("sample_id", [r[0] for r in rows]),
            text_column("=own column", [r[1] for r in rows]),
            count_column("n_events", [r[2] for r in rows]),
            number_column("value", [r[3] for r in rows]),
            number_column("Ly/B % of Ly", [r[4] for r in rows], percent=True, title="B % of Ly"),
        )
    )
)


def cells_of_csv(table):
    return list(csv.reader(io.StringIO(format_csv(table).decode("utf-8"), newline="")))


def cells_of_parquet(table):
    read = pq.read_table(io.BytesIO(format_parquet(table)))
    return [read.column_names, *([row[n] for n in read.column_names] for row in read.to_pylist())]


def cells_of_excel(table):
    sheet = load_workbook(io.BytesIO(format_workbook({"Wide": table})))["Wide"]
    rows = sheet.iter_rows(max_col=len(table.columns), max_row=table.n_rows + 1, values_only=True)
    return [[unescape(v) if isinstance(v, str) else v for v in row] for row in rows]  # _x005F_ stands for _


@given(tables)
def test_parquet_holds_the_cells_of_the_csv(table):
    from_csv, from_parquet = cells_of_csv(table), cells_of_parquet(table)

    assert from_csv == [[format_cell(cell) for cell in row] for row in from_parquet]


@settings(max_examples=30)
@given(tables)
def test_excel_holds_the_cells_of_the_parquet_with_15_digits(table):
    (_, *from_parquet), (header, *from_excel) = cells_of_parquet(table), cells_of_excel(table)

    assert header == ["sample_id", "=own column", "n_events", "value", "B % of Ly"]
    for row, expected in zip(from_excel, from_parquet, strict=True):
        assert row[:3] == expected[:3]
        assert row[3:] == [v if v is None else pytest.approx(v, rel=1e-15) for v in expected[3:]]


def test_a_table_by_hand_in_each_format():
    table = Table(
        (
            text_column("id", ["001", "=2"]),
            count_column("n", [12, math.nan]),
            number_column("value", [0.1, math.nan]),
        )
    )

    assert format_csv(table) == b"id,n,value\n001,12,0.1\n'=2,,\n"
    assert cells_of_parquet(table) == [["id", "n", "value"], ["001", 12, 0.1], ["=2", None, None]]
    assert cells_of_excel(table) == [["id", "n", "value"], ["001", 12, 0.1], ["=2", None, None]]


def test_parquet_has_types_and_null_where_a_cell_is_empty():
    table = Table(
        (
            text_column("visit", ["D14", ""]),
            count_column("n", [12, None]),
            number_column("x", [1, None]),
            number_column("p", [2, None], percent=True),
        )
    )

    read = pq.read_table(io.BytesIO(format_parquet(table)))

    assert read.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.float64()]
    assert [column.null_count for column in read.columns] == [1, 1, 1, 1]


def test_pandas_reads_one_frame_from_csv_and_parquet():
    table = Table((text_column("id", ["001", "NA"]), count_column("n", [3, 4]), number_column("x", [1 / 3, math.nan])))

    from_csv = pd.read_csv(io.BytesIO(format_csv(table)), dtype={"id": str}, keep_default_na=False, na_values=[""])
    from_parquet = pd.read_parquet(io.BytesIO(format_parquet(table)))

    pd.testing.assert_frame_equal(from_csv, from_parquet)


def test_a_table_without_lines_keeps_its_columns_and_their_types():
    table = Table((text_column("id", ()), number_column("x", ())))

    assert format_csv(table) == b"id,x\n"
    assert pq.read_table(io.BytesIO(format_parquet(table))).schema.types == [pa.string(), pa.float64()]
    assert cells_of_excel(table) == [["id", "x"]]


@pytest.mark.parametrize("make", [format_csv, format_parquet, lambda table: format_workbook({"Wide": table})])
def test_the_same_table_gives_the_same_bytes(make):
    first = Table((text_column("id", ["a", "b"]), number_column("x", [1.5, math.nan])))
    again = Table((text_column("id", ["a", "b"]), number_column("x", [1.5, math.nan])))

    assert make(first) == make(again)


def test_parquet_says_nothing_of_where_it_was_made():
    metadata = pq.read_metadata(io.BytesIO(format_parquet(Table((text_column("id", ["a"]),)))))

    assert metadata.metadata is None
    assert metadata.created_by == f"parquet-cpp-arrow version {pa.__version__}"
