import math

import pytest

from cytoproc.export.table import Kind, Table, count_column, number_column, text_column


def test_what_is_no_number_is_none_in_every_column_of_numbers():
    nothing = [math.nan, "", None]

    assert number_column("x", nothing).values == (None, None, None)
    assert count_column("n", nothing).values == (None, None, None)


def test_a_count_is_whole_and_never_cut_off():
    assert count_column("n", [12.0, "3"]).values == (12, 3)

    with pytest.raises(ValueError, match=r"column 'n' holds whole numbers, not 12\.5"):
        count_column("n", [12.5])


def test_a_percentage_is_a_number_of_its_own_kind():
    assert number_column("x", [1.5], percent=True).kind is Kind.PERCENT
    assert number_column("x", [1.5]).kind is Kind.NUMBER


def test_text_is_written_out_in_cells_names_and_titles():
    column = text_column("a\tb", ["x\x1b"], title="c\n")

    assert (column.name, column.values, column.title) == ("a\\x09b", ("x\\x1b",), "c\\x0a")


def test_a_table_has_each_name_once_and_columns_of_one_length():
    with pytest.raises(ValueError, match=r"there twice: a$"):
        Table((text_column("a", "xy"), text_column("b", "xy"), text_column("a", "xy")))
    with pytest.raises(ValueError, match=r"one length, not \[2, 1\]"):
        Table((text_column("a", "xy"), text_column("b", "x")))


def test_the_lines_of_a_table_run_across_its_columns():
    table = Table((text_column("id", ["001", "002"]), count_column("n", [1, math.nan])))

    assert table.names == ("id", "n")
    assert list(table.rows()) == [("001", 1), ("002", None)]
    assert (table.n_rows, Table(()).n_rows) == (2, 0)
