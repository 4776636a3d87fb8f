"""The spillover matrix among the keywords of a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.compensation import find_spillover, spillover_keywords
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.results import Severity

GOOD = "2,FITC-A,PE-A,1,0.25,0.5,1"
PERCENT = "2,FITC-A,PE-A,100,25,50,100"


def panel(*names):
    return Panel(tuple(Channel(name) for name in names))


TWO = panel("FSC-A", "FITC-A", "PE-A", "Time")


def codes(found):
    return [flag.code for flag in found.flags]


@pytest.mark.parametrize("keyword", ["$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL", "$COMP", "COMP", "COMP1"])
def test_a_named_matrix_is_read_from_every_keyword(keyword):
    found = find_spillover({keyword: GOOD}, TWO)

    assert found.spillover.detectors == ("FITC-A", "PE-A")
    assert found.spillover.matrix.tolist() == [[1.0, 0.25], [0.5, 1.0]]
    assert found.spillover.source == keyword
    assert found.flags == ()


def test_the_keywords_are_asked_in_one_order():
    keywords = ["$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL", "$COMP", "COMP", "$DFC1TO2", "COMP1", "COMP2", "COMP10"]

    order = spillover_keywords(dict.fromkeys(reversed(keywords), GOOD))

    assert order == (*keywords[:6], "$DFC", *keywords[7:])


def test_a_file_without_a_matrix_has_none():
    assert find_spillover({"$CYT": "LSRII", "DET_SPILL": GOOD}, TWO).spillover is None


@pytest.mark.parametrize(
    ("value", "names", "matrix", "flags"),
    [
        (" 2, FITC-A , PE-A, 1, 0.25,\t0.5 , 1\r\n", ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], []),
        (GOOD + ",", ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], []),
        ("2,PE-A,FITC-A,1,.5,25E-2,+1.", ("PE-A", "FITC-A"), [[1, 0.5], [0.25, 1]], []),
        ("1,PE-A,1", ("PE-A",), [[1]], []),
        (PERCENT, ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], ["SPILL_PERCENT"]),
        ("2,2,3,1,0.25,0.5,1", ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], ["SPILL_BY_INDEX"]),
        ("2,fitc a,PE_A,1,0.25,0.5,1", ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], ["SPILL_SPELLING"]),
        ("2;FITC-A;PE-A;1;0,25;0,5;1", ("FITC-A", "PE-A"), [[1, 0.25], [0.5, 1]], ["SPILL_DECIMAL_COMMA"]),
    ],
)
def test_ways_of_writing_it(value, names, matrix, flags):
    found = find_spillover({"SPILL": value}, TWO)

    assert found.spillover.detectors == names
    assert found.spillover.matrix.tolist() == matrix
    assert codes(found) == flags


@pytest.mark.parametrize(
    ("value", "code", "told"),
    [
        (" ", "SPILL_EMPTY", "SPILL is there, but holds no matrix"),
        ("0", "SPILL_EMPTY", "compensation: none"),
        ("two,FITC-A,PE-A,1,0,0,1", "SPILL_SIZE", "begins with 'two'"),
        ("1000000000,FITC-A,PE-A,1,0,0,1", "SPILL_SIZE", "begins with '1000000000' and 6 more entries"),
        ("٢,FITC-A,PE-A,1,0,0,1", "SPILL_SIZE", "a number of detectors"),
        ("9" * 5000, "SPILL_SIZE", "0 more entries"),
        ("2,FITC-A,PE-A,1,0.1,0.2", "SPILL_TOO_FEW", "expected 2 names and 4 values, found 3 values"),
        ("2,FITC-A,PE-A", "SPILL_TOO_FEW", "found 0 values"),
        (GOOD + ",7.5", "SPILL_TOO_MANY", "expected 2 names and 4 values, found 5 values"),
        ("2,FITC-A,PE-A,1,0,0,25,0,5,1,0", "SPILL_DECIMAL_COMMA", "its commas separate decimals"),
        (
            "2,FITC-A,PE-A,1,x,0,1",
            "SPILL_NOT_A_NUMBER",
            r"row 1 \(FITC-A\), column 2 \(PE-A\): expected a number, found 'x'",
        ),
        ("2,FITC-A,PE-A,1,0,1_0,1", "SPILL_NOT_A_NUMBER", r"row 2 \(PE-A\), column 1"),
        ("2,FITC-A,PE-A,1,0,,1", "SPILL_NOT_A_NUMBER", "found ''"),
        ("2,FITC-A,PE-A,1,nan,0,1", "SPILL_NOT_FINITE", "found 'nan'"),
        ("2,FITC-A,PE-A,1,-Inf,0,1", "SPILL_NOT_FINITE", "expected a finite number"),
        ("2,FITC-A,PE-A,1,1e999,0,1", "SPILL_NOT_FINITE", "found '1e999'"),
        (
            "2,FITC-A,BV421-A,1,0,0,1",
            "SPILL_UNKNOWN_DETECTOR",
            r"'BV421-A' \(name 2\); it has: FSC-A, FITC-A, PE-A, Time",
        ),
        ("2,2,9,1,0,0,1", "SPILL_UNKNOWN_DETECTOR", "'9'"),
        ("2,FITC-A,FITC-A,1,0,0,1", "SPILL_DUPLICATE_DETECTOR", "twice: FITC-A"),
        (
            "2,FITC-A,PE-A,1,0.25,0.5,1.001",
            "SPILL_DIAGONAL",
            r"row 2 \(PE-A\): expected 1 on the diagonal, found 1.001",
        ),
        ("2,FITC-A,PE-A,0.25,1,1,0.5", "SPILL_DIAGONAL", "rows are swapped"),
        ("2,FITC-A,PE-A,1,25,50,1", "SPILL_OUT_OF_RANGE", r"row 1 \(FITC-A\), column 2 \(PE-A\) is 25 \(and 1 more\)"),
        ("2,FITC-A,PE-A,1,1,1,1", "SPILL_SINGULAR", "SPILL: spillover matrix has no usable inverse"),
        ("2,FITC-A,PE-A,1,1,1,1.0000000000001", "SPILL_SINGULAR", "no usable inverse"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(value, code, told):
    with pytest.raises(CompensationError, match=told) as caught:
        find_spillover({"SPILL": value}, TWO)

    assert caught.value.code == code


def test_a_name_that_two_channels_carry_is_refused():
    with pytest.raises(CompensationError, match="several channels") as caught:
        find_spillover({"SPILL": GOOD}, panel("FITC-A", "PE-A", "PE-A"))

    assert caught.value.code == "SPILL_AMBIGUOUS_DETECTOR"


def test_names_that_hold_commas_are_put_together():
    found = find_spillover(
        {"SPILL": "3,PE,Cy7-A,FITC-A,A,B,C,1,0.1,0,0,1,0,0,0,1"}, panel("FITC-A", "PE,Cy7-A", "A,B,C", "A")
    )

    assert found.spillover.detectors == ("PE,Cy7-A", "FITC-A", "A,B,C")
    assert found.spillover.matrix[0].tolist() == [1.0, 0.1, 0.0]
    assert codes(found) == ["SPILL_NAME_HOLDS_SEPARATOR"]


def test_names_that_can_be_put_together_in_two_ways_are_refused():
    with pytest.raises(CompensationError, match="two ways") as caught:
        find_spillover({"SPILL": "2,A,B,C,1,0.5,0.5,1"}, panel("A", "B,C", "A,B", "C"))

    assert caught.value.code == "SPILL_AMBIGUOUS_DETECTOR"


def test_keywords_that_agree_are_as_good_as_one():
    turned = "2,PE-A,FITC-A,1,0.5000000001,0.25,1"

    found = find_spillover({"SPILL": turned, "$SPILLOVER": GOOD, "COMP1": GOOD, "$SPILL": " "}, TWO)

    assert found.spillover.source == "$SPILLOVER"
    assert found.flags == ()


@pytest.mark.parametrize("other", ["2,FITC-A,PE-A,1,0.25,0.4,1", "1,PE-A,1"])
def test_keywords_that_contradict_are_refused_until_one_is_named(other):
    keywords = {"SPILL": other, "$SPILLOVER": GOOD}

    with pytest.raises(
        CompensationError, match=r"\$SPILLOVER (has 0.5 in row PE-A|names FITC-A, PE-A where SPILL)"
    ) as caught:
        find_spillover(keywords, TWO)

    assert caught.value.code == "SPILL_CONTRADICTION"
    assert find_spillover(keywords, TWO, keyword="SPILL").spillover.source == "SPILL"


def test_a_keyword_that_is_named_must_be_there():
    with pytest.raises(CompensationError, match=r"no keyword COMP .* it has: SPILL") as caught:
        find_spillover({"SPILL": GOOD}, TWO, keyword="COMP")

    assert caught.value.code == "SPILL_MISSING"


def test_a_lesser_keyword_that_cannot_be_read_is_told():
    found = find_spillover({"$SPILLOVER": GOOD, "COMP1": "yes"}, TWO)

    assert codes(found) == ["SPILL_OTHER_UNREADABLE"]
    assert "COMP1 begins with 'yes'" in found.flags[0].message


def test_the_first_keyword_is_not_passed_over_because_it_cannot_be_read():
    with pytest.raises(CompensationError, match="found 'x'"):
        find_spillover({"$SPILLOVER": "2,FITC-A,PE-A,1,x,0,1", "SPILL": GOOD}, TWO)


def test_a_matrix_by_order_is_for_all_channels_and_keeps_the_colours():
    found = find_spillover({"$COMP": "4,1,0,0,0,0,1,0.25,0,0,0.5,1,0,0,0,0,1"}, TWO)

    assert found.spillover.detectors == ("FITC-A", "PE-A")
    assert found.spillover.matrix.tolist() == [[1.0, 0.25], [0.5, 1.0]]
    assert codes(found) == ["SPILL_BY_ORDER"]


def test_a_matrix_by_order_may_be_for_the_colours_alone_and_in_percent():
    found = find_spillover({"COMP": "2,100,25,50,100"}, TWO)

    assert found.spillover.detectors == ("FITC-A", "PE-A")
    assert found.spillover.matrix.tolist() == [[1.0, 0.25], [0.5, 1.0]]
    assert codes(found) == ["SPILL_BY_ORDER", "SPILL_PERCENT"]


def test_a_matrix_by_order_of_another_size_is_refused():
    with pytest.raises(
        CompensationError, match=r"expected 4 \(all channels\) or 2 \(the fluorescence ones\)"
    ) as caught:
        find_spillover({"$COMP": "3,1,0,0,0,1,0,0,0,1"}, TWO)

    assert caught.value.code == "SPILL_SIZE"


def test_the_example_of_the_fcs_3_0_standard_is_what_the_instrument_subtracted():
    # Row: subtracted from; negative: subtracted. 40 % of FL1 was taken from FL2, 36.4 % of FL2 from FL3.
    found = find_spillover({"$COMP": "3,0.0,-0.1,0.0,-40.0,0.0,-0.6,0.0,-36.4,0.0"}, panel("FL1", "FL2", "FL3"))

    assert codes(found) == ["SPILL_INSTRUMENT_SETTING"]
    np.testing.assert_allclose(found.spillover.matrix, [[1, 0.4, 0], [0.001, 1, 0.364], [0, 0.006, 1]])


@pytest.mark.parametrize(
    "channels", [("FS Lin", "FL1 Log", "FL2 Log", "FL4 Log"), ("FS", "SS", "FITC", "PE", "ECD", "PC5")]
)
def test_fcs_2_pairs_are_percentages_from_one_detector_to_another(channels):
    found = find_spillover({"$DFC1TO2": "22.2", "$DFC2TO1": "0.7", "$DFC4TO1": "1", "$DFC1TO1": "0"}, panel(*channels))

    first, second, fourth = found.spillover.detectors
    assert (first, second, fourth) in {("FL1 Log", "FL2 Log", "FL4 Log"), ("FITC", "PE", "PC5")}
    np.testing.assert_allclose(found.spillover.matrix, [[1, 0.222, 0], [0.007, 1, 0], [0.01, 0, 1]])
    assert codes(found) == ["SPILL_INSTRUMENT_SETTING"]


@pytest.mark.parametrize("keywords", [{"$DFC1TO2": "0", "$DFC2TO1": "0.0"}, {"$COMP": "2,0,0,0,0"}])
def test_an_instrument_that_subtracted_nothing_left_no_matrix(keywords):
    found = find_spillover(keywords, TWO)

    assert found.spillover is None
    assert codes(found) == ["SPILL_NOTHING_SUBTRACTED"]
    assert find_spillover({**keywords, "COMP1": GOOD}, TWO).spillover.source == "COMP1"


@pytest.mark.parametrize(
    ("keywords", "channels", "code"),
    [
        ({"$DFC1TO9": "5"}, ("FITC", "PE"), "SPILL_UNKNOWN_DETECTOR"),
        ({"$DFC0TO1": "5"}, ("FITC", "PE"), "SPILL_UNKNOWN_DETECTOR"),
        ({"$DFC1TO2": "5"}, ("FL1 Lin", "FL1 Log", "FL2 Log"), "SPILL_AMBIGUOUS_DETECTOR"),
        ({"$DFC1TO2": "5%"}, ("FITC", "PE"), "SPILL_NOT_A_NUMBER"),
        ({"$DFC1TO1": "5"}, ("FITC", "PE"), "SPILL_DIAGONAL"),
    ],
)
def test_pairs_that_cannot_be_placed_are_refused(keywords, channels, code):
    with pytest.raises(CompensationError, match=r"\$DFC") as caught:
        find_spillover(keywords, panel(*channels))

    assert caught.value.code == code


def test_an_identity_is_told_where_colours_must_leak():
    value = "4,A,B,C,D,1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1"

    found = find_spillover({"SPILL": value}, panel("A", "B", "C", "D"))

    assert [(f.code, f.severity) for f in found.flags] == [("SPILL_IDENTITY", Severity.WARN)]


@given(st.text("123,.;-eA \tFITCPE-naif\0", max_size=60))
def test_whatever_the_text_there_is_a_usable_matrix_or_a_refusal(value):
    try:
        found = find_spillover({"SPILL": value}, TWO)
        outcome = "usable" if abs(found.spillover.matrix.diagonal() - 1).max() <= 1e-6 else "wrong"
    except CompensationError as error:
        outcome = error.code

    assert outcome == "usable" or outcome.startswith("SPILL_")
