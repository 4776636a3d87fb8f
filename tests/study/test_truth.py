"""The truth file of a simulated study."""

import math

import pytest

from cytoproc.errors import StudyError
from cytoproc.study.truth import TrueCount, read_truth

HEADER = "sample_id,population,concentration_per_ul,live_cells,live_singlets\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "truth.csv").write_text(text, encoding="utf-8")
        return read_truth(tmp_path / "truth.csv", {"s1", "s2"})

    return read_text


def problems_of(read, text):
    with pytest.raises(StudyError) as caught:
        read(text)
    return [str(p) for p in caught.value.problems]


def test_rows_are_what_the_file_says_and_empty_cells_are_not_known(read):
    found = read(HEADER + "s1,B,140,11200,10500\ns2,root/Live/B,0.05,,\n")

    assert found[0] == TrueCount("s1", "B", 140, 11_200, 10_500)
    assert (found[1].population, found[1].concentration_per_ul) == ("root/Live/B", 0.05)
    assert math.isnan(found[1].live_cells)


def test_columns_may_stand_in_any_order_beside_others(read):
    text = "note,population,sample_id,live_singlets,live_cells,concentration_per_ul\nx,B,s1,1,2,3\n"

    assert read(text) == (TrueCount("s1", "B", 3, 2, 1),)


def test_every_problem_is_told_with_its_place(read):
    text = HEADER + "s3,B,1,1,1\ns1,,1,1,1\ns1,B,1,x,-1\ns1,B,1,1,1\ns1,B,1,1,1\ns2,B,1,1\n"

    assert problems_of(read, text) == [
        "2:1 sample_id: the manifest has no sample 's3'",
        "3:2 population: the row names no population",
        "4:4 live_cells: expected a number that is not below 0, found 'x'",
        "4:5 live_singlets: expected a number that is not below 0, found '-1'",
        "6:2 population: sample 's1' has 'B' already",
        "7:1 the row has 4 cells, the header 5",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("live_cells", "cells"), "column 'live_cells' is missing"),
        (HEADER.replace("live_cells", "population"), "column 'population' is twice"),
        ("", "the truth file is empty; it needs a header with at least the column 'sample_id'"),
    ],
)
def test_a_header_without_the_columns_is_refused(read, header, said):
    assert any(said in p for p in problems_of(read, header))


@pytest.mark.parametrize("number", ["inf", "nan", "1_000", "1,5"])
def test_what_is_no_plain_number_is_told(read, number):
    assert "expected a number" in problems_of(read, HEADER.replace(",", ";") + f"s1;B;{number};1;1\n")[0]
