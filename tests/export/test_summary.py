"""The summary: what is looked at first, and no control among it."""

from dataclasses import replace

from cytoproc.export.tables import summary_table
from cytoproc.model.results import SampleResult
from cytoproc.study.results import collect
from tests.study.counted import BEADS, DRAW, TUBE_T, sample_of, study_of, tube_t


def lines(results, study):
    """The summary as dictionaries."""
    table = summary_table(collect(results, study), study)
    return [dict(zip(table.names, row, strict=True)) for row in table.rows()]


def test_each_headline_has_its_percentage_and_its_concentration():
    headline = replace(TUBE_T.report[1], percent_of=("Cells",), headline=True)
    study = study_of(sample_of("t", "T", **DRAW, **BEADS), t=replace(TUBE_T, report=(TUBE_T.report[0], headline)))

    [line] = lines([tube_t()], study)

    assert (line["population"], line["events"], line["percent"], line["of"]) == ("B", 400, 2, "Cells")
    assert (line["cells/uL"], line["cells/uL status"]) == (20, "QUANT")
    assert line["cells/uL ci_low"] < 20 < line["cells/uL ci_high"]


def test_without_headlines_it_has_what_is_counted():
    study = study_of(sample_of("t", "T", **DRAW, **BEADS))

    assert [line["population"] for line in lines([tube_t(b=0)], study)] == ["T", "B"]


def test_what_may_not_be_reported_is_an_empty_cell_with_its_reason():
    study = study_of(sample_of("t", "T", **DRAW, **BEADS))

    b_cells = lines([tube_t(b=0)], study)[1]

    assert (b_cells["events"], b_cells["cells/uL"], b_cells["cells/uL status"]) == (0, None, "ND")
    assert b_cells["cells/uL in words"].startswith("0 events, below detection limit; upper limit 0.18")


def test_a_control_is_no_result_of_a_patient():
    study = study_of(sample_of("t", "T", control="fmo:CD3"))

    assert lines([tube_t()], study) == []


def test_a_file_that_failed_has_one_line_with_its_code():
    study = study_of(sample_of("t", "T", **DRAW, **BEADS))

    [line] = lines([SampleResult("t", "t.fcs", error_code="FCS_TRUNCATED", error="too short")], study)

    assert (line["population"], line["events"], line["qc_flags"]) == ("", None, "FCS_TRUNCATED")


def test_all_events_of_a_file_are_no_headline():
    root = replace(TUBE_T.report[0], population="root", headline=True)
    study = study_of(sample_of("t", "T", **DRAW, **BEADS), t=replace(TUBE_T, report=(root, TUBE_T.report[1])))

    assert lines([tube_t()], study) == []
