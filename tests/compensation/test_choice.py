"""What a template's `compensation:` means for one file."""

import pytest

from cytoproc.compensation import resolve_compensation, why_already_compensated
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.results import Severity

KEYWORDS = {"SPILL": "2,FITC-A,PE-A,1,0.25,0.5,1"}
PLAIN = Panel((Channel("FSC-A"), Channel("FITC-A"), Channel("PE-A")))
MARKED = Panel((Channel("FSC-A"), Channel("Comp-FITC-A"), Channel("FJComp-PE-A")))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "lab.csv"
    path.write_text(",Comp-fitc-A,PE-A\nFITC,100,10\nPE,20,100\n", encoding="utf-8")
    return path


def test_file_is_the_matrix_that_the_file_carries():
    assert resolve_compensation("file", KEYWORDS, PLAIN).spillover.source == "SPILL"


def test_none_is_no_matrix_and_tells_of_one_left_unused():
    found = resolve_compensation("none", KEYWORDS, PLAIN)

    assert found.spillover is None
    assert [(f.code, f.severity) for f in found.flags] == [("SPILL_NOT_APPLIED", Severity.INFO)]
    assert resolve_compensation("none", {}, PLAIN).flags == ()
    assert resolve_compensation("none", KEYWORDS, MARKED).flags == ()


def test_a_table_goes_before_the_matrix_in_the_file(table):
    found = resolve_compensation(table, KEYWORDS, PLAIN)

    assert found.spillover.detectors == ("FITC-A", "PE-A")
    assert found.spillover.matrix.tolist() == [[1.0, 0.1], [0.2, 1.0]]
    assert found.spillover.source == "lab.csv"
    assert [f.code for f in found.flags] == ["SPILL_PERCENT", "SPILL_SPELLING"]
    assert resolve_compensation(str(table), KEYWORDS, PLAIN).spillover.digest == found.spillover.digest


def test_a_table_for_another_panel_is_refused(table):
    with pytest.raises(
        CompensationError, match=r"lab.csv names detectors that this file does not have: 'PE-A'"
    ) as caught:
        resolve_compensation(table, {}, Panel((Channel("FITC-A"), Channel("APC-A"))))

    assert caught.value.code == "SPILL_UNKNOWN_DETECTOR"


def test_a_word_that_is_no_choice_is_refused():
    with pytest.raises(CompensationError, match=r"'flie' cannot be read.*`file`, `none` or the path"):
        resolve_compensation("flie", KEYWORDS, PLAIN)


def test_a_file_without_a_matrix_is_refused_with_the_way_out():
    with pytest.raises(
        CompensationError, match=r"2 fluorescence channels: FITC-A, PE-A.*write `compensation: none`"
    ) as caught:
        resolve_compensation("file", {}, PLAIN)

    assert caught.value.code == "SPILL_MISSING"


def test_one_colour_has_nowhere_to_leak():
    assert resolve_compensation("file", {}, Panel((Channel("FSC-A"), Channel("PE-A")))).spillover is None


@pytest.mark.parametrize(
    ("keywords", "told"),
    [
        (KEYWORDS, r"Comp-FITC-A, FJComp-PE-A \(the matrix in SPILL belongs to the raw values\)"),
        ({"SPILL": "2,Comp-FITC-A,FJComp-PE-A,1,0.25,0.5,1"}, "the matrix in SPILL"),
        ({}, r"\(and it carries no matrix\).*write `compensation: none`"),
    ],
)
@pytest.mark.parametrize("choice", ["file", "lab.csv"])
def test_channels_named_as_compensated_are_not_compensated_again(choice, keywords, told):
    with pytest.raises(CompensationError, match=told) as caught:
        resolve_compensation(choice, keywords, MARKED)

    assert caught.value.code == "COMPENSATED_ALREADY"


@pytest.mark.parametrize("keywords", [{"$DFC1TO2": "22.2"}, {"$COMP": "3,0,0,0,0,0,-0.5,0,-22.2,0"}])
def test_what_the_instrument_subtracted_is_not_subtracted_again(keywords, table):
    with pytest.raises(CompensationError, match="before it stored the events") as caught:
        resolve_compensation("file", keywords, PLAIN)

    assert caught.value.code == "COMPENSATED_ALREADY"
    named = resolve_compensation("file", keywords, PLAIN, keyword="$COMP" if "$COMP" in keywords else "$DFC")
    assert named.spillover.matrix[0, 1] == pytest.approx(0.222)
    assert resolve_compensation(table, keywords, PLAIN).spillover.source == "lab.csv"


@pytest.mark.parametrize("name", ["Comp-PE-A", "FJComp-PE-A", "comp-PE-A"])
def test_a_name_tells_that_a_channel_is_compensated(name):
    assert name in why_already_compensated(Panel((Channel(name),)))


@pytest.mark.parametrize("name", ["PE-A", "Compound-A", "PE-Comp-A"])
def test_other_names_tell_nothing(name):
    assert why_already_compensated(Panel((Channel(name),))) == ""
