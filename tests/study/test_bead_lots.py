"""The table of bead lots."""

import math
from datetime import date

import pytest

from cytoproc.errors import StudyError
from cytoproc.study.bead_lots import BeadLot, beads_added, read_bead_lots

HEADER = "bead_lot,beads_per_tube,beads_per_ul,cv_percent,ratio_a_to_b,expires_on\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "lots.csv"
        path.write_text(text, encoding="utf-8")
        return read_bead_lots(path)

    return read_text


def test_a_lot_has_its_number_its_error_and_its_last_day(read):
    lots = read(f"{HEADER}23-A1,51664,,2.5,,2024-06-30\nC7,,1020,,1.02,\n")

    assert lots["23-A1"].beads_per_tube == 51664
    assert (lots["23-A1"].cv, lots["23-A1"].expires_on) == (0.025, date(2024, 6, 30))
    assert (lots["C7"].beads_per_ul, lots["C7"].ratio_a_to_b, lots["C7"].expires_on) == (1020, 1.02, None)
    assert (lots["23-A1"].is_liquid, lots["C7"].is_liquid) == (False, True)


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        (",51664,,,,", (2, 1), "the row names no lot"),
        ("A,0,,,,", (2, 2), "expected a number above 0, with a decimal point, found '0'"),
        ("A,,1O20,,,", (2, 3), "expected a number above 0, with a decimal point, found '1O20'"),
        ("A,51664,1020,,,", (2, 2), "expected either beads_per_tube (pellets) or beads_per_ul (liquid beads)"),
        ("A,,,,,", (2, 2), "expected either beads_per_tube (pellets) or beads_per_ul (liquid beads)"),
        ("A,51664,,100,,", (2, 4), "expected a percentage below 100, found '100'"),
        ("A,51664,,,,30.06.2024", (2, 6), "expected a date as in 2024-01-31, found '30.06.2024'"),
        ("A,51664,,,", (2, 1), "the row has 5 cells, the header 6"),
        ("A,51664,,,,\nA,51664,,,,", (3, 1), "lot 'A' is there already"),
    ],
)
def test_what_is_wrong_with_a_lot_is_told_with_its_place(read, row, place, said):
    with pytest.raises(StudyError) as caught:
        read(f"{HEADER}{row}\n")

    [problem] = caught.value.problems
    assert ((problem.line, problem.column), said in problem.message) == (place, True)


@pytest.mark.parametrize("header", ["lot,beads_per_tube", "bead_lot,bead_lot", "bead_lot,beads_per_tub"])
def test_a_table_without_its_columns_is_refused(read, header):
    with pytest.raises(StudyError, match=r"lots\.csv:1:"):
        read(f"{header}\nA,51664\n")


@pytest.mark.parametrize(
    ("row", "added"),
    [
        ({"beads_per_tube": "500"}, 500),
        ({"beads_per_tube": "500", "bead_lot": "P"}, 500),
        ({"bead_lot": "P"}, 51_664),
        ({"bead_lot": "L", "bead_volume_ul": "50"}, 51_000),
        ({"bead_lot": "L", "beads_per_ul": "1000", "bead_volume_ul": "50"}, 50_000),
        ({"bead_lot": "L"}, math.nan),
        ({"bead_lot": "unknown"}, math.nan),
        ({}, math.nan),
    ],
)
def test_what_was_put_in_is_told_by_the_row_before_the_lot(row, added):
    lots = {"P": BeadLot("P", beads_per_tube=51_664), "L": BeadLot("L", beads_per_ul=1020)}

    assert beads_added(lambda column: row.get(column, ""), lots) == pytest.approx(added, nan_ok=True)
