"""Spillover matrices as CSV files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cytoproc.compensation import read_spillover_csv, write_spillover_csv
from cytoproc.compensation.tables import parse_spillover_csv
from cytoproc.errors import CompensationError, OutputError
from cytoproc.model.spillover import Spillover

NAMES = ("FITC-A", "PE-A")
MATRIX = [[1.0, 0.25], [0.5, 1.0]]


@pytest.mark.parametrize(
    "text",
    [
        "FITC-A,PE-A\n1,0.25\n0.5,1\n",
        ",FITC-A,PE-A\r\nFITC-A,1,0.25\r\nPE-A,0.5,1\r\n",
        "fluorochrome\tFITC-A\tPE-A\nFITC\t1\t0,25\nPE\t0,5\t1",
        "FITC-A;PE-A\nFITC-A;1;0,25\nPE-A;0,5;1",
        '\n"FITC-A","PE-A",\n"1","0,25",\n\n"0,5","1",\n',
        "[CSV],Comp-FITC-A :: CD3,Comp-PE-A :: CD4\nFITC-A :: CD3,1,0.25\nPE-A :: CD4,0.5,1\n",
        ",FITC-A,PE-A\nPE-A,0.5,1\nFITC-A,1,0.25\n",
        ",FITC-A,PE-A\n0,1,0.25\n1,0.5,1\n",
    ],
    ids=["bare", "named", "tab-and-decimal-comma", "no-corner", "quoted", "flowjo", "rows-turned", "rows-numbered"],
)
def test_every_layout_gives_the_matrix(text):
    spillover, flags = parse_spillover_csv(text, "lab.csv")

    assert spillover.detectors == NAMES
    assert spillover.matrix.tolist() == MATRIX
    assert spillover.source == "lab.csv"
    assert flags == ()


def test_percent_is_made_fractions_and_told():
    spillover, flags = parse_spillover_csv("FITC-A,PE-A\n100,25\n50,100", "lab.csv")

    assert spillover.matrix.tolist() == MATRIX
    assert [f.code for f in flags] == ["SPILL_PERCENT"]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("", "SPILL_EMPTY", "lab.csv holds no matrix"),
        ("FITC-A,PE-A\n", "SPILL_EMPTY", "one row a fluorochrome"),
        ("A,B,C\n1,0,0\n0,1,0\n", "SPILL_SHAPE", "line 1: expected as many detectors as rows below, 2, found 3"),
        ("A,B\n1,0\n0,1\n0,0\n", "SPILL_SHAPE", "line 1: expected as many detectors as rows below, 3, found 2"),
        ("A,B\n1,0\n\n0\n", "SPILL_SHAPE", "line 4: expected 2 cells, found 1"),
        (",A,B\nA,1,0,25\nB,0,5,1\n", "SPILL_SHAPE", "line 2: expected 3 cells, found 4"),
        (
            ",A,B\nA,1,none\nB,0,1\n",
            "SPILL_NOT_A_NUMBER",
            r"lab.csv, line 2, column 3 \(B\): expected a number, found 'none'",
        ),
        ("A,B\n1,0\nNaN,1\n", "SPILL_NOT_FINITE", r"line 3, column 1 \(A\)"),
        (",A,B\nB,0,1\nA1,1,0\n", "SPILL_ROW_NAMES", "expected the row of 'A', found that of 'B'"),
        ("A,A\n1,0\n0,1\n", "SPILL_DUPLICATE_DETECTOR", "lab.csv: .* twice: A"),
        ("A,B\n1,1\n1,1\n", "SPILL_SINGULAR", "lab.csv"),
        ("A,B\n1," + "0" * 200_000 + "\n0,1\n", "SPILL_FILE", "line 2: not a CSV file"),
    ],
)
def test_what_is_no_matrix_is_refused_with_line_and_column(text, code, told):
    with pytest.raises(CompensationError, match=told) as caught:
        parse_spillover_csv(text, "lab.csv")

    assert caught.value.code == code


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=8),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    st.data(),
)
def test_a_matrix_written_is_read_back_to_the_last_digit(tmp_path_factory, names, data):
    detectors = tuple(f"x{name}y" for name in names if "::" not in name) or ("x",)
    n = len(detectors)
    leaks = data.draw(hnp.arrays(np.float64, (n, n), elements=st.floats(-0.05, 0.9)))
    spillover = Spillover(detectors, np.eye(n) + leaks * (1 - np.eye(n)) / n)
    path = tmp_path_factory.mktemp("spillover") / "matrix.csv"

    write_spillover_csv(path, spillover)

    assert read_spillover_csv(path).digest == spillover.digest
    assert list(path.parent.iterdir()) == [path]


def test_a_mark_of_utf_8_is_no_part_of_the_first_name(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_text("FITC-A;PE-A\n1;0,25\n0,5;1\n", encoding="utf-8-sig")

    assert read_spillover_csv(path).detectors == NAMES


def test_a_file_that_is_not_there_or_not_text_is_refused_by_name(tmp_path):
    (tmp_path / "latin.csv").write_bytes("FITC-A,µ\n1,0\n0,1\n".encode("latin-1"))

    for name, told in (("nowhere.csv", "'nowhere.csv' cannot be read"), ("latin.csv", "'latin.csv' is not UTF-8 text")):
        with pytest.raises(CompensationError, match=told) as caught:
            read_spillover_csv(tmp_path / name)
        assert caught.value.code == "SPILL_FILE"
        assert str(tmp_path) not in str(caught.value)


def test_a_half_written_matrix_of_somebody_else_is_let_be(tmp_path):
    other = tmp_path / ".matrix.csv.part"
    other.write_text("being written", encoding="utf-8")

    write_spillover_csv(tmp_path / "matrix.csv", Spillover(NAMES, np.array(MATRIX)))

    assert other.read_text(encoding="utf-8") == "being written"


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*matrix\.csv"):
        write_spillover_csv(tmp_path / "nowhere" / "matrix.csv", Spillover(NAMES, np.array(MATRIX)))
